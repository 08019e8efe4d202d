"""How a brand speaks: what the verifier finds, what the composer avoids, what the mail carries."""

from __future__ import annotations

import pytest
from tests.unit.content_material import AT, brand, brief

from tidings.content.edit import apply_edit
from tidings.content.rendering.email import render_email
from tidings.content.rendering.sample import sample_mail
from tidings.content.verifier.checks.manner import reading_grade, says_we
from tidings.content.verifier.verify import verify
from tidings.content.writers.base import Assignment
from tidings.content.writers.composer import Composer
from tidings.content.writers.plan import prompt_for
from tidings.domain.brand import Brand
from tidings.domain.draft import Draft, Finding, Severity

BRIEF = brief("Autumn workshop")


def draft(of: Brand, seed: int = 0) -> Draft:
    return Composer().write(Assignment(BRIEF, of, (), seed)).drafts[0]


def found(of: Brand, checked: Draft) -> list[Finding]:
    return [finding for finding in verify(checked, BRIEF, of, (), AT) if finding.check == "manner"]


def test_a_phrase_the_brand_never_says_is_an_error_and_the_composer_avoids_it() -> None:
    said = draft(brand()).preheader
    of = brand(manner={"dont": [said.rstrip(".")]})
    (finding, *_) = found(of, draft(brand()))
    assert (finding.severity, finding.place) == (Severity.ERROR, "preheader")
    stock = [trace.sentence for trace in draft(brand()).traces if trace.source == "stock"]
    avoiding = brand(manner={"dont": stock})
    assert not set(stock) & {trace.sentence for trace in draft(avoiding).traces if trace.source == "stock"}


@pytest.mark.parametrize(
    ("policy", "subject", "severity"),
    [
        ("never", "Bread 🍞", Severity.ERROR), ("sparing", "Bread 🍞", None),
        ("sparing", "🥖 Bread 🍞", Severity.WARNING), ("free", "🥖 Bread 🍞", None),
        ("never", "Bread, 5 €, © & ™ – “fine”", None), ("never", "Bread 👩‍🍳", Severity.ERROR),
    ],
)  # fmt: skip
def test_the_emoji_policy_holds(policy: str, subject: str, severity: Severity | None) -> None:
    of = brand(manner={"emoji": policy})
    findings = found(of, apply_edit(draft(of), subject=subject))
    assert [finding.severity for finding in findings] == ([severity] if severity else [])


def test_a_brand_that_says_you_gets_stock_without_we_and_a_warning_elsewhere() -> None:
    of = brand(manner={"person": "you"})
    for seed in range(12):
        ours = [trace.sentence for trace in draft(of, seed).traces if trace.source == "stock"]
        assert sum(says_we("en").search(sentence) is not None for sentence in ours) <= 1, ours
    (finding,) = [
        each for each in found(of, apply_edit(draft(of), subject="We bake for you")) if each.place == "subject"
    ]
    assert (finding.severity, finding.quote) == (Severity.WARNING, "We")


def test_a_body_too_hard_to_read_gets_a_warning() -> None:
    easy = "The cat sat on the mat. The dog ran to the cat. It was a warm day and the sun was out for us all."
    hard = (
        "Notwithstanding organisational considerations, comprehensive implementation methodologies necessitate "
        "interdisciplinary collaboration throughout approximately seventeen administrative constituencies."
    )
    assert reading_grade(easy) < 3
    assert reading_grade(hard) == 0.0  # fewer than twenty words say nothing
    assert reading_grade(f"{hard} {hard}") > 16
    of = brand(manner={"reading_grade": 1})
    assert [each.place for each in found(of, draft(of))] == ["body"]
    assert found(brand(manner={"reading_grade": 20}), draft(of)) == []
    assert found(brand(manner={"reading_grade": 1}, locale="de"), draft(of)) == []


def test_logo_and_disclaimer_stand_in_the_mail_and_cannot_break_out_of_it() -> None:
    of = brand(
        logo={"url": "https://x.example.com/logo.png", "alt": 'Northwind "& friends" {{ 1 }}', "width": 120},
        disclaimers={"all": "For adults.\nNo <b>advice</b> {{ contact.email }}."},
    )  # fmt: skip
    mail = render_email(draft(of), of)
    assert 'src="https://x.example.com/logo.png"' in mail.html
    assert 'width="120"' in mail.html
    assert "&lt;b&gt;advice&lt;/b&gt;" in mail.html
    assert "For adults." in mail.text
    assert "{{ contact.email }}" not in mail.html + mail.text
    assert "{{ 1 }}" not in mail.html
    own = of.model_copy(update={"disclaimers": {"all": "Everywhere.", "email": "In mails."}})
    assert "In mails." in render_email(draft(own), own).text
    assert "Everywhere." not in render_email(draft(own), own).text


def test_a_model_is_told_how_the_brand_speaks() -> None:
    manner = {
        "adjectives": ["warm"],
        "do": ["Name the <baker>"],
        "dont": ["synergy"],
        "person": "you",
        "reading_grade": 8,
    }
    task = prompt_for(Assignment(BRIEF, brand(manner=manner), ())).task
    for words in ("sounds: warm", "Name the ‹baker›", "Must not be said: synergy", "never “we”", "grade 8"):
        assert words in task


@pytest.mark.parametrize("voice", ["friendly", "professional", "bold"])
def test_a_sample_shows_a_brand_with_every_place_closed(voice: str) -> None:
    mail, findings = sample_mail(brand(voice=voice), AT)
    assert "{{" not in mail.html + mail.text + mail.subject
    assert not [finding for finding in findings if finding.severity is Severity.ERROR]
