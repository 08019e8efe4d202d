# ruff: noqa: E501 - patterns are read whole
"""Nothing unfinished: no placeholder, no filler text, nothing a chat model says around its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidings.content.verifier.examined import Examined, error, warning
from tidings.domain.draft import Finding

_PLACEHOLDER = re.compile(
    r"\[[^\]\n]{1,40}\]|<[^>\n]{1,40}>|(?<!\{)\{[^{}\n]{1,40}\}(?!\})|_{3,}|\bX{2,}\b|\bx{3,}\b|%[A-Z_]{2,}%|\*\|[A-Z:_]+\|\*"
    r"|\b(?:lorem ipsum|TODO|TBD|TBA|FIXME|to be (?:confirmed|announced|determined)|insert (?:your |the )?\w+ here|your (?:company|brand|product) name|(?:first|last|company) name here|placeholder)\b",
    re.IGNORECASE,
)
_CHAT = re.compile(
    r"\bas an? (?:AI|(?:large )?language model)\b|\bI(?: am|'m|’m) (?:sorry|an AI|unable)|\bI (?:cannot|can't|can’t) (?:help|assist|fulfil)"
    r"|(?:^|[.!?:] )(?:sure|certainly|of course|absolutely)[!,.:]|\bhere(?:'s| is| are) (?:a|an|the|your|some) (?:revised |rewritten |updated |possible |first |shorter )?(?:draft|e-?mail copy|e-?mail for|rewrite|variation|subject lines?)\b|\bhere(?:'s| is) (?:a|the|your) (?:revised|rewritten|updated|shorter) version\b"
    r"|\bI hope this (?:helps|e-?mail finds)|\blet me know if you(?:'d|’d| would)? (?:like|need|want) (?:me|any)|^subject(?: line)?:|^(?:note|output|assistant|user|system):"
    r"|```|\*\*[^*]+\*\*|^#{1,4} |\bignore (?:all )?(?:the )?previous instructions\b|\bword count\b",
    re.IGNORECASE | re.MULTILINE,
)
_CUT = re.compile(r"(?:\b(?:and|or|the|a|an|of|with|for|but|because|which|your|our)|[,;–-])$", re.IGNORECASE)


def check(examined: Examined) -> Iterator[Finding]:
    """Errors for placeholders and chat residue."""
    for place in examined.places:
        for pattern, message in (
            (_PLACEHOLDER, "A placeholder was left in."),
            (_CHAT, "A model's talk about its text was left in."),
        ):
            for match in pattern.finditer(place.plain):
                yield error(
                    "placeholders", place, message, quote=match[0].strip(), remedy="Write what is meant, or remove it."
                )


def truncation(examined: Examined) -> Iterator[Finding]:
    """Warning for a text that stops in the middle of a sentence."""
    for place in examined.places:
        text = place.text.rstrip()
        greeting = place.part == "text" and text.endswith(",") and len(text) < 80 and "\n" not in text
        if text and not greeting and _CUT.search(text):
            yield warning("truncation", place, "The text breaks off.", quote=text[-30:], remedy="Finish the sentence.")
