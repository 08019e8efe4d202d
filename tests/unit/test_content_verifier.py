"""Clean drafts pass; planted faults are found, by the check that is meant to find them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.content_faults import faults
from tests.unit.content_material import AT, EXPIRED, brand, brief, briefs, claims

from tidings.content.agent import ContentAgent
from tidings.content.edit import apply_edit
from tidings.content.verifier.checks.merge_fields import problems
from tidings.content.verifier.extract import addresses, dates, numbers, prices
from tidings.content.verifier.verify import CHECKS, verify
from tidings.domain.blocks import Text
from tidings.domain.brief import Brief
from tidings.domain.draft import Draft, Severity, Trace

AGENT = ContentAgent()


def draft_of(given_brief: Brief, seed: int = 3) -> Draft:
    name = given_brief.brand
    return AGENT.draft(given_brief, brand(name), claims(name), seed=seed, at=AT).drafts[0]


@pytest.mark.parametrize("given_brief", briefs(), ids=lambda item: item.name)
@pytest.mark.parametrize("tone", [None, "friendly", "professional", "bold"])
def test_clean_drafts_raise_no_alarm(given_brief: Brief, tone: str | None) -> None:
    voiced = given_brief.model_copy(update={"tone": tone or given_brief.tone, "subjects": 3})
    name = given_brief.brand
    for seed in range(2):
        result = AGENT.draft(voiced, brand(name), claims(name), seed=seed, at=AT)
        assert [finding for draft in result.drafts for finding in draft.findings] == []


@dataclass
class Planted:
    """What came of planting every fault into every fourth draft."""

    count: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    spoken: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def planted() -> Planted:
    """The faults come as a person's edits where they can, so that a missing source alone does not give them away."""
    result = Planted()
    for given_brief in briefs()[::4]:
        name = given_brief.brand
        for fault in faults(draft_of(given_brief), given_brief, brand(name)):
            result.count += 1
            findings = verify(fault.draft, fault.brief, fault.brand, claims(name), AT)
            found = {finding.check for finding in findings if finding.severity is not Severity.INFO}
            result.spoken |= found
            if not found & fault.checks:
                result.missed[fault.name] += 1
    return result


def test_planted_faults_are_found(planted: Planted) -> None:
    assert planted.count >= 300
    assert planted.missed.total() / planted.count <= 0.02, planted.missed


BY_OTHER_TESTS = {
    "language",
    "address",
    "wording",
    "footer",
    "contradiction",
    "invisible",
    "left_out",
    "manner",
    "readers",
}
"""Shown to fail in tests of content_language(s), content_fidelity, content_bad_briefs and campaigns_readers."""


def test_each_check_can_fail(planted: Planted) -> None:
    """No check is there for show: planted faults make every one of them speak."""
    assert set(CHECKS) - planted.spoken == BY_OTHER_TESTS
    assert {"must_say", "must_not_say", "banned_words", "required_words"} <= planted.spoken


def test_a_finding_says_where_what_and_how_to_mend_it() -> None:
    given_brief = brief("Autumn workshop")
    draft = apply_edit(draft_of(given_brief), subject="Bread for 7 euros")
    finding = next(f for f in verify(draft, given_brief, brand(), (), AT) if f.check == "numbers")
    assert (finding.severity, finding.place, finding.quote) == (Severity.ERROR, "subject", "7")
    assert finding.remedy


def test_an_expired_claim_blocks() -> None:
    given_brief = brief("Autumn workshop")
    draft = draft_of(given_brief)
    block = Text(text=EXPIRED.sentence)
    trace = Trace(sentence=EXPIRED.sentence, source="claim", claim_ids=(EXPIRED.id,))
    with_claim = draft.model_copy(update={"blocks": (*draft.blocks, block), "traces": (*draft.traces, trace)})
    found = [f for f in verify(with_claim, given_brief, brand(), claims("Northwind Bakery"), AT) if f.check == "claims"]
    assert found
    assert "expired" in found[0].message
    assert not [
        f for f in verify(with_claim, given_brief, brand(), claims("Northwind Bakery"), AT - 2) if f.check == "claims"
    ]


