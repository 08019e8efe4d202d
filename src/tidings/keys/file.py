"""The key file: where it lies, who may read it, how it is replaced."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from tidings.domain.errors import InvalidInputError, StoreLockedError, UnavailableError
from tidings.keys.places import configuration_folder
from tidings.keys.sources import Slot, parse_key


class FileSource:
    """A key file, readable by its owner only, and never inside the data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, data_dir: Path, name: str, environ: Mapping[str, str]) -> FileSource:
        """The key file of a data directory: TIDINGS_KEY_FILE, or one in the user's configuration folder."""
        given = environ.get("TIDINGS_KEY_FILE", "").strip()
        path = Path(given).expanduser() if given else configuration_folder(environ) / "tidings" / f"{name}.key"
        if path.resolve().is_relative_to(data_dir.resolve()):
            raise InvalidInputError(
                f"The key file {path} lies in the data directory: whoever takes the folder would have both.",
                remedy="Set TIDINGS_KEY_FILE to a place outside it.",
                field="TIDINGS_KEY_FILE",
            )
        return cls(path)

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    def read(self, slot: Slot) -> bytes | None:
        """The key in the file. Raises StoreLockedError when others could read it too."""
        path = self._path(slot)
        try:
            status = path.stat()
            text = path.read_text("ascii")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StoreLockedError(f"The key file {path} cannot be read.", remedy="Check its owner.") from error
        if os.name == "posix" and (status.st_mode & 0o077 or status.st_uid not in {os.geteuid(), 0}):
            raise StoreLockedError(
                f"The key file {path} is open to other users (mode {status.st_mode & 0o777:o}).",
                remedy=f"Run: chmod 600 {path}; and if others may have read it, rotate the key.",
            )
        return parse_key(text, str(path))

    def create(self, raw: bytes) -> bytes | None:
        """Writes the first key; of two processes that start together, both get the one that was first."""
        temporary = self._write_temporary(Slot.CURRENT, raw)
        try:
            os.link(temporary, self.path)  # refuses to replace, where rename would not
        except FileExistsError:
            return self.read(Slot.CURRENT)
        finally:
            temporary.unlink(missing_ok=True)
        _flush_folder(self.path.parent)
        return raw

    def write(self, slot: Slot, raw: bytes) -> None:
        """Replaces the file in one step."""
        self._write_temporary(slot, raw).replace(self._path(slot))
        _flush_folder(self.path.parent)

    def remove(self, slot: Slot) -> None:
        """Deletes the file."""
        self._path(slot).unlink(missing_ok=True)

    def _path(self, slot: Slot) -> Path:
        return self.path if slot is Slot.CURRENT else self.path.with_name(f"{self.path.name}.{slot.value}")

    def _write_temporary(self, slot: Slot, raw: bytes) -> Path:
        temporary = self._path(slot).with_name(f"{self.path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(temporary, "w", opener=_owner_only, encoding="ascii") as file:
                file.write(raw.hex() + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise UnavailableError(
                f"The key file {self._path(slot)} cannot be written: {error.strerror}.",
                remedy="Make its folder writable, or set TIDINGS_KEY_FILE to another place.",
            ) from error
        return temporary


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)


def _flush_folder(folder: Path) -> None:
    """Makes a rename survive a power cut; Windows has no such call and needs none."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
