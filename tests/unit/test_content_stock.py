"""The stock is rich enough and states no fact."""

from __future__ import annotations

import re

import pytest
from tests.unit.content_material import AT, brand, brief

from tidings.content.composer.stock import VOICES, common_stock, every_pattern, fill, is_stock, type_stock
from tidings.content.verifier.checks import claim_words, dates, length, numbers, placeholders, prices, tone
from tidings.content.verifier.examined import Examined
from tidings.domain.blocks import Text
from tidings.domain.brief import CAMPAIGN_TYPES
from tidings.domain.draft import Draft

SLOT = re.compile(r"\{(?:product|brand|first_name)\}")


@pytest.mark.parametrize("name", CAMPAIGN_TYPES)
@pytest.mark.parametrize("voice", VOICES)
def test_each_type_and_voice_has_enough_that_differs(name: str, voice: str) -> None:
    stock = type_stock(name).of(voice)
    assert len(set(stock.openings)) >= 6
    assert len(set(stock.closes)) >= 4
    assert set(stock.subjects) == {"topic", "sender", "reader"}
    assert all(len(set(patterns)) >= 3 for patterns in stock.subjects.values())
    assert all("{product}" in pattern for pattern in stock.subjects["topic"])
    assert not any("{product}" in pattern for pattern in (*stock.subjects["reader"], *stock.subjects["sender"]))
    assert not any("{product}" in pattern for pattern in (*stock.openings, *stock.closes, *stock.headings))


@pytest.mark.parametrize("name", CAMPAIGN_TYPES)
def test_voices_do_not_share_openings(name: str) -> None:
    said = [opening for voice in VOICES for opening in type_stock(name).of(voice).openings]
    assert len(said) == len(set(said))


def test_no_stock_sentence_states_a_fact() -> None:
    empty = brief("Single fact").model_copy(update={"product": "", "name": "x", "call_to_action": "Go"})
    patterns = [SLOT.sub("Napf", pattern) for pattern in every_pattern()]
    draft = Draft(
        variant="A",
        channel="email",
        subject="x",
        preheader="x",
        writer="test",
        blocks=tuple(Text(text=t) for t in patterns),
    )
    examined = Examined(draft, empty, brand("Napf"), (), AT)
    wanted = (
        numbers.check,
        dates.check,
        prices.check,
        claim_words.check,
        placeholders.check,
        placeholders.truncation,
        tone.check,
    )
    found = [f for check in wanted for f in check(examined) if f.place != "body"]
    assert found == []


def test_no_stock_sentence_holds_a_name() -> None:
    capitals = re.compile(r"(?<=[a-z,] )[A-Z]\w+")
    named = [pattern for pattern in every_pattern() if capitals.search(SLOT.sub("", pattern))]
    assert named == []


def test_every_sentence_ends_as_one() -> None:
    for voice in VOICES:
        for name in CAMPAIGN_TYPES:
            stock = type_stock(name).of(voice)
            assert all(text[-1] in ".!?" for text in (*stock.openings, *stock.closes)), (name, voice)
        common = common_stock(voice)
        assert all(text.endswith(",") for text in (*common.greetings, *common.signoffs))
        assert all(text.endswith(":") for text in common.list)


def test_subjects_fit_a_phone_with_a_product_of_usual_length() -> None:
    for name in CAMPAIGN_TYPES:
        for voice in VOICES:
            for patterns in type_stock(name).of(voice).subjects.values():
                assert all(
                    len(fill(pattern, "bread workshop", "Northwind")) <= length.LIMITS["subject"][0]
                    for pattern in patterns
                )


def test_the_verifier_knows_the_stock_and_only_the_stock() -> None:
    assert is_stock("Bread workshop: will you join us?", "bread workshop", "Northwind")
    assert not is_stock("Tea workshop: will you join us?", "bread workshop", "Northwind")
    assert not is_stock("It is a bread workshop.", "bread workshop", "Northwind")