def test_swapped_numbers_are_noticed() -> None:
    given_brief = brief("Reconciliation launch")
    draft = draft_of(given_brief)
    index = next(no for no, b in enumerate(draft.blocks) if isinstance(b, Text) and "412 shops" in b.text)
    swapped = draft.blocks[index].text.replace("412", "N").replace("8", "412").replace("N", "8")  # type: ignore[union-attr]
    found = verify(apply_edit(draft, texts={index: swapped}), given_brief, brand("Ledgerly"), (), AT)
    assert {f.quote for f in found if f.check == "numbers"} == {"8 shops", "412 weeks"}


def test_another_language_than_the_stocks_is_told() -> None:
    given_brief = brief("Single fact")
    found = AGENT.draft(given_brief, brand("Napf", locale="it"), (), seed=1, at=AT).drafts[0].findings
    told = [("language", Severity.WARNING), ("language", Severity.WARNING), ("language", Severity.INFO)]
    assert [(f.check, f.severity) for f in found] == told
    assert "its words are English" in found[0].message
    assert found[1].message == "The facts are in English, but this is to be in Italian."
    assert "only figures, links and named words are checked" in found[2].message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("3 December", "December 3rd"),
        ("3 December", "Dec 3"),
        ("2026-12-03", "3 December 2026"),
        ("7 pm", "19:00"),
        ("7.30 p.m.", "19:30"),
    ],
)
def test_dates_are_compared_by_what_they_mean(one: str, other: str) -> None:
    assert {found.value for found in dates(one)} == {found.value for found in dates(other)}


@pytest.mark.parametrize(
    ("one", "other"), [("1,200 people", "1200 people"), ("twelve", "12"), ("4.50", "4.5"), ("a dozen", "12")]
)
def test_numbers_are_compared_by_what_they_mean(one: str, other: str) -> None:
    assert {found.value for found in numbers(one)} == {found.value for found in numbers(other)}


def test_prices_and_addresses_are_compared_by_what_they_mean() -> None:
    assert (
        {f.value for f in prices("€45")} == {f.value for f in prices("45 euros")} == {f.value for f in prices("45 EUR")}
    )
    assert {f.value for f in prices("20 %")} == {f.value for f in prices("20 per cent")}
    assert {f.value for f in addresses("https://www.example.com/")} == {f.value for f in addresses("example.com")}


@pytest.mark.parametrize(
    "text",
    [
        '{{ contact.first_name | default: "there" }}',
        "{{ contact.country | default: 'your country' }}",
        '{{contact.last_name|default:"friend"}}',
        "Nothing open here { } %",
    ],
)
def test_good_merge_fields_pass(text: str) -> None:
    assert problems(f"Hello {text}, how are you?") == ()


BAD_FIELDS = """
{{ contact.first_name }}
{{ contact.email | default: 'x' }}
{{ contact.first_name | default: contact.email }}
{{ contact['first_name'] | default: '' }}
{{ first_name | default: 'x' }}
{{ links[0] }}
{{ unsubscribe_url }}
{% assign a = 1 %}
{% raw %}{{ x }}{% endraw %}
{% comment %}x{% endcomment %}
{{
}}
{{ }}
{% if %}
{{ contact.first_name | default: 'x' | append: 'y' }}
{{ contact.first_name | default: 3 }}
{{- contact -}}
{{ 'text' | default: 'x' }}
{{ contact.first_name.size | default: 'x' }}
{% include 'x' %}
{% render 'x' %}
"""


@pytest.mark.parametrize("text", BAD_FIELDS.strip().splitlines())
def test_bad_merge_fields_are_refused(text: str) -> None:
    assert problems(f"Hello {text}, how are you?")


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="{}%|.[]'\" abcontacefirst_namedefault:x0", max_size=40))
def test_any_text_gets_a_verdict(text: str) -> None:
    problems(text)
    given_brief = brief("Single fact")
    draft = apply_edit(draft_of(given_brief), subject=text, texts={2: text})
    verify(draft, given_brief, brand("Napf"), (), AT)
