"""Who counts as dead, decided on the observer's own clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tidings.engine.heartbeat import DeathWatch
from tidings.engine.process import boot_id, executor_name, host, process_lives


def test_a_silent_executor_is_dead_after_ten_seconds_and_reported_once() -> None:
    watch = DeathWatch("me", 10)
    assert watch.newly_dead({"other": 100}, 0.0) == []
    assert watch.newly_dead({"other": 100}, 9.9) == []
    assert watch.newly_dead({"other": 100}, 10.0) == ["other"]
    assert watch.newly_dead({"other": 100}, 30.0) == []


def test_who_comes_back_can_die_again() -> None:
    watch = DeathWatch("me", 10)
    watch.newly_dead({"other": 100}, 0.0)
    assert watch.newly_dead({"other": 100}, 11.0) == ["other"]
    assert watch.newly_dead({"other": 200}, 12.0) == []
    assert watch.newly_dead({"other": 200}, 22.0) == ["other"]


def test_a_clean_stop_is_known_at_once() -> None:
    assert DeathWatch("me", 10).newly_dead({"other": 0}, 0.0) == ["other"]


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.floats(0.1, 9.9)), min_size=1, max_size=40))
def test_who_beats_is_never_dead_however_its_clock_jumps(beats: list[tuple[int, float]]) -> None:
    watch = DeathWatch("me", 10)
    now = 0.0
    before: int | None = None
    for jump, pause in beats:
        beat = jump + 1 if jump == before else jump
        before = beat
        now += pause
        assert watch.newly_dead({"other": beat, "me": 1}, now) == [] or beat == 0


def test_names_and_boot_are_stable_within_a_process() -> None:
    assert executor_name("worker") == executor_name("worker") == f"worker@{host()}"
    assert boot_id() == boot_id() != ""


def test_a_process_is_known_to_live_or_not() -> None:
    import os
    import subprocess
    import sys

    assert process_lives(os.getpid())
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert process_lives(gone.pid) is False
