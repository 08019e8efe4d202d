"""Segments: saved rules that always describe the people who match now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping


class Segment(Model):
    """A saved rule, and how many people match it now."""

    id: str
    name: str
    description: str
    rule: dict[str, Any]
    people: int


class SegmentList(Model):
    """Every segment."""

    items: list[Segment]


class Segments(Resource[Mode]):
    """Segments."""

    @Endpoint
    def list(self) -> Call[SegmentList]:
        """All of them."""
        return Call("GET", "/segments", SegmentList)

    @Endpoint
    def create(self, name: str, rule: Mapping[str, Any], description: str = "") -> Call[Segment]:
        """Saves a rule, for example `{"all": [{"field": "country", "op": "is", "value": "DE"}]}`."""
        body = {"name": name, "rule": dict(rule), "description": description}
        return Call("POST", "/segments", Segment, body=body)
