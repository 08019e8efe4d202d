"""What is wrong with a given field, in plain words instead of the validator's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_KINDS = {
    "string_type": "must be text",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be named fields",
    "model_attributes_type": "must be named fields",
    "model_type": "must be named fields",
    "extra_forbidden": "is not a known field",
    "missing": "is missing",
}
_ONE_OF = {
    "facts": "fact", "more_facts": "further fact", "versions": "version", "other_calls": "other call",
    "channels": "channel",
}  # fmt: skip
"""What one entry of a list is called; one of any other list is its entry."""


def spoken(place: Sequence[int | str]) -> str:
    """Where in a list or a group a field stands, as people say it: `version 2, name`, `fact 3`, `must say, entry 1`."""
    words: list[str] = []
    for before, part in zip(("", *place), place, strict=False):
        if isinstance(part, str):
            words.append(part.replace("_", " "))
        elif before in _ONE_OF:
            words[-1] = f"{_ONE_OF[str(before)]} {part + 1}"
        else:
            words.append(f"entry {part + 1}")
    return ", ".join(words)


def problem(name: str, item: Mapping[str, Any]) -> str:
    """What `problem_of` says of a field by its own name."""
    return problem_of(f"`{name}`", item)


def problem_of(subject: str, item: Mapping[str, Any]) -> str:
    """One sentence, without its full stop, of one of pydantic's errors: the field as the reader knows it, then why.

    The value that was given is left out: it may be an address or a secret.
    """
    kind = str(item["type"])
    limits: Mapping[str, Any] = item.get("ctx", {})
    if kind == "value_error":
        words = str(item["msg"]).removeprefix("Value error, ")
        return f"{subject} {words}" if words.startswith(("is ", "must ")) else f"{subject}: {words}"
    return f"{subject} {_KINDS.get(kind) or _limit(kind, limits) or _otherwise(item)}"


def _limit(kind: str, limits: Mapping[str, Any]) -> str:
    """The limit that was not kept, in words; empty for other kinds."""
    if kind in {"literal_error", "enum"}:
        return f"must be {_listed(str(limits['expected']))}"
    if kind.startswith(("int_", "float_")):
        return "must be a whole number" if kind.startswith("int_") else "must be a number"
    if kind.startswith(("list_", "tuple_", "set_")):
        return "must be a list"
    if "min_length" in limits or "max_length" in limits:
        return _length(kind, limits)
    bounds = (("ge", "at least"), ("le", "at most"), ("gt", "more than"), ("lt", "less than"))
    return next((f"must be {words} {limits[sign]}" for sign, words in bounds if sign in limits), "")


def _length(kind: str, limits: Mapping[str, Any]) -> str:
    """Of texts in characters, of lists in entries."""
    text = kind.startswith("string")
    most, least = limits.get("max_length"), limits.get("min_length")
    if most is not None:
        return f"is too long: at most {most} {'characters' if text else 'entries'}"
    if least == 1:
        return "is empty"
    return f"is too short: write at least {least} characters" if text else f"has too few entries: give at least {least}"


def _listed(expected: str) -> str:
    """`'a', 'b' or 'c'` as `one of: a, b, c`; a single choice as itself."""
    names = expected.replace(" or ", ", ").replace("'", "")
    return f"one of: {names}" if ", " in names else names


def _otherwise(item: Mapping[str, Any]) -> str:
    words = str(item["msg"])
    return f"cannot be used: {words[:1].lower()}{words[1:]}"
