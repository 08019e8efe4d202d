# ruff: noqa: E501 - markup is read whole
"""The sheet of a mail: one wrapper, or several that look like one where a row is for some readers only.

mrml writes what stands between the rows of a wrapper into Outlook's comments, so a condition stands between wrappers.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from tidings.content.rendering.palette import PAPER

END_MARK = "<!--for all-->"
_NOTHING = '<mj-section><mj-column><mj-spacer height="1px" /></mj-column></mj-section>'

Row = tuple[str, int | None]
"""Its markup, and the position of the block whose readers alone get it."""


def mark_of(position: int) -> str:
    """Stands for the condition of a block until styles are inlined, which would move Liquid's tags out of tables."""
    return f"<!--for some {position}-->"


def for_some(markup: str, position: int | None) -> str:
    """The markup between marks, where it is for some readers only."""
    if position is None:
        return markup
    return f"<mj-raw>{mark_of(position)}</mj-raw>{markup}<mj-raw>{END_MARK}</mj-raw>"


def sheet(rows: Iterable[Row], colour: str) -> str:
    """All rows on one sheet, whose edge above has the brand's colour."""
    parts: list[Row] = []
    for position, run in groupby(rows, lambda row: row[1]):
        found = [markup for markup, _ in run]
        parts += [("".join(found), None)] if position is None else [(markup, position) for markup in found]
    if not parts or parts[0][1] is not None:  # its edges are for everybody
        parts.insert(0, (_NOTHING, None))
    if parts[-1][1] is not None:
        parts.append((_NOTHING, None))
    last = len(parts) - 1
    return "\n".join(
        for_some(_wrapper(markup, colour, first=no == 0, last=no == last), position)
        for no, (markup, position) in enumerate(parts)
    )


def _wrapper(markup: str, colour: str, *, first: bool, last: bool) -> str:
    above, below = 12 * first, 12 * last
    radius = f"{above}px" if above == below else f"{above}px {above}px {below}px {below}px"
    edge = f' border-top="4px solid {colour}"' if first else ""
    padding = f"{32 * first}px 0px {16 * last}px 0px"
    return (
        f'<mj-wrapper background-color="{PAPER}" css-class="paper" padding="{padding}" border-radius="{radius}"{edge}>\n'
        f"{markup}\n</mj-wrapper>"
    )
