"""A compiled message as a list of bytes with holes; a person's message is the list with the holes filled, joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from markupsafe import escape

from tidings.distribution import wire
from tidings.distribution.places import FieldSlot, ForAll, LinkSlot, OnlyFor, Part, UnsubscribeSlot, field_text
from tidings.domain.readers import Readers

_SOFT = b"=\r\n"
OUT = -1
"""The unsubscribe address among a message's links."""
_REMEMBERED = 16_384
LinkHole = Callable[[int, bool], tuple[bytes, str]]
"""Number of a link, and whether it stands in HTML → what stands before its hole, and the hole's name."""


@lru_cache(maxsize=16_384)
def _escaped(text: str) -> bytes:
    return wire.quoted_printable(str(escape(text)))


def field_bytes(value: object, default: str | None, *, html: bool) -> bytes:
    """A merge field as it stands in a quoted-printable part; the template's own default is not escaped."""
    if type(value) is str and value:
        return _escaped(value) if html else wire.quoted_printable_cached(value)
    text, own = field_text(value, default)
    return _escaped(text) if html and not own else wire.quoted_printable_cached(text)


@dataclass(frozen=True, slots=True)
class Coding:
    """How texts stand in a message. `soft` is a break that means nothing, put around what is filled in."""

    text: Callable[[str], bytes]
    field: Callable[[object, str | None, bool], bytes]
    soft: bytes


def _quoted_field(value: object, default: str | None, html: bool) -> bytes:
    return field_bytes(value, default, html=html)


def _plain_field(value: object, default: str | None, html: bool) -> bytes:
    text, own = field_text(value, default)
    return (str(escape(text)) if html and not own else text).encode("utf-8", "replace")


QUOTED = Coding(wire.quoted_printable, _quoted_field, _SOFT)
"""Quoted-printable, as it stands in a mail."""
PLAIN = Coding(lambda text: text.encode("utf-8", "replace"), _plain_field, b"")
"""UTF-8 as it is, for a provider that does the coding, and for channels without MIME."""


class _Field:
    """One merge field in one kind of part, with the values it had lately."""

    __slots__ = ("_coded", "_default", "_html", "_known", "name")

    def __init__(self, slot: FieldSlot, coding: Coding, *, html: bool) -> None:
        self.name, self._default, self._html, self._coded = slot.name, slot.default, html, coding.field
        self._known: dict[str, bytes] = {}

    def of(self, value: object) -> bytes:
        if type(value) is not str:
            return self._coded(value, self._default, self._html)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[value] = self._coded(value, self._default, self._html)
        return found

    def taken(self, fields: Mapping[str, object]) -> bytes:
        """The field of one person."""
        value = fields.get(self.name)
        if type(value) is str and (found := self._known.get(value)) is not None:
            return found
        return self.of(value)


def _chooser(order: Sequence[int]) -> Callable[[list[bytes]], tuple[bytes, ...]]:
    """Takes the values at these places; with fewer than two, `itemgetter` would give no tuple."""
    if len(order) > 1:
        return itemgetter(*order)
    return lambda values: tuple(values[at] for at in order)


class Program:
    """Built once by `say` and the others, in the message's order; then `filled` for each person.

    A hole has a name; holes of one name get the same bytes. `names` come first among the values of `filled`.
    """

    def __init__(self, names: Sequence[str], coding: Coding = QUOTED) -> None:
        self._coding = coding
        self._pieces: list[bytes] = [b""]  # each second one is a hole
        self._names = {name: place for place, name in enumerate(names)}
        self._order: list[int] = []
        self._fields: dict[tuple[FieldSlot, bool], int] = {}
        self._take: list[Callable[[Mapping[str, object]], bytes]] = []
        self._choose: Callable[[list[bytes]], tuple[bytes, ...]] | None = None
        self._for_some: list[tuple[Readers, int, int]] = []
        """Who the pieces from one place up to another are for; they are empty for all others."""
        self._begun: tuple[Readers, int] | None = None

    def say(self, constant: bytes) -> None:
        """What is the same for everybody."""
        self._pieces[-1] += constant

    def hole(self, name: str) -> None:
        """What comes with the values given to `filled`."""
        self._hole(self._names[name])

    def _hole(self, place: int) -> None:
        self._pieces += (b"", b"")
        self._order.append(place)

    def body(self, parts: Sequence[Part], link: LinkHole, *, html: bool) -> None:
        """A text in the program's coding, a soft break before and after each open place."""
        here, soft = b"", self._coding.soft
        for part in parts:
            if isinstance(part, str):
                here += self._coding.text(part)
                continue
            self.say(here + (soft if here not in {b"", soft} else b""))
            here = soft
            if isinstance(part, OnlyFor | ForAll):
                self._readers(part)
                continue
            self._slot(part, link, html=html)
        if here.endswith((b" ", b"\t")):  # a boundary follows: white space at the end would be lost
            here += soft
        self.say(here)

    def _readers(self, part: OnlyFor | ForAll) -> None:
        """Begins or ends what some readers do not get: a hole that nothing fills parts it from what stands around."""
        if isinstance(part, OnlyFor):
            self._hole(self._nothing())
            self._begun = part.readers, len(self._pieces) - 1
        elif self._begun is not None:
            readers, first = self._begun
            self._for_some.append((readers, first, len(self._pieces)))
            self._hole(self._nothing())

    def _nothing(self) -> int:
        self._take.append(lambda _: b"")
        return len(self._names) + len(self._take) - 1

    def _slot(self, slot: FieldSlot | LinkSlot | UnsubscribeSlot, link: LinkHole, *, html: bool) -> None:
        if isinstance(slot, FieldSlot):
            place = self._fields.get((slot, html))
            if place is None:
                place = self._fields[slot, html] = len(self._names) + len(self._take)
                self._take.append(_Field(slot, self._coding, html=html).taken)
            self._hole(place)
            return
        before, name = link(slot.no if isinstance(slot, LinkSlot) else OUT, html)
        self.say(before)
        self.hole(name)

    def filled(self, values: list[bytes], fields: Mapping[str, object]) -> bytes:
        """The whole message. `values` are in the order of the names; the list is used up."""
        if self._choose is None:
            self._choose = _chooser(self._order)
        values += [take(fields) for take in self._take]
        pieces = self._pieces.copy()
        pieces[1::2] = self._choose(values)
        for readers, first, end in self._for_some:
            if not readers.hold(fields):
                pieces[first:end] = [b""] * (end - first)
        return b"".join(pieces)
