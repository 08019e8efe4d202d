"""What crosses the API about what just happened."""

from __future__ import annotations

from pydantic import Field

from tidings.api.pages import Moment, Schema


class Line(Schema):
    """One line of the feed. `number` grows; give it as `since` to hear what came after."""

    number: int = Field(validation_alias="pk")
    at: Moment
    source: str = Field(description="An agent's name, `person` or `system`")
    text: str
    campaign_id: str | None


class Lines(Schema):
    """Lines of the feed."""

    items: list[Line]
