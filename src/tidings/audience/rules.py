"""A segment's rule: checked, then compiled to one SQL condition on `contact` for both databases.

A rule is `{"all": […]}` or `{"any": […]}`, nested as one likes, around conditions
`{"field": "country", "op": "is", "value": "DE"}`. An empty list under `all` means everybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, and_, exists, false, func, not_, or_, true

from tidings.domain.errors import InvalidInputError
from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, Instant
from tidings.store.tables import contact, event

Rule = Mapping[str, Any]

OPERATORS = ("is", "is_not", "in", "contains", "gt", "lt", "exists")
TEXT_FIELDS: dict[str, Column[str]] = {
    "email": contact.c.email,
    "first_name": contact.c.first_name,
    "last_name": contact.c.last_name,
    "locale": contact.c.locale,
    "country": contact.c.country,
    "time_zone": contact.c.time_zone,
}
ENGAGED = (EventKind.OPENED, EventKind.CLICKED, EventKind.CONVERTED)
DAY_FIELDS: dict[str, tuple[EventKind, ...]] = {
    "engaged_days": ENGAGED,
    "clicked_days": (EventKind.CLICKED,),
    "received_days": (EventKind.ACCEPTED, EventKind.DELIVERED),
    "joined_days": (),
}
"""Days since the last such event of the person (machines left out), or since the contact was added."""
_ATTRIBUTE = re.compile(r"attributes\.([A-Za-z][A-Za-z0-9_ -]{0,39})")
_HUMAN = 0.5
_DEPTH = 6
_CONDITIONS = 200
_EXAMPLE = '{"all": [{"field": "country", "op": "is", "value": "DE"}]}'


def check_rule(rule: object) -> None:
    """Raises InvalidInputError, with what to write instead, for a rule that cannot be used."""
    compile_rule(rule, at=0)


def compile_rule(rule: object, at: Instant) -> ColumnElement[bool]:
    """The rule as a condition on rows of `contact`, as of that instant. Raises InvalidInputError."""
    left = [_CONDITIONS]
    return _node(rule, at, 0, left)


def _node(node: object, at: Instant, depth: int, left: list[int]) -> ColumnElement[bool]:
    left[0] -= 1
    if depth > _DEPTH or left[0] < 0:
        raise _invalid("The rule is too large.", f"Use at most {_CONDITIONS} conditions, nested at most {_DEPTH} deep.")
    if not isinstance(node, Mapping):
        raise _invalid(f"{node!r} is not a condition.", f"Write it like this: {_EXAMPLE}")
    rule = cast("Mapping[str, Any]", node)
    if set(rule) in ({"all"}, {"any"}):
        [(word, members)] = rule.items()
        if not isinstance(members, Sequence) or isinstance(members, str):
            raise _invalid(f"`{word}` must hold a list of conditions.", f"Write it like this: {_EXAMPLE}")
        compiled = [_node(member, at, depth + 1, left) for member in cast("Sequence[object]", members)]
        return and_(true(), *compiled) if word == "all" else or_(false(), *compiled)
    return _condition(rule, at)


def _condition(rule: Rule, at: Instant) -> ColumnElement[bool]:
    unknown = set(rule) - {"field", "op", "value"}
    if unknown or "field" not in rule or "op" not in rule:
        raise _invalid(
            f"A condition has `field`, `op` and `value`; this one has {', '.join(map(str, rule)) or 'nothing'}.",
            f"Write it like this: {_EXAMPLE}",
        )
    name, operator, value = str(rule["field"]), str(rule["op"]), rule.get("value")
    if operator not in OPERATORS:
        raise _invalid(f"`{operator}` is not a comparison.", f"Use one of: {', '.join(OPERATORS)}.")
    if name in DAY_FIELDS:
        return _days(name, operator, value, at)
    return _text(_column(name), name, operator, value)


def _column(name: str) -> ColumnElement[str]:
    if name in TEXT_FIELDS:
        return TEXT_FIELDS[name]
    attribute = _ATTRIBUTE.fullmatch(name)
    if attribute is None:
        known = ", ".join([*TEXT_FIELDS, *DAY_FIELDS])
        raise _invalid(
            f"There is no field `{name}`.", f"Use one of: {known}, or `attributes.` and an attribute's name."
        )
    return func.coalesce(contact.c.attributes[attribute[1]].as_string(), "")


def _text(column: ColumnElement[str], name: str, operator: str, value: object) -> ColumnElement[bool]:
    if operator in ("gt", "lt"):
        raise _invalid(
            f"`{operator}` compares numbers, and `{name}` is a text.",
            f"Use is, is_not, in or contains, or one of the number fields: {', '.join(DAY_FIELDS)}.",
        )
    if operator == "exists":
        return column != "" if _yes(value, name) else column == ""
    if operator == "in":
        if not isinstance(value, list | tuple) or not value:
            raise _invalid(f"`in` needs a list of texts for `{name}`.", 'For example: "value": ["DE", "AT"].')
        return column.in_([_a_text(each, name) for each in cast("Sequence[object]", value)])
    text = _a_text(value, name)
    if operator == "contains":
        return func.lower(column).contains(text.lower(), autoescape=True)
    return column == text if operator == "is" else column != text


def _days(name: str, operator: str, value: object, at: Instant) -> ColumnElement[bool]:
    """Conditions on days since something happened; what never happened is longer ago than any number of days."""
    kinds = DAY_FIELDS[name]
    if operator == "exists":
        ever = true() if not kinds else _happened(kinds, None)
        return ever if _yes(value, name) else not_(ever)
    if operator not in ("gt", "lt"):
        raise _invalid(f"`{name}` is a number of days; `{operator}` does not compare numbers.", "Use gt, lt or exists.")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 36_500:
        raise _invalid(f"`{name}` needs a number of days from 0 to 36500, not {value!r}.", 'For example: "value": 90.')
    since = at - round(value * DAY)
    within = contact.c.created_at > since if not kinds else _happened(kinds, since)
    return within if operator == "lt" else not_(within)


def _happened(kinds: Sequence[EventKind], since: Instant | None) -> ColumnElement[bool]:
    wanted = [
        event.c.contact_pk == contact.c.pk,
        event.c.kind.in_([kind.value for kind in kinds]),
        event.c.machine < _HUMAN,
    ]
    if since is not None:
        wanted.append(event.c.at > since)
    return exists().where(*wanted)


def _a_text(value: object, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _invalid(f"`{name}` needs a text to compare with, not {value!r}.", f"Write it like this: {_EXAMPLE}")
    return str(value)


def _yes(value: object, name: str) -> bool:
    if value is None:
        return True
    if not isinstance(value, bool):
        raise _invalid(f"`exists` for `{name}` needs true or false, not {value!r}.", 'For example: "value": false.')
    return value


def _invalid(message: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(message, remedy=remedy, field="rule")
