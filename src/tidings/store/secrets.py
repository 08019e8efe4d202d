"""The installation's secrets, kept in the store and sealed with the master key on both databases."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from tidings.domain.errors import StoreLockedError
from tidings.keys.master import MasterKey
from tidings.keys.seal import seal, unseal
from tidings.keys.secrets import Secrets
from tidings.store.database import Database, take_turns
from tidings.store.settings import get_setting, put_setting

KEY = "secrets"
"""The setting they are kept under."""
_PURPOSE = "store/secrets"


def load_secrets(db: Database, master: MasterKey) -> Secrets:
    """The secrets, made at the first call. Raises StoreLockedError when the master key does not open them.

    On PostgreSQL this is where a wrong master key shows, and where a rotation that was cut short is settled.
    """
    with db.reading() as conn:
        stored = get_setting(conn, KEY)
    if stored is None:
        return _make(db, master)
    try:
        return unsealed(stored, master)
    except StoreLockedError:
        pending = master.pending()
        if pending is None:
            raise
        found = unsealed(stored, pending)
        master.settle(pending.raw)
        return found


def reseal_secrets(conn: Connection, old: MasterKey, new: MasterKey) -> None:
    """Seals them with the new key, in the caller's transaction."""
    stored = get_setting(conn, KEY)
    if stored is not None:
        _store(conn, unsealed(stored, old), new)


def _make(db: Database, master: MasterKey) -> Secrets:
    with db.transaction() as conn:
        take_turns(conn, "secrets")
        stored = get_setting(conn, KEY)
        if stored is not None:  # another process was faster
            return unsealed(stored, master)
        made = Secrets(signing_key=secrets.token_bytes(32), hash_key=secrets.token_bytes(32))
        _store(conn, made, master)
    return made


def _store(conn: Connection, made: Secrets, master: MasterKey) -> None:
    plain = json.dumps({"signing_key": made.signing_key.hex(), "hash_key": made.hash_key.hex()}).encode()
    sealed = seal(master.derive(_PURPOSE), plain, context=_PURPOSE)
    put_setting(conn, KEY, {"sealed": base64.b64encode(sealed).decode()}, time.time_ns() // 1_000_000)


def unsealed(stored: Mapping[str, Any], master: MasterKey) -> Secrets:
    """The secrets in the document of the setting. Raises StoreLockedError when the master key does not open them."""
    sealed = base64.b64decode(stored["sealed"])
    plain = json.loads(unseal(master.derive(_PURPOSE), sealed, context=_PURPOSE))
    return Secrets(signing_key=bytes.fromhex(plain["signing_key"]), hash_key=bytes.fromhex(plain["hash_key"]))
