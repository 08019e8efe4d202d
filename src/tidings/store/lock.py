"""One Tidings a data directory: a lock the operating system drops by itself when the process dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from tidings.domain.errors import ConflictError

LOCK_FILE = "tidings.lock"


class InstanceLock:
    """Held for as long as the block runs. Raises ConflictError, naming the process, when another one holds it."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / LOCK_FILE
        self._file: IO[str] | None = None

    def __enter__(self) -> InstanceLock:
        """Takes the lock without waiting."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Never deleted: a process that opened it before the deletion would hold a lock on nothing.
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            _lock(file)
        except OSError:
            owner = file.read().strip() or "unknown"
            file.close()
            raise ConflictError(
                f"Another Tidings (pid {owner}) uses the data directory {self._path.parent}.",
                remedy="Stop it first, or choose another directory with --data-dir.",
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets go."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        # Far behind the text, so that the owner's number stays readable to others.
        file.seek(1 << 20)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        finally:
            file.seek(0)
else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
