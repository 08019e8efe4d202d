"""What a brand says in each language."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from tests.unit.content_material import AT, brand, briefs

from tidings.content.agent import ContentAgent
from tidings.content.rendering.disclosure import line_of
from tidings.content.rendering.email import render_email
from tidings.content.rendering.printed import printed
from tidings.domain.brand import Brand

GERMAN = {"required_words": ["Handwerk"], "disclaimer": "Alle Preise inkl. MwSt."}


def bakery(**changes: object) -> Brand:
    given = {"required_words": ["Craft"], "disclaimers": {"email": "Prices include tax.", "sms": "Tax."}}
    return brand(**{**given, "in_languages": {"de": GERMAN}, **changes})


def test_a_language_has_its_own_words_and_the_brands_where_it_has_none() -> None:
    german = bakery().speaking("de-AT")
    assert german.required_words == ("Handwerk",)
    assert [german.disclaimer(channel) for channel in ("email", "push", "sms")] == [GERMAN["disclaimer"]] * 3
    assert german.locale == "de-AT"
    french = bakery().speaking("fr")
    assert (french.required_words, french.disclaimer("email")) == (("Craft",), "Prices include tax.")
    assert german.speaking("de-AT") == german


def test_in_its_own_language_it_stays_as_it_is() -> None:
    ours = bakery()
    for language in ("", "en", "en-GB"):
        assert ours.speaking(language) is ours
    assert bakery(in_languages={"en": {"disclaimer": "Inc. VAT."}}).speaking("en").disclaimer("email") == "Inc. VAT."


def test_a_regions_words_go_before_its_languages() -> None:
    ours = bakery(in_languages={"de": GERMAN, "de-ch": {"disclaimer": "Preise in CHF."}})
    assert ours.speaking("de-CH").disclaimer("email") == "Preise in CHF."
    assert ours.speaking("de").disclaimer("email") == GERMAN["disclaimer"]


def test_what_is_no_language_is_said() -> None:
    with pytest.raises(ValidationError, match="must be a language's code"):
        bakery(in_languages={"german!": GERMAN})


def test_the_usual_line_speaks_the_mails_language() -> None:
    ours = bakery(ai_disclosure="usual")
    assert line_of(ours.speaking("fr")).startswith("Rédigé")
    assert line_of(ours).startswith("Written")


@pytest.mark.parametrize(
    ("language", "says", "not_said"), [("de", "inkl. MwSt.", "tax."), ("", "include tax.", "MwSt")]
)
def test_a_mail_says_what_its_language_demands_and_is_checked_for_that(language: str, says: str, not_said: str) -> None:
    brief = briefs()[0].model_copy(update={"language": language})
    ours = bakery(name=brief.brand)
    [draft, *_] = ContentAgent().draft(brief, ours, (), seed=1, at=AT).drafts
    assert not [found for found in draft.findings if found.check == "required_words"]
    mail = render_email(draft, ours)
    demanded, other = ("Handwerk", "Craft") if language else ("Craft", "Handwerk")
    for text in (mail.html, mail.text):
        assert says in text
        assert not_said not in text
        assert demanded in text
        assert other not in text
    assert (GERMAN["disclaimer"] in printed(draft, ours, language=language)) is bool(language)
