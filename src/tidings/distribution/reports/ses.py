"""Amazon SES through SNS: notifications and published events.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from tidings.distribution.reports.base import (
    Batch,
    Context,
    Happening,
    RefusedError,
    Reported,
    Request,
    UnreadableError,
    bare,
    instant,
    part,
    record,
    records,
    text,
    texts,
)
from tidings.distribution.reports.proof import in_url, same
from tidings.distribution.reports.sns import Certificates, is_own, verify

_H = Happening
_KINDS = {
    "Send": _H.SENT, "Delivery": _H.DELIVERED, "Bounce": _H.BOUNCED, "Complaint": _H.COMPLAINED, "Reject": _H.REJECTED,
    "Open": _H.OPENED, "Click": _H.CLICKED, "DeliveryDelay": _H.DEFERRED, "Rendering Failure": _H.FAILED,
    "Subscription": _H.UNSUBSCRIBED, "Received": _H.INBOUND,
}  # fmt: skip
_LISTED = frozenset({"Suppressed", "OnAccountSuppressionList"})


class Ses:
    """The reader. Anybody can make SNS sign a message of a topic of their own, so the topic or a key must be ours."""

    keys: ClassVar[Mapping[str, str]] = {
        "topic_arn": "the ARN of the SNS topic that SES publishes to",
        "webhook_secret": "or: a key in the subscription's address, ?key=…",
    }

    def __init__(self) -> None:
        self._certificates = Certificates()

    def read(self, request: Request, secret: Mapping[str, str], context: Context) -> Batch:
        """A notification; or a subscription, which is confirmed at once."""
        if secret.get("webhook_secret"):
            in_url(request, secret)
        message = record(request.json())
        topic = secret.get("topic_arn", "")
        if not (topic or secret.get("webhook_secret")):
            raise RefusedError("the account has no topic_arn, so that nothing can be checked")
        if topic and not same(text(message, "TopicArn"), topic):
            raise RefusedError("it comes from another topic")
        verify(message, self._certificates.get(text(message, "SigningCertURL"), context.fetch, context.now))
        if message.get("Type") == "SubscriptionConfirmation":
            return self._confirm(message, context)
        if message.get("Type") != "Notification":
            return Batch()  # the end of a subscription: nothing to do, and not to be subscribed anew
        return Batch(_read(message))

    def _confirm(self, message: dict[str, Any], context: Context) -> Batch:
        url = text(message, "SubscribeURL")
        if not is_own(url):
            raise RefusedError("the subscription would be confirmed elsewhere")
        context.fetch(url)
        return Batch()


def _read(message: dict[str, Any]) -> tuple[Reported, ...]:
    try:
        event = record(json.loads(text_of(message)))
    except (ValueError, RecursionError) as error:
        raise UnreadableError("the notification holds no JSON") from error
    native = text(event, "eventType", "notificationType")
    if not native:
        return ()  # SES writes a plain test message when a topic is set
    found = _people(native, event) or [("", "", "")]
    told = part(event, _part_of(native))
    return tuple(
        _reported(f"{text(message, 'MessageId')}:{no}", native, event, told, *each) for no, each in enumerate(found)
    )


def text_of(message: dict[str, Any]) -> str:
    """The notification's own text, however long."""
    value = message.get("Message")
    return value if isinstance(value, str) else ""


def _part_of(native: str) -> str:
    return {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}.get(native, native.lower())


def _people(native: str, event: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Whom it is about: address, status and words of each."""
    told = part(event, _part_of(native))
    for name in ("bouncedRecipients", "complainedRecipients", "delayedRecipients"):
        if name in told:
            return [
                (text(each, "emailAddress"), text(each, "status"), text(each, "diagnosticCode"))
                for each in records(told[name])
            ]
    addresses = told.get("recipients") or part(event, "mail").get("destination")
    return [(address, "", text(told, "smtpResponse", "reason", "errorMessage")) for address in texts(addresses)]


def _reported(
    event_id: str, native: str, event: dict[str, Any], told: dict[str, Any], who: str, status: str, words: str
) -> Reported:
    mail = part(event, "mail")
    sort, sub = text(told, "bounceType"), text(told, "bounceSubType")
    kind = _KINDS.get(native, Happening.UNKNOWN)
    listed = "bounced" if sub in _LISTED else ""
    if native == "Complaint" and text(told, "complaintFeedbackType") in {"auth-failure", "not-spam"}:
        kind = Happening.UNKNOWN  # written by programs for administrators: nobody complained
    headers = [each for each in records(mail.get("headers")) if text(each, "name").lower() == "message-id"]
    given = [text(each, "value") for each in headers] + [text(part(mail, "commonHeaders"), "messageId")]
    sent = text(mail, "messageId")
    return Reported(
        event_id,
        kind,
        f"{native} {sort} {sub}".strip(),
        event,
        instant(text(told, "timestamp") or text(mail, "timestamp")),
        who,
        (sent,) if sent else (),
        bare(given),
        texts(part(mail, "tags")),
        status,
        words or text(told, "complaintFeedbackType") or f"{sort} {sub}".strip(),
        permanent=sort == "Permanent",
        suppressed=listed,
        url=text(told, "link"),
    )
