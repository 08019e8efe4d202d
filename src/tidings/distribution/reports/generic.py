"""Reports of any other system, in our own words, signed as Standard Webhooks says.

    {"events": [{"id": "42", "event": "bounced", "at": "2026-03-02T10:00:00Z", "recipient": "ann@example.com",
                 "reference": "…", "message_id": "…", "token": "…", "words": "550 5.1.1 …", "permanent": true}]}

https://www.standardwebhooks.com
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tidings.distribution.reports.base import (
    Batch,
    Context,
    Happening,
    Reported,
    Request,
    UnreadableError,
    bare,
    instant,
    record,
    records,
    text,
)
from tidings.distribution.reports.proof import needed, standard

_MOST = 1_000


class Generic:
    """The reader."""

    keys: ClassVar[Mapping[str, str]] = {
        "webhook_secret": "whsec_ and the base64 of at least 24 random bytes, which the sender signs with",
    }

    def read(self, request: Request, secret: Mapping[str, str], context: Context) -> Batch:
        """Up to 1,000 events."""
        request_id = standard(request, needed(secret, "webhook_secret"), context.now, "webhook")
        body = record(request.json())
        events = records(body.get("events"))
        if not events or len(events) > _MOST:
            raise UnreadableError("`events` must hold 1 to 1,000 events")
        return Batch(tuple(_reported(f"{request_id}:{no}", each) for no, each in enumerate(events)))


def _reported(fallback: str, event: dict[str, Any]) -> Reported:
    native = text(event, "event")
    kind = Happening(native) if native in set(Happening) else Happening.UNKNOWN
    reference, token = text(event, "reference"), text(event, "token")
    return Reported(
        text(event, "id") or fallback,
        kind,
        native,
        event,
        instant(event.get("at")),
        text(event, "recipient"),
        (reference,) if reference else (),
        bare([text(event, "message_id")]),
        (token,) if token else (),
        text(event, "code"),
        text(event, "words"),
        permanent=event.get("permanent") is True,
        channel="sms" if event.get("channel") == "sms" else "email",
        url=text(event, "url"),
    )
