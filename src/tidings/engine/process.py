"""Who this process is and since when what it remembers in memory or page cache has been safe."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

from sqlalchemy import text

from tidings.store.database import Database

_LINUX_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def host() -> str:
    """The machine's name, as it is shown beside a worker."""
    return socket.gethostname()


def executor_name(role: str) -> str:
    """The stable name under which a process claims jobs: a restarted process finds its own again."""
    return f"{role}@{host()}"


def process_lives(pid: int) -> bool | None:
    """Whether a process of this machine runs; None where asking would disturb it (Windows)."""
    if sys.platform == "win32":
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def boot_id(db: Database | None = None) -> str:
    """Changes when something that was committed without a sync may have been lost.

    For the encrypted file that is the machine's boot, for PostgreSQL the server's start.
    """
    if db is None or db.is_sqlite:
        return _machine_boot_id()
    with db.reading() as conn:
        started = conn.execute(text("SELECT extract(epoch FROM pg_postmaster_start_time())")).scalar_one()
    return f"postgresql-{started}"


@cache
def _machine_boot_id() -> str:
    if _LINUX_BOOT_ID.exists():
        return _LINUX_BOOT_ID.read_text().strip()
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603  # fixed
    # Unknown platform: every process start counts as a boot, which is the cautious answer.
    return f"process-{os.getpid()}-{os.urandom(4).hex()}"
