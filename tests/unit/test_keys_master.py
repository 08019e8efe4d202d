"""Where the master key comes from, and what is refused."""

from __future__ import annotations

import base64
import hmac
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tidings.domain.errors import InvalidInputError, StoreLockedError, UnavailableError
from tidings.keys import os_keyring
from tidings.keys.file import FileSource
from tidings.keys.master import MasterKey, load_master_key
from tidings.keys.os_keyring import KeyringSource
from tidings.keys.sources import Slot, parse_key

RAW = bytes(range(32))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"TIDINGS_KEYRING": "off", "HOME": str(tmp_path / "home")}


class FakeKeyring:
    """A keyring as the library gives it; `forgets` and `silent` are how real ones fail."""

    def __init__(self, *, forgets: bool = False, silent: float = 0) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.forgets = forgets
        self.silent = silent

    def get_password(self, service: str, user: str) -> str | None:
        time.sleep(self.silent)
        return self.entries.get((service, user))

    def set_password(self, service: str, user: str, password: str) -> None:
        time.sleep(self.silent)
        if not self.forgets:
            self.entries[service, user] = password

    def delete_password(self, service: str, user: str) -> None:
        del self.entries[service, user]


@pytest.mark.parametrize(
    "text",
    [RAW.hex(), RAW.hex().upper(), f"  {RAW.hex()}\n", base64.b64encode(RAW).decode(),
     base64.urlsafe_b64encode(RAW).decode().rstrip("=")],
)  # fmt: skip
def test_a_key_can_be_written_in_these_ways(text: str) -> None:
    assert parse_key(text, "x") == RAW


@pytest.mark.parametrize(
    "text", ["secret", "0" * 63, "g" * 64, "0" * 66, base64.b64encode(b"short").decode(), "ü" * 64]
)
def test_anything_else_is_no_key_and_is_not_repeated(text: str) -> None:
    with pytest.raises(StoreLockedError) as refused:
        parse_key(text, "TIDINGS_KEY")
    assert text not in str(refused.value)


def test_the_environment_comes_first(data_dir: Path, environ: dict[str, str]) -> None:
    load_master_key(data_dir, environ, create=True)
    assert load_master_key(data_dir, {**environ, "TIDINGS_KEY": RAW.hex()}, create=False).raw == RAW


def test_a_first_start_makes_a_file_for_its_owner_only(data_dir: Path, environ: dict[str, str]) -> None:
    made = load_master_key(data_dir, environ, create=True)
    assert load_master_key(data_dir, environ, create=True).raw == made.raw
    path = Path(made.source.name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not path.is_relative_to(data_dir)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert load_master_key(data_dir.parent / "other", environ, create=True).raw != made.raw


def test_two_first_starts_at_once_agree(data_dir: Path, environ: dict[str, str]) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(load_master_key(data_dir, environ, create=True).raw))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_without_create_none_is_made(data_dir: Path, environ: dict[str, str]) -> None:
    with pytest.raises(StoreLockedError, match="no key yet"):
        load_master_key(data_dir, environ, create=False)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_others_can_read_is_refused(data_dir: Path, environ: dict[str, str], mode: int) -> None:
    path = Path(load_master_key(data_dir, environ, create=True).source.name)
    path.chmod(mode)
    with pytest.raises(StoreLockedError, match="chmod 600"):
        load_master_key(data_dir, environ, create=True)


def test_a_key_file_in_the_data_directory_is_refused(data_dir: Path, environ: dict[str, str]) -> None:
    data_dir.mkdir()
    (data_dir.parent / "link").symlink_to(data_dir)
    for place in (data_dir / "a.key", data_dir.parent / "link" / "a.key", data_dir.parent / "x" / ".." / "data" / "k"):
        with pytest.raises(InvalidInputError, match="data directory"):
            load_master_key(data_dir, {**environ, "TIDINGS_KEY_FILE": str(place)}, create=True)


