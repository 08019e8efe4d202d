"""Settings: one's own password, accounts, brands as they stand, health, and the sample data's removal."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from tidings.access.permissions import Permission, require
from tidings.domain.errors import UnavailableError
from tidings.web.visit import Visit, VisitHere

router = APIRouter()


@router.get("/settings")
def settings(visit: VisitHere) -> Response:
    """The page."""
    services, actor = visit.services, visit.actor
    return visit.page(
        "settings.html",
        accounts=visit.allowed(lambda: services.access.accounts(actor), None),
        brands=_brands(visit),
        health=services.health.check() if visit.may("settings:write") else [],
        may_remove_sample=visit.may("settings:write") and visit.request.app.state.remove_sample is not None,
    )


@router.post("/settings/password")
def set_password(visit: VisitHere, password: Annotated[str, Form()]) -> Response:
    """Sets one's own password, which ends every session: one signs in anew."""
    visit.services.access.set_password(visit.actor.id, password, actor=visit.actor)
    return RedirectResponse("/sign-in?done=password", 303)


@router.post("/settings/sample/remove")
def remove_sample(visit: VisitHere) -> Response:
    """Removes everything marked as sample."""
    require(visit.actor, Permission.SETTINGS_WRITE)
    remove = visit.request.app.state.remove_sample
    if remove is None:
        raise UnavailableError("There are no sample data here.")
    remove(visit.actor)
    return visit.back("/settings", "sample_removed")


def _brands(visit: Visit) -> list[dict[str, Any]]:
    service = visit.services.brands
    brands = visit.allowed(lambda: service.brands(visit.actor), [])
    return [{"body": brand, "claims": service.claims(visit.actor, brand.id)} for brand in brands]
