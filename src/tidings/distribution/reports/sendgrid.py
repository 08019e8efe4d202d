"""SendGrid's Event Webhook, signed (ECDSA P-256): up to about 1,000 events a request.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tidings.distribution.reports.base import (
    Batch,
    Context,
    Happening,
    RefusedError,
    Reported,
    Request,
    bare,
    instant,
    made_id,
    records,
    text,
    texts,
)
from tidings.distribution.reports.proof import needed

_H = Happening
_KINDS = {
    "processed": _H.SENT, "dropped": _H.REJECTED, "delivered": _H.DELIVERED, "deferred": _H.DEFERRED,
    "bounce": _H.BOUNCED, "blocked": _H.BOUNCED, "open": _H.OPENED, "click": _H.CLICKED, "spamreport": _H.COMPLAINED,
    "unsubscribe": _H.UNSUBSCRIBED, "group_unsubscribe": _H.UNSUBSCRIBED, "group_resubscribe": _H.SUBSCRIBED,
}  # fmt: skip
_DROPPED = {
    "bounced address": "bounced", "invalid": "bounced", "spam reporting address": "complained",
    "unsubscribed address": "unsubscribed",
}  # fmt: skip
_OWN = frozenset({
    "email", "timestamp", "event", "smtp-id", "useragent", "ip", "sg_event_id", "sg_message_id", "reason", "status",
    "response", "tls", "url", "url_offset", "attempt", "type", "bounce_classification", "sg_content_type",
    "asm_group_id", "sg_machine_open", "pool", "cert_err",
})  # fmt: skip


class SendGrid:
    """The reader."""

    keys: ClassVar[Mapping[str, str]] = {
        "webhook_public_key": "the verification key shown by Settings › Mail Settings › Event Webhook (signed)",
    }

    def read(self, request: Request, secret: Mapping[str, str], _context: Context) -> Batch:
        """A batch; the signature covers timestamp and body. Replays are harmless, for every event has an id."""
        self._check(request, needed(secret, "webhook_public_key"))
        return Batch(tuple(_reported(each) for each in records(request.json())))

    def _check(self, request: Request, key: str) -> None:
        stamp = request.headers.get("x-twilio-email-event-webhook-timestamp", "")
        given = request.headers.get("x-twilio-email-event-webhook-signature", "")
        try:
            signature = base64.b64decode(given, validate=True)
            _key(key).verify(signature, stamp.encode() + request.body, ECDSA(SHA256()))
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise RefusedError("the signature is wrong") from error


@lru_cache(maxsize=32)
def _key(text_: str) -> EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode("".join(_body(text_)), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise RefusedError("the account's webhook_public_key is no public key") from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise RefusedError("the account's webhook_public_key is no elliptic curve key")
    return key


def _body(text_: str) -> list[str]:
    """The base64 of a key, with or without PEM's lines around it."""
    return [line.strip() for line in text_.strip().splitlines() if not line.startswith("-----")]


def _reported(event: dict[str, Any]) -> Reported:
    native = text(event, "event")
    kind = _KINDS.get(native, Happening.UNKNOWN)
    words = text(event, "reason", "response")
    sent = text(event, "sg_message_id")
    blocked = native == "blocked" or text(event, "type") == "blocked"
    return Reported(
        text(event, "sg_event_id") or made_id(sent, native, event.get("timestamp"), event.get("email")),
        kind,
        native,
        event,
        instant(event.get("timestamp")),
        text(event, "email"),
        tuple(dict.fromkeys(each for each in (sent, sent.partition(".")[0]) if each)),
        bare([text(event, "smtp-id")]),
        texts({name: value for name, value in event.items() if name not in _OWN}),
        text(event, "status"),
        words,
        permanent=kind is Happening.BOUNCED and not blocked,
        suppressed=_DROPPED.get(words.lower(), "") if kind is Happening.REJECTED else "",
        machine=1.0 if event.get("sg_machine_open") is True else 0.0,
        url=text(event, "url"),
    )
