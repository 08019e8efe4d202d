"""A whole Tidings of its own: real processes, real ports, real TLS, in a directory that goes away."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

READY_WITHIN = 120


def free_port() -> int:
    """A port nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A started Tidings: where it is, how to sign in, and how to talk to it."""

    data_dir: Path
    environ: dict[str, str]
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread = field(default_factory=threading.Thread)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.environ['TIDINGS_PORT']}"

    @property
    def link(self) -> str:
        found = re.search(r"https://\S+/sign-in/link\?token=\S+", "\n".join(self.lines))
        assert found, "\n".join(self.lines)
        return found[0]

    def cli(
        self, *arguments: str, check: bool = True, given: str = "", environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs the command line against it, as a person would."""
        done = subprocess.run(
            [sys.executable, "-m", "tidings", *arguments], env=environ or self.environ, text=True, capture_output=True,
            input=given, timeout=120,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def stop(self) -> int:
        """Asks it to end, as Ctrl+C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30)
        self.reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Variables of a Tidings that touches nothing of this user's own."""
    return {
        **os.environ, "TIDINGS_DATA_DIR": str(data_dir), "TIDINGS_PORT": str(free_port()),
        "TIDINGS_MAILBOX_PORT": str(free_port()), "TIDINGS_KEY_FILE": str(data_dir.parent / "tidings.key"),
        "TIDINGS_KEYRING": "off", "XDG_CONFIG_HOME": str(data_dir.parent / "config"), "NO_COLOR": "1",
        "COLUMNS": "160", **more,
    }  # fmt: skip


def start(environ: dict[str, str], *arguments: str) -> Running:
    """`tidings up`, waited for until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tidings", "up", *arguments], env=environ, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    running = Running(Path(environ["TIDINGS_DATA_DIR"]), environ, process)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            running.lines.append(line.rstrip())

    running.reader = threading.Thread(target=read, daemon=True)
    running.reader.start()
    until = time.monotonic() + READY_WITHIN
    while not any("/sign-in/link?token=" in line for line in running.lines):
        if process.poll() is not None or time.monotonic() > until:
            logs = "\n".join(path.read_text()[-2000:] for path in running.data_dir.glob("logs/*.log"))
            raise AssertionError("\n".join(running.lines) + logs)
        time.sleep(0.05)
    return running


@pytest.fixture(scope="module")
def tidings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One Tidings with its sample organisation for the tests of a module."""
    running = start(environment(tmp_path_factory.mktemp("tidings") / "data"))
    yield running
    running.stop()
