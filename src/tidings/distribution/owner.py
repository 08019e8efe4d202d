"""Who holds a lease: machine, process and the process's start, so that a dead owner is known before its lease ends."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tidings.engine.process import host, process_lives


def owner_name() -> str:
    """A name no other worker ever has."""
    return f"{host()}/{os.getpid()}/{_started(os.getpid())}/{secrets.token_hex(3)}"


def is_dead(owner: str) -> bool:
    """Whether the owner was a process of this machine that runs no more; False when that cannot be known."""
    machine, _, rest = owner.partition("/")
    pid, _, rest = rest.partition("/")
    started = rest.partition("/")[0]
    if machine != host() or not pid.isdigit():
        return False
    return process_lives(int(pid)) is False or (bool(started) and _started(int(pid)) not in {started, ""})


def _started(pid: int) -> str:
    """The process's start in ticks since boot; empty where the system does not tell. Guards against reused numbers."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[19]
