"""How each network counts, against what it publishes and against an independent reader of graphemes."""

from __future__ import annotations

from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from tidings.domain import short
from tidings.domain.channel import Channel

LONG = "https://northwind.example.com/a/very/long/path/to/the/workshop?with=many&marks=there"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("Bread", 5), (f"Bread {LONG}", 6 + 23), ("", 0),
        ("👩‍👩‍👧‍👦", 2), ("パン", 4), ("café", 4), ("cafe\u0301", 4), ("🇦🇹", 2),
    ],
)  # fmt: skip
def test_x_weighs_as_published(text: str, length: int) -> None:
    assert short.x_length(text) == length


def test_mastodon_counts_an_address_as_23_and_bluesky_as_it_shows_it() -> None:
    assert short.rule_of(Channel.MASTODON).measure(f"Bread {LONG}") == 29
    assert short.shown_link(LONG) == "northwind.example.com/a/very/…"
    assert short.rule_of(Channel.BLUESKY).measure(f"Bread {LONG}") == 6 + 30
    assert short.rule_of(Channel.BLUESKY).measure("👩‍👩‍👧‍👦🇦🇹é") == 3


@given(st.lists(st.sampled_from(["a", "é", "👩‍👩‍👧", "🏳️", "🇦🇹", "👍🏽", "e\u0301", " "])))
def test_whole_characters_count_once(parts: list[str]) -> None:
    flags = any(first == second == "🇦🇹" for first, second in pairwise(parts))
    text = "".join(parts)
    wanted: list[str] = regex.findall(r"\X", text)
    assert flags or short.graphemes(text) == wanted


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ł" * 70, 1),
        ("ł" * 71, 2),
        ("👍" * 36, 2),
    ],
)
def test_text_messages_are_cut_as_gsm_says(text: str, parts: int) -> None:
    assert short.sms_segments(text) == parts


def test_hashtags_are_not_read_from_addresses() -> None:
    assert short.hashtags("#Bread and #rye, not a&#39;b https://a.example/#part C# #1") == ["#Bread", "#rye"]
    assert short.hashtag_of("Northwind Bakery") == "#NorthwindBakery"
    assert short.hashtag_of("Mill’s bread") == "#MillsBread"
    assert short.hashtag_of("a name of many words") == short.hashtag_of("24") == ""


def test_every_channel_but_mail_has_a_rule() -> None:
    assert set(short.RULES) == set(Channel) - {Channel.EMAIL}
