"""What crosses the API about briefs in plain words."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tidings.api.pages import Body, Schema


class PlainBrief(Body):
    """A brief as one would tell it to a colleague."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "text": "Tell our newsletter readers about the bread workshop on 3 December at 18:00, 45 €, book "
                    "at https://northwind.example.com/workshop. You get a sourdough starter to take home."
                }
            ]
        }
    )

    text: str = Field(min_length=1, max_length=200_000)


class Gap(Schema):
    """A field the text does not tell, with the question that asks for it."""

    field: str
    question: str
    choices: tuple[str, ...]


class ParsedBrief(Schema):
    """What the text told. Nothing is created: show it, fill the gaps, and send `fields` to `POST /campaigns`."""

    fields: dict[str, Any] = Field(description="A brief's fields, perhaps not all; see the schema `Brief`")
    sources: dict[str, str] = Field(description="The words of the text each field came from")
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...] = Field(description="What contradicts itself, has passed, or is not known here")
    unused: tuple[str, ...] = Field(description="Sentences that went into no field")
    complete: bool
