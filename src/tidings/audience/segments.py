"""Segments: saved rules that always describe the people who match now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select

from tidings.audience.rules import check_rule, compile_rule
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.instant import Instant
from tidings.store.tables import contact, segment

EVERYONE = "everyone"
_NAME = 120


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment and how many contacts match it now, consent not considered."""

    id: str
    name: str
    description: str
    rule: dict[str, Any]
    people: int


def matching(conn: Connection, segment_id: str, at: Instant) -> ColumnElement[bool]:
    """The segment as a condition on rows of `contact`. Raises NotFoundError."""
    rule = conn.execute(select(segment.c.rule).where(segment.c.id == segment_id)).scalar_one_or_none()
    if rule is None:
        raise NotFoundError("There is no such segment.", remedy="List the segments and take one of their ids.")
    return compile_rule(rule, at)


def find_segment(conn: Connection, name_or_id: str) -> str | None:
    """The id of the segment a brief names as its audience; None for `everyone`.

    Names are compared without regard to case. Raises InvalidInputError that lists the segments there are.
    """
    wanted = name_or_id.strip()
    if wanted.casefold() == EVERYONE:
        return None
    rows = conn.execute(select(segment.c.id, segment.c.name).order_by(segment.c.name)).all()
    for row in rows:
        if wanted == row.id or wanted.casefold() == row.name.casefold():
            return row.id
    names = ", ".join(f"`{row.name}`" for row in rows)
    raise InvalidInputError(
        f"There is no segment named {wanted!r}.",
        remedy=f"Use `everyone`{' or one of ' + names if names else ''}.",
        field="audience",
    )


def list_segments(conn: Connection, at: Instant) -> list[SegmentView]:
    """Every segment in order of name, with its count as of that instant."""
    rows = conn.execute(select(segment).order_by(segment.c.name)).all()
    return [SegmentView(row.id, row.name, row.description, row.rule, count(conn, row.rule, at)) for row in rows]


def count(conn: Connection, rule: object, at: Instant) -> int:
    """How many contacts match a rule now."""
    return conn.execute(select(func.count()).select_from(contact).where(compile_rule(rule, at))).scalar_one()


def create_segment(
    conn: Connection, *, name: str, description: str, rule: dict[str, Any], at: Instant, sample: bool = False
) -> str:
    """Saves a rule under a name and gives its id. Raises InvalidInputError, or ConflictError for a name in use."""
    name = name.strip()
    if not name or len(name) > _NAME or name.casefold() == EVERYONE:
        raise InvalidInputError(
            "A segment needs a name of its own.",
            remedy=f"Give 1 to {_NAME} characters, not `{EVERYONE}`.",
            field="name",
        )
    check_rule(rule)
    taken = select(segment.c.id).where(or_(segment.c.name == name, func.lower(segment.c.name) == name.lower()))
    if conn.execute(taken).first() is not None:
        raise ConflictError(f"There is already a segment named {name!r}.", remedy="Choose another name.")
    segment_id = new_id("segment")
    row = {"id": segment_id, "name": name, "description": description, "rule": rule}
    conn.execute(insert(segment).values(**row, sample=sample, created_at=at))
    return segment_id
