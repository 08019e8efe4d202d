"""Blocks as somebody sent them: each is read on its own, so that every wrong one is named and none is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tidings.domain.blocks import Block
from tidings.domain.errors import InvalidInputError

MOST_BLOCKS = 60
_BLOCK: TypeAdapter[Block] = TypeAdapter(Block)
_WORDS = {
    "url": "the address must begin with https://",
    "alt": "say in words what the picture shows",
    "texts": "columns are two or three texts",
    "width": "the width is 1 to 1200 pixels",
}


class BlocksError(InvalidInputError):
    """Blocks that cannot be used. `problems` names what is wrong by the block's index, from 0."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        first = min(problems)
        super().__init__(
            f"Block {first + 1}: {problems[first]}.", remedy="Correct it; nothing was saved.", field="blocks"
        )
        self.problems = dict(problems)


def parse_blocks(raw: Sequence[Mapping[str, Any]]) -> tuple[Block, ...]:
    """The typed blocks. Raises BlocksError with every block that cannot be used."""
    if len(raw) > MOST_BLOCKS:
        raise InvalidInputError(f"A draft has at most {MOST_BLOCKS} blocks.", remedy="Join some.", field="blocks")
    found: list[Block] = []
    problems: dict[int, str] = {}
    for index, fields in enumerate(raw):
        try:
            found.append(_BLOCK.validate_python(dict(fields)))
        except ValidationError as error:
            problems[index] = _said(error)
    if problems:
        raise BlocksError(problems)
    return tuple(found)


def _said(error: ValidationError) -> str:
    first = error.errors()[0]
    if "only" in first["loc"]:
        return f"the readers it is for cannot be used: {first['msg'].removeprefix('Value error, ')}"
    place = next((str(part) for part in reversed(first["loc"]) if isinstance(part, str)), "")
    if first["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return "there is no such kind of block"
    if first["type"] == "missing":
        return f"its {place} is missing"
    if place == "url" and first.get("input") == "":
        return "its address is missing: it begins with https://"
    return _WORDS.get(place, f"its {place} cannot be used: {first['msg']}")
