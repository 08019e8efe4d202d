"""Four agents in four processes: killing one leaves the others working, and the house says which one is missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.conftest import Running, environment, free_port, start
from tests.end_to_end.test_walk import in_state, wait_for

pytestmark = pytest.mark.xdist_group("apart")


def alone(running: Running, agent: str) -> subprocess.Popen[bytes]:
    """A worker process with one agent."""
    return subprocess.Popen(
        [sys.executable, "-m", "tidings", "worker", "--agent", agent], env=running.environ,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def statuses(running: Running) -> dict[str, str]:
    """Each agent's status as the command line says it."""
    found = json.loads(running.cli("agent", "list", "--json").stdout)
    rows = found["items"] if isinstance(found, dict) else found
    return {row["name"]: row["status"] for row in rows}


def test_killing_the_analytics_agent_leaves_the_others_working(tmp_path: Path) -> None:
    running = start(environment(tmp_path / "data", TIDINGS_AGENTS="none"))
    workers = {agent: alone(running, agent) for agent in ("content", "scheduling", "distribution", "analytics")}
    try:
        campaign = wait_for(lambda: in_state(running, "review"), seconds=90)
        workers["analytics"].send_signal(signal.SIGKILL)
        workers["analytics"].wait()
        running.cli("campaign", "approve", campaign["id"], "--yes")
        running.cli("campaign", "send", campaign["id"], "--now", "--yes")
        done = wait_for(lambda: in_state(running, "done"), seconds=120)
        assert done["counts"] == {"accepted": done["people"]}
        wait_for(lambda: statuses(running)["analytics"] == "stopped", seconds=30)
        assert set(statuses(running).values()) <= {"idle", "working", "stopped"}
        assert statuses(running)["distribution"] != "stopped"
        doctor = running.cli("doctor", check=False)
        assert doctor.returncode == 1
        assert "tidings worker --agent analytics" in doctor.stdout + doctor.stderr
        # Started again, it takes up what waited for it.
        workers["analytics"] = alone(running, "analytics")

        def reported() -> bool:
            lines = running.cli("agent", "decisions", "--agent", "analytics", "--json").stdout
            return done["id"] in lines

        wait_for(reported, seconds=60)
    finally:
        for worker in workers.values():
            worker.terminate()
        for worker in workers.values():
            worker.wait(30)
        running.stop()


def test_a_killed_worker_is_started_again_and_the_campaign_goes_on(tmp_path: Path) -> None:
    running = start(environment(tmp_path / "data"))
    try:
        campaign = wait_for(lambda: in_state(running, "review"), seconds=90)
        running.cli("campaign", "approve", campaign["id"], "--yes")
        running.cli("campaign", "send", campaign["id"], "--now", "--yes")
        kills = 0

        def kill_and_look() -> bool:
            nonlocal kills
            if kills < 3 and (process := worker_of(running)):
                os.kill(process, signal.SIGKILL)
                kills += 1
            return in_state(running, "done") is not None

        wait_for(kill_and_look, seconds=150)
        done = in_state(running, "done")
        assert done is not None
        counts = done["counts"]
        assert set(counts) <= {"accepted", "uncertain"}
        assert sum(counts.values()) == done["people"]
        assert counts.get("uncertain", 0) <= kills * 4  # at most one message per open connection
        assert kills >= 1
    finally:
        running.stop()


def worker_of(running: Running) -> int | None:
    """The process number of the worker the supervisor runs."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(running.process.pid)], capture_output=True, text=True
    ).stdout
    return next((int(line.split()[0]) for line in listed.splitlines() if line.rstrip().endswith("worker")), None)


def test_mail_waits_visibly_while_the_relay_is_down_and_goes_out_once(tmp_path: Path) -> None:
    port = free_port()
    environ = environment(tmp_path / "data", TIDINGS_RELAY=f"smtp://127.0.0.1:{port}?tls=none")
    running = start(environ)
    sink: subprocess.Popen[bytes] | None = None
    try:
        campaign = wait_for(lambda: in_state(running, "review"), seconds=90)
        running.cli("campaign", "approve", campaign["id"], "--yes")
        running.cli("campaign", "send", campaign["id"], "--now", "--yes")

        def held() -> bool:
            row = in_state(running, "sending")
            return row is not None and row["counts"].get("held", 0) > 0

        wait_for(held, seconds=30)
        shown = running.cli("campaign", "deliveries", campaign["id"], "--state", "held", check=False)
        assert "reach" in (shown.stdout + shown.stderr).lower()
        received = tmp_path / "received"
        sink = subprocess.Popen([sys.executable, str(Path(__file__).with_name("sink.py")), str(port), str(received)])
        done = wait_for(lambda: in_state(running, "done"), seconds=120)
        assert done["counts"] == {"accepted": done["people"]}
        ids = received.read_text().splitlines()
        assert len(ids) == len(set(ids)) == done["people"]
    finally:
        running.stop()
        if sink is not None:
            sink.terminate()
            sink.wait(10)
