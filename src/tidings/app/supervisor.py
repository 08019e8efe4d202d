"""Keeps Tidings' processes running: starts them, starts again what died, stops all of them cleanly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

BACKOFF = (1.0, 2.0, 5.0, 10.0)
STOP_WITHIN = 10.0
KEEP_LOG = 5 << 20
SUPERVISOR = "TIDINGS_SUPERVISOR"
"""The variable that tells a child who keeps it running."""


@dataclass
class Child:
    """One process with its log and how often it had to be started."""

    name: str
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    falls: int = 0
    not_before: float = 0.0
    log: IO[bytes] | None = None


@dataclass
class Supervisor:
    """Runs `python -m tidings …` children. Imports nothing heavy, so that it costs little to keep."""

    data_dir: Path
    environ: Mapping[str, str]
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list[Child])
    stopping: bool = False

    def add(self, name: str, *arguments: str) -> None:
        """A child to keep running."""
        self.children.append(Child(name, arguments))

    def start(self) -> None:
        """Starts every child."""
        (self.data_dir / "logs").mkdir(parents=True, exist_ok=True)
        for child in self.children:
            self._start(child)

    def run(self) -> int:
        """Watches until asked to stop (SIGINT or SIGTERM); returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        while not self.stopping:
            for child in self.children:
                self._watch(child)
            time.sleep(0.5)
        self.stop()
        return 0

    def alive(self) -> bool:
        """Whether nobody has asked it to stop and no child has fallen more often than a start may."""
        return not self.stopping and all(child.falls < len(BACKOFF) for child in self.children)

    def stop(self) -> None:
        """Asks each child to end, waits, and ends those that do not."""
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        until = time.monotonic() + STOP_WITHIN
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            if child.log is not None:
                child.log.close()

    def _ask_to_stop(self, *_: Any) -> None:
        self.stopping = True

    def _start(self, child: Child) -> None:
        path = self.data_dir / "logs" / f"{child.name}.log"
        if path.exists() and path.stat().st_size > KEEP_LOG:
            path.replace(path.with_suffix(".log.1"))
        if child.log is not None:
            child.log.close()
        child.log = path.open("ab")
        path.chmod(0o600)
        child.started = time.monotonic()
        # A session of its own: Ctrl+C reaches the supervisor alone, which then stops the children in order.
        child.process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own module
            [sys.executable, "-m", "tidings", *child.arguments],
            env={**self.environ, SUPERVISOR: str(os.getpid())}, stdout=child.log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def _watch(self, child: Child) -> None:
        if child.process is None or child.process.poll() is None:
            return
        now = time.monotonic()
        if child.not_before == 0.0:
            lived = now - child.started
            child.falls = 0 if lived > 60 else child.falls + 1
            wait = BACKOFF[min(child.falls, len(BACKOFF) - 1)]
            child.not_before = now + wait
            code = child.process.returncode
            self.say(f"{child.name} ended ({_ending(code)}); starting it again in {wait:.0f} s. See: tidings logs")
        elif now >= child.not_before:
            child.not_before = 0.0
            self._start(child)


def wait_until_ready(url: str, ca: Path, *, seconds: float, alive: Callable[[], bool]) -> bool:
    """Polls the health address until it says ready; gives up when a child died or time is over."""
    import ssl
    import urllib.error
    import urllib.request

    context = ssl.create_default_context(cafile=str(ca))
    until = time.monotonic() + seconds
    while time.monotonic() < until and alive():
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=2, context=context) as answer:  # noqa: S310
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    return False


def is_ready(environ: Mapping[str, str], url: str, ca: Path, alive: Callable[[], bool]) -> bool:
    """`wait_until_ready` in a process of its own: TLS would stay in the supervisor's memory for good."""
    waiting = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tidings", "internal-wait", url, str(ca)], env=dict(environ)
    )
    while waiting.poll() is None:
        if not alive():
            waiting.terminate()
        time.sleep(0.05)
    return waiting.returncode == 0


def prepare(environ: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    """Runs the preparation in a process of its own, so that its memory is given back; returns what it reports."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tidings", "internal-prepare", *arguments],
        env=dict(environ), stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.returncode)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def environment(**more: str) -> dict[str, str]:
    """This process's environment with additions; children never buffer what they log.

    Two arenas instead of eight a core: glibc otherwise keeps some 20 MiB that the threads of a child once touched.
    """
    return {"MALLOC_ARENA_MAX": "2", **os.environ, "PYTHONUNBUFFERED": "1", **more}
