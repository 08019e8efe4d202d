"""Versions of a brief: what they take over from it, whom they are for, and what cannot be one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.domain.brief import Brief, InvalidBriefError, parse_brief
from tidings.domain.version import fits_language, in_step, language_tag, step_and_version, version_of

FIELDS: dict[str, Any] = {
    "name": "Autumn workshop", "type": "event", "goal": "Fill the bread workshop", "brand": "Northwind Bakery",
    "product": "Bread workshop", "facts": ["It is a bread workshop for beginners."], "must_say": ["beginners"],
    "must_not_say": ["cheap"], "call_to_action": "Reserve a place", "link": "https://northwind.example.com/workshop",
}  # fmt: skip
GERMAN: dict[str, Any] = {
    "name": "german", "language": "de", "facts": ["Der Backkurs ist für Einsteiger."], "call_to_action": "Platz sichern"
}  # fmt: skip
MEMBERS: dict[str, Any] = {"name": "members", "segment": "Members", "more_facts": ["You get a sourdough starter."]}


def brief(*versions: dict[str, Any], **more: Any) -> Brief:
    return parse_brief({**FIELDS, "versions": list(versions), **more})


def test_a_version_in_another_language_takes_over_no_words_of_the_brief() -> None:
    german = brief(GERMAN).for_version("german")
    assert [fact.sentence for fact in german.facts] == GERMAN["facts"]
    assert (german.language, german.product, german.must_say) == ("de", "", ())
    assert (german.call_to_action, german.link) == ("Platz sichern", FIELDS["link"])
    assert german.must_not_say == ("cheap",)
    assert not german.versions


def test_a_version_for_a_segment_says_more_and_keeps_the_rest() -> None:
    members = brief(MEMBERS).for_version("members")
    assert [fact.sentence for fact in members.facts] == [*FIELDS["facts"], *MEMBERS["more_facts"]]
    assert members.product == "Bread workshop"
    assert members.call_to_action == "Reserve a place"


def test_other_wordings_of_the_button_stay_with_the_call_they_are_of() -> None:
    both = brief(GERMAN, MEMBERS, other_calls=["Join us"])
    assert both.calls == ("Reserve a place", "Join us")
    assert both.for_version("members").calls == ("Reserve a place", "Join us")
    assert both.for_version("german").calls == ("Platz sichern",), "no English button in a German mail"


def test_the_base_version_is_the_brief_as_it_stands() -> None:
    given = brief(GERMAN)
    assert given.for_version("") is given


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ([{"name": "all"}], "neither a segment nor a language"),
        ([{"name": "Deutsch!", "language": "de"}], "small letters"),
        ([{**GERMAN, "language": "Deutsch bitte"}], "a language's code"),
        ([GERMAN, {**GERMAN, "language": "fr"}], "two versions are called german"),
        ([GERMAN, {**GERMAN, "name": "austrian", "language": "de-AT"}], "austrian would get nobody"),
        ([MEMBERS, {**MEMBERS, "name": "again"}], "again would get nobody"),
        ([MEMBERS, {**GERMAN, "segment": "members"}], "german would get nobody"),
        ([{"name": "german", "language": "de"}], "lacks its own facts and call to action"),
        ([{**MEMBERS, "facts": ["It is for members."]}], "both facts and more_facts"),
        ([{**MEMBERS, "more_facts": ["no whole sentence"]}], "capital letter"),
    ],
)
def test_what_cannot_be_a_version_is_said_with_its_remedy(versions: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InvalidBriefError) as raised:
        brief(*versions)
    assert said in str(raised.value)
    assert raised.value.field is not None
    assert raised.value.field.startswith("versions")


def test_the_narrower_version_may_stand_first() -> None:
    given = brief({**GERMAN, "name": "austrian", "language": "de-AT"}, GERMAN, {**GERMAN, "name": "x", "segment": "M",
                  "language": "fr"})  # fmt: skip
    assert [version.name for version in given.versions] == ["austrian", "german", "x"]


def test_a_version_in_the_briefs_own_language_needs_no_facts_of_its_own() -> None:
    austrian = brief({"name": "austrian", "language": "de-AT"}, language="de").for_version("austrian")
    assert (austrian.language, len(austrian.facts), austrian.product) == ("de-AT", 1, "Bread workshop")


@pytest.mark.parametrize(
    ("locale", "wanted", "fits"),
    [("de", "de", True), ("de-AT", "de", True), ("de_AT", "de", True), ("de", "de-AT", False), ("den", "de", False),
     ("DE", "de", True), ("", "de", False), ("en", "de", False)],
)  # fmt: skip
def test_whose_language_fits(locale: str, wanted: str, fits: bool) -> None:
    assert fits_language(locale, wanted) is fits


@pytest.mark.parametrize(("given", "usual"), [("DE", "de"), ("pt_br", "pt-BR"), ("zh-hant", "zh-Hant"), (" ", "")])
def test_a_language_in_its_usual_form(given: str, usual: str) -> None:
    assert language_tag(given) == usual


@given(st.from_regex(r"[a-z][a-z0-9-]{0,23}", fullmatch=True), st.sampled_from("ABCDEFGHIJ"))
def test_a_variant_tells_its_version(name: str, letter: str) -> None:
    assert version_of(f"{name}-{letter}") == name
    assert version_of(letter) == ""


_NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,23}", fullmatch=True)


@given(_NAMES, st.just("") | _NAMES, st.sampled_from("ABCDEFGHIJ"), st.sampled_from(["", ".2", ".13"]))
def test_a_variant_of_a_sequence_tells_its_step_and_version(step: str, version: str, letter: str, later: str) -> None:
    """Also as the ledger names words that an edit changed, and whatever hyphens stand in the names."""
    variant = in_step(step, f"{version}-{letter}" if version else letter)
    assert step_and_version(f"{variant}{later}") == (step, version)
