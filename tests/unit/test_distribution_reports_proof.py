"""What proves that a report is a provider's: their own published examples, then keys made here; and what does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.reports_bed import (
    CERTIFICATE,
    NOW,
    TOPIC,
    EntraSigner,
    SendGridSigner,
    SnsSigner,
    context,
    mailgun,
    request,
    svix,
)

from tidings.distribution.reports.base import Happening, RefusedError, UnreadableError
from tidings.distribution.reports.registry import READERS, reader
from tidings.distribution.reports.twilio import signature
from tidings.domain.errors import UnavailableError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of Svix's documentation
BODY = b'{"test": 2432232314}'


def _read(provider: str, given: Any, secret: dict[str, str], **more: Any) -> Any:
    found = reader(provider)
    assert found is not None
    return found.read(given, secret, context(**more))


def test_sendgrids_own_example() -> None:
    """https://github.com/sendgrid/sendgrid-python, test/unit/test_eventwebhook.py"""
    key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpi"
    key += "glSI8eNEc6wEA3F+g=="
    body = (
        b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","sg_event_id":"ZHJvcC0xMDk5NDkxOS1MU'
        b'npYbF9OSFN0T0doUTRrb2ZTbV9BLTA","sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-1'
        b'8-5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
    )
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0J"
        "uG+luQAbPIqHh89M15TluLtEZtM=",
        "X-Twilio-Email-Event-Webhook-Timestamp": "1600112502",
    }
    secret = {"webhook_public_key": key}
    [event] = _read("sendgrid", request(body, headers), secret).events
    assert (event.kind, event.suppressed, event.recipient) == (Happening.REJECTED, "bounced", "hello@world.com")
    assert event.references == (
        "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0", "LRzXl_NHStOGhQ4kofSm_A",
    )  # fmt: skip
    pem = f"-----BEGIN PUBLIC KEY-----\n{key[:64]}\n{key[64:]}\n-----END PUBLIC KEY-----\n"
    assert len(_read("sendgrid", request(body, headers), {"webhook_public_key": pem}).events) == 1
    with pytest.raises(RefusedError):
        _read("sendgrid", request(body.rstrip(), headers), secret)
    for broken in ("", "no key", key[:-8]):
        with pytest.raises(RefusedError):
            _read("sendgrid", request(body, headers), {"webhook_public_key": broken})


