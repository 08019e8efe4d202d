"""The sequences to begin from: YAML files beside this one, whose words the Content agent writes from each brief."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any, cast

from tidings.campaigns.sequences.views import TemplateView
from tidings.domain.errors import InvalidInputError
from tidings.domain.sequence import InvalidSequenceError

NAMES = ("welcome", "onboarding", "win-back")


@cache
def templates() -> tuple[TemplateView, ...]:
    """All of them, the simplest first."""
    return tuple(_read(name) for name in NAMES)


def template(name: str, *, brand: str, website: str, audience: str = "everyone") -> str:
    """One as YAML, its open places filled in. Raises InvalidInputError for a name that is none."""
    found = next((each for each in templates() if each.id == name), None)
    if found is None:
        raise InvalidInputError(f"There is no template {name!r}.", remedy=f"One of: {', '.join(NAMES)}.")
    filled = found.text
    for place, value in (("brand", brand), ("website", website), ("audience", audience)):
        filled = filled.replace(f'"{{{place}}}"', _quoted(value))
    return filled


def read_yaml(text: str) -> dict[str, Any]:
    """A definition's YAML or JSON as plain values. Raises InvalidSequenceError with the line that cannot be read."""
    import yaml

    try:
        found: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        why = getattr(error, "problem", None) or "it is not YAML"
        raise InvalidSequenceError((("definition", f"{where}{why}"),)) from None
    if not isinstance(found, dict):
        raise InvalidSequenceError((("definition", "it is not a list of named fields"),))
    return {str(key): value for key, value in cast("dict[Any, Any]", found).items()}


def write_yaml(values: dict[str, Any]) -> str:
    """A definition as YAML, without the fields that say nothing."""
    import yaml

    return yaml.safe_dump(_said(values), sort_keys=False, allow_unicode=True, width=100)


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        if set(named) == {"sentence", "kind"} and named["kind"] is None:
            return named["sentence"]
        if set(named) == {"at_least", "until"} and named["until"] is None:
            return named["at_least"]
        said = {key: _said(each) for key, each in named.items()}
        return {key: each for key, each in said.items() if each not in (None, "", [], {})}
    if isinstance(value, list):
        return [_said(each) for each in cast("list[Any]", value)]
    return value


def _read(name: str) -> TemplateView:
    import yaml

    folder = resources.files("tidings.campaigns.sequences") / "templates"
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    head, _, body = text.partition("sequence:\n")
    about = yaml.safe_load(head)
    return TemplateView(name, about["title"], about["description"], "\n".join(line[2:] for line in body.splitlines()))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
