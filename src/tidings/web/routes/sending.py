"""The kill switch, from any page, and the lifting of a provider's hold."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from tidings.web.routes.sign_in import local_path
from tidings.web.visit import VisitHere

router = APIRouter()


@router.post("/sending/pause")
def pause_all(visit: VisitHere, reason: Annotated[str, Form()] = "", back: Annotated[str, Form()] = "/") -> Response:
    """Nothing more leaves until somebody resumes."""
    visit.services.distribution.pause_all(visit.actor, reason)
    return visit.back(local_path(back), "all_paused")


@router.post("/sending/resume")
def resume_all(visit: VisitHere, back: Annotated[str, Form()] = "/") -> Response:
    """Sending goes on."""
    visit.services.distribution.resume_all(visit.actor)
    return visit.back(local_path(back), "all_resumed")


@router.post("/sending/lift")
def lift_hold(visit: VisitHere, relay: Annotated[str, Form()], provider: Annotated[str, Form()]) -> Response:
    """Mail to a provider goes on before its hold ends."""
    visit.services.distribution.lift_hold(visit.actor, relay, provider)
    return visit.back("/agents/distribution#limits", "lifted")
