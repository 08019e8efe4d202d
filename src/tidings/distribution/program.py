"""A compiled message as a list of bytes with holes; a person's message is the list with the holes filled, joined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import escape

from tidings.distribution import wire
from tidings.distribution.places import FieldSlot, LinkSlot, Part, UnsubscribeSlot, field_text

_SOFT = b"=\r\n"
OUT = -1
"""The unsubscribe address among a message's links."""


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


class Program:
    """Built once by `say` and the others, in the message's order; then `filled` for each person."""

    def __init__(self, coding: Coding = QUOTED) -> None:
        self._coding = coding
        self._pieces: list[bytes] = [b""]
        self._given: list[int] = []
        self._fields: list[tuple[int, str, str | None, bool]] = []
        self._links: list[tuple[int, int]] = []
        self.links: list[int] = []
        """The links of the bodies in order, each as often as it stands there."""

    def say(self, constant: bytes) -> None:
        """What is the same for everybody."""
        self._pieces[-1] += constant

    def _hole(self) -> int:
        self._pieces += (b"", b"")
        return len(self._pieces) - 2

    def given(self) -> None:
        """A hole whose bytes `filled` gets; several in their order."""
        self._given.append(self._hole())

    def body(self, parts: Sequence[Part], prefixes: Mapping[bool, bytes], *, html: bool) -> None:
        """A text in the program's coding, a soft break before and after each open place.

        `prefixes` stand before each link's own bytes: that of the unsubscribe address under True.
        """
        here, soft = b"", self._coding.soft
        for part in parts:
            if isinstance(part, str):
                here += self._coding.text(part)
                continue
            self.say(here + (soft if here not in {b"", soft} else b""))
            here = soft
            self._slot(part, prefixes, html=html)
        if here.endswith((b" ", b"\t")):  # a boundary follows: white space at the end would be lost
            here += soft
        self.say(here)

    def _slot(
        self, slot: FieldSlot | LinkSlot | UnsubscribeSlot, prefixes: Mapping[bool, bytes], *, html: bool
    ) -> None:
        if isinstance(slot, FieldSlot):
            self._fields.append((self._hole(), slot.name, slot.default, html))
            return
        no = slot.no if isinstance(slot, LinkSlot) else OUT
        self.say(prefixes[no == OUT])
        self._links.append((self._hole(), no))
        self.links.append(no)

    def filled(self, given: Sequence[bytes], fields: Mapping[str, object], links: Sequence[bytes]) -> bytes:
        """The whole message. `links` are in the order of `links`."""
        pieces = self._pieces.copy()
        for at, value in zip(self._given, given, strict=True):
            pieces[at] = value
        field = self._coding.field
        for at, name, default, html in self._fields:
            pieces[at] = field(fields.get(name), default, html)
        for (at, _), value in zip(self._links, links, strict=True):
            pieces[at] = value
        return b"".join(pieces)
