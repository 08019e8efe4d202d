"""The line under a mail that a model wrote, wholly or in part: the brand's own words, or the usual in its language."""

from __future__ import annotations

from tidings.domain.brand import USUAL_DISCLOSURE, Brand

_LINES = {
    "en": "Written with the help of artificial intelligence.",
    "de": "Mit Hilfe künstlicher Intelligenz geschrieben.",
    "fr": "Rédigé avec l’aide d’une intelligence artificielle.",
    "es": "Escrito con ayuda de inteligencia artificial.",
    "it": "Scritto con l’aiuto dell’intelligenza artificiale.",
    "nl": "Geschreven met hulp van kunstmatige intelligentie.",
    "pt": "Escrito com a ajuda de inteligência artificial.",
    "sv": "Skrivet med hjälp av artificiell intelligens.",
    "da": "Skrevet med hjælp fra kunstig intelligens.",
    "no": "Skrevet med hjelp av kunstig intelligens.",
    "nb": "Skrevet med hjelp av kunstig intelligens.",
    "fi": "Kirjoitettu tekoälyn avulla.",
    "pl": "Napisano z pomocą sztucznej inteligencji.",
    "cs": "Napsáno s pomocí umělé inteligence.",
}


def usual_line(locale: str) -> str:
    """The usual line in the language of a locale; in English where that language is not known here."""
    return _LINES.get(locale.partition("-")[0].lower(), _LINES["en"])


def line_of(brand: Brand) -> str:
    """What readers see; empty where the brand wants no line."""
    return usual_line(brand.locale) if brand.ai_disclosure == USUAL_DISCLOSURE else brand.ai_disclosure
