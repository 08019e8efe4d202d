"""What a check is given: the draft's texts with their places, and the ground every statement must stand on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from tidings.content.composer.stock import tongue_of
from tidings.content.sentences import folded, words
from tidings.domain.blocks import Block, Button, Columns, Divider, Image, Product, Quote
from tidings.domain.brand import Brand
from tidings.domain.brief import Brief, language_of
from tidings.domain.claim import Claim
from tidings.domain.draft import Draft, Finding, Severity
from tidings.domain.instant import Instant
from tidings.domain.short import hashtag_of

_OPEN_PLACE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """One text of the draft: `subject`, `preheader` or `block N`, counted from 1. `part` names the block's field."""

    name: str
    text: str
    part: str = "text"

    @property
    def plain(self) -> str:
        """The text without merge fields."""
        return without_fields(self.text)


@dataclass(frozen=True)
class Examined:
    """A draft and all it may be measured by. Claims are those of the brand, usable or not."""

    draft: Draft
    brief: Brief
    brand: Brand
    claims: tuple[Claim, ...]
    at: Instant
    images: tuple[str, ...] = ()
    """What the addresses of this installation's own pictures begin with."""

    @property
    def language(self) -> str:
        """What the draft is to be in."""
        return language_of(self.brief, self.brand)

    @property
    def tongue(self) -> str:
        """The language of the composer's stock that serves it."""
        return tongue_of(self.language)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every text a reader sees, in order."""
        head = (Place("subject", self.draft.subject), Place("preheader", self.draft.preheader))
        if self.draft.channel != "email":  # most short channels have no title, and none a preheader
            head = tuple(place for place in head if place.text.strip())
        return (*head, *(place for no, block in enumerate(self.draft.blocks, 1) for place in _texts(no, block)))

    @cached_property
    def body(self) -> tuple[Place, ...]:
        """The texts of the blocks."""
        return tuple(place for place in self.places if place.name.startswith("block"))

    @cached_property
    def everything(self) -> str:
        """All texts in one, without merge fields."""
        return "\n".join(place.plain for place in self.places)

    @cached_property
    def ground(self) -> tuple[str, ...]:
        """The sentences and phrases that brief, brand and approved claims vouch for."""
        brief, brand = self.brief, self.brand
        own = (brief.product, brief.name, *brief.calls, *brief.must_say)
        identity = (brand.name, brand.sender.name, brand.postal_address, *brand.required_words)
        tags = (hashtag_of(brief.product), hashtag_of(brand.name)) if self.draft.channel != "email" else ()
        facts = (fact.sentence for fact in brief.facts)
        approved = (claim.sentence for claim in self.claims if claim.approved_by is not None)
        return tuple(text for text in (*facts, *own, *identity, *tags, *approved) if text.strip())

    @cached_property
    def ground_text(self) -> str:
        """The ground in one text."""
        return "\n".join(self.ground)

    @cached_property
    def ground_folded(self) -> str:
        """The ground in one text, in the form for comparing."""
        return "\n".join(folded(text) for text in self.ground)

    @cached_property
    def ground_words(self) -> frozenset[str]:
        """Every word of the ground, without case."""
        found = {word.casefold() for word in words(self.ground_text)}
        return frozenset(found | {re.sub(r"['’]s$", "", word) for word in found})

    @cached_property
    def _stated(self) -> dict[Place, str]:
        said = sorted({text.strip() for text in self.ground if len(text.split()) > 2}, key=len, reverse=True)
        return {place: _without(place.plain, said) for place in self.places}

    def unproved(self, place: Place) -> str:
        """The text without the sentences that the ground holds word for word: what is left must be traced in parts."""
        return self._stated[place]

    @cached_property
    def ground_codes(self) -> frozenset[str]:
        """Every run of letters and digits of the ground, without case: `k200`, `4k`, `3rd`."""
        return frozenset(re.findall(r"[^\W_]+", self.ground_text.casefold()))


Check = Callable[[Examined], Iterator[Finding]]
"""Gives findings, none when all is well."""


def _without(text: str, said: Sequence[str]) -> str:
    for sentence in said:
        if text.strip(" .") == sentence.strip(" ."):
            return ""
        if sentence in text and sentence[-1] in ".!?":
            text = re.sub(rf"(?<!\w){re.escape(sentence)}(?!\w)", "\n", text)  # a new line ends what stood before
    return text


def _texts(number: int, block: Block) -> Iterator[Place]:
    name = f"block {number}"
    match block:
        case Button():
            yield Place(name, block.label, "label")
        case Image():
            yield Place(name, block.alt, "alt")
        case Columns():
            yield from (Place(name, text) for text in block.texts)
        case Product():
            yield Place(name, block.name, "name")
            yield Place(name, block.text)
        case Quote():
            yield Place(name, block.text, "quote")
            yield Place(name, block.source, "source")
        case Divider():
            return
        case _:
            yield Place(name, block.text, block.kind)


def without_fields(text: str) -> str:
    """The text without merge fields and tags."""
    return _OPEN_PLACE.sub("", text)


def error(check: str, place: Place | str, message: str, *, quote: str = "", remedy: str = "") -> Finding:
    """A finding that blocks the draft."""
    return _finding(check, Severity.ERROR, place, message, quote, remedy)


def warning(check: str, place: Place | str, message: str, *, quote: str = "", remedy: str = "") -> Finding:
    """A finding a person should look at."""
    return _finding(check, Severity.WARNING, place, message, quote, remedy)


def info(check: str, place: Place | str, message: str, *, quote: str = "", remedy: str = "") -> Finding:
    """A finding that only tells."""
    return _finding(check, Severity.INFO, place, message, quote, remedy)


def _finding(check: str, severity: Severity, place: Place | str, message: str, quote: str, remedy: str) -> Finding:
    where = place if isinstance(place, str) else place.name
    return Finding(check=check, severity=severity, place=where, message=message, quote=quote, remedy=remedy)