def test_twilios_own_examples() -> None:
    """https://www.twilio.com/docs/usage/security and twilio-php's RequestValidatorTest"""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = [
        ("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675309"), ("Digits", "1234"), ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]  # fmt: skip
    assert signature("12345", url, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    twice = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    assert signature("12345", url, twice) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="
    body = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
    headers = {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    assert _read("twilio", request(body, headers, url=url), {"auth_token": "12345"}).content_type == "text/xml"
    with pytest.raises(RefusedError):
        _read("twilio", request(body.replace(b"1234&", b"9999&"), headers, url=url), {"auth_token": "12345"})
    with pytest.raises(RefusedError):
        _read("twilio", request(body, {}, url=url), {"auth_token": "12345"})


def test_svixs_own_example_and_its_age() -> None:
    """https://docs.svix.com/receiving/verifying-payloads/how-manual"""
    headers = {
        "svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "svix-timestamp": "1614265330",
        "svix-signature": "v2,nonsense v1,bm90aGluZw== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }  # fmt: skip
    at = 1_614_265_330_000
    with pytest.raises(UnreadableError, match="type"):  # proved, though it says nothing
        _read("resend", request(BODY, headers), {"webhook_secret": SECRET}, now=at)
    for wrong in (at + 301_000, at - 301_000):
        with pytest.raises(RefusedError, match="old"):
            _read("resend", request(BODY, headers), {"webhook_secret": SECRET}, now=wrong)
    with pytest.raises(RefusedError, match="wrong"):
        _read("resend", request(BODY + b" ", headers), {"webhook_secret": SECRET}, now=at)
    for secret in ("whsec_", "whsec_!", ""):
        with pytest.raises(RefusedError):
            _read("resend", request(BODY, headers), {"webhook_secret": secret}, now=at)


def test_mailguns_key_and_age() -> None:
    event = {"event": "delivered", "id": "x", "recipient": "a@example.com"}
    batch = _read("mailgun", request(mailgun("key-1", event)), {"webhook_secret": "key-1"})
    assert batch.nonce == "a" * 50
    for body in (mailgun("key-2", event), mailgun("key-1", event, at=NOW - 90_000_000), b'{"event-data": {}}'):
        with pytest.raises(RefusedError):
            _read("mailgun", request(body), {"webhook_secret": "key-1"})
    with pytest.raises(UnreadableError):
        _read("mailgun", request(mailgun("key-1", {})), {"webhook_secret": "key-1"})


def test_postmark_by_password_or_by_key() -> None:
    body = {"RecordType": "Delivery", "MessageID": "m", "Recipient": "a@example.com"}
    by_password = {"webhook_user": "ann", "webhook_password": "pä"}
    good = {"Authorization": "Basic YW5uOnDDpA=="}
    assert _read("postmark", request(body, good), by_password).events
    for headers in ({}, {"Authorization": "Basic YW5uOnB4"}, {"Authorization": "Basic %"}, {"Authorization": "x"}):
        with pytest.raises(RefusedError):
            _read("postmark", request(body, headers), by_password)
    assert _read("postmark", request(body, query={"key": "s3"}), {"webhook_secret": "s3"}).events
    for key, secret in (("s4", "s3"), ("", ""), ("", "s3")):
        with pytest.raises(RefusedError):
            _read("postmark", request(body, query={"key": key}), {"webhook_secret": secret})


@pytest.mark.parametrize("version", ["1", "2"])
def test_sns_by_its_certificate(version: str) -> None:
    signer = SnsSigner()
    pages = {CERTIFICATE: signer.pem}
    text = json.dumps({"notificationType": "Delivery", "mail": {"messageId": "m"}, "delivery": {"recipients": ["a@b"]}})
    message = signer.message(version=version, Message=text, Subject="Amazon SES\nEvent")
    secret = {"topic_arn": TOPIC}
    fresh = type(reader("ses"))()  # type: ignore[misc]  # one that has no certificate yet
    with pytest.raises(UnavailableError):  # SNS comes again
        fresh.read(request(message), secret, context())
    assert len(fresh.read(request(message), secret, context(pages=pages)).events) == 1
    elsewhere = {**message, "SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem"}
    for wrong in ({**message, "Message": text + " "}, {**message, "SignatureVersion": "3"}, elsewhere,
                  {**message, "SigningCertURL": CERTIFICATE.replace("https", "http")},
                  {**message, "Signature": "AAAA"}, {**message, "TopicArn": TOPIC + "x"}):  # fmt: skip
        with pytest.raises(RefusedError):
            fresh.read(request(wrong), secret, context(pages=pages))
    with pytest.raises(RefusedError, match="topic_arn"):  # anybody has topics of their own
        fresh.read(request(message), {}, context(pages=pages))
    with pytest.raises(RefusedError, match="valid"):
        fresh.read(request(message), secret, context(NOW + 400 * 86_400_000, pages))


def test_an_sns_certificate_of_somebody_else_is_refused() -> None:
    signer = SnsSigner("evil.example")
    fresh = type(reader("ses"))()  # type: ignore[misc]
    with pytest.raises(RefusedError, match="not SNS's"):
        fresh.read(
            request(signer.message(Message="{}")), {"topic_arn": TOPIC}, context(pages={CERTIFICATE: signer.pem})
        )


def test_a_subscription_is_confirmed_at_sns_only() -> None:
    signer = SnsSigner()
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
    message = signer.message("SubscriptionConfirmation", Message="You have chosen", Token="t", SubscribeURL=url)
    fresh = type(reader("ses"))()  # type: ignore[misc]
    asked: list[str] = []
    pages = {CERTIFICATE: signer.pem, url: b"<ok/>"}
    inner = context(pages=pages)

    def fetch(address: str) -> bytes:
        asked.append(address)
        return inner.fetch(address)

    assert fresh.read(request(message), {"topic_arn": TOPIC}, type(inner)(NOW, fetch)).events == ()
    assert asked == [CERTIFICATE, url]
    away = signer.message("SubscriptionConfirmation", Message="x", Token="t", SubscribeURL="https://evil.example/")
    with pytest.raises(RefusedError):
        fresh.read(request(away), {"topic_arn": TOPIC}, context(pages=pages))


def test_event_grid_by_key_and_its_handshakes() -> None:
    secret = {"webhook_secret": "k1"}
    event = {
        "id": "2d1781af", "topic": "/subscriptions/x", "subject": "", "eventType":
        "Microsoft.EventGrid.SubscriptionValidationEvent", "eventTime": "2018-01-25T22:12:19.4556811Z",
        "data": {"validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6", "validationUrl": "https://rp"},
        "dataVersion": "1", "metadataVersion": "1",
    }  # fmt: skip
    batch = _read("azure-email", request([event], query={"key": "k1"}), secret)
    assert json.loads(batch.answer) == {"validationResponse": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}
    origin = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    batch = _read("azure-sms", request(b"", origin, {"key": "k1"}, method="OPTIONS"), secret)
    assert batch.headers == {"WebHook-Allowed-Origin": "eventgrid.azure.net", "WebHook-Allowed-Rate": "*"}
    for query in ({}, {"key": "k2"}):
        with pytest.raises(RefusedError):
            _read("azure-email", request([event], query=query), secret)
        with pytest.raises(RefusedError):
            _read("azure-email", request(b"", origin, query, method="OPTIONS"), secret)


def test_event_grid_by_entra_token() -> None:
    signer = EntraSigner()
    secret = {"entra_tenant": signer.TENANT, "entra_audience": "api://tidings"}
    pages = {signer.KEYS: signer.page}

    def ask(token: str, now: int = NOW) -> None:
        fresh = type(reader("azure"))()  # type: ignore[misc]
        fresh.read(request([], {"Authorization": f"Bearer {token}"}), secret, context(now, pages))

    ask(signer.token("api://tidings"))
    ask(signer.token("api://tidings", iss=f"https://login.microsoftonline.com/{signer.TENANT}/v2.0"))
    wrong = [
        signer.token("api://other"), signer.token("api://tidings", appid="other"), "", "a.b.c", "x",
        signer.token("api://tidings", iss="https://sts.windows.net/other/"), EntraSigner().token("api://tidings"),
        signer.token("api://tidings", exp=NOW // 1000 - 900), signer.token("api://tidings", exp="never"),
    ]  # fmt: skip
    for token in wrong:
        with pytest.raises(RefusedError):
            ask(token)
    unsigned = signer.token("api://tidings").split(".")
    with pytest.raises(RefusedError):
        ask(f"eyJhbGciOiJub25lIn0.{unsigned[1]}.")
    with pytest.raises(RefusedError):
        _read("azure", request([]), {"entra_tenant": signer.TENANT})


def test_generic_is_standard_webhooks() -> None:
    body = json.dumps({"events": [{"event": "bounced", "token": "t"}, {"event": "odd"}]}).encode()
    events = _read("generic", request(body, svix(SECRET, body, prefix="webhook")), {"webhook_secret": SECRET}).events
    assert [(each.id, each.kind) for each in events] == [
        ("msg_1:0", Happening.BOUNCED), ("msg_1:1", Happening.UNKNOWN),
    ]  # fmt: skip


@pytest.mark.parametrize("provider", sorted(READERS))
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 20_000, b'{"Type": 1}'])
def test_nothing_unproved_passes_and_nothing_else_is_raised(provider: str, body: bytes) -> None:
    found = reader(provider)
    assert found is not None
    assert found.keys
    for secret in ({}, dict.fromkeys(found.keys, "secret")):
        with pytest.raises((RefusedError, UnreadableError)):
            found.read(request(body), secret, context())


def test_proved_nonsense_is_named_as_such() -> None:
    signer = SendGridSigner()
    for body in (b"{", b"[" * 20_000, b"\xff"):
        with pytest.raises(UnreadableError):
            _read("sendgrid", request(body, signer.headers(body)), {"webhook_public_key": signer.public})
    odd = json.dumps([1, None, {"event": ["x"], "timestamp": "never", "email": 7, "url": {}}]).encode()
    [event] = _read("sendgrid", request(odd, signer.headers(odd)), {"webhook_public_key": signer.public}).events
    assert (event.kind, event.at, event.recipient) == (Happening.UNKNOWN, None, "7")
