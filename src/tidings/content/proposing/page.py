# ruff: noqa: E501 - patterns and tag lists are read whole
"""The passages of a web page, by the standard library's tolerant parser. No script runs, nothing is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tidings.content.proposing.passage import Passage
from tidings.content.taming import without

_SILENT = frozenset({"script", "style", "template", "svg", "math", "head", "iframe", "object", "canvas", "select", "textarea", "button", "form", "dialog"})  # fmt: skip
_AROUND = frozenset({"nav", "header", "footer", "aside", "menu"})
_BREAKS_WORDS = """
p div section article main h1 h2 h3 h4 h5 h6 li ul ol dl dt dd table tr td th blockquote pre figure figcaption hr
body address details summary noscript
"""
_BREAKS = frozenset(_BREAKS_WORDS.split())
_EMPTY_WORDS = """
area base br col embed hr img input link meta source track wbr
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?![.\d]*[1-9])|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{3,}|clip\s*:|height\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_DEEPEST = 400
_NO_TAG = re.compile(r"<(?![a-zA-Z/][^<>]{0,4000}>)")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Passage] = []
        self.title = ""
        self._text: list[str] = []
        self._open: list[tuple[str, bool, bool]] = []  # tag, silent, hidden
        self._heading = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS or tag == "br":
            self._close()
        if tag in _EMPTY or len(self._open) >= _DEEPEST:
            return
        given = {name: value or "" for name, value in attrs}
        _, silent, hidden = self._open[-1] if self._open else ("", False, False)
        hides = "hidden" in given or given.get("aria-hidden") == "true" or bool(_HIDING.search(given.get("style", "")))
        around = tag in _AROUND or given.get("role") in {"navigation", "banner", "contentinfo", "menu"}
        if hides and not hidden:
            self._close()
        self._open.append((tag, silent or around or tag in _SILENT, hidden or hides))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS or (self._open and self._open[-1][2]):
            self._close(tag if tag in _HEADINGS else "")
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index][0] == tag:
                del self._open[index:]
                return

    def handle_data(self, data: str) -> None:
        inside, silent, _ = self._open[-1] if self._open else ("", False, False)
        if inside == "title" and not self.title:
            self.title = " ".join(data.split())[:200]
        if not silent:
            self._text.append(data)

    def _close(self, heading: str = "") -> None:
        text = " ".join("".join(self._text).split())
        self._text.clear()
        if not text:
            return
        hidden = self._open[-1][2] if self._open else False
        place = f"under “{self._heading}”" if self._heading else "at its beginning"
        self.found.append(Passage(text, place, hidden))
        if heading and not hidden:
            self._heading = text[:80]

    def close(self) -> None:
        """Whatever the page forgot to close is closed here."""
        super().close()
        self._close()


def passages_of_html(html: str) -> list[Passage]:
    """The passages of a page, what is hidden from its readers marked; scripts, forms and navigation are left out."""
    reader = _Reader()
    reader.feed(_tamed(html))
    reader.close()
    return reader.found


def _tamed(html: str) -> str:
    """The page without comments and scripts, and with what only looks like a tag as plain text.

    The parser's time grows with the square of what is left open; so nothing is.
    """
    for begin, end in (("<!--", "-->"), ("<script", "</script"), ("<style", "</style"), ("<template", "</template")):
        html = without(html, begin, end)
    return _NO_TAG.sub("&lt;", html)


def title_of_html(html: str) -> str:
    """The page's title; empty when it has none."""
    found = re.search(r"<title[^>]*>([^<]{1,300})", html, re.IGNORECASE)
    return " ".join(found[1].split())[:200] if found else ""
