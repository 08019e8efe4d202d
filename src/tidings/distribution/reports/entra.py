"""Tokens of Microsoft Entra ID that Event Grid sends when its subscription is made so.

https://learn.microsoft.com/azure/event-grid/secure-webhook-delivery
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import threading
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from tidings.distribution.reports.base import Fetch, RefusedError, record, records, text
from tidings.distribution.reports.proof import same
from tidings.domain.instant import HOUR, Instant

EVENT_GRID = "4962773b-9cdb-44cf-a8bf-237846a00ab7"
"""The application id of Microsoft.EventGrid in every tenant of the public cloud."""
_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SLACK = 5 * 60
_MOST_TOKEN = 8_192


class EntraKeys:
    """The signing keys of tenants, fetched when one is not known, at most every hour."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, dict[str, Any]]] = {}
        self._fetched: dict[str, Instant] = {}
        self._lock = threading.Lock()

    def get(self, tenant: str, kid: str, fetch: Fetch, now: Instant) -> dict[str, Any] | None:
        """The key of that name; None when the tenant has none such."""
        with self._lock:
            held = self._keys.get(tenant, {}).get(kid)
            due = now - self._fetched.get(tenant, -HOUR) >= HOUR
        if held is not None or not due:
            return held
        try:
            answer = record(json.loads(fetch(f"https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys")))
        except ValueError as error:
            raise RefusedError("the tenant's keys cannot be read") from error
        found = {text(key, "kid"): key for key in records(answer.get("keys"))}
        with self._lock:
            self._keys[tenant], self._fetched[tenant] = found, now
        return found.get(kid)


def check(authorization: str, tenant: str, audience: str, keys: EntraKeys, fetch: Fetch, now: Instant) -> None:
    """Checks the token of Event Grid for this tenant and audience. Raises RefusedError."""
    if not _TENANT.fullmatch(tenant):
        raise RefusedError("the account's entra_tenant is no tenant id")
    scheme, _, token = authorization.partition(" ")
    pieces = token.strip().split(".")
    if scheme.lower() != "bearer" or len(pieces) != 3 or len(token) > _MOST_TOKEN:
        raise RefusedError("there is no token")
    head, claims = _object(pieces[0]), _object(pieces[1])
    key = keys.get(tenant, text(head, "kid"), fetch, now) if head.get("alg") == "RS256" else None
    if key is None:
        raise RefusedError("the token is signed with an unknown key")
    _verify(key, f"{pieces[0]}.{pieces[1]}".encode(), pieces[2])
    issuers = {f"https://sts.windows.net/{tenant}/", f"https://login.microsoftonline.com/{tenant}/v2.0"}
    until, since = claims.get("exp"), claims.get("nbf", 0)
    fine = (
        text(claims, "iss") in issuers
        and same(text(claims, "aud"), audience)
        and text(claims, "appid", "azp") == EVENT_GRID
        and isinstance(until, int)
        and isinstance(since, int)
        and since - _SLACK <= now / 1000 < until + _SLACK
    )
    if not fine:
        raise RefusedError("the token is not Event Grid's for this account, or not valid now")


def _verify(key: dict[str, Any], signed: bytes, signature: str) -> None:
    try:
        numbers = RSAPublicNumbers(int.from_bytes(_raw(text(key, "e"))), int.from_bytes(_raw(text(key, "n"))))
        numbers.public_key().verify(_raw(signature), signed, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError) as error:
        raise RefusedError("the token's signature is wrong") from error


def _raw(piece: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4))
    except binascii.Error as error:
        raise RefusedError("the token is malformed") from error


def _object(piece: str) -> dict[str, Any]:
    try:
        return record(json.loads(_raw(piece)))
    except (ValueError, RecursionError) as error:
        raise RefusedError("the token is malformed") from error
