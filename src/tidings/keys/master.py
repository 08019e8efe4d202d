"""The master key: where it is looked for, in which order, and how purposes get keys of their own from it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tidings.domain.errors import StoreLockedError
from tidings.keys.file import FileSource
from tidings.keys.os_keyring import usable_keyring
from tidings.keys.sources import EnvironmentSource, KeySource, MemorySource, Slot

DATABASE_FILE = "tidings.db"


class MasterKey:
    """The 32 bytes everything else is sealed with.

    While a rotation is under way there are two: the one in force and the pending one. Whoever opens the store finds
    out which of them fits and settles it.
    """

    def __init__(self, raw: bytes, source: KeySource | None = None) -> None:
        if len(raw) != 32:
            raise ValueError("a master key has 32 bytes")
        self._raw = raw
        self.source: KeySource = source or MemorySource()

    def __repr__(self) -> str:
        """Names the source, never the key."""
        return f"MasterKey({self.source.name})"

    @property
    def raw(self) -> bytes:
        """The key in force."""
        return self._raw

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, by HKDF-SHA256 (RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tidings/{purpose}".encode()).derive(self._raw)

    def pending(self) -> MasterKey | None:
        """The key a rotation that did not finish was changing to, if there is one."""
        raw = self.source.read(Slot.PENDING)
        return MasterKey(raw, self.source) if raw else None

    def former(self) -> MasterKey | None:
        """The key before the last rotation, kept for the backups made with it; None when there was no rotation."""
        raw = self.source.read(Slot.FORMER)
        return MasterKey(raw, self.source) if raw else None

    def begin_rotation(self, new: bytes) -> MasterKey:
        """Keeps the new key as pending, on disk, before anything is sealed with it."""
        self.source.write(Slot.PENDING, new)
        return MasterKey(new, self.source)

    def settle(self, raw: bytes) -> None:
        """Makes `raw` the key in force, here and at its source; whatever was pending is forgotten."""
        if raw != self._raw:
            self.source.write(Slot.FORMER, self._raw)
            self.source.write(Slot.CURRENT, raw)
            self._raw = raw
        self.source.remove(Slot.PENDING)


def load_master_key(data_dir: Path, environ: Mapping[str, str], *, create: bool) -> MasterKey:
    """Finds the key of this data directory: environment, then keyring, then key file.

    With `create`, a first start makes one. It never makes one beside a database that already exists: that database
    was sealed with another key, and a new one could only hide the loss. Raises StoreLockedError.
    """
    sources = _sources(data_dir, environ)
    for source in sources:
        raw = source.read(Slot.CURRENT)
        if raw is not None:
            return MasterKey(raw, source)
    if (data_dir / DATABASE_FILE).exists():
        raise StoreLockedError(
            f"There is a database in {data_dir}, but its key is missing.", remedy=_where(sources, "Bring the key back")
        )
    if not create:
        raise StoreLockedError("There is no key yet.", remedy=_where(sources, "Start Tidings once, or give a key"))
    return _make_key(sources[1:])


def _sources(data_dir: Path, environ: Mapping[str, str]) -> list[KeySource]:
    name = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
    keyring = usable_keyring(name, environ)
    found: list[KeySource] = [EnvironmentSource(environ)]
    return found + ([keyring] if keyring else []) + [FileSource.of(data_dir, name, environ)]


def _make_key(sources: list[KeySource]) -> MasterKey:
    """Makes a random key and keeps it at the first source that takes it."""
    raw = secrets.token_bytes(32)
    for source in sources:
        kept = source.create(raw)
        if kept is not None:
            return MasterKey(kept, source)
    raise StoreLockedError(
        "No place takes the new key.", remedy="Make the key file's folder writable, or give TIDINGS_KEY."
    )


def _where(sources: list[KeySource], verb: str) -> str:
    places = ", ".join(source.name for source in sources)
    return f"{verb}; looked in: {places}. Without the key the data cannot be read by anybody."
