"""The kill switch: pauses and resumes all sending, from any page."""

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
