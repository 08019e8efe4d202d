"""The file that tells what a killed sender had on the wire."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tidings.distribution import flight
from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.flight import FlightFile, Flown
from tidings.distribution.owner import owner_name

DEAD = "nowhere/1/1/a"


def outgoing(person: int, attempt: int = 0) -> Outgoing:
    return Outgoing(7, person, 0, "A", attempt, 3, 1, 1, {"email": "ada@example.com"}, 0)


def left_by(writer: FlightFile, database: Path) -> list[Flown]:
    """What another worker reads."""
    (found,) = FlightFile(database, "another").others()
    assert found.path == writer.path
    return list(found.flown)


def test_the_last_word_on_each_message_is_found(tmp_path: Path) -> None:
    database = tmp_path / "tidings.db"
    file = FlightFile(database, owner_name())
    one, two, three = outgoing(1), outgoing(2, attempt=4), outgoing(3)
    file.note([], [], [one, two, three])
    file.note([(one, Outcome(Result.FAILED, "550 5.1.1", "<ada@example.com>: no such user", hard=True))], [three], [])
    assert left_by(file, database) == [Flown(7, 1, 0, 3, 0, "failed", "550 5.1.1"), Flown(7, 2, 0, 3, 4)]
    assert b"ada" not in file.path.read_bytes()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_the_file_goes_when_nothing_is_left_to_say(tmp_path: Path) -> None:
    file, one = FlightFile(tmp_path / "tidings.db", owner_name()), outgoing(1)
    file.note([], [], [one])
    file.settled()
    assert file.path.exists()
    file.begin()
    file.note([(one, Outcome(Result.ACCEPTED, "250"))], [], [])
    file.settled()
    assert file.path.exists()  # it came after the step had begun
    file.begin()
    file.undo()
    file.begin()
    file.settled()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_has_grown_is_begun_anew_with_what_is_still_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flight, "_RENEW_BYTES", 100)
    database = tmp_path / "tidings.db"
    file, flying, waiting = FlightFile(database, owner_name()), outgoing(1), outgoing(2)
    for number in range(10, 20):
        settled = outgoing(number)
        file.note([], [], [settled])
        file.note([(settled, Outcome(Result.ACCEPTED, "250"))], [], [])
    file.begin()
    file.note([(waiting, Outcome(Result.ACCEPTED, "250 2.0.0"))], [], [flying])
    file.settled()
    assert left_by(file, database) == [Flown(7, 1, 0, 3, 0), Flown(7, 2, 0, 3, 0, "accepted", "250 2.0.0")]
    file.note([(flying, Outcome(Result.ACCEPTED, "250"))], [], [])
    assert left_by(file, database)[0].state == "accepted"


def test_a_torn_file_says_what_is_whole(tmp_path: Path) -> None:
    database = tmp_path / "tidings.db"
    path = tmp_path / "tidings.db-flight-00"
    path.write_bytes(b"tidings-flight nowhere/1/1/a\n? 7 1 0 3 0\n\x00\x00\x00\n= 7 2 0\n? 7 4 0 3")
    (found,) = FlightFile(database, "another").others()
    assert found.flown == [Flown(7, 1, 0, 3, 0)]
    assert not found.over  # a machine we cannot ask


def test_a_disk_that_fills_in_the_middle_of_a_line_tears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "tidings.db"
    writer = FlightFile(database, owner_name())
    writer.note([], [], [outgoing(1)])
    real = flight.os.write
    with monkeypatch.context() as full:
        full.setattr(flight.os, "write", lambda fd, data: real(fd, data[:5]))
        with pytest.raises(OSError, match="full"):
            writer.note([], [], [outgoing(2)])
    writer.note([], [], [outgoing(3)])
    found = {flown.contact_pk for flown in left_by(writer, database)}
    assert {1, 3} <= found
