"""Merge fields are few, known, and have a default; everything else that opens a brace is refused."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from tidings.content.verifier.examined import Examined, Place, error
from tidings.domain.draft import Finding

ALLOWED = ("first_name", "last_name", "country", "locale")
_EXAMPLE = '{{ contact.first_name | default: "there" }}'


@cache
def _environment() -> Any:
    from liquid import Environment

    return Environment()


@lru_cache(maxsize=256)
def problems(text: str) -> tuple[tuple[str, str], ...]:
    """What is wrong with the open places of a text: pairs of quote and message. Reads the Liquid syntax tree."""
    from liquid.exceptions import LiquidError

    if "{{" not in text and "{%" not in text and "}}" not in text:
        return ()
    try:
        nodes: list[Any] = _environment().from_string(text).nodes
    except LiquidError as fault:
        return ((text[:60], f"The merge field cannot be read: {fault}."),)
    found = [(str(node), _problem(node)) for node in nodes if type(node).__name__ != "ContentNode"]
    loose = [node for node in nodes if type(node).__name__ == "ContentNode" and _loose(str(node))]
    found.extend((str(node).strip()[:60], "A brace was opened or closed alone.") for node in loose)
    return tuple((quote, message) for quote, message in found if message)


def _loose(text: str) -> bool:
    return any(mark in text for mark in ("{{", "}}", "{%", "%}"))


def _problem(node: Any) -> str:
    """Why the node is not allowed; empty when it is."""
    if type(node).__name__ != "OutputNode":
        return "Only merge fields are allowed here, no Liquid tags."
    expression = node.expression
    path = getattr(getattr(expression, "left", None), "path", None)
    if not isinstance(path, list) or path[:1] != ["contact"] or len(path) != 2:  # pyright: ignore[reportUnknownArgumentType]
        return "Only fields of the contact are allowed here."
    if path[1] not in ALLOWED:
        return f"The field {path[1]} is not allowed; allowed are {', '.join(ALLOWED)}."
    filters: list[Any] = expression.filters or []
    if len(filters) != 1 or filters[0].name != "default" or not filters[0].args:
        return "The field needs a default, and only that, for people of whom it is not known."
    value = getattr(filters[0].args[0], "value", None)
    if type(value).__name__ != "StringLiteral" or not str(getattr(value, "value", "")).strip():
        return "The default must be a text in quotes that is not empty."
    return ""


def check(examined: Examined) -> Iterator[Finding]:
    """Errors for unknown fields, missing defaults, tags and broken braces."""
    for place in examined.places:
        yield from _of(place)


def _of(place: Place) -> Iterator[Finding]:
    for quote, message in problems(place.text):
        yield error("merge_fields", place, message, quote=quote, remedy=f"Write it like {_EXAMPLE}, or remove it.")
    if place.part in {"label", "alt"} and "{{" in place.text:
        yield error("merge_fields", place, "A merge field cannot stand here.", quote=place.text, remedy="Remove it.")
