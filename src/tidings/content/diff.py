"""What changed between two drafts: block by block, and within a block sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TypeVar

from tidings.domain.blocks import Block, Button, Image, Product, texts_of
from tidings.domain.draft import Draft

_T = TypeVar("_T")
_PIECES = re.compile(r"(?<=[.!?])(?=\s)|(?<=\n)")
_ALIKE = 0.5  # two blocks of one kind that share half of their words are one block, changed


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a text: `same`, `gone` or `new`."""

    how: str
    text: str


@dataclass(frozen=True, slots=True)
class PartDiff:
    """One place of two drafts: `same`, `changed`, `gone` or `new`. `pieces` read in order give both texts."""

    place: str
    how: str
    before: str
    after: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class DraftDiff:
    """Two versions of one variant: subject and preheader first, then the blocks in their new order."""

    variant: str
    channel: str
    parts: tuple[PartDiff, ...]

    @property
    def name(self) -> str:
        """What people call the draft: its letter, before it the channel where that is not e-mail."""
        return self.variant if self.channel == "email" else f"{self.channel} {self.variant}"

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return any(part.how != "same" for part in self.parts)


def diff_drafts(before: Draft | None, after: Draft | None) -> DraftDiff:
    """The differences; a variant that is not there on one side is all new or all gone."""
    known = after or before
    if known is None:
        raise ValueError("one of the drafts must be there")
    head = (
        _part("subject", before.subject if before else None, after.subject if after else None),
        _part("preheader", before.preheader if before else None, after.preheader if after else None),
    )
    body = _blocks(before.blocks if before else (), after.blocks if after else ())
    return DraftDiff(known.variant, known.channel, (*head, *body))


def diff_all(before: Sequence[Draft], after: Sequence[Draft]) -> tuple[DraftDiff, ...]:
    """Every variant of two revisions, in order of its letter."""
    old, new = ({_key(draft): draft for draft in drafts} for drafts in (before, after))
    return tuple(diff_drafts(old.get(variant), new.get(variant)) for variant in sorted(old.keys() | new.keys()))


def _key(draft: Draft) -> str:
    return draft.variant if draft.channel == "email" else f"{draft.channel} {draft.variant}"


def text_of_block(block: Block) -> str:
    """All a block says, where it leads and whom it is for, as lines of text."""
    said = texts_of(block) or ["(a line)"]
    if isinstance(block, Button | Image | Product):
        said = [*said, block.url]
    if block.only is not None:
        said = [*said, f"(only for readers {block.only.words})"]
    return "\n".join(said)


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """The runs of both texts: whole sentences first, and within a changed sentence its words."""
    found: list[Piece] = []
    for how, old, new in _opcodes(_split(before), _split(after)):
        if how == "replace":
            found.extend(_words("".join(old), "".join(new)))
        else:
            found.extend(_run(how, "".join(old), "".join(new)))
    return tuple(_joined(found))


def _blocks(before: Sequence[Block], after: Sequence[Block]) -> Iterator[PartDiff]:
    """Blocks that stayed, were changed in place, came or went."""
    for how, old, new in _opcodes(list(before), list(after)):
        if how != "replace":
            yield from (_block(block, block) for block in new if how == "equal")
            yield from (_block(block, None) for block in old if how == "delete")
            yield from (_block(None, block) for block in new if how == "insert")
            continue
        for one, other in zip_longest(old, new):
            if one is not None and other is not None and not _alike(one, other):
                yield from (_block(one, None), _block(None, other))
            else:
                yield _block(one, other)


def _alike(one: Block, other: Block) -> bool:
    if one.kind != other.kind:
        return False
    first, second = text_of_block(one).split(), text_of_block(other).split()
    return SequenceMatcher(None, first, second, autojunk=False).ratio() >= _ALIKE or max(len(first), len(second)) < 8


def _block(before: Block | None, after: Block | None) -> PartDiff:
    known = after or before
    place = known.kind if known is not None else ""
    return _part(place, text_of_block(before) if before else None, text_of_block(after) if after else None)


def _part(place: str, before: str | None, after: str | None) -> PartDiff:
    how = "new" if before is None else "gone" if after is None else "same" if before == after else "changed"
    old, new = before or "", after or ""
    return PartDiff(place, how, old, new, pieces(old, new))


def _split(text: str) -> list[str]:
    return [piece for piece in _PIECES.split(text) if piece]


def _words(before: str, after: str) -> Iterator[Piece]:
    old, new = re.findall(r"\s+|\S+", before), re.findall(r"\s+|\S+", after)
    if SequenceMatcher(None, old, new, autojunk=False).ratio() < _ALIKE:  # another sentence: not worth weaving
        yield from _run("replace", before, after)
        return
    for how, one, other in _opcodes(old, new):
        yield from _run(how, "".join(one), "".join(other))


def _run(how: str, old: str, new: str) -> Iterator[Piece]:
    if how == "equal":
        yield Piece("same", new)
        return
    if old:
        yield Piece("gone", old)
    if new:
        yield Piece("new", new)


def _joined(found: Sequence[Piece]) -> Iterator[Piece]:
    """Neighbours of one kind as one run."""
    held: Piece | None = None
    for piece in found:
        if held is not None and held.how == piece.how:
            held = Piece(held.how, held.text + piece.text)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def _opcodes(old: list[_T], new: list[_T]) -> Iterator[tuple[str, list[_T], list[_T]]]:
    """As difflib has them, for anything that can be compared."""
    keys: dict[str, int] = {}
    first, second = ([keys.setdefault(repr(each), len(keys)) for each in side] for side in (old, new))
    for how, a, b, c, d in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        yield how, old[a:b], new[c:d]
