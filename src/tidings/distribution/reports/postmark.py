"""Postmark's webhooks: no signature, so a user and password in the address, or a secret in it.

https://postmarkapp.com/developer/webhooks/webhooks-overview
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tidings.distribution.reports.base import (
    Batch,
    Context,
    Happening,
    RefusedError,
    Reported,
    Request,
    UnreadableError,
    instant,
    made_id,
    part,
    record,
    text,
    texts,
)
from tidings.distribution.reports.proof import basic, in_url

_H = Happening
_KINDS = {
    "Delivery": _H.DELIVERED, "Bounce": _H.BOUNCED, "SpamComplaint": _H.COMPLAINED, "Open": _H.OPENED,
    "Click": _H.CLICKED, "Inbound": _H.INBOUND,
}  # fmt: skip
# Types of a bounce that are something else: https://postmarkapp.com/developer/api/bounce-api#bounce-types
_TYPES = {
    "Transient": _H.DEFERRED, "AutoResponder": _H.AUTORESPONDED, "OpenRelayTest": _H.UNKNOWN, "Unsubscribe":
    _H.UNSUBSCRIBED, "Subscribe": _H.SUBSCRIBED, "ChallengeVerification": _H.AUTORESPONDED, "SpamComplaint":
    _H.COMPLAINED, "ManuallyDeactivated": _H.REJECTED, "Unconfirmed": _H.REJECTED, "InboundError": _H.UNKNOWN,
    "SMTPApiError": _H.FAILED, "TemplateRenderingFailed": _H.FAILED,
}  # fmt: skip
_PERMANENT = frozenset({"HardBounce", "BadEmailAddress"})
_WHY = {"HardBounce": "bounced", "SpamComplaint": "complained", "ManualSuppression": "unsubscribed"}


class Postmark:
    """The reader."""

    keys: ClassVar[Mapping[str, str]] = {
        "webhook_user": "the user in the webhook's basic auth credentials",
        "webhook_password": "their password",
        "webhook_secret": "instead of these: the key in the address, ?key=…",
    }

    def read(self, request: Request, secret: Mapping[str, str], _context: Context) -> Batch:
        """One event."""
        user, password = secret.get("webhook_user", ""), secret.get("webhook_password", "")
        if not (user and password):
            in_url(request, secret)
        elif not basic(request, user, password):
            raise RefusedError("user or password is wrong")
        body = record(request.json())
        if not text(body, "RecordType"):
            raise UnreadableError("there is no RecordType")
        return Batch((_reported(body),))


def _reported(event: dict[str, object]) -> Reported:
    record, type_ = text(event, "RecordType"), text(event, "Type")
    kind = _KINDS.get(record, Happening.UNKNOWN)
    if record == "Bounce":
        kind = _TYPES.get(type_, kind)
    suppressed = ""
    if record == "SubscriptionChange":
        suppressed = _WHY.get(text(event, "SuppressionReason"), "") if event.get("SuppressSending") is True else ""
        kind = {"bounced": _H.BOUNCED, "complained": _H.COMPLAINED, "unsubscribed": _H.UNSUBSCRIBED}.get(
            suppressed, _H.SUBSCRIBED if event.get("SuppressSending") is False else _H.UNKNOWN
        )
    sent, who = text(event, "MessageID"), text(event, "Email", "Recipient")
    when = text(event, "BouncedAt", "DeliveredAt", "ReceivedAt", "ChangedAt")
    own = text(event, "ID")
    return Reported(
        f"{record}:{own}" if own else made_id(record, sent, who, when, event.get("OriginalLink")),
        kind,
        f"{record} {type_}".strip() if type_ != record else record,
        event,
        instant(when),
        who,
        (sent,) if sent else (),
        (),
        texts([part(event, "Metadata"), event.get("Tag")]),
        words=text(event, "Details", "Description"),
        permanent=type_ in _PERMANENT or suppressed == "bounced",
        suppressed=suppressed,
        url=text(event, "OriginalLink"),
    )
