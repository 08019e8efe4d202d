"""What providers' published events mean in our words, and when an address is given up."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.reports_bed import CERTIFICATE, TOPIC, URL, SendGridSigner, SnsSigner, context, mailgun, request, svix

from tidings.distribution.reports.base import Happening, Reported, instant
from tidings.distribution.reports.effects import judge_failure
from tidings.distribution.reports.registry import reader
from tidings.distribution.reports.twilio import signature
from tidings.distribution.returns.report import Cause

H = Happening
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def _resend(event: dict[str, Any]) -> tuple[Reported, ...]:
    body = json.dumps(event).encode()
    found = reader("resend")
    assert found is not None
    return found.read(request(body, svix(SECRET, body)), {"webhook_secret": SECRET}, context()).events


def _postmark(event: dict[str, Any]) -> tuple[Reported, ...]:
    found = reader("postmark")
    assert found is not None
    return found.read(request(event, query={"key": "k"}), {"webhook_secret": "k"}, context()).events


def _mailgun(event: dict[str, Any]) -> tuple[Reported, ...]:
    found = reader("mailgun")
    assert found is not None
    return found.read(request(mailgun("k", event)), {"webhook_secret": "k"}, context()).events


def _ses(event: dict[str, Any]) -> tuple[Reported, ...]:
    signer = SnsSigner()
    fresh = type(reader("ses"))()  # type: ignore[misc]
    message = signer.message(Message=json.dumps(event) + "\n")
    return fresh.read(request(message), {"topic_arn": TOPIC}, context(pages={CERTIFICATE: signer.pem})).events


def _sendgrid(event: dict[str, Any]) -> tuple[Reported, ...]:
    signer = SendGridSigner()
    body = json.dumps([event]).encode()
    found = reader("sendgrid")
    assert found is not None
    return found.read(request(body, signer.headers(body)), {"webhook_public_key": signer.public}, context()).events


def _azure(event: dict[str, Any]) -> tuple[Reported, ...]:
    found = reader("azure-email")
    assert found is not None
    return found.read(request([event], query={"key": "k"}), {"webhook_secret": "k"}, context()).events


def _twilio(fields: dict[str, Any]) -> tuple[Reported, ...]:
    found = reader("twilio")
    assert found is not None
    headers = {"X-Twilio-Signature": signature("t", URL, list(fields.items()))}
    return found.read(request(urlencode(fields).encode(), headers), {"auth_token": "t"}, context()).events


SES_MAIL = {
    "timestamp": "2016-01-27T14:59:38.237Z", "source": "john@example.com",
    "messageId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000",
    "destination": ["jane@example.com", "mary@example.com"],
    "headers": [{"name": "From", "value": "x"}, {"name": "Message-ID", "value": "<custom@example.com>"}],
    "tags": {"tidings": ["tok"]},
}  # fmt: skip
POSTMARK = {
    "ID": 901542550, "MessageID": "2706ee8a-737c-4285-b032-ccd317af53ed", "Email": "bounce@example.com",
    "BouncedAt": "2016-04-27T16:28:50.3963933-04:00", "Metadata": {"tidings": "tok"},
}  # fmt: skip
MAILGUN = {
    "id": "hTWCTD81RtiDN-", "timestamp": 1534108637.153125, "recipient": "recipient@example.com",
    "user-variables": {"tidings": "tok"},
    "message": {"headers": {"message-id": "20180812211713.1.DF5966851B4BAA99@example.org"}},
}  # fmt: skip
RESEND = {"email_id": "aaaaaaaa-bbbb", "to": ["Recipient <to@example.org>", "to2@example.org"]}
ACS = {
    "sender": "noreply@azure.net", "recipient": "ann@example.com", "messageId": "fb9e3380-428f",
    "internetMessageId": "<178718194781@apex>", "deliveryAttemptTimeStamp": "2026-03-02T09:59:00.2552997+00:00",
}  # fmt: skip


def _acs(status: str, words: str = "") -> dict[str, Any]:
    told = {**ACS, "status": status, "deliveryStatusDetails": {"statusMessage": words}}
    return {"id": "1", "eventType": "Microsoft.Communication.EmailDeliveryReportReceived", "data": told}


NO_USER = "smtp;550 5.1.1 The email account that you tried to reach does not exist."
SPAM = "550 5.7.1 Message rejected as spam"
CASES: list[tuple[str, Any, dict[str, Any], Happening, str, bool | None]] = [
    ("ses", _ses, {"notificationType": "Bounce", "mail": SES_MAIL, "bounce": {"bounceType": "Permanent",
     "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": "jane@example.com", "status": "5.1.1",
     "diagnosticCode": "smtp; 550 5.1.1 <jane@example.com>... User unknown"}]}}, H.BOUNCED, "jane@example.com", True),
    ("ses-listed", _ses, {"eventType": "Bounce", "mail": SES_MAIL, "bounce": {"bounceType": "Permanent",
     "bounceSubType": "OnAccountSuppressionList", "bouncedRecipients": [{"emailAddress": "j@example.com"}]}},
     H.BOUNCED, "j@example.com", True),
    ("ses-full", _ses, {"eventType": "Bounce", "mail": SES_MAIL, "bounce": {"bounceType": "Transient",
     "bounceSubType": "MailboxFull", "bouncedRecipients": [{"emailAddress": "j@example.com"}]}},
     H.BOUNCED, "j@example.com", False),
    ("ses-complaint", _ses, {"notificationType": "Complaint", "mail": SES_MAIL, "complaint": {
     "complainedRecipients": [{"emailAddress": "r@example.com"}], "complaintFeedbackType": "abuse"}},
     H.COMPLAINED, "r@example.com", None),
    ("ses-not-spam", _ses, {"notificationType": "Complaint", "mail": SES_MAIL, "complaint": {
     "complainedRecipients": [{"emailAddress": "r@example.com"}], "complaintFeedbackType": "not-spam"}},
     H.UNKNOWN, "r@example.com", None),
    ("ses-delay", _ses, {"eventType": "DeliveryDelay", "mail": SES_MAIL, "deliveryDelay": {"delayType": "MailboxFull",
     "delayedRecipients": [{"emailAddress": "r@example.com", "status": "4.2.2"}]}}, H.DEFERRED, "r@example.com", None),
    ("postmark", _postmark, {**POSTMARK, "RecordType": "Bounce", "Type": "HardBounce", "Details": NO_USER},
     H.BOUNCED, "bounce@example.com", True),
    ("postmark-silent", _postmark, {**POSTMARK, "RecordType": "Bounce", "Type": "HardBounce"}, H.BOUNCED,
     "bounce@example.com", True),
    ("postmark-spam", _postmark, {**POSTMARK, "RecordType": "Bounce", "Type": "SpamNotification", "Details": SPAM},
     H.BOUNCED, "bounce@example.com", False),
    ("postmark-transient", _postmark, {**POSTMARK, "RecordType": "Bounce", "Type": "Transient"}, H.DEFERRED,
     "bounce@example.com", None),
    ("postmark-away", _postmark, {**POSTMARK, "RecordType": "Bounce", "Type": "AutoResponder"}, H.AUTORESPONDED,
     "bounce@example.com", None),
    ("postmark-no", _postmark, {"RecordType": "SubscriptionChange", "Recipient": "j@example.com", "SuppressSending":
     True, "SuppressionReason": "ManualSuppression", "MessageID": "m"}, H.UNSUBSCRIBED, "j@example.com", None),
    ("postmark-yes", _postmark, {"RecordType": "SubscriptionChange", "Recipient": "j@example.com", "SuppressSending":
     False, "SuppressionReason": None, "MessageID": "m"}, H.SUBSCRIBED, "j@example.com", None),
    ("mailgun", _mailgun, {**MAILGUN, "event": "delivered"}, H.DELIVERED, "recipient@example.com", None),
    ("mailgun-failed", _mailgun, {**MAILGUN, "event": "failed", "severity": "permanent", "reason": "bounce",
     "delivery-status": {"code": 550, "message": "5.1.1 The email account that you tried to reach does not exist."}},
     H.BOUNCED, "recipient@example.com", True),
    ("mailgun-old", _mailgun, {**MAILGUN, "event": "failed", "severity": "permanent", "reason": "old",
     "delivery-status": {"code": 602, "message": "Too old"}}, H.BOUNCED, "recipient@example.com", False),
    ("mailgun-listed", _mailgun, {**MAILGUN, "event": "failed", "severity": "permanent", "reason":
     "suppress-bounce", "delivery-status": {"code": 605}}, H.REJECTED, "recipient@example.com", True),
    ("mailgun-grey", _mailgun, {**MAILGUN, "event": "failed", "severity": "temporary", "reason": "greylisted"},
     H.DEFERRED, "recipient@example.com", None),
    ("resend", _resend, {"type": "email.bounced", "created_at": "2023-10-02T18:11:26.101Z", "data": {**RESEND,
     "bounce": {"message": "The recipient's email provider sent a hard bounce message", "type": "Permanent",
     "subType": "General"}}}, H.BOUNCED, "to@example.org", True),
    ("resend-listed", _resend, {"type": "email.bounced", "data": {**RESEND, "bounce": {"message":
     "Resend has suppressed sending to this address"}}}, H.REJECTED, "to@example.org", True),
    ("resend-late", _resend, {"type": "email.delivery_delayed", "data": RESEND}, H.DEFERRED, "to@example.org", None),
    ("sendgrid", _sendgrid, {"event": "bounce", "type": "bounce", "email": "a@example.com", "status": "5.0.0",
     "reason": "500 unknown recipient", "sg_event_id": "e", "sg_message_id": "m.f", "tidings": "tok"},
     H.BOUNCED, "a@example.com", True),
    ("sendgrid-blocked", _sendgrid, {"event": "bounce", "type": "blocked", "email": "a@example.com", "reason":
     "554 5.7.1 blocked using a list", "sg_event_id": "e"}, H.BOUNCED, "a@example.com", False),
    ("sendgrid-spam", _sendgrid, {"event": "spamreport", "email": "a@example.com", "sg_event_id": "e"},
     H.COMPLAINED, "a@example.com", None),
    ("acs", _azure, _acs("Delivered"), H.DELIVERED, "ann@example.com", None),
    ("acs-bounced", _azure, _acs("Bounced", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"), H.BOUNCED,
     "ann@example.com", True),
    ("acs-spam", _azure, _acs("FilteredSpam", SPAM), H.BOUNCED, "ann@example.com", False),
    ("acs-listed", _azure, _acs("Suppressed"), H.REJECTED, "ann@example.com", True),
    ("acs-new", _azure, _acs("Teleported"), H.UNKNOWN, "ann@example.com", None),
    ("acs-cloud", _azure, {"specversion": "1.0", "id": "1", "source": "/s", "time": "2026-03-02T10:00:00Z", "type":
     "Microsoft.Communication.EmailEngagementTrackingReportReceived", "data": {"messageId": "fb9e3380-428f",
     "engagementType": "click", "engagementContext": "https://www.contoso.com/x", "recipient": "ann@example.com"}},
     H.CLICKED, "ann@example.com", None),
    ("acs-sms", _azure, {"id": "1", "eventType": "Microsoft.Communication.SMSDeliveryReportReceived", "data":
     {"messageId": "Outgoing_2020", "from": "15555555555", "to": "+15555555556", "deliveryStatus": "Delivered",
      "receivedTimestamp": "2020-09-18T00:22:20.2855749Z"}}, H.DELIVERED, "+15555555556", None),
    ("acs-sms-stop", _azure, {"id": "1", "eventType": "Microsoft.Communication.SMSReceived", "data":
     {"messageId": "Incoming_2020", "from": "+15555555556", "to": "15555555555", "message": "STOP "}},
     H.UNSUBSCRIBED, "+15555555556", None),
    ("twilio", _twilio, {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+4915112345"}, H.DELIVERED,
     "+4915112345", None),
    ("twilio-landline", _twilio, {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30006",
     "To": "+4915112345"}, H.BOUNCED, "+4915112345", True),
    ("twilio-off", _twilio, {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003",
     "To": "+4915112345"}, H.BOUNCED, "+4915112345", False),
    ("twilio-stop", _twilio, {"MessageSid": "SM2", "SmsStatus": "received", "Body": "Stop", "From": "+491511"},
     H.UNSUBSCRIBED, "+491511", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "read", "event", "kind", "who", "hard"), CASES, ids=[case[0] for case in CASES])
def test_says_what_a_provider_says(
    name: str, read: Any, event: dict[str, Any], kind: Happening, who: str, hard: bool | None
) -> None:
    [told] = read(event)
    assert (told.kind, told.recipient) == (kind, who), name
    assert told.id
    if hard is not None:
        assert judge_failure(told).hard is hard
    assert told.body["data"] == event["data"] if name.startswith("acs") else told.body
    if "tok" in json.dumps(event):
        assert "tok" in told.tokens


def test_a_ses_event_about_two_people_is_two() -> None:
    event = {"eventType": "Delivery", "mail": SES_MAIL, "delivery": {"recipients": ["a@example.com", "b@example.com"]}}
    first, second = _ses(event)
    assert (first.recipient, second.recipient) == ("a@example.com", "b@example.com")
    assert first.id != second.id
    assert first.message_ids == ("custom@example.com",)
    assert first.references == (SES_MAIL["messageId"],)


def test_words_are_worth_more_than_a_class() -> None:
    event = Reported("1", H.BOUNCED, "bounce", {}, words="552 5.2.2 mailbox full", permanent=True)
    judged = judge_failure(event)
    assert (judged.cause, judged.code, judged.hard) == (Cause.FULL, "5.2.2", False)


@pytest.mark.parametrize(
    ("given", "ms"),
    [("2016-04-27T16:28:50.3963933-04:00", 1461788930396), ("2026-03-02T10:00:00Z", 1772445600000),
     (1534108637.153125, 1534108637153), ("1600112492", 1600112492000), ("2026-03-02T10:00:00", 1772445600000),
     ("yesterday", None), (None, None), (True, None), (1e300, None), ("1.7.3", None)],
)  # fmt: skip
def test_reads_every_kind_of_time(given: object, ms: int | None) -> None:
    assert instant(given) == ms