def test_a_place_that_takes_no_file_is_said(data_dir: Path, environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot be written"):
        load_master_key(data_dir, {**environ, "TIDINGS_KEY_FILE": str(tmp_path / "file" / "a.key")}, create=True)


def test_a_damaged_file_is_refused_rather_than_replaced(data_dir: Path, environ: dict[str, str]) -> None:
    path = Path(load_master_key(data_dir, environ, create=True).source.name)
    for content in (b"", b"half a k", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(StoreLockedError):
            load_master_key(data_dir, environ, create=True)
        assert path.read_bytes() == content


def test_purposes_have_keys_of_their_own() -> None:
    master = MasterKey(RAW)
    assert len({master.derive("a"), master.derive("b"), master.raw}) == 3
    assert master.derive("a") == MasterKey(RAW).derive("a")
    assert MasterKey(bytes(32)).derive("a") != master.derive("a")
    # RFC 5869 by hand, so that a change of library or label cannot lock anybody out unseen.
    extracted = hmac.digest(bytes(32), RAW, "sha256")
    assert master.derive("a") == hmac.digest(extracted, b"tidings/a\x01", "sha256")
    assert RAW.hex() not in repr(master)


def test_a_rotation_is_settled_at_the_source(tmp_path: Path) -> None:
    source = FileSource(tmp_path / "a.key")
    source.create(RAW)
    master = MasterKey(RAW, source)
    assert master.pending() is None
    master.begin_rotation(bytes(32))
    again = MasterKey(RAW, source).pending()
    assert again is not None
    assert again.raw == bytes(32)
    assert (tmp_path / "a.key.pending").stat().st_mode & 0o777 == 0o600
    master.settle(bytes(32))
    assert master.raw == source.read(Slot.CURRENT) == bytes(32)
    assert master.pending() is None


# The keyring


def test_a_real_keyring_is_used_before_the_file(
    data_dir: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = FakeKeyring()
    monkeypatch.setattr(os_keyring, "_backend", lambda: ring)
    with_bus = {**environ, "TIDINGS_KEYRING": "", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    made = load_master_key(data_dir, with_bus, create=True)
    assert made.source.name == "the keyring"
    assert load_master_key(data_dir, with_bus, create=False).raw == made.raw
    assert not (Path(environ["HOME"]) / ".config").exists()
    with pytest.raises(StoreLockedError):
        load_master_key(data_dir, environ, create=False)  # switched off


def test_a_keyring_that_forgets_gives_way_to_the_file(
    data_dir: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os_keyring, "_backend", lambda: FakeKeyring(forgets=True))
    with_bus = {**environ, "TIDINGS_KEYRING": "", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    made = load_master_key(data_dir, with_bus, create=True)
    assert made.source.name.endswith(".key")
    assert load_master_key(data_dir, with_bus, create=False).raw == made.raw


@pytest.mark.parametrize("how", ["silent", "broken"])
def test_nobody_waits_for_a_keyring(
    data_dir: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def backend() -> Any:
        if how == "broken":
            raise OSError("no bus")
        return FakeKeyring(silent=1.0)

    monkeypatch.setattr(os_keyring, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(os_keyring, "_backend", backend)
    with_bus = {**environ, "TIDINGS_KEYRING": "", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}
    began = time.monotonic()
    assert load_master_key(data_dir, with_bus, create=True).source.name.endswith(".key")
    assert time.monotonic() - began < 0.9


def test_without_a_session_bus_the_keyring_is_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os_keyring.sys, "platform", "linux")
    monkeypatch.setattr(os_keyring, "_backend", lambda: pytest.fail("asked"))
    assert os_keyring.usable_keyring("x", {}) is None


def test_the_keyring_settles_a_rotation() -> None:
    ring = FakeKeyring()
    source = KeyringSource("x", ring)
    source.create(RAW)
    master = MasterKey(RAW, source)
    master.begin_rotation(bytes(32))
    master.settle(bytes(32))
    assert ring.entries == {("tidings", "x"): bytes(32).hex()}
