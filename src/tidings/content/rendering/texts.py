"""Texts on their way into a template: what may stay open stays open, everything else is made harmless."""

from __future__ import annotations

import html
import re

from tidings.content.verifier.checks.merge_fields import problems

_JOINER = "\u2060"  # invisible; parts the two braces, so that Liquid sees no open place
_OPEN_PLACE = re.compile(r"(\{\{.*?\}\})")
_JOINED = "[\u0300-\u036f\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]"  # never parted from the letter before
LONGEST_WORD = 30

# What XML 1.0 does not know; a mail has no use for it either.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def safe(text: str) -> str:
    """The text with every open place that is not an allowed merge field turned into plain characters."""
    text = _CONTROL.sub("", text)
    if not problems(text):
        return text
    return closed(text)


def closed(text: str) -> str:
    """The text without any open place."""
    text = _CONTROL.sub("", text)
    for opening in ("{{", "{%", "{#"):
        text = text.replace(opening, f"{opening[0]}{_JOINER}{opening[1]}")
    return text


def markup(text: str, longest: int = LONGEST_WORD) -> str:
    """The text safe for HTML and MJML; quotation marks stay, for Liquid needs them in a default.

    Words of more than `longest` letters get places to break at: no column could hold them, and not every mail program
    breaks them by itself.
    """
    parts = _OPEN_PLACE.split(safe(text))
    return "".join(
        html.escape(part, quote=False) if no % 2 else _breakable(part, longest) for no, part in enumerate(parts)
    )


def closed_words(text: str, longest: int = LONGEST_WORD) -> str:
    """As `markup`, without any open place."""
    return _breakable(closed(text), longest)


def closed_markup(text: str) -> str:
    """The text for a place where no merge field may stand."""
    return html.escape(closed(text), quote=True)


def _breakable(text: str, longest: int) -> str:
    piece = re.compile(f".{{{longest // 2}}}(?!{_JOINED})(?<!\u200d)")
    # NUL marks the places, for the text holds none by now
    found = re.sub(rf"\S{{{longest + 1},}}", lambda word: piece.sub("\\g<0>\0", word[0]), text)
    return html.escape(found, quote=False).replace("\0", "<wbr />")
