"""Which blocks of a mail stand beside each other: the columns of one block, and products that follow one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from tidings.domain.blocks import Block, Columns, Divider, Footer, Product
from tidings.domain.readers import Readers

MOST_BESIDE = 3


def rows_of(blocks: Sequence[Block]) -> Iterator[tuple[Block, ...]]:
    """The blocks of the sheet, in order, as rows: products for the same readers beside each other, columns alone, all
    others run together.

    Footers are left out, for they stand below the sheet, and so is a line that would part nothing from them.
    """
    last = max((no for no, block in enumerate(blocks) if not isinstance(block, Divider | Footer)), default=-1)
    shown = [block for block in blocks[: last + 1] if not isinstance(block, Footer)]
    for (kind, _), run in groupby(shown, _kind):
        found = tuple(run)
        if kind is Product:
            yield from _shared_out(found)
        elif kind is Columns:
            yield from ((block,) for block in found)
        else:
            yield found


def _kind(block: Block) -> tuple[type[Block], Readers | None]:
    """Columns and products make rows of their own, for their own readers."""
    return (type(block), block.only) if isinstance(block, Columns | Product) else (Divider, None)


def _shared_out(found: tuple[Block, ...]) -> Iterator[tuple[Block, ...]]:
    """Rows of at most three, as even as can be: four are two and two."""
    rows = -(-len(found) // MOST_BESIDE)
    least, more = divmod(len(found), rows)
    at = 0
    for row in range(rows):
        wide = least + (row < more)
        yield found[at : at + wide]
        at += wide
