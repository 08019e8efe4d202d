"""Mailgun's webhooks: HMAC over a timestamp and a token that may be used once.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

from __future__ import annotations

import hashlib
import hmac
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
    bare,
    instant,
    made_id,
    part,
    record,
    text,
    texts,
)
from tidings.distribution.reports.proof import needed, same
from tidings.domain.instant import DAY

_H = Happening
_KINDS = {
    "accepted": _H.QUEUED, "delivered": _H.DELIVERED, "opened": _H.OPENED, "clicked": _H.CLICKED,
    "complained": _H.COMPLAINED, "unsubscribed": _H.UNSUBSCRIBED, "rejected": _H.REJECTED, "stored": _H.INBOUND,
}  # fmt: skip
_SUPPRESSED = {
    "suppress-bounce": "bounced", "suppress-complaint": "complained", "suppress-unsubscribe": "unsubscribed",
}  # fmt: skip


class Mailgun:
    """The reader."""

    keys: ClassVar[Mapping[str, str]] = {
        "webhook_secret": "the HTTP webhook signing key of the account (Sending › Webhooks)",
    }

    def read(self, request: Request, secret: Mapping[str, str], context: Context) -> Batch:
        """One event. The signature does not cover it, so the token must not serve a second time."""
        body = record(request.json())
        proof = part(body, "signature")
        stamp, token = text(proof, "timestamp"), text(proof, "token")
        key = needed(secret, "webhook_secret")
        expected = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        if not (token and same(text(proof, "signature"), expected)):
            raise RefusedError("the signature is wrong")
        signed_at = instant(stamp)
        if signed_at is None or abs(context.now - signed_at) > DAY:  # it tries for eight hours
            raise RefusedError("the signature is too old")
        event = part(body, "event-data")
        if not event:
            raise UnreadableError("there is no event-data: legacy webhooks are not understood")
        return Batch((_reported(event),), nonce=token)


def _reported(event: dict[str, object]) -> Reported:
    native = text(event, "event")
    status = part(event, "delivery-status")
    severity, why = text(event, "severity"), text(event, "reason")
    kind = _KINDS.get(native, Happening.UNKNOWN)
    if native == "failed":
        kind = Happening.BOUNCED if severity == "permanent" else Happening.DEFERRED
    if why in _SUPPRESSED:
        kind = Happening.REJECTED
    ids = bare([text(part(part(event, "message"), "headers"), "message-id")])
    code, words = text(status, "code"), text(status, "message", "description")
    if kind is Happening.REJECTED and not words:
        words = text(part(event, "reject"), "reason") or why
    return Reported(
        text(event, "id") or made_id(ids, native, event.get("timestamp"), event.get("recipient")),
        kind,
        f"{native} {severity}".strip(),
        event,
        instant(event.get("timestamp")),
        text(event, "recipient"),
        tuple(each for one in ids for each in (one, f"<{one}>")),
        ids,
        texts([event.get("user-variables"), event.get("tags")]),
        text(status, "enhanced-code") or code,
        f"{code} {words}".strip() if code.isdigit() and not words.startswith(code) else words,
        permanent=kind is Happening.BOUNCED and why == "bounce",
        suppressed=_SUPPRESSED.get(why, ""),
        machine=1.0 if part(event, "client-info").get("bot") else 0.0,
        url=text(event, "url"),
    )
