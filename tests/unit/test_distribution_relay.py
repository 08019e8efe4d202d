"""Relay addresses: what is meant, and what is wrong with the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidings.distribution.relay import Relay, parse_relay
from tidings.domain.errors import InvalidInputError


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example.com", Relay("mail.example.com", 587, "starttls")),
        ("smtp://mail.example.com:2525?tls=none", Relay("mail.example.com", 2525, "none")),
        ("smtps://mail.example.com", Relay("mail.example.com", 465, "implicit")),
        (
            "smtp://a%40b:p%3Aw@h?tls=implicit&ca=/x/ca.pem",
            Relay("h", 465, "implicit", "a@b", "p:w", Path("/x/ca.pem")),
        ),
        ("smtp://u:p@localhost:25?tls=none", Relay("localhost", 25, "none", "u", "p")),
    ],
)
def test_good_addresses(url: str, relay: Relay) -> None:
    assert parse_relay(url) == relay


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://mail.example.com", "http"),
        ("smtp://", "no host"),
        ("smtp://h:99999", "cannot be read"),
        ("smtp://h?tls=maybe", "maybe"),
        ("smtp://h?port=25", "unknown option"),
        ("smtp://user@h", "password"),
        ("smtp://u:p@h?tls=none", "tls=none"),
        ("smtp://h/path", "/path"),
        ("", "instead of"),
    ],
)
def test_bad_addresses_say_what_is_wrong_and_show_an_example(url: str, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word) as error:
        parse_relay(url)
    assert "smtp://user:password@" in error.value.remedy


def test_the_password_never_shows() -> None:
    relay = parse_relay("smtp://u:hidden-word@mail.example.com")
    assert "hidden-word" not in repr(relay)
    assert relay.name == "mail.example.com:587"


def test_an_authority_that_cannot_be_read_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="certificate authority"):
        Relay("h", 1, "starttls", ca=tmp_path / "none.pem").tls_context()


def test_chunking_is_one_unless_a_person_asks_for_more() -> None:
    assert parse_relay("smtp://localhost").chunking == 1
    assert parse_relay("smtp://localhost?chunking=4").chunking == 4
    with pytest.raises(InvalidInputError, match="chunking is `21`; it can be 1 to 20"):
        parse_relay("smtp://localhost?chunking=21")
