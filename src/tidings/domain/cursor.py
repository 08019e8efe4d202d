"""Where a list goes on: the `next` of one page is the `after` of the following. Anything else is a mistake and is said.

A cursor that is passed over would begin anew, and a client that follows `next` would never end; one that finds nothing
would tell it that there is nothing.
"""

from __future__ import annotations

import re

from tidings.domain.errors import InvalidInputError

_NUMBER = r"(\d{1,18})"


def cursor_number(after: str) -> int | None:
    """The number of the last row of the page before; None for the first page. Raises InvalidInputError."""
    found = cursor_parts(after, _NUMBER)
    return int(found[0]) if found else None


def cursor_parts(after: str, pattern: str) -> tuple[str, ...] | None:
    """The groups of a cursor of several parts; None for the first page. Raises InvalidInputError."""
    if not after:
        return None
    found = re.fullmatch(pattern, after, re.ASCII)
    if found is None:
        raise not_a_cursor(after)
    return found.groups("")


def not_a_cursor(after: str) -> InvalidInputError:
    """What is said of it."""
    remedy = "Use the `next` of the page before, or leave it out to begin."
    return InvalidInputError(f"{after[:80]!r} is not a cursor.", remedy=remedy, field="after")
