"""The pages behind the link of a confirmation mail, in the mail's language; see `pages.py` for how they are made."""

from __future__ import annotations

from tidings.distribution.page_texts_confirm import PAGE
from tidings.distribution.pages import button, page, text
from tidings.domain.consent import CONFIRM_WITHIN
from tidings.domain.instant import DAY


def ask(language: str, brand: str) -> bytes:
    """Asks before anything is done."""
    words = PAGE[language]
    body = text(words.ask_words, brand) + button(words.yes) + "<hr>" + text(words.otherwise, brand)
    return page(words.ask, body, language)


def agreed_to(language: str, brand: str) -> str:
    """What a person has read and pressed who confirms: kept word for word as the proof of the consent."""
    words = PAGE[language]
    return f"{words.ask_words} {words.yes}".replace("{brand}", brand)


def done(language: str, brand: str) -> bytes:
    """Confirms the yes."""
    return page(PAGE[language].done, text(PAGE[language].done_words, brand), language)


def already(language: str, brand: str) -> bytes:
    """The yes was said before."""
    return page(PAGE[language].already, text(PAGE[language].already_words, brand), language)


def expired(language: str, brand: str) -> bytes:
    """The link was valid once; nothing was changed."""
    words = PAGE[language].expired_words.replace("{days}", str(CONFIRM_WITHIN // DAY))
    return page(PAGE[language].expired, text(words, brand), language)


def closed(language: str, brand: str) -> bytes:
    """There is nothing to confirm any more; nothing was changed."""
    return page(PAGE[language].closed, text(PAGE[language].closed_words, brand), language)
