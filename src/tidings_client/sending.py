"""The kill switch."""

from __future__ import annotations

from datetime import datetime

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource


class SendingState(Model):
    """Whether all sending is paused; by whom, why and since when."""

    paused: bool
    by: str = ""
    reason: str = ""
    at: datetime | None = None


class Sending(Resource[Mode]):
    """Everything that sends, at once."""

    @Endpoint
    def get(self) -> Call[SendingState]:
        """The state of the kill switch."""
        return Call("GET", "/sending", SendingState)

    @Endpoint
    def pause(self, reason: str = "") -> Call[SendingState]:
        """Pauses all sending, in every campaign."""
        return Call("POST", "/sending/pause", SendingState, body={"reason": reason})

    @Endpoint
    def resume(self) -> Call[SendingState]:
        """Everything goes on from where it was."""
        return Call("POST", "/sending/resume", SendingState)
