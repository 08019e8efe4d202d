"""The operating system's keyring, used only where there is a real one and never waited for without end."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from tidings.domain.errors import UnavailableError
from tidings.keys.sources import Slot, parse_key

PATIENCE_SECONDS = 3.0
SERVICE = "tidings"


class KeyringSource:
    """The operating system's keyring: Keychain, Credential Manager, Secret Service."""

    def __init__(self, name: str, backend: Any) -> None:
        self._user = name
        self._backend = backend

    name = "the keyring"

    def read(self, slot: Slot) -> bytes | None:
        """The key there; None as well when the keyring stays locked or silent."""
        text = _patiently(lambda: self._backend.get_password(SERVICE, self._entry(slot)))
        return parse_key(str(text), self.name) if text else None

    def create(self, raw: bytes) -> bytes | None:
        """Keeps the key, and reads it back to be sure; None when the keyring does not take it."""
        try:
            self.write(Slot.CURRENT, raw)
        except UnavailableError:
            return None
        return raw

    def write(self, slot: Slot, raw: bytes) -> None:
        """Keeps the key. Raises UnavailableError when it cannot be read back."""
        _patiently(lambda: self._backend.set_password(SERVICE, self._entry(slot), raw.hex()))
        if self.read(slot) != raw:
            raise UnavailableError(
                "The keyring did not keep the key.", remedy="Unlock it, or set TIDINGS_KEYRING=off to use a key file."
            )

    def remove(self, slot: Slot) -> None:
        """Deletes the entry, if there is one."""
        if self.read(slot) is not None:
            _patiently(lambda: self._backend.delete_password(SERVICE, self._entry(slot)))

    def _entry(self, slot: Slot) -> str:
        return self._user if slot is Slot.CURRENT else f"{self._user}.pending"


def usable_keyring(name: str, environ: Mapping[str, str]) -> KeyringSource | None:
    """The keyring, when there is a real one; None on servers, and where TIDINGS_KEYRING is `off`."""
    if environ.get("TIDINGS_KEYRING", "").lower() == "off":
        return None
    if sys.platform.startswith("linux") and not environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return None  # without a session bus the import alone would wait for one
    backend = _patiently(_backend)
    return KeyringSource(name, backend) if backend is not None else None


def _backend() -> Any:
    import keyring
    from keyring.backends import chainer, fail, null

    backend = keyring.get_keyring()
    nothing = isinstance(backend, fail.Keyring | null.Keyring)
    empty_chain = isinstance(backend, chainer.ChainerBackend) and not backend.backends  # pyright: ignore[reportUnknownMemberType] - untyped
    # Below 1 are the back ends that keep plain text.
    return None if nothing or empty_chain or backend.priority < 1 else backend


def _patiently(call: Callable[[], Any]) -> Any:
    """The call's answer; None when it fails or takes too long (a keyring may wait for a prompt nobody sees)."""
    answers: list[Any] = []

    def run() -> None:
        with contextlib.suppress(Exception):  # back ends raise whatever their system does
            answers.append(call())

    thread = threading.Thread(target=run, name="tidings-keyring", daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return answers[0] if answers else None
