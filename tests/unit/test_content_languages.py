"""German, French and Spanish: the stock is rich and states nothing, drafts are clean, and planted faults are seen."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from tests.unit.content_material import AT, brand

from tidings.content import address, truth
from tidings.content.agent import ContentAgent
from tidings.content.composer.stock import VOICES, common_stock, every_pattern, type_stock
from tidings.content.rendering.email import render_email
from tidings.content.rendering.sample import sample_mail
from tidings.content.sentences import sentences
from tidings.content.tongue import foreign
from tidings.content.verifier.checks import claim_words, dates, length, numbers, placeholders, prices, tone
from tidings.content.verifier.examined import Examined
from tidings.content.verifier.extract import dates as dates_of
from tidings.content.verifier.extract import numbers as numbers_of
from tidings.content.verifier.extract import prices as prices_of
from tidings.content.verifier.extract import without_dates
from tidings.content.verifier.verify import verify
from tidings.domain.blocks import Text
from tidings.domain.brief import CAMPAIGN_TYPES, Brief, parse_brief
from tidings.domain.draft import Draft, Severity

OTHERS = ("de", "fr", "es")
SLOT = re.compile(r"\{(?:product|brand|first_name)(?:\|[^}]*)?\}")
FACTS = {
    "de": (
        "Der Kurs zeigt, wie Sauerteigbrot gelingt.",
        "Er findet am 3. Dezember 2026 um 18 Uhr statt und kostet 12,50 €.",
        "Für zwölf Personen ist Platz.",
    ),
    "fr": (
        "L’atelier montre comment réussir un pain au levain.",
        "Il a lieu le 1er décembre 2026 à 18 h 30 et coûte 12,50 €.",
        "Il y a douze places.",
    ),
    "es": (
        "El taller enseña a hacer pan de masa madre.",
        "Tiene lugar el 3 de diciembre de 2026 a las 18:00 h y cuesta 12,50 €.",
        "Hay doce plazas.",
    ),
}
BUTTON = {"de": "Platz sichern", "fr": "Réserver une place", "es": "Reservar plaza"}
EACH = list(product(OTHERS, CAMPAIGN_TYPES, VOICES))
PRODUCT = {"de": "Backkurs", "fr": "Atelier pain", "es": "Taller de pan"}


def brief(of: str, **changes: Any) -> Brief:
    plain = {
        "name": "Workshop", "type": "event", "goal": "Fill it", "brand": "Napf", "language": of,
        "product": PRODUCT[of], "facts": FACTS[of], "call_to_action": BUTTON[of],
        "link": "https://napf.example.com/kurs",
    }  # fmt: skip
    return parse_brief({**plain, **changes})


def drafts(given: Brief, **of_brand: Any) -> tuple[Draft, ...]:
    return ContentAgent().draft(given, brand("Napf", **of_brand), (), seed=7, at=AT).drafts


@pytest.mark.parametrize(("language", "name", "voice"), EACH)
def test_each_language_has_enough_that_differs(language: str, name: str, voice: Any) -> None:
    stock, common = type_stock(name, language).of(voice), common_stock(voice, language)
    for said in (stock.openings, stock.closes, stock.headings, common.signoffs, common.preheaders):
        assert len(set(said)) >= 3
    assert len(set(common.greetings)) >= 2
    assert set(stock.subjects) == {"topic", "sender", "reader"}
    assert all("{product}" in pattern for pattern in stock.subjects["topic"])
    assert all(text[-1] in ".!?" for text in (*stock.openings, *stock.closes))
    filled = [SLOT.sub("Bread workshop", text) for texts in stock.subjects.values() for text in texts]
    assert all(len(text) <= length.LIMITS["subject"][0] for text in filled)


@pytest.mark.parametrize("language", OTHERS)
def test_no_stock_sentence_of_a_language_states_a_fact(language: str) -> None:
    empty = brief(language, product="", name="x", call_to_action="Go", facts=["Kurs."])
    patterns = [SLOT.sub("Napf", pattern) for pattern in every_pattern(language)]
    blocks = tuple(Text(text=text) for text in patterns)
    draft = Draft(variant="A", channel="email", subject="x", preheader="x", writer="test", blocks=blocks)
    examined = Examined(draft, empty, brand("Napf"), (), AT)
    wanted = (numbers.check, dates.check, prices.check, claim_words.check, placeholders.check, tone.check)
    assert [found for check in wanted for found in check(examined) if found.place != "body"] == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_stock_is_in_its_language_and_each_voice_keeps_to_one_address(language: str) -> None:
    for voice in VOICES:
        said = [text for values in common_stock(voice, language).model_dump().values() for text in values]
        for name in CAMPAIGN_TYPES:
            own = type_stock(name, language).of(voice)
            said += [
                *own.headings,
                *own.openings,
                *own.closes,
                *(text for each in own.subjects.values() for text in each),
            ]
        texts = [SLOT.sub("Napf", text) for text in said]
        assert [text for text in texts if foreign(text, language)] == []
        assert set(address.ways(texts, language)) == {"familiar" if voice == "friendly" else "formal"}, voice


@pytest.mark.parametrize(("language", "name", "voice"), EACH)
def test_a_draft_in_another_language_is_clean(language: str, name: str, voice: Any) -> None:
    for draft in drafts(brief(language, type=name, tone=voice)):
        assert draft.language == language
        assert [found for found in draft.findings if found.severity is not Severity.INFO] == [], draft
        said = [trace.sentence for trace in draft.traces if trace.source == "brief"]
        assert [fact for fact in said if fact in FACTS[language]][:3] == list(FACTS[language]), "in the author's order"


def test_two_briefs_do_not_read_alike_and_variants_differ_in_the_subject() -> None:
    one, other = (drafts(brief("de", goal=goal)) for goal in ("Fill it", "Sell it"))
    assert one[0].subject != one[1].subject
    assert one[0].blocks != other[0].blocks


@pytest.mark.parametrize(
    ("language", "out", "why"),
    [("de", "Abmelden", "Nachrichten von Napf zugestimmt"), ("fr", "Se désabonner", "aux personnes qui ont accepté"),
     ("es", "Darse de baja", "han aceptado recibirlo"), ("en", "Unsubscribe", "")],
)  # fmt: skip
def test_the_frame_of_the_mail_is_in_its_language(language: str, out: str, why: str) -> None:
    given = brief(language) if language != "en" else brief("de", language="en", facts=["It is a course."])
    template = render_email(drafts(given)[0], brand("Napf"))
    assert f'lang="{language}"' in template.html
    assert f">{out}</a>" in template.html
    assert f"{out}: {{{{ unsubscribe_url }}}}" in template.text
    assert why in " ".join(template.text.split())
    assert 'default: "there"' not in template.html or language == "en"


def test_a_friendly_brand_says_sie_where_the_facts_do() -> None:
    facts = ["Sie lernen, wie Sauerteigbrot gelingt.", "Bringen Sie Ihre Schürze mit."]
    formal = drafts(brief("de", facts=facts), voice="friendly")[0]
    assert set(address.ways([trace.sentence for trace in formal.traces], "de")) == {"formal"}
    facts = ["Du lernst, wie Sauerteigbrot gelingt."]
    familiar = drafts(brief("de", facts=facts), voice="professional")[0]
    assert set(address.ways([trace.sentence for trace in familiar.traces], "de")) == {"familiar"}


@pytest.mark.parametrize(
    ("language", "text"),
    [("de", "Bring deine Schürze mit, Sie sind eingeladen."), ("fr", "Viens avec ton tablier, nous vous attendons."),
     ("es", "Trae tu delantal, le esperamos a usted.")],
)  # fmt: skip
def test_two_ways_of_address_in_one_draft_are_asked_about(language: str, text: str) -> None:
    found = [each for each in with_text(language, text) if each.check == "address"]
    assert [each.severity for each in found] == [Severity.WARNING]


def with_text(language: str, text: str) -> list[Any]:
    """The findings of a draft that a person gave one more sentence."""
    given, agent = brief(language), ContentAgent()
    draft = drafts(given)[0]
    changed = agent.rewritten(draft, given, brand("Napf"), (), at=AT, blocks=[*draft.blocks, Text(text=text)])
    return list(changed.findings)


@pytest.mark.parametrize(
    ("language", "text", "check"),
    [
        ("de", "Der Kurs kostet 15,50 €.", "prices"),
        ("de", "Für zwanzig Personen ist Platz.", "numbers"),
        ("de", "Er findet am 4. Dezember statt.", "dates"),
        ("de", "Er findet am Samstag um 19 Uhr statt.", "dates"),
        ("de", "Der Kurs ist kostenlos.", "prices"),
        ("de", "Es ist der beste Kurs.", "claim_words"),
        ("de", "Das Ergebnis ist garantiert.", "claim_words"),
        ("de", "Für zwölf Personen ist kein Platz.", "meaning"),
        ("de", "The course is open to all of you and it will be great.", "language"),
        ("fr", "L’atelier coûte 15,50 €.", "prices"),
        ("fr", "Il y a vingt places.", "numbers"),
        ("fr", "Il a lieu le 2 décembre.", "dates"),
        ("fr", "Il a lieu samedi à 19 h.", "dates"),
        ("fr", "L’atelier est gratuit.", "prices"),
        ("fr", "C’est le meilleur atelier.", "claim_words"),
        ("fr", "L’atelier ne montre pas comment réussir un pain au levain.", "meaning"),
        ("fr", "L’atelier plaît à Monsieur Dupont.", "names"),
        ("es", "El taller cuesta 15,50 €.", "prices"),
        ("es", "Hay veinte plazas.", "numbers"),
        ("es", "Tiene lugar el 4 de diciembre.", "dates"),
        ("es", "Tiene lugar el sábado a las 19:00 h.", "dates"),
        ("es", "El taller es gratis.", "prices"),
        ("es", "Es el mejor taller.", "claim_words"),
        ("es", "El taller no enseña a hacer pan de masa madre.", "meaning"),
        ("es", "El taller gusta a Carmen García.", "names"),
    ],
)
def test_a_planted_fault_is_seen_in_its_language(language: str, text: str, check: str) -> None:
    before = {each.check for each in with_text(language, FACTS[language][0]) if each.severity is not Severity.INFO}
    found = {each.check for each in with_text(language, text) if each.severity is not Severity.INFO}
    assert check in found - before, found


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("de", "am 1. Dezember 2026", {"1/12", "year 26"}), ("de", "am 1.12.2026", {"1/12", "year 26"}),
        ("de", "am 1.12. um 9 Uhr 30", {"1/12", "9:30"}), ("de", "um 18.30 Uhr", {"18:30"}),
        ("de", "im Mai", {"month 5"}),
        ("fr", "le 1er décembre 2026", {"1/12", "year 26"}), ("fr", "à 18h30", {"18:30"}), ("fr", "à 18 h", {"18:00"}),
        ("fr", "dès demain", {"demain"}), ("es", "el 1 de diciembre de 2026", {"1/12", "year 26"}),
        ("es", "en mayo", {"month 5"}), ("es", "el jueves", {"jueves"}),
        ("en", "on 1 December 2026", {"1/12", "year 26"}),
    ],
)  # fmt: skip
def test_dates_in_the_forms_of_each_language(language: str, text: str, found: set[str]) -> None:
    assert {each.value for each in dates_of(text, language)} == found


@pytest.mark.parametrize(
    ("language", "text", "values"),
    [
        ("de", "12,50 €", {"12.5 euro"}), ("de", "1.234,50 €", {"1234.5 euro"}), ("de", "20 Prozent", {"20 %"}),
        ("fr", "1\u202f234,50\u00a0€", {"1234.5 euro"}), ("fr", "20 pour cent", {"20 %"}), ("fr", "offert", {"free"}),
        ("es", "10 por ciento", {"10 %"}), ("es", "gratis", {"free"}), ("de", "kostenfrei", {"free"}),
    ],
)  # fmt: skip
def test_prices_in_the_forms_of_each_language(language: str, text: str, values: set[str]) -> None:
    assert {each.value for each in prices_of(text, language)} == values


def test_number_words_are_those_of_the_language() -> None:
    assert [each.value for each in numbers_of("once plazas", "es")] == ["11"]
    assert numbers_of("once in a while", "en") == []
    assert numbers_of("Quoi de neuf ?", "fr") == []
    assert without_dates("um 18 Uhr", "de").split() == ["um"]


def test_a_german_date_does_not_end_a_sentence() -> None:
    assert sentences("Er ist am 3. Dezember. Kommen Sie.") == ["Er ist am 3. Dezember.", "Kommen Sie."]
    assert sentences("We meet in room 3. Bring a friend.") == ["We meet in room 3.", "Bring a friend."]


def test_what_cannot_be_checked_is_said() -> None:
    found = [each.message for each in with_text("de", "Der Kurs macht Freude.") if each.severity is Severity.INFO]
    assert any("Names are not checked in German" in message for message in found)
    assert not any("Names are not checked" in each.message for each in drafts(brief("de"))[0].findings)
    dutch = brief("de", language="nl", facts=["De cursus is voor beginners."], call_to_action="Aanmelden", product="")
    told = drafts(dutch)[0].findings
    assert any("In Dutch only figures" in each.message for each in told)
    assert any("the composer does not write" in each.message for each in told)


def test_an_edited_draft_without_the_english_words_is_no_longer_complained_of() -> None:
    dutch = brief("de", language="nl", facts=["De cursus is voor beginners."], call_to_action="Aanmelden", product="")
    draft = drafts(dutch)[0]
    own = draft.model_copy(update={"traces": tuple(t for t in draft.traces if t.source != "stock")})
    assert not any("does not write" in each.message for each in verify(own, dutch, brand("Napf"), (), AT))


def test_the_truth_gate_knows_the_small_words_of_each_language() -> None:
    assert truth.refused("Der Kurs zeigt Ihnen, wie Sauerteigbrot gelingt.", FACTS["de"], "de") == ""
    assert truth.refused("Der Kurs zeigt Kuchen, Torten und Pralinen aus Wien.", FACTS["de"], "de")
    assert truth.refused("Cet atelier montre comment réussir un pain.", FACTS["fr"], "fr") == ""


def test_more_bodies_differ_without_guessing_at_the_facts() -> None:
    found = drafts(brief("fr", bodies=3, subjects=1))
    kinds = [[block.kind for block in draft.blocks] for draft in found]
    assert len(found) == 2
    assert kinds[1].index("button") < kinds[0].index("button")


def test_short_copies_keep_the_authors_order_and_language() -> None:
    given = brief("de", channels=["email", "sms", "linkedin"])
    for draft in drafts(given):
        assert [each for each in draft.findings if each.severity is Severity.ERROR] == [], draft
        if draft.channel == "linkedin":
            said = [trace.sentence for trace in draft.traces if trace.sentence in FACTS["de"]]
            assert said == list(FACTS["de"])


@pytest.mark.parametrize("language", OTHERS)
def test_a_brands_sample_is_in_its_language(language: str) -> None:
    for voice in VOICES:
        template, findings = sample_mail(brand("Napf", locale=language, voice=voice), AT)
        assert f'lang="{language}"' in template.html
        assert [each for each in findings if each.severity is not Severity.INFO] == []
