"""What a place for master keys has to do, and the two places without a file: the environment and memory."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from tidings.domain.errors import InvalidInputError, StoreLockedError


class Slot(StrEnum):
    """Which key: the one in force, the one a rotation is changing to, or the one before, for older backups."""

    CURRENT = "current"
    PENDING = "pending"
    FORMER = "former"


class KeySource(Protocol):
    """One place. `name` is how messages call it."""

    @property
    def name(self) -> str:
        """How messages call this place."""
        ...

    def read(self, slot: Slot) -> bytes | None:
        """The key there, or None. Raises StoreLockedError when there is one that cannot be used."""
        ...

    def create(self, raw: bytes) -> bytes | None:
        """Keeps a first key and returns the one that now stands there (another process may be faster); else None."""
        ...

    def write(self, slot: Slot, raw: bytes) -> None:
        """Keeps the key durably, in place of one that stood there."""
        ...

    def remove(self, slot: Slot) -> None:
        """Forgets the key, if there is one."""
        ...


def parse_key(text: str, where: str) -> bytes:
    """A key from 64 hexadecimal digits or base64 of 32 bytes. The message never repeats what was given."""
    text = text.strip()
    with contextlib.suppress(ValueError):
        if len(text) == 64:
            return bytes.fromhex(text)
    with contextlib.suppress(binascii.Error, ValueError):
        raw = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
        if len(raw) == 32:
            return raw
    raise StoreLockedError(
        f"The key in {where} is not a key.", remedy="A key is 64 hexadecimal digits, or base64 of 32 bytes."
    )


class MemorySource:
    """A key that was handed over directly; a rotation keeps the new one in memory only. For tests and tools."""

    name = "memory"

    def __init__(self) -> None:
        self._keys: dict[Slot, bytes] = {}

    def read(self, slot: Slot) -> bytes | None:
        """The key last written."""
        return self._keys.get(slot)

    def create(self, raw: bytes) -> bytes | None:
        """Keeps the key."""
        self._keys[Slot.CURRENT] = raw
        return raw

    def write(self, slot: Slot, raw: bytes) -> None:
        """Keeps the key."""
        self._keys[slot] = raw

    def remove(self, slot: Slot) -> None:
        """Forgets the key."""
        self._keys.pop(slot, None)


class EnvironmentSource:
    """TIDINGS_KEY; a rotation takes the new key from TIDINGS_NEW_KEY, for a process cannot change its surroundings."""

    name = "TIDINGS_KEY"
    _VARIABLES = {  # noqa: RUF012 - a constant
        Slot.CURRENT: "TIDINGS_KEY", Slot.PENDING: "TIDINGS_NEW_KEY", Slot.FORMER: "TIDINGS_FORMER_KEY",
    }  # fmt: skip

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def read(self, slot: Slot) -> bytes | None:
        """The key in the variable, if it is set."""
        variable = self._VARIABLES[slot]
        text = self._environ.get(variable, "").strip()
        return parse_key(text, variable) if text else None

    def create(self, raw: bytes) -> bytes | None:  # noqa: ARG002 - the protocol's signature
        """Never: nothing can be kept here."""
        return None

    def write(self, slot: Slot, raw: bytes) -> None:
        """Accepts what the variables say already; anything else the operator has to set."""
        if slot is Slot.PENDING and self.read(slot) != raw:
            raise InvalidInputError(
                "The key comes from TIDINGS_KEY, which Tidings cannot change.",
                remedy="Set TIDINGS_NEW_KEY to the new key, rotate, then put it in TIDINGS_KEY.",
            )

    def remove(self, slot: Slot) -> None:
        """Leaves the environment alone."""
