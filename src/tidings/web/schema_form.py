"""A form from a JSON schema (as pydantic writes it), and the values back from what was sent. Pure.

Knows what agents' configurations are made of: strings, whole and decimal numbers, switches, choices, lists of strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tidings.domain.errors import InvalidInputError

PREFIX = "config_"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `kind` is text, secret, integer, number, boolean, choice or list (one item a line)."""

    name: str
    kind: str
    title: str
    description: str
    value: Any
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    optional: bool = False


def fields_of(schema: Mapping[str, Any], values: Mapping[str, Any]) -> list[Field]:
    """The schema's properties as form fields, filled with `values`, else with their defaults."""
    properties = cast("Mapping[str, Mapping[str, Any]]", schema.get("properties", {}))
    return [_field(name, part, schema, values) for name, part in properties.items()]


def _field(name: str, part: Mapping[str, Any], schema: Mapping[str, Any], values: Mapping[str, Any]) -> Field:
    core, optional = _core(part, schema)
    kind = _kind(core)
    value = values.get(name, part.get("default"))
    if kind == "list":
        value = "\n".join(str(item) for item in value or ())
    choices = tuple(str(choice) for choice in core.get("enum", ()))
    return Field(
        name=name, kind=kind, title=_title(name, part), description=str(part.get("description", "")),
        value=value, choices=("", *choices) if optional and choices else choices,
        least=core.get("minimum", core.get("exclusiveMinimum")),
        most=core.get("maximum", core.get("exclusiveMaximum")), optional=optional,
    )  # fmt: skip


def _title(name: str, part: Mapping[str, Any]) -> str:
    """Pydantic's generated titles are in Title Case; ours are sentences."""
    given = str(part.get("title", ""))
    words = name.replace("_", " ")
    return given if given and given.casefold() != words else words.capitalize()


def _core(part: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The part's own schema with references resolved, and whether null is allowed beside it."""
    if "$ref" in part:
        definitions = cast("Mapping[str, Mapping[str, Any]]", schema.get("$defs", {}))
        return definitions.get(str(part["$ref"]).rpartition("/")[2], {}), False
    options = cast("list[Mapping[str, Any]]", part.get("anyOf", []))
    if options:
        real = [option for option in options if option.get("type") != "null"]
        return _core(real[0], schema)[0] if real else {}, len(real) < len(options)
    return part, False


def _kind(core: Mapping[str, Any]) -> str:
    if "enum" in core:
        return "choice"
    if core.get("format") == "password":
        return "secret"
    return {"integer": "integer", "number": "number", "boolean": "boolean", "array": "list"}.get(
        str(core.get("type")), "text"
    )


def config_of(fields: list[Field], sent: Mapping[str, str]) -> dict[str, Any]:
    """The configuration that a sent form means. Raises InvalidInputError naming the field that is no number."""
    config: dict[str, Any] = {}
    for field in fields:
        text = sent.get(PREFIX + field.name, "").strip()
        config[field.name] = _value(field, text)
    return config


def _value(field: Field, text: str) -> Any:
    if field.kind == "boolean":
        return text == "true"
    if field.kind == "list":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if not text and field.optional:
        return None
    if field.kind in {"integer", "number"}:
        try:
            return int(text) if field.kind == "integer" else float(text)
        except ValueError:
            raise InvalidInputError(
                f"{field.title} is not a number: {text!r}.", remedy="Write it in digits.", field=field.name
            ) from None
    return text
