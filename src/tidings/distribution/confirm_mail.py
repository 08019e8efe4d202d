"""The mail that asks a person to confirm a consent: one link, nothing that advertises, nothing that is measured."""

from __future__ import annotations

from html import escape

from tidings.distribution.page_texts import language_of
from tidings.distribution.page_texts_confirm import MAIL, ConfirmMailWords
from tidings.domain.brand import Brand
from tidings.domain.channel import Channel
from tidings.domain.consent import CONFIRM_WITHIN
from tidings.domain.instant import DAY
from tidings.domain.message import EmailTemplate

LINK = "{{ unsubscribe_url }}"
"""Where the person's own address stands; a template that `confirms` leads to the page on which they say yes."""
_ADDRESS = "{{ contact.email }}"
_JOINER = "\u2060"  # invisible; parts two braces, so that Liquid sees no open place
_STYLE = (
    "font:16px/1.6 system-ui,-apple-system,'Segoe UI',Arial,sans-serif;max-width:34em;margin:0 auto;padding:24px 16px"
)
_BUTTON = (
    "display:inline-block;padding:12px 22px;border:2px solid currentColor;border-radius:8px;color:inherit;"
    "font-weight:bold;text-decoration:none"
)


def confirmation_mail(brand: Brand, language: str, *, reminder: bool) -> EmailTemplate:
    """The mail of a brand to people of that language; its variant is the language of the words.

    The brand's own sender and postal address, and what must stand at the end of all its mail; no logo, no link of its
    own, no tracking.
    """
    spoken = language_of(language)
    words, own = MAIL[spoken], brand.speaking(spoken)
    said = _said(words, own.name, reminder=reminder)
    end = [own.name, own.postal_address, own.disclaimer(Channel.EMAIL.value)]
    subject = _filled(words.reminder if reminder else words.subject, own.name)
    return EmailTemplate(
        variant=spoken, subject=subject, preheader="", html=_html(subject, said, words, end, spoken),
        text=_text(said, end), from_name=own.sender.name, from_address=own.sender.address,
        reply_to=own.sender.reply_to, language=spoken, track_clicks=False, tracking_url=own.tracking.url,
        confirms=True,
    )  # fmt: skip


def _said(words: ConfirmMailWords, brand: str, *, reminder: bool) -> tuple[list[str], list[str]]:
    """What stands before the link, and after it."""
    after = [words.nothing, words.last if reminder else words.once]
    return [_filled(each, brand) for each in (words.why, words.ask)], [_filled(each, brand) for each in after]


def _filled(words: str, brand: str) -> str:
    return words.replace("{brand}", closed(brand)).replace("{days}", str(CONFIRM_WITHIN // DAY))


def closed(text: str) -> str:
    """A brand's own text, in which nothing may be an open place of a template."""
    for opening in ("{{", "{%", "{#"):
        text = text.replace(opening, f"{opening[0]}{_JOINER}{opening[1]}")
    return text


def _text(said: tuple[list[str], list[str]], end: list[str]) -> str:
    before, after = said
    parts = [*before, LINK, *after, "-- \n" + "\n".join(closed(each) for each in end if each)]
    return "\n\n".join(parts).replace("{address}", _ADDRESS) + "\n"


def _html(subject: str, said: tuple[list[str], list[str]], words: ConfirmMailWords, end: list[str], spoken: str) -> str:
    before, after = (
        "".join(f"<p>{escape(each).replace('{address}', _ADDRESS)}</p>" for each in paragraphs) for paragraphs in said
    )
    foot = "<br>".join(escape(closed(each)).replace("\n", "<br>") for each in end if each)
    return (
        f'<!doctype html><html lang="{spoken}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(subject)}</title></head>'
        f'<body style="{_STYLE}">{before}<p><a href="{LINK}" style="{_BUTTON}">{escape(words.link)}</a></p>'
        f'{after}<hr><p style="font-size:14px">{foot}</p></body></html>'
    )
