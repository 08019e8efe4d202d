"""Resend's webhooks, signed by Svix.

https://resend.com/docs/dashboard/webhooks/event-types
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tidings.distribution.reports.base import (
    Batch,
    Context,
    Happening,
    Reported,
    Request,
    UnreadableError,
    bare,
    instant,
    part,
    record,
    text,
    texts,
)
from tidings.distribution.reports.proof import needed, standard

_H = Happening
_KINDS = {
    "email.sent": _H.SENT, "email.scheduled": _H.QUEUED, "email.delivered": _H.DELIVERED,
    "email.delivery_delayed": _H.DEFERRED, "email.bounced": _H.BOUNCED, "email.complained": _H.COMPLAINED,
    "email.opened": _H.OPENED, "email.clicked": _H.CLICKED, "email.failed": _H.FAILED,
    "email.suppressed": _H.REJECTED, "email.received": _H.INBOUND,
}  # fmt: skip


class Resend:
    """The reader."""

    keys: ClassVar[Mapping[str, str]] = {
        "webhook_secret": "the signing secret of the webhook, whsec_…",
    }

    def read(self, request: Request, secret: Mapping[str, str], context: Context) -> Batch:
        """One event; its id is Svix's."""
        event_id = standard(request, needed(secret, "webhook_secret"), context.now, "svix")
        body = record(request.json())
        if not text(body, "type"):
            raise UnreadableError("there is no type")
        return Batch((_reported(event_id, body),))


def _reported(event_id: str, event: dict[str, object]) -> Reported:
    native, body = text(event, "type"), part(event, "data")
    bounce = part(body, "bounce")
    words = text(bounce, "message") or text(part(body, "failed"), "reason") or text(part(body, "suppressed"), "message")
    listed = "suppress" in f"{text(bounce, 'subType')} {words}".lower()
    kind = _KINDS.get(native, Happening.UNKNOWN)
    sort = text(bounce, "type").lower()
    to = body.get("to")
    sent = text(body, "email_id")
    return Reported(
        event_id,
        Happening.REJECTED if kind is Happening.BOUNCED and listed else kind,
        native,
        event,
        instant(event.get("created_at")),
        _address(next(iter(texts(to)), "")),
        (sent,) if sent else (),
        bare([text(body, "message_id")]),
        texts([body.get("tags"), body.get("headers")]),
        words=words,
        permanent=kind is Happening.BOUNCED and (sort == "permanent" or (not sort and "hard bounce" in words)),
        suppressed="bounced" if listed else "",
        url=text(part(body, "click"), "link"),
    )


def _address(text_: str) -> str:
    """The address in `Name <address>`."""
    return text_.rpartition("<")[2].rstrip("> ") if "<" in text_ else text_.strip()
