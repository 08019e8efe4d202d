"""Data goes to stdout, words to stderr; colour and progress only where a terminal shows them."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
_MARKS = {"ok": ("✓", GREEN), "warn": ("!", YELLOW), "fail": ("✗", RED), "skip": ("–", DIM)}


def colours(stream: Any) -> bool:
    """Whether the stream shows colours: a terminal that is not dumb, and NO_COLOR is not set."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, code: str, stream: Any) -> str:
    """The text in a colour, if the stream shows any."""
    return f"\x1b[{code}m{text}\x1b[0m" if colours(stream) else text


def show(text: str = "") -> None:
    """One line of data."""
    sys.stdout.write(text + "\n")


def say(text: str) -> None:
    """One line of words."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_next(*commands: str) -> None:
    """What to do next."""
    for command in commands:
        say(paint(f"Next: {command}", DIM, sys.stderr))


def say_error(detail: str, remedy: str = "") -> None:
    """What is wrong, then the remedy."""
    say(f"{paint('Error:', RED, sys.stderr)} {detail}")
    if remedy:
        say(remedy)


def show_json(value: Any) -> None:
    """A value as JSON: SDK models, or lists and mappings of them."""
    show(json.dumps(value, default=_plain, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"cannot show {type(value).__name__} as JSON")


def show_table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Aligned columns under their headers; numbers to the right."""
    lines = [[_cell(value) for value in row] for row in rows]
    widths = [max([len(header), *(len(line[no]) for line in lines)]) for no, header in enumerate(headers)]
    right = [bool(lines) and all(_is_number(line[no]) for line in lines) for no in range(len(headers))]

    def line(cells: Sequence[str]) -> str:
        parts = (
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(cells, widths, right, strict=True)
        )
        return "  ".join(parts).rstrip()

    show(paint(line(headers), BOLD, sys.stdout))
    for cells in lines:
        show(line(cells))


def show_fields(fields: Mapping[str, Any]) -> None:
    """Names and values under each other; what is empty is left out."""
    shown = {name: _cell(value) for name, value in fields.items() if value not in (None, "", [], {})}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        head, *rest = value.splitlines() or [""]
        show(f"{paint(name.ljust(width), BOLD, sys.stdout)}  {head}")
        for more in rest:
            show(" " * (width + 2) + more)


def show_checks(checks: Iterable[tuple[str, str, str, str]]) -> bool:
    """Checks with a mark each and the remedy under what is not well; False if any failed."""
    well = True
    for name, status, message, remedy in checks:
        mark, colour = _MARKS.get(status, ("?", YELLOW))
        show(f"{paint(mark, colour, sys.stdout)} {name}: {message}")
        if status != "ok" and remedy:
            show(f"    {remedy}")
        well = well and status != "fail"
    return well


def moment(at: datetime | None) -> str:
    """An instant in this machine's zone."""
    return at.astimezone().strftime("%a %d %b %Y %H:%M") if at else ""


def counts(numbers: Mapping[str, int]) -> str:
    """`planned 12, accepted 3`, without what is zero."""
    return ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in numbers.items() if number)


def count_of(number: int, one: str, more: str = "") -> str:
    """`1 campaign`, `2 campaigns`; `more` where an s does not do."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    return str(value)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).rstrip("%").replace(" ", "").isdigit() or text == ""
