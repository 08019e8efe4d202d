"""Texts on their way into a template: what may stay open stays open, everything else is made harmless."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from tidings.content.verifier.checks.merge_fields import problems

_JOINER = "\u2060"  # invisible; parts the two braces, so that Liquid sees no open place
FIELD = re.compile(r"\{\{.*?\}\}")
_OPEN_PLACE = re.compile(rf"({FIELD.pattern})")
_DEFAULT = re.compile(r"default:\s*[\"']([^\"']*)")
_ZERO_WIDTH_JOINER = "\u200d"
LONGEST_WORD = 30

# What XML 1.0 does not know, and the two that turn all letters after them around; a mail has no use for either.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff\ufffe\uffff]")
# Scripts that set no blanks between words; mail programs break them by their own rules.
_WITHOUT_BLANKS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)


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


def default_of(field: re.Match[str]) -> str:
    """What stands for a field of which nothing is known; empty for one without a default."""
    found = _DEFAULT.search(field[0])
    return found[1] if found else ""


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
    """The text for an attribute, where no merge field may stand.

    Signs that mrml would write there as Rust escapes them (`\\u{301}`, a doubled backslash) are written as numbers.
    """
    return "".join(
        letter if _as_it_is(letter) else f"&#{ord(letter)};" for letter in html.escape(closed(text), quote=True)
    )


def _as_it_is(letter: str) -> bool:
    if letter.isascii():
        return letter.isprintable() and letter != "\\"
    return unicodedata.category(letter)[0] in "LNPS" and letter not in "\uff9e\uff9f"


def _breakable(text: str, longest: int) -> str:
    # NUL marks the places, for the text holds none by now
    found = re.sub(rf"\S{{{longest + 1},}}", lambda word: "\0".join(_pieces(word[0], longest // 2)), text)
    return html.escape(found, quote=False).replace("\0", "<wbr />")


def _pieces(word: str, size: int) -> Iterator[str]:
    begun = 0
    for place in range(size, len(word)):
        if place - begun >= size and not _inseparable(word[place - 1], word[place]):
            yield word[begun:place]
            begun = place
    yield word[begun:]


def _inseparable(before: str, after: str) -> bool:
    """Whether the two make one sign (a letter and its accent, an emoji's parts), or break by rules of their own."""
    return (
        unicodedata.category(after).startswith("M")
        or _ZERO_WIDTH_JOINER in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # the colour of a skin
        or all("\U0001f1e6" <= letter <= "\U0001f1ff" for letter in (before, after))  # the two halves of a flag
        or _WITHOUT_BLANKS.match(before) is not None
    )
