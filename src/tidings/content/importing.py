"""HTML from elsewhere as typed blocks: words, pictures and links of what is understood, and a list of what is not.

Nothing of the markup itself passes: no style, no script, no attribute. What was hidden in it is left out too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

from tidings.content.taming import tamed
from tidings.content.verifier.checks.mail_programs import unsupported
from tidings.domain.blocks import Block, Button, Divider, Heading, Image, Text
from tidings.domain.draft import Finding
from tidings.domain.errors import InvalidInputError

LARGEST = 512 * 1024
MOST_BLOCKS = 60
_SKIPPED = frozenset({"script", "style", "head", "title", "noscript", "template", "svg", "math", "object", "iframe"})
_NAMED = frozenset({"script", "object", "iframe", "svg", "math", "form", "input", "select", "textarea", "video",
                    "audio", "canvas", "embed"})  # fmt: skip
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BREAKS = frozenset({"p", "div", "td", "th", "tr", "table", "section", "article", "header", "footer", "main", "ul",
                     "ol", "blockquote", "center", "body", "figure", "figcaption"})  # fmt: skip
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "col", "area", "base", "embed", "source", "wbr"})
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|max-height\s*:\s*0", re.IGNORECASE)
_BRACES = re.compile(r"\{\{|\{%|\{#")


@dataclass(frozen=True, slots=True)
class Imported:
    """What was understood, in order, and in words what was not; `findings` name what most mail programs do not show."""

    title: str
    blocks: tuple[Block, ...]
    left_out: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def import_html(source: str) -> Imported:
    """The typed blocks of an HTML document or fragment. Raises InvalidInputError when nothing is understood."""
    if len(source) > LARGEST:
        raise InvalidInputError("The HTML is larger than 512 kB.", remedy="Import a part of it.", field="html")
    source = tamed(source)
    reader = _Reader()
    reader.feed(source)
    reader.close()
    reader.end_paragraph()
    if not reader.blocks:
        raise InvalidInputError(
            "There is nothing in it that can be used.", remedy="Give HTML with headings, paragraphs or pictures.",
            field="html",
        )  # fmt: skip
    if len(reader.blocks) > MOST_BLOCKS:
        reader.note(f"{len(reader.blocks) - MOST_BLOCKS} more block(s) at the end")
    blocks, left_out = tuple(reader.blocks[:MOST_BLOCKS]), tuple(dict.fromkeys(reader.left_out))
    return Imported(reader.title.strip(), blocks, left_out, unsupported(source))


class _Reader(HTMLParser):
    """Collects words until a block ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.left_out: list[str] = []
        self.title = ""
        self._words: list[str] = []
        self._heading = False
        self._link = ""
        self._linked: list[str] = []
        self._skipping: list[str] = []
        self._in_title = False

    def note(self, words: str) -> None:
        """Something that does not come along."""
        self.left_out.append(words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins a block, or skips what cannot be taken."""
        given = {name: value or "" for name, value in attrs}
        self._in_title = self._in_title or tag == "title"
        if self._skipping:
            if tag not in _VOID:
                self._skipping.append(tag)
            return
        if tag in _NAMED:
            self.note(f"<{tag}>")
        if "hidden" in given or _HIDDEN.search(given.get("style", "")):
            self.note("hidden text")
            if tag not in _VOID:
                self._skipping.append(tag)
        elif tag in _SKIPPED:
            self._skipping.append(tag)
        else:
            self._begin(tag, given)

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        if tag in _HEADINGS or tag in _BREAKS:
            self.end_paragraph()
            self._heading = tag in _HEADINGS
        elif tag == "li":
            self._words.append("\n• ")
        elif tag == "br":
            self._words.append("\n")
        elif tag == "hr":
            self.end_paragraph()
            self.blocks.append(Divider())
        elif tag == "img":
            self._picture(given)
        elif tag == "a":
            self._link, self._linked = given.get("href", "").strip(), []

    def handle_endtag(self, tag: str) -> None:
        """Ends a block."""
        if tag == "title":
            self._in_title = False
        if self._skipping:
            if tag in self._skipping:
                while self._skipping.pop() != tag:
                    pass
            return
        if tag == "a":
            self._end_link()
        elif tag in _HEADINGS or tag in _BREAKS:
            self.end_paragraph()

    def handle_data(self, data: str) -> None:
        """Words."""
        if self._in_title and not self.title:
            self.title = " ".join(data.split())[:200]
        if self._skipping:
            return
        text = re.sub(r"\s+", " ", data)
        (self._linked if self._link else self._words).append(text)

    def end_paragraph(self) -> None:
        """What was collected becomes a block."""
        lines = [" ".join(line.split()) for line in "".join(self._words).split("\n")]
        text = self._plain("\n".join(line for line in lines if line.strip(" •")))
        if text:
            self.blocks.append(Heading(text=text.replace("\n", " ")) if self._heading else Text(text=text))
        self._words, self._heading = [], False

    def _end_link(self) -> None:
        """A link on its own is a button; within a sentence its words stay and its address is named."""
        label, address = self._plain(" ".join("".join(self._linked).split())), self._link
        self._link, self._linked = "", []
        if not label:
            return
        alone = not "".join(self._words).strip(" \n•|·")
        if alone and urlsplit(address).scheme == "https" and urlsplit(address).hostname:
            self.end_paragraph()
            self.blocks.append(Button(label=label[:80], url=address))
            return
        self._words.append(label)
        if address:
            self.note(f"the link of “{label[:40]}” to {address[:120]}")

    def _picture(self, given: dict[str, str]) -> None:
        source, alt = given.get("src", "").strip(), self._plain(" ".join(given.get("alt", "").split()))
        sizes = [given.get(side, "") for side in ("width", "height")]
        if any(size.isdigit() and int(size) <= 3 for size in sizes):
            self.note("a picture that only counts who opens the mail")
        elif not source.startswith("https://"):
            self.note(f"a picture that is not at an https address: {source[:80]}")
        elif not alt:
            self.note(f"a picture without alternative text: {source[:120]}")
        else:
            self.end_paragraph()
            width = int(sizes[0]) if sizes[0].isdigit() else 600
            self.blocks.append(Image(url=source, alt=alt, width=min(max(width, 1), 1200)))

    def _plain(self, text: str) -> str:
        """Without open places of another program's templates: those would be filled in by nobody."""
        if _BRACES.search(text):
            self.note("fields of another program's template")
            text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", text).replace("{{", "").replace("{%", "")
        return text.strip()
