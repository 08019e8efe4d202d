"""How a request proves who sent it. Every comparison takes the same time whatever is given."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from tidings.distribution.reports.base import RefusedError, Request
from tidings.domain.instant import Instant

TOLERANCE = 5 * 60 * 1000
"""How old a signature may be, as Standard Webhooks says."""


def same(given: str, expected: str) -> bool:
    """Whether two texts are equal; an empty expectation is never met."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def needed(secret: Mapping[str, str], name: str) -> str:
    """The secret of that name. Raises RefusedError when the account has none: nothing can be proved then."""
    value = secret.get(name, "")
    if not value:
        raise RefusedError(f"the account has no {name}, so that nothing can be checked")
    return value


def in_url(request: Request, secret: Mapping[str, str], name: str = "webhook_secret") -> None:
    """The secret stands in the address (`?key=…`) or in an `X-Webhook-Key` header. Raises RefusedError."""
    given = request.query.get("key", "") or request.headers.get("x-webhook-key", "")
    if not same(given, needed(secret, name)):
        raise RefusedError("the key in the address is wrong")


def basic(request: Request, user: str, password: str) -> bool:
    """HTTP Basic authentication (RFC 7617)."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        told = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(told, f"{user}:{password}".encode())


def standard(request: Request, secret: str, now: Instant, prefix: str) -> str:
    """Standard Webhooks, which Svix and so Resend use: the id of the event. Raises RefusedError.

    HMAC-SHA256 over `id.timestamp.body` with the base64 after `whsec_` as key; any of the given signatures may fit.
    """
    event_id = request.headers.get(f"{prefix}-id", "")
    stamp = request.headers.get(f"{prefix}-timestamp", "")
    given = request.headers.get(f"{prefix}-signature", "")
    if not (event_id and stamp.isdigit() and given):
        raise RefusedError("the signature is missing")
    if abs(int(stamp[:12]) * 1000 - now) > TOLERANCE:
        raise RefusedError("the signature is too old")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError("the signing secret of the account is no base64") from error
    if not key:
        raise RefusedError("the signing secret of the account is empty")
    signed = f"{event_id}.{stamp}.".encode() + request.body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fits = [same(each.removeprefix("v1,"), expected) for each in given.split(" ")[:10] if each.startswith("v1,")]
    if not any(fits):
        raise RefusedError("the signature is wrong")
    return event_id
