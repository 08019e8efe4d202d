"""Briefs in plain words."""

from __future__ import annotations

from typing import Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource


class Gap(Model):
    """A field the text does not tell, with the question that asks for it."""

    field: str
    question: str
    choices: list[str]


class ParsedBrief(Model):
    """What the text told: fill the gaps, then give `fields` to `campaigns.create`."""

    fields: dict[str, Any]
    sources: dict[str, str]
    gaps: list[Gap]
    notes: list[str]
    unused: list[str]
    complete: bool


class Briefs(Resource[Mode]):
    """Reads briefs; creates nothing."""

    @Endpoint
    def parse(self, text: str) -> Call[ParsedBrief]:
        """The typed brief of a text, as far as it tells one."""
        return Call("POST", "/briefs/parse", ParsedBrief, body={"text": text})
