"""Writes what is held about a person as JSON for programs, or as text for people; piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FORMS = ("json", "text")


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its name, its title, and its entries; of a `single` one, there is one."""

    name: str
    title: str
    entries: Iterable[Mapping[str, Any]]
    single: bool = False


def as_json(head: Mapping[str, Any], parts: Iterable[Part]) -> Iterator[str]:
    """One object; a file that was cut off on its way is none, for it lacks its end."""
    yield "{\n" + ",\n".join(f"{_json(name)}: {_json(value)}" for name, value in head.items())
    for part in parts:
        yield f",\n{_json(part.name)}: "
        if part.single:
            yield from map(_json, part.entries)
            continue
        between = "[\n"
        for entry in part.entries:
            yield between + _json(entry)
            between = ",\n"
        yield "[]" if between == "[\n" else "\n]"
    yield "\n}\n"


def as_text(head: Mapping[str, Any], parts: Iterable[Part]) -> Iterator[str]:
    """The same under headings; what is empty is left out, and the last line says that it is the last."""
    yield "".join(_lines(head))
    for part in parts:
        yield f"\n{part.title}\n{'-' * len(part.title)}\n"
        nothing = True
        for entry in part.entries:
            lines = list(_lines(entry))
            yield ("" if nothing else "\n") + "".join(lines)
            nothing = nothing and not lines
        if nothing:
            yield "Nothing.\n"
    yield "\nThis is the end of the file.\n"


def _lines(entry: Mapping[str, Any]) -> Iterator[str]:
    for name, value in entry.items():
        if value not in (None, "", [], {}):
            shown = value if isinstance(value, str) else _json(value)
            yield f"{name.replace('_', ' ')}: {shown}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
