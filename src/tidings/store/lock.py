"""One Tidings a data directory: a lock the operating system drops by itself when the process dies."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO

from tidings.domain.errors import ConflictError

LOCK_FILE = "tidings.lock"


_held: dict[Path, tuple[int, IO[str], int]] = {}
"""What this process holds: its number (a forked child holds nothing), the open file, how many blocks deep."""
_guard = threading.Lock()


class InstanceLock:
    """Held for as long as the block runs. Raises ConflictError, naming the process, when another one holds it.

    Blocks of one process may stand inside each other: whoever holds it may call what needs it.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir.resolve() / LOCK_FILE

    def __enter__(self) -> InstanceLock:
        """Takes the lock without waiting."""
        with _guard:
            pid, file, depth = _held.get(self._path, (0, None, 0))
            if file is None or pid != os.getpid():
                file, depth = _take(self._path), 0
            _held[self._path] = (os.getpid(), file, depth + 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets go, once the outermost block ends."""
        with _guard:
            pid, file, depth = _held.pop(self._path)
            if depth > 1:
                _held[self._path] = (pid, file, depth - 1)
            else:
                file.close()


def _take(path: Path) -> IO[str]:
    """The lock file, locked, with our number in it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Never deleted: a process that opened it before the deletion would hold a lock on nothing.
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    try:
        _lock(file)
    except OSError:
        owner = file.read().strip() or "unknown"
        file.close()
        raise ConflictError(
            f"Another Tidings (pid {owner}) uses the data directory {path.parent}.",
            remedy="Stop it first, or choose another directory with --data-dir.",
        ) from None
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


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
