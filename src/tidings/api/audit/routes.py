"""The routes of the audit trail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tidings.access.permissions import Permission
from tidings.api.audit import schemas
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given
from tidings.api.pages import After, Limit, Page

router = APIRouter(prefix="/audit", tags=["audit"])
Action = Annotated[str, Query(max_length=100, description="A whole action (`campaign.send`) or its noun (`campaign`)")]
Who = Annotated[str, Query(max_length=200, description="The id or name of who did it")]
About = Annotated[str, Query(max_length=200, description="The id of what it was done to")]


@router.get("", summary="Read the audit trail, newest first", **needs(Permission.AUDIT_READ))
def list_audit(
    actor: CurrentActor,
    given: Given,
    action: Action = "",
    who: Who = "",
    about: About = "",
    after: After = "",
    limit: Limit = 50,
) -> Page[schemas.AuditRow]:
    """Each row's `hash` covers it and the row before; a copy kept elsewhere shows that a trail was written anew."""
    rows, following = given.audit.rows(actor, action=action, who=who, about=about, after=after, limit=limit)
    return Page(items=[schemas.AuditRow.model_validate(row) for row in rows], next=following)


@router.get("/check", summary="Check the audit trail against itself", **needs(Permission.AUDIT_READ))
def check_audit(actor: CurrentActor, given: Given) -> schemas.AuditCheck:
    """Reads every row: a changed or removed one is named."""
    return schemas.AuditCheck.model_validate(given.audit.check(actor))
