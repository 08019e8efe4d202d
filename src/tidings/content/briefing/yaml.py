"""A brief from YAML or JSON text."""

from __future__ import annotations

from typing import Any, cast

from tidings.domain.brief import EXAMPLE
from tidings.domain.errors import InvalidInputError

MOST_LETTERS = 100_000


def brief_of_yaml(text: str) -> dict[str, Any]:
    """The named fields of a brief's file, dates as text. Raises InvalidInputError naming the line that is wrong."""
    import yaml

    if len(text) > MOST_LETTERS:
        raise InvalidInputError(
            "The file is too long for a brief.", remedy="Give a brief, not a manuscript.", field="file"
        )
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):  # a few can stand for gigabytes
            raise InvalidInputError("A brief's file has no aliases.", remedy="Write each value out.", field="file")
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise InvalidInputError(
            f"The file cannot be read{where}: {getattr(error, 'problem', None) or 'it is not YAML'}.",
            remedy=f"A brief looks like this:\n{EXAMPLE}", field="file",
        ) from None  # fmt: skip
    except (ValueError, RecursionError):
        raise InvalidInputError("The file cannot be read.", remedy=f"A brief looks like this:\n{EXAMPLE}") from None
    if not isinstance(found, dict):
        raise InvalidInputError(
            "The file is not a list of named fields.", remedy=f"A brief looks like this:\n{EXAMPLE}", field="file"
        )
    return {str(key): _text(value) for key, value in cast("dict[Any, Any]", found).items()}


def _text(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _text(each) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list):
        return [_text(each) for each in cast("list[Any]", value)]
    return value.isoformat() if hasattr(value, "isoformat") else value
