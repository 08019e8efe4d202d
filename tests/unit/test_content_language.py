"""Another language than the brand's is told, and does not hide behind English stock sentences."""

from __future__ import annotations

import pytest
from tests.unit.content_material import AT, brand, brief

from tidings.content.agent import ContentAgent
from tidings.content.tongue import foreign
from tidings.domain.brief import Fact
from tidings.domain.draft import Finding, Severity

GERMAN = ("Der Kurs beginnt am 3. Mai um 18 Uhr.", "Sie können Ihren Hund mitbringen und es kostet nichts.")
FRENCH = ("Vous pouvez venir avec votre chien.", "Le cours est gratuit pour les enfants.")


@pytest.mark.parametrize(
    ("text", "locale", "found"),
    [
        ("The weir at Llanwrtwd has been removed after nine years of work.", "en", ""),
        ("Jürgen Weiß plays at the Rue des Lilas with Señora Núñez.", "en-GB", ""),
        ("We sing “Wir sind hier und das ist gut” on Friday at noon.", "en", ""),
        ("Wir freuen uns sehr auf Ihren Besuch und beraten Sie gerne.", "en", "de"),
        ("Nous serions ravis de vous accueillir chez nous.", "en", "fr"),
        ("Esperamos verte muy pronto en nuestra tienda con los niños.", "en", "es"),
        ("Siamo lieti di invitarvi alla nostra festa con gli amici e la musica di Torino.", "en", "it"),
        ("Wij nodigen u van harte uit voor het feest op zaterdag.", "en", "nl"),
        ("Мы будем рады вас видеть.", "en", "Cyrillic"),
        ("新しい店が開きます", "en", "Hiragana"),
        ("Мы будем рады вас видеть.", "ru-RU", ""),
        ("You can bring your dog with you on the day.", "de", "en"),
        ("Der Kurs beginnt am 3. Mai und ist für alle.", "de-AT", ""),
        ("OK bye", "en", ""),
        ("", "en", ""),
        ("Alles ist neu und gut mit dem Hund.", "xx", ""),
    ],
)
def test_what_language_a_text_is_in(text: str, locale: str, found: str) -> None:
    assert foreign(text, locale) == found


def told(facts: tuple[str, ...], locale: str) -> list[Finding]:
    """The findings on language."""
    given = brief("Single fact").model_copy(update={"facts": tuple(Fact(sentence=fact) for fact in facts)})
    draft = ContentAgent().draft(given, brand("Napf", locale=locale), (), seed=1, at=AT).drafts[0]
    return [finding for finding in draft.findings if finding.check == "language"]


@pytest.mark.parametrize(("facts", "name"), [(GERMAN, "German"), (FRENCH, "French")])
def test_a_brief_in_another_language_is_refused(facts: tuple[str, ...], name: str) -> None:
    (found,) = told(facts, "en")
    assert found.severity is Severity.ERROR
    assert found.message == f"The facts are in {name}, but this is to be in English."


def test_one_foreign_sentence_among_others_is_asked_about() -> None:
    found = told(("It starts at six in the evening.", "You can bring your dog with you.", GERMAN[1]), "en")
    assert {(each.severity, each.quote) for each in found} == {(Severity.WARNING, GERMAN[1])}


def test_a_brand_of_another_language_hears_that_the_stock_is_english() -> None:
    assert told(GERMAN, "de") == []
    found = told(("De cursus is voor beginners en het is op zaterdag.",), "nl")[0]
    assert "which the composer does not write; its words are English" in found.message
    assert "model" in found.remedy
