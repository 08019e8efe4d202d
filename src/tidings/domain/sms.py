"""Text messages: phone numbers, how many segments a text costs, and the words by which people say no."""

from __future__ import annotations

import re
from dataclasses import dataclass

# GSM 03.38 (3GPP TS 23.038, 6.2.1): the default alphabet, and what costs two places because it needs an escape.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_SINGLE, _PART = {True: 160, False: 70}, {True: 153, False: 67}  # places: GSM-7 septets, UCS-2 code units
MOST_SEGMENTS = 10
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
STOP_WORDS = frozenset({
    "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke", "stopp", "abmelden", "arret",
    "arrêt", "baja", "alto", "parar", "sair", "basta", "afmelden",
})  # fmt: skip
_SAYS_STOP = re.compile(r"\b(stop|stopp|arr[eê]t|baja|alto|basta|abmelden|afmelden|sair)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Length:
    """What a text costs: its `segments`, and its alphabet: GSM-7, or UCS-2 because of `because`."""

    segments: int
    alphabet: str
    places: int
    because: str = ""
    """The characters that need UCS-2, at most ten."""


def length_of(text: str) -> Length:
    """How a text is cut: 160 places in one GSM-7 message or 153 in each of several; 70 or 67 in UCS-2.

    No character is torn: an escaped one of GSM-7 or a surrogate pair goes whole into the next segment.
    """
    odd = [letter for letter in text if letter not in _BASIC and letter not in _EXTENDED]
    gsm = not odd
    costs = [_cost(letter, gsm=gsm) for letter in text]
    places = sum(costs)
    because = "".join(dict.fromkeys(odd))[:10]
    alphabet = "GSM-7" if gsm else "UCS-2"
    if places <= _SINGLE[gsm]:
        return Length(1, alphabet, places, because)
    segments, room = 1, _PART[gsm]
    for cost in costs:
        if cost > room:
            segments, room = segments + 1, _PART[gsm]
        room -= cost
    return Length(segments, alphabet, places, because)


def _cost(letter: str, *, gsm: bool) -> int:
    if gsm:
        return 2 if letter in _EXTENDED else 1
    return 2 if ord(letter) > 0xFFFF else 1


def normalise_phone(text: str) -> str | None:
    """The number as E.164 has it (`+436601234567`): spaces and signs between digits go, 00 is +; None if it is none.

    A number without its country is refused: guessing one would write to a stranger.
    """
    bare = _BETWEEN.sub("", text.strip())
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    return bare if _E164.fullmatch(bare) else None


def mask_phone(phone: str) -> str:
    """`+43…67`: what logs and people without `contacts:read_pii` see."""
    return f"{phone[:3]}…{phone[-2:]}" if phone else ""


def is_stop(text: str) -> bool:
    """Whether an answer is one of the words by which people leave (CTIA's, and those of some languages)."""
    return text.strip().strip(".!\"'").casefold() in STOP_WORDS


def says_how_to_stop(text: str) -> bool:
    """Whether a template tells how to say no: a stop word, or the link out."""
    return "unsubscribe_url" in text or _SAYS_STOP.search(text) is not None
