"""The truth gate: known words in a false order are refused, inflections are not, and the stock always passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.content_material import AT, brand, briefs

from tidings.content import truth
from tidings.content.composer.stock import every_pattern
from tidings.content.verifier.verify import verify
from tidings.domain.blocks import Text
from tidings.domain.draft import Draft, Severity, Trace

GROUND = (
    "The pilot ran for 8 weeks in 412 shops.",
    "It is a bread workshop for beginners.",
    "You get a sourdough starter to take home.",
    "A place costs £12.",
)


@pytest.mark.parametrize(
    "sentence",
    [
        "8 weeks of testing took 412 shops.",
        "412 weeks of work stand behind it.",
        "A place costs 8 pounds.",
        "Our chef Maria shows you her secret oven.",
        "Unlock the joy of artisan masterclasses.",
        "Every shop doubled its revenue during the pilot and gained loyal customers.",
    ],
)
def test_what_no_source_says_is_refused(sentence: str) -> None:
    assert truth.refused(sentence, GROUND)


@pytest.mark.parametrize(
    "sentence",
    [
        "The pilot ran for 8 weeks.",
        "412 shops took part in the pilot.",
        "Beginners are welcome at our bread workshops.",
        "Take a sourdough starter home with you.",
        "Come and see for yourself.",
    ],
)
def test_what_a_source_says_in_other_words_stands(sentence: str) -> None:
    assert truth.refused(sentence, GROUND) == ""


@given(st.sampled_from(GROUND))
def test_a_source_word_for_word_always_stands(sentence: str) -> None:
    assert truth.refused(sentence, GROUND) == ""
    assert truth.unknown_words(sentence, GROUND) == []


def test_the_stock_states_no_fact() -> None:
    for pattern in every_pattern():
        plain = pattern.replace("{product}", "").replace("{brand}", "").replace("{first_name}", "")
        assert truth.telling(plain) == []


def draft_saying(sentence: str, writer: str = "A model") -> Draft:
    return Draft(
        variant="A", channel="email", subject="Bread", preheader="Bread.", blocks=(Text(text=sentence),),
        writer=writer, traces=(Trace(sentence=sentence, source="model"),),
    )  # fmt: skip


def test_the_verifier_refuses_what_the_gate_refuses() -> None:
    found = verify(draft_saying("Our chef Maria juggles flaming pineapples."), briefs()[0], brand(), (), AT)
    assert any(each.check == "truth" and each.severity is Severity.ERROR for each in found)


def test_one_unknown_word_among_many_is_for_a_person_to_decide() -> None:
    brief = briefs()[0]
    sentence = brief.facts[0].sentence.rstrip(".") + " serenely."
    found = [each for each in verify(draft_saying(sentence), brief, brand(), (), AT) if each.check == "truth"]
    assert [each.severity for each in found] == [Severity.WARNING]
    assert "serenely" in found[0].message


def test_the_composer_cannot_pass_a_sentence_off_as_a_models() -> None:
    found = verify(draft_saying(briefs()[0].facts[0].sentence, "Composer"), briefs()[0], brand(), (), AT)
    assert any(each.check == "sources" and each.severity is Severity.ERROR for each in found)
