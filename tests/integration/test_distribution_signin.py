"""Signing in to a relay on real sockets: XOAUTH2, wrong passwords, and what is too large for it."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.distribution.relay import Relay, parse_relay
from tidings.domain.errors import InvalidInputError
from tidings.store.database import Database
from tidings.store.tables import delivery

TOKEN = "ya29.a-token"


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def holding(self, reason: str, held: int) -> None:
        self.lines.append(reason)

    def going_on(self, held: int) -> None:
        self.lines.append("going on")

    def taken_over(self, uncertain: int, planned: int) -> None:
        pass


def launch(db: Database, people: int) -> int:
    now = bed.WallClock().now()
    return bed.add_campaign(db, bed.add_people(db, people, now), now)


def xoauth2(token: str = TOKEN) -> Any:
    return bed.Faults(auth="XOAUTH2", secret=f"user=me@bakery.co\x01auth=Bearer {token}\x01\x01".encode())


def relay_at(port: int, token: str) -> Relay:
    return parse_relay(f"smtp://me%40bakery.co@127.0.0.1:{port}?tls=none&auth=xoauth2&{token}")


@pytest.mark.parametrize("source", ["file", "command"])
def test_a_token_from_a_file_or_a_program_opens_the_relay(
    sqlite_database: Database, tmp_path: Path, source: str
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    way = f"token_file={tmp_path}/token" if source == "file" else f"token_command=cat {tmp_path}/token"
    pk = launch(sqlite_database, 30)
    with bed.sink(xoauth2()) as sink:
        with bed.running(bed.make_worker(sqlite_database, sink.port, relay=relay_at(sink.port, way))):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 30})
        assert sink.logins == sink.connections


def test_a_refused_token_holds_everybody_and_a_new_one_lets_them_go(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.distribution.worker.relay_wait", lambda *_, **__: 200)
    (tmp_path / "token").write_text("expired")
    told = Told()
    pk = launch(sqlite_database, 30)
    with bed.sink(xoauth2()) as sink:
        relay = relay_at(sink.port, f"token_file={tmp_path}/token")
        with bed.running(bed.make_worker(sqlite_database, sink.port, relay=relay, observer=told)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"held": 30})
            assert sink.taken == {}
            (tmp_path / "token").write_text(TOKEN)
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 30})
    assert "refuses the access token: 535 5.7.8" in told.lines[0]
    assert told.lines[-1] == "going on"
    assert not any("expired" in line or TOKEN in line for line in told.lines)


@pytest.mark.parametrize(
    ("way", "words"),
    [("token_file=/nowhere/token", "No such file"), ("token_command=false", "program failed")],
)
def test_no_token_to_be_had_holds_everybody(sqlite_database: Database, way: str, words: str) -> None:
    told = Told()
    pk = launch(sqlite_database, 5)
    with bed.sink(xoauth2()) as sink:
        relay = relay_at(sink.port, way)
        with bed.running(bed.make_worker(sqlite_database, sink.port, relay=relay, observer=told)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"held": 5})
        assert sink.connections == 0
    assert words in told.lines[0]


@pytest.mark.parametrize(("password", "held"), [("right", False), ("wrong", True)])
def test_a_wrong_password_pauses_the_lane_and_fails_nobody(
    sqlite_database: Database, password: str, held: bool
) -> None:
    told = Told()
    pk = launch(sqlite_database, 20)
    with bed.sink(bed.Faults(auth="PLAIN", secret=b"\0me\0right")) as sink:
        relay = Relay("127.0.0.1", sink.port, "none", "me", password)
        with bed.running(bed.make_worker(sqlite_database, sink.port, relay=relay, observer=told)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"held" if held else "accepted": 20})
        assert sink.logins <= 2 if held else sink.logins == sink.connections
    assert [line.partition(": ")[2] for line in told.lines] == (
        ["the relay refuses user and password: 535 5.7.8"] if held else []
    )
    assert "wrong" not in "".join(told.lines)


def test_too_large_for_the_relay_is_said_before_a_byte_of_it_leaves(sqlite_database: Database) -> None:
    pk = launch(sqlite_database, 3)
    with bed.sink(bed.Faults(size=500)) as sink, bed.running(bed.make_worker(sqlite_database, sink.port)):
        bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"failed": 3})
        assert sink.bodies == []
    with sqlite_database.reading() as conn:
        row = conn.execute(select(delivery.c.code, delivery.c.reason).limit(1)).one()
    assert row.code == "552"
    assert "the relay takes 500" in row.reason


def test_an_address_that_needs_smtputf8_fails_with_that_reason(sqlite_database: Database) -> None:
    pk = launch(sqlite_database, 3)

    def fields(conn: Any, pks: Any) -> Any:
        return {person: {**each, "email": "ева@example.com"} for person, each in bed.own_fields(conn, pks).items()}

    with bed.sink() as sink, bed.running(bed.make_worker(sqlite_database, sink.port, merge_fields=fields)):
        bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"failed": 3})
        assert sink.taken == {}
    with sqlite_database.reading() as conn:
        reason = conn.execute(select(delivery.c.reason).limit(1)).scalar_one()
    assert reason.startswith("the address needs SMTPUTF8 (RFC 6531)")
    assert "ева" not in reason


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("auth=xoauth2", "either token_file or token_command"),
        ("auth=xoauth2&token_file=a&token_command=b", "either token_file or token_command"),
        ("token_file=a", "are for auth=xoauth2"),
        ("auth=ntlm", "ntlm"),
    ],
)
def test_relay_addresses_with_tokens_that_are_wrong_say_so(query: str, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        parse_relay(f"smtp://me@mail.example.com?{query}")


def test_the_token_never_shows(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    relay = parse_relay(f"smtp://me@mail.example.com?auth=xoauth2&token_file={tmp_path}/token")
    assert relay.with_token().password == TOKEN
    assert TOKEN not in repr(relay.with_token())
    assert base64.b64encode(TOKEN.encode()).decode() not in repr(relay)
