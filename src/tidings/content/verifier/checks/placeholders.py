# ruff: noqa: E501 - patterns are read whole
"""Nothing unfinished: no placeholder, no filler text, nothing a chat model says around its answer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from tidings.content.sentences import folded, sentences
from tidings.content.verifier.examined import Examined, Place, error, warning
from tidings.content.verifier.languages import words_of
from tidings.domain.draft import Finding

_PLACEHOLDER = re.compile(
    r"\[[^\]\n]{1,40}\]|<[^>\n]{1,40}>|(?<!\{)\{[^{}\n]{1,40}\}(?!\})|_{3,}|\bX{2,}\b|\bx{3,}\b|%[A-Z_]{2,}%|\*\|[A-Z:_]+\|\*"
    r"|\b(?:lorem ipsum|TODO|TBD|TBA|FIXME|to be (?:confirmed|announced|determined)|insert (?:your |the )?\w+ here|your (?:company|brand|product) name|(?:first|last|company) name here|placeholder)\b",
    re.IGNORECASE,
)
_CHAT = re.compile(
    r"\bas an? (?:AI|(?:large )?language model)\b|\bI(?: am|'m|’m) (?:sorry|an AI|unable)|\bI (?:cannot|can't|can’t) (?:help|assist|fulfil)"
    r"|(?:^|[.!?:] )(?:sure|certainly|of course|absolutely)[!,.:]|\bhere(?:'s| is| are) (?:a|an|the|your|some) (?:revised |rewritten |updated |possible |first |shorter )?(?:draft|e-?mail copy|e-?mail for|rewrite|variation|subject lines?)\b|\bhere(?:'s| is) (?:a|the|your) (?:revised|rewritten|updated|shorter) version\b"
    r"|\bI hope this (?:helps|e-?mail finds)|\blet me know if you(?:'d|’d| would)? (?:like|need|want) (?:me|any)|^subject(?: line)?:|^(?:note|output|assistant|user|system):|<\/?think(?:ing)?>"
    r"|```|\*\*[^*]+\*\*|^#{1,4} |\b(?:ignore|disregard|forget) (?:all |any )?(?:of )?(?:the |your |my )?(?:previous|prior|above|earlier) (?:instructions|prompts?|rules|messages?)\b|\bword count\b"
    r"|\byou are (?:now )?an? (?:\w+ )?(?:assistant|chatbot|copywriter|language model|AI)\b|\bsystem prompt\b|\bthe user (?:wants|asked|asks)\b",
    re.IGNORECASE | re.MULTILINE,
)
_ROLE = re.compile(
    r"(?:^|[.!?])\s*(?:note|output|assistant|user|system|human|ai|response|answer): ", re.IGNORECASE | re.MULTILINE
)
_STOPS = re.compile(r"[,;–-]$")
_CUT = re.compile(r"(?:\b(?:and|or|the|a|an|of|with|for|but|because|which|your|our)|[,;–-])$", re.IGNORECASE)


def check(examined: Examined) -> Iterator[Finding]:
    """Errors for placeholders and chat residue."""
    for place in examined.places:
        for pattern, message in (
            (_PLACEHOLDER, "A placeholder was left in."),
            (_CHAT, "A model's talk about its text was left in."),
        ):
            for match in pattern.finditer(place.plain):
                if match[0] in {"todo", "Todo"} and examined.tongue == "es":
                    continue  # Spanish for all
                yield error(
                    "placeholders", place, message, quote=match[0].strip(), remedy="Write what is meant, or remove it."
                )
        for match in _ROLE.finditer(examined.unproved(place)):  # the brief itself may say "Note: …"
            yield error(
                "placeholders", place, "A model's talk about its text was left in.", quote=match[0].strip(),
                remedy="Write what is meant, or remove it.",
            )  # fmt: skip


def invisible(examined: Examined) -> Iterator[Finding]:
    """Error for letters nobody sees: they turn the reading direction, or carry what only a machine reads."""
    for place in examined.places:
        hidden = [letter for letter in place.text if _hidden(letter)]
        if hidden:
            names = ", ".join(dict.fromkeys(f"U+{ord(letter):04X}" for letter in hidden))
            remedy = "Type the sentence anew, in the brief too if it came from there."
            yield error("invisible", place, f"It holds invisible characters ({names[:60]}).", remedy=remedy)


def _hidden(letter: str) -> bool:
    """Control and format characters but line ends, the joiners of emoji and Persian, and the soft hyphen."""
    return unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cn"} and letter not in "\n\r\t\u200c\u200d\u00ad"


def truncation(examined: Examined) -> Iterator[Finding]:
    """Warning for a text that stops in the middle of a sentence, and for a fact that begins and does not end."""
    facts = [folded(fact.sentence) for fact in examined.brief.facts]
    for place in examined.places:
        text = place.text.rstrip()
        greeting = place.part == "text" and text.endswith(",") and len(text) < 80 and "\n" not in text
        stops = (_CUT if words_of(examined.language) is None else _STOPS).search(text)  # German ends with “an”
        cut = text[-30:] if text and not greeting and stops else _halved(place, facts)
        if cut:
            yield warning("truncation", place, "The text breaks off.", quote=cut, remedy="Finish the sentence.")


def _halved(place: Place, facts: Sequence[str]) -> str:
    """The part of a paragraph that stops before its sentence does; empty when every sentence ends."""
    if place.part != "text" or not place.name.startswith("block"):
        return ""
    for sentence in sentences(place.plain):
        said = folded(sentence)
        if any(fact in said and said[: said.index(fact)].rstrip()[-1:].isalnum() for fact in facts):
            return sentence[:60]  # a sentence without its end, and a whole fact after it
        if sentence[-1:].isalnum() and len(sentence.split()) > 2 and any(fact.startswith(f"{said} ") for fact in facts):
            return sentence
    return ""
