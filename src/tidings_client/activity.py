"""The live feed: what agents and people just did."""

from __future__ import annotations

from datetime import datetime

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, Stream, given


class Line(Model):
    """One line of the feed; `number` grows."""

    number: int
    at: datetime
    source: str
    text: str
    campaign_id: str | None = None


class Lines(Model):
    """Lines of the feed."""

    items: list[Line]


class Activity(Resource[Mode]):
    """The live feed."""

    @Endpoint
    def list(self, *, since: int | None = None, limit: int = 20) -> Call[Lines]:
        """The newest lines, newest first; with `since`, those after that number, oldest first."""
        return Call("GET", "/activity", Lines, given(since=since, limit=limit))

    @Stream
    def stream(self, *, since: int | None = None) -> Call[Line]:
        """Each line as it happens, until the connection ends."""
        return Call("GET", "/activity/stream", Line, given(since=since))
