"""Which features of HTML and CSS a document uses, in the words of the table of `support`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from tidings.content.rendering.support import Use

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_FUNCTION = re.compile(r"(?<![\w-])([a-z][\w-]*)\(")
_MEDIA_ASKED = re.compile(
    r"\(\s*(prefers-color-scheme|prefers-reduced-motion|hover|orientation|-webkit-device-pixel-ratio)"
)
_PLAIN_FUNCTIONS = frozenset({"url", "format", "local", "attr", "counter"})
_DEEPEST = 4
_LONGEST_SELECTOR = 300  # what is longer is read so far only; patterns are slow on long nonsense
_OWN_SELECTOR = re.compile(r"#outlook\b|\.moz-text-html\b")  # programs that mark their page; elsewhere nothing matches


def features_of(html: str) -> frozenset[Use]:
    """Every element, attribute, property, at-rule, selector and function in use, but what only Outlook reads."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_sheet()
    return frozenset(reader.found)


class _Reader(HTMLParser):
    """Collects what is used, styles among it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[Use] = set()
        self._sheet: list[str] | None = None

    def handle_decl(self, decl: str) -> None:
        """The document type."""
        if decl.lower().startswith("doctype"):
            self.found.add(Use("element", "!doctype"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element with its attributes."""
        if tag == "style":
            self._sheet = []
        self.found.add(Use("element", tag))
        for name, value in attrs:
            if not name.startswith("data-"):
                self.found.add(Use("attribute", name))
            if name == "style":
                self.found.update(_of_declarations(value or ""))
            if tag == "meta" and name == "name" and value == "color-scheme":
                self.found.add(Use("attribute", "meta color-scheme"))

    def handle_endtag(self, tag: str) -> None:
        """The end of a style sheet."""
        if tag == "style":
            self.end_sheet()

    def handle_data(self, data: str) -> None:
        """A piece of a style sheet, when inside one."""
        if self._sheet is not None:
            self._sheet.append(data)

    def end_sheet(self) -> None:
        """The style sheet is complete."""
        if self._sheet is not None:
            self.found.update(_of_sheet(_without_comments("".join(self._sheet)), _DEEPEST))
        self._sheet = None


def _without_comments(sheet: str) -> str:
    """One that nobody ended lasts to the end, as in browsers."""
    kept: list[str] = []
    at = 0
    while (begun := sheet.find("/*", at)) >= 0:
        kept.append(sheet[at:begun])
        ended = sheet.find("*/", begun + 2)
        at = ended + 2 if ended >= 0 else len(sheet)
    return "".join([*kept, sheet[at:]])


def _of_sheet(sheet: str, deeper: int) -> Iterator[Use]:
    """Walks the rules by their braces; a rule inside another is walked as a sheet of its own, so many levels deep."""
    for before, inside in _rules(sheet):
        if not before.startswith("@"):
            yield from _of_selectors(before)
            yield from _of_declarations(inside)
            continue
        name = before.split("(")[0].split()[0].lower()
        yield Use("at-rule", name)
        yield from (Use("at-rule", f"@media ({asked})") for asked in _MEDIA_ASKED.findall(before.lower()))
        if "{" in inside:
            yield from _of_sheet(inside, deeper - 1) if deeper and name != "@keyframes" else ()
        else:
            yield from _of_declarations(inside)


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Each rule as what stands before its braces and within; an at-rule without braces has nothing within."""
    depth = begun = opened = 0
    for place, letter in enumerate(sheet):
        if letter == ";" and not depth:
            if before := sheet[begun:place].strip():
                yield before, ""
            begun = place + 1
        elif letter == "{":
            opened = place if not depth else opened
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
            if not depth:
                yield sheet[begun:opened].strip(), sheet[opened + 1 : place]
                begun = place + 1
    if depth:  # browsers end at the end what nobody ended
        yield sheet[begun:opened].strip(), sheet[opened + 1 :]


def _of_declarations(text: str) -> Iterator[Use]:
    for declaration in _QUOTED.sub("''", text).split(";"):
        name, colon, value = (part.strip().lower() for part in declaration.partition(":"))
        if not colon or not name or name.startswith("--"):
            continue
        yield Use("property", name)
        if "!important" in value.replace(" ", ""):
            yield Use("value", "!important")
        if name == "display":
            yield Use("value", f"display:{value.partition('!')[0].strip()}")
        yield from (Use("function", f"{each}()") for each in _FUNCTION.findall(value) if each not in _PLAIN_FUNCTIONS)


def _of_selectors(text: str) -> Iterator[Use]:
    if "," in text:
        yield Use("selector", "grouping ,")
    for selector in text.split(","):
        if not _OWN_SELECTOR.search(selector):
            yield from (Use("selector", name) for name in _of_selector(selector.strip()[:_LONGEST_SELECTOR]))


def _of_selector(selector: str) -> Iterator[str]:
    bare = re.sub(r"\[[^\]]*\]", "[]", re.sub(r"\([^)]*\)", "", selector))
    yield from re.findall(r"::?[a-z-]+", bare)
    plain = re.sub(r"::?[a-z-]+", "", bare)
    for mark, name in (
        (">", "child >"),
        ("+", "sibling +"),
        ("~", "sibling ~"),
        ("[]", "attribute []"),
        ("*", "universal *"),
    ):
        if mark in plain:
            yield name
    for compound in re.split(r"\s*[>+~]\s*|\s+", plain.strip()):
        parts = re.findall(r"[.#]?[\w-]+|\[\]", compound)
        yield from ({".": "class", "#": "id"}.get(part[0], "type") for part in parts if part != "[]")
        if len(parts) > 1 and parts[0] != "[]":
            yield "chaining"
    if re.search(r"[\w\])*]\s+[\w.#\[*]", plain):
        yield "descendant"
