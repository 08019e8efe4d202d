"""A brief's versions as a form: one group of fields each, in the order in which they are tried. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from starlette.datastructures import FormData

from tidings.content.sentences import capitalised

_TEXTS = ("name", "segment", "language", "product", "call_to_action", "link", "tone")
_LISTS = ("must_say", "must_not_say")
_NAMES = (*_TEXTS, *_LISTS, "facts", "instead")
EMPTY: dict[str, str] = dict.fromkeys(_NAMES, "")


def groups_of(fields: FormData, at: str = "") -> list[dict[str, str]]:
    """The groups as typed, to be shown again; those in which nothing was written are left out.

    `at`: what the fields' names begin with, where a page has several briefs.
    """
    columns = {name: _all(fields, f"{at}version_{name}") for name in _NAMES}
    rows = max((len(column) for column in columns.values()), default=0)
    found = [
        {name: column[row] if row < len(column) else "" for name, column in columns.items()} for row in range(rows)
    ]
    return [group for group in found if any(text for name, text in group.items() if name != "instead")]


def versions_of(fields: FormData, at: str = "", before: object = None) -> list[dict[str, Any]]:
    """The versions as `parse_brief` takes them; what was left empty is left out.

    One of `before` that nobody touched stays as it is, with what the form cannot show of it.
    """
    known = [(group_of(given), given) for given in _mappings(before)]
    return [
        next((dict(given) for shown, given in known if shown == group), None) or _version(group)
        for group in groups_of(fields, at)
    ]


def _version(group: Mapping[str, str]) -> dict[str, Any]:
    version: dict[str, Any] = {name: group[name] for name in _TEXTS if group[name]}
    if "name" in version:
        version["name"] = "-".join(version["name"].casefold().split())
    version |= {name: [item for each in group[name].split(",") if (item := each.strip())] for name in _LISTS}
    facts = [_whole(line) for line in group["facts"].splitlines() if line.strip()]
    if facts:
        version["more_facts" if group["instead"] == "no" else "facts"] = facts
    return version


def _whole(line: str) -> str:
    text = capitalised(" ".join(line.split()))
    return text if text[-1] in '.!?»”“"' else f"{text}."


def pairs_of(raw: object) -> list[tuple[str, str]]:
    """The fields the form would send for the versions of a brief's mapping; nothing for what is no list of them."""
    return [(f"version_{name}", text) for group in shown(raw) for name, text in group.items()]


def shown(raw: object) -> list[dict[str, str]]:
    """The versions of a brief's mapping as groups of the form."""
    return [group_of(given) for given in _mappings(raw)]


def group_of(given: Mapping[str, object]) -> dict[str, str]:
    """One version as the form shows it."""
    group = {name: str(given.get(name) or "") for name in _TEXTS}
    group |= {name: ", ".join(_texts(given.get(name))) for name in _LISTS}
    more = _texts(given.get("more_facts"))
    return group | {"facts": "\n".join(more or _texts(given.get("facts"))), "instead": "no" if more else "yes"}


def _mappings(raw: object) -> list[Mapping[str, object]]:
    items = cast("Sequence[object]", raw) if isinstance(raw, list | tuple) else ()
    return [cast("Mapping[str, object]", item) for item in items if isinstance(item, Mapping)]


def _texts(value: object) -> list[str]:
    if not isinstance(value, list | tuple):
        return [str(value)] if value else []
    items = cast("Sequence[object]", value)
    return [
        str(cast("Mapping[str, object]", i).get("sentence", "")) if isinstance(i, Mapping) else str(i) for i in items
    ]


def _all(fields: FormData, name: str) -> list[str]:
    return [value.strip() for value in fields.getlist(name) if isinstance(value, str)]
