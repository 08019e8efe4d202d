"""A source as passages of text, each with the place it stands at. Nothing in it is ever run or followed."""

from __future__ import annotations

import re
from pathlib import PurePath

from tidings.content.proposing.page import passages_of_html
from tidings.content.proposing.passage import Passage
from tidings.domain.errors import InvalidInputError

MOST_BYTES = 8_000_000
MOST_LETTERS = 400_000
"""About two hundred pages; what stands behind is not read, and said not to be."""
_FENCE = re.compile(r"^(?:```|~~~)")
_MARKS = re.compile(r"(\*\*|__|`|~~)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_HEAD = re.compile(r"^#{1,6}\s+")
_ITEM = re.compile(r"^\s*(?:[-*+•‣]|\d{1,2}[.)])\s+")
_KINDS = "Give plain text, Markdown, an HTML page or a PDF."


def passages_of_text(text: str) -> list[Passage]:
    """The paragraphs of plain text or Markdown; code is left out, headings and list items stand alone."""
    found: list[Passage] = []
    gathered: list[str] = []
    begun = 0
    fenced = False

    def close() -> None:
        if gathered:
            found.append(Passage(" ".join(gathered), f"line {begun}"))
            gathered.clear()

    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if _FENCE.match(line):
            fenced = not fenced
            close()
        elif fenced or not line or set(line) <= set("-=*_|: "):
            close()
        elif _HEAD.match(line) or _ITEM.match(raw) or line.startswith("|"):
            close()
            found.append(Passage(_plain(_ITEM.sub("", _HEAD.sub("", line))), f"line {number}"))
        else:
            begun = begun if gathered else number
            gathered.append(_plain(line.removeprefix("> ")))
    close()
    return found


def _plain(line: str) -> str:
    return _MARKS.sub("", _LINK.sub(r"\1", line)).strip()


def passages_of_file(name: str, content: bytes) -> list[Passage]:
    """The passages of a file, told by what it holds rather than by its name.

    Raises InvalidInputError for what is empty, too large or none of the kinds that can be read.
    """
    if not content.strip():
        raise InvalidInputError("The file is empty.", remedy=_KINDS, field="file")
    if len(content) > MOST_BYTES:
        raise InvalidInputError(f"The file is larger than {MOST_BYTES // 1_000_000} MB.", remedy=_KINDS, field="file")
    if content.lstrip()[:5] == b"%PDF-":
        from tidings.content.proposing.pdf import passages_of_pdf

        return passages_of_pdf(content)
    text = decoded(content)
    if PurePath(name).suffix.lower() in {".html", ".htm", ".xhtml"} or looks_like_html(text):
        return passages_of_html(text)
    return passages_of_text(text)


def decoded(content: bytes) -> str:
    """The text of UTF-8 or UTF-16 bytes. Raises InvalidInputError for others: guessed letters are invented ones."""
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise InvalidInputError("The file is no text in UTF-8.", remedy=_KINDS, field="file") from None
    if "\0" in text:
        raise InvalidInputError("The file is no text.", remedy=_KINDS, field="file")
    return text


def looks_like_html(text: str) -> bool:
    """Whether it begins as a page does."""
    return re.match(r"\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|body)\b", text, re.IGNORECASE) is not None


def shortened(passages: list[Passage]) -> tuple[list[Passage], bool]:
    """As many of the first passages as are read, and whether some were not."""
    kept: list[Passage] = []
    letters = 0
    for passage in passages:
        letters += len(passage.text)
        if letters > MOST_LETTERS:
            return kept, True
        kept.append(passage)
    return kept, False
