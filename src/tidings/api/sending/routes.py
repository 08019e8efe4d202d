"""The kill switch: everything that sends stops, and goes on from where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import Field

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given
from tidings.api.pages import Body, Moment, Schema

if TYPE_CHECKING:
    from tidings.services import Services

router = APIRouter(prefix="/sending", tags=["sending"])


class Sending(Schema):
    """Whether all sending is paused; by whom, why and since when."""

    paused: bool
    by: str = ""
    reason: str = ""
    at: Moment | None = None


class PauseAll(Body):
    """Why everything stops."""

    reason: str = Field(default="", max_length=500)


@router.get("", summary="Is all sending paused?", **needs(Permission.CAMPAIGNS_READ))
def get_sending(given: Given) -> Sending:
    """The state of the kill switch."""
    return _state(given)


@router.post("/pause", summary="Pause all sending", **needs(Permission.SENDING_PAUSE))
def pause_sending(actor: CurrentActor, given: Given, body: PauseAll | None = None) -> Sending:
    """Nothing more is claimed, in any campaign. Repeating it is harmless."""
    given.distribution.pause_all(actor, body.reason if body else "")
    return _state(given)


@router.post("/resume", summary="Resume sending", **needs(Permission.CAMPAIGNS_SEND))
def resume_sending(actor: CurrentActor, given: Given) -> Sending:
    """Everything goes on from where it was."""
    given.distribution.resume_all(actor)
    return _state(given)


def _state(given: Services) -> Sending:
    with given.db.reading() as conn:
        stopped: dict[str, Any] | None = given.distribution.all_paused(conn)
    return Sending(paused=False) if stopped is None else Sending.model_validate({**stopped, "paused": True})
