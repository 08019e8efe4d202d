"""Postbacks are signed: HMAC-SHA256 over method, path and every parameter, with the time, by a secret of the brand.

The text signed is three lines: the method, the path, and the parameters but `signature`, sorted by name, each name and
value percent-encoded (RFC 3986) and joined like a query. What is sent twice counts once: the key of the conversion,
or the signature where there is none, is remembered for good; a time more than five minutes off is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

from sqlalchemy import Connection

from tidings.access.audit import record
from tidings.access.permissions import Permission, require
from tidings.domain.actor import Actor
from tidings.domain.errors import ForbiddenError, NotFoundError
from tidings.domain.instant import DAY, SECOND, Clock, Instant
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.settings import get_setting, put_setting
from tidings.store.tables import brand

SIGNATURE, TIMESTAMP = "signature", "timestamp"
TOLERANCE = 300 * SECOND
_OLD_HOLDS = DAY


class Postbacks:
    """The secrets of postbacks: made from the installation's signing key, shown to who may change the brand."""

    def __init__(self, db: Database, clock: Clock, secrets: Secrets) -> None:
        self._db, self._clock, self._key = db, clock, secrets.signing_key

    def secret(self, actor: Actor, brand_id: str) -> str:
        """The brand's secret. Raises ForbiddenError and NotFoundError."""
        require(actor, Permission.BRANDS_WRITE, brand_id)
        with self._db.reading() as conn:
            _exists(conn, brand_id)
            return self._secret(brand_id, _version(conn, brand_id)[0])

    def rotate(self, actor: Actor, brand_id: str) -> str:
        """Makes a new secret; the one before holds for another day."""
        require(actor, Permission.BRANDS_WRITE, brand_id)
        now = self._clock.now()
        with self._db.transaction() as conn:
            _exists(conn, brand_id)
            version = _version(conn, brand_id)[0] + 1
            put_setting(conn, _setting(brand_id), {"version": version, "at": now}, now)
            record(conn, now, actor, "brand.postback_secret", brand_id)
        return self._secret(brand_id, version)

    def check(self, brand_id: str, method: str, path: str, parameters: Mapping[str, str]) -> None:
        """Raises ForbiddenError, with the reason, unless the parameters were signed just now."""
        now = self._clock.now()
        stamp = parameters.get(TIMESTAMP, "")
        at = int(stamp) * SECOND if stamp.isascii() and stamp.isdigit() and len(stamp) < 12 else None
        if at is None or abs(now - at) > TOLERANCE:
            raise ForbiddenError(
                "The timestamp is missing or more than five minutes off.", remedy="Give seconds since 1970, UTC."
            )
        with self._db.reading() as conn:
            version, since = _version(conn, brand_id)
        accepted = [version] + ([version - 1] if version > 1 and now - since < _OLD_HOLDS else [])
        given = parameters.get(SIGNATURE, "").lower().encode()
        if not any(
            hmac.compare_digest(given, sign(self._secret(brand_id, each), method, path, parameters).encode())
            for each in accepted
        ):
            raise ForbiddenError("The signature is not right.", remedy="See docs/tracking.md for how to sign.")

    def _secret(self, brand_id: str, version: int) -> str:
        text = f"POSTBACK {brand_id} {version}".encode()
        return "pbs_" + hashlib.blake2b(text, key=self._key[:64], digest_size=24).hexdigest()


def sign(secret: str, method: str, path: str, parameters: Mapping[str, str]) -> str:
    """The signature in hex."""
    named = sorted((name, value) for name, value in parameters.items() if name != SIGNATURE)
    joined = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in named)
    text = f"{method.upper()}\n{path}\n{joined}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _setting(brand_id: str) -> str:
    return f"postback:{brand_id}"


def _version(conn: Connection, brand_id: str) -> tuple[int, Instant]:
    found = get_setting(conn, _setting(brand_id)) or {"version": 1, "at": 0}
    return int(found["version"]), int(found["at"])


def _exists(conn: Connection, brand_id: str) -> None:
    if conn.execute(brand.select().with_only_columns(brand.c.id).where(brand.c.id == brand_id)).first() is None:
        raise NotFoundError(f"There is no brand {brand_id!r}.", remedy="See the list of brands for its id.")
