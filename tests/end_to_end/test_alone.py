"""Works alone: with every address but the loopback refused, a campaign still walks the whole way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.conftest import environment

pytestmark = pytest.mark.xdist_group("alone")

# Python runs this before anything else in each process of Tidings: it notes and refuses whatever leaves the machine.
GUARD = """
import os, sys
def _guard(event, args):
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else ""
    elif event == "socket.getaddrinfo":
        host = args[0].decode() if isinstance(args[0], bytes) else args[0] or ""
    else:
        return
    if host in ("", "localhost") or host.startswith("127.") or host == "::1":
        return
    with open(os.environ["GUARD_LOG"], "a") as log:
        log.write(f"{event} {host}\\n")
    raise OSError(101, "Network is unreachable (refused by the test)")
sys.addaudithook(_guard)
"""


def test_a_campaign_walks_with_no_network_and_nothing_even_tries(tmp_path: Path) -> None:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    tried = tmp_path / "tried.log"
    environ = environment(tmp_path / "data", PYTHONPATH=str(tmp_path / "guard"), GUARD_LOG=str(tried))
    done = subprocess.run(
        [sys.executable, "-m", "tidings", "demo", "--people", "120"], env=environ, text=True, capture_output=True,
        timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "accepted" in done.stdout
    assert not tried.exists(), tried.read_text()


def test_the_guard_itself_bites(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    tried = tmp_path / "tried.log"
    program = "import socket; socket.create_connection(('192.0.2.1', 25), 1)"
    environ = environment(tmp_path / "data", PYTHONPATH=str(tmp_path), GUARD_LOG=str(tried))
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, timeout=30)
    assert done.returncode != 0
    assert "192.0.2.1" in tried.read_text()
