"""Numbers of an answer are held against results of tools and the question."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.agents.runtime import ToolUse
from tidings.campaigns.figures import figures, unfounded
from tidings.campaigns.tools.plain import LEFT_OUT, holds_address, without_addresses

RESULT = {
    "people": 1872, "share": "4.1 %", "interval_95": "3.2 to 5.2 %", "first": "Tuesday 2026-11-24 09:15 UTC",
    "campaign_id": "cmp_01m81hnmkpea6bg9mpvr5qz65e", "delta": -7, "by_variant": {"A": 936},
}  # fmt: skip
USE = ToolUse("read_plan", {}, "done", json.dumps(RESULT))


def wrong(answer: str, question: str = "How many?") -> list[str]:
    return [each.quote for each in figures(answer, question, [USE]) if not each.source]


@pytest.mark.parametrize(
    "answer",
    [
        "It reaches 1,872 people, 936 of them with variant A.",
        "4.1 % clicked (3.2–5.2 %), 7 fewer than before.",
        "It begins on 24 November 2026 at 09:15.",
        "1. Rye\n2. Spelt\nNothing else.",
        "It reaches 1872 people of cmp_01m81hnmkpea6bg9mpvr5qz65e.",
    ],
)
def test_what_a_tool_told_is_founded(answer: str) -> None:
    assert wrong(answer) == []


@pytest.mark.parametrize(
    ("answer", "number"),
    [("It reaches 1,873 people.", "1,873"), ("41 % clicked.", "41"), ("Twelve people clicked.", "Twelve"),
     ("4.2 % clicked.", "4.2"), ("It costs 81 euros.", "81")],
)  # fmt: skip
def test_what_nobody_told_is_named(answer: str, number: str) -> None:
    assert wrong(answer) == [number]
    assert number in unfounded(figures(answer, "How many?", [USE]))[0]


def test_numbers_of_the_question_and_of_refusals_count() -> None:
    assert wrong("Not 500.", "Are it 500?") == []
    refused = ToolUse("check", {}, "At most 16 calls.")
    assert figures("At most 16.", "x y z", [refused])[0].source == "check"


@given(st.integers(0, 10**9))
def test_a_number_told_is_always_found_again(number: int) -> None:
    use = ToolUse("count", {}, "done", json.dumps({"n": number, "m": [number]}))
    assert not unfounded(figures(f"There are {number:,} of them, {number} in all.", "How many?", [use]))


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        "Write to ada+news@example.com, please",
        "https://x.test/?to=ada%40example.com",
        "ada＠example.com",
    ],
)
def test_an_address_is_seen_and_left_out_however_it_is_written(text: str) -> None:
    assert holds_address(text)
    told = without_addresses({"a": [text], text: 1})
    assert "ada" not in json.dumps(told)
    assert LEFT_OUT in told["a"][0]
    assert without_addresses(["at 09:15, 4 % @ home"]) == ["at 09:15, 4 % @ home"]
