"""Settings: one's own password, accounts and their links, brands as they stand, health, the sample data's removal."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from tidings.access.permissions import Permission, require
from tidings.domain.actor import Role
from tidings.domain.errors import ConflictError, InvalidInputError, TidingsError, UnavailableError
from tidings.web.visit import FormHere, Visit, VisitHere, text_of, texts_of

router = APIRouter()
ROLES = tuple(role for role in Role if role is not Role.SERVICE)  # that one is for programs
LINK_HOURS = 24  # how long an invitation works


class Invitation(NamedTuple):
    """A one-time link just made, and for whom. Shown now and never again."""

    name: str
    url: str
    hours: int = LINK_HOURS


@router.get("/settings")
def settings(visit: VisitHere) -> Response:
    """The page."""
    return _page(visit)


@router.post("/settings/accounts")
def add_person(visit: VisitHere, fields: FormHere) -> Response:
    """Makes an account and a link that signs its person in once; the answer is the only place the link stands."""
    require(visit.actor, Permission.ACCOUNTS_MANAGE)
    typed: dict[str, Any] = {name: text_of(fields, name) for name in ("name", "email", "role")}
    typed["brands"] = texts_of(fields, "brands")
    try:
        account = visit.services.access.create_account(
            visit.actor, email=typed["email"], name=typed["name"], role=_role(typed["role"]), brands=typed["brands"]
        )
    except (InvalidInputError, ConflictError) as problem:
        return _page(visit, status=problem.status, problem=problem, typed=typed)
    return _page(visit, invitation=_invitation(visit, account.id))


@router.post("/settings/accounts/{account_id}/link")
def new_link(visit: VisitHere, account_id: str) -> Response:
    """Another link for somebody whose own is used or too old."""
    require(visit.actor, Permission.ACCOUNTS_MANAGE)
    return _page(visit, invitation=_invitation(visit, account_id))


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


def _page(
    visit: Visit,
    *,
    status: int = 200,
    invitation: Invitation | None = None,
    problem: TidingsError | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    services, actor = visit.services, visit.actor
    return visit.page(
        "settings.html", status=status, invitation=invitation, problem=problem, roles=ROLES,
        typed=typed or {"name": "", "email": "", "role": Role.AUTHOR, "brands": []},
        accounts=visit.allowed(lambda: services.access.accounts(actor), None),
        brands=_brands(visit),
        health=services.health.check() if visit.may("settings:write") else [],
        may_remove_sample=visit.may("settings:write") and visit.request.app.state.remove_sample is not None,
    )  # fmt: skip


def _role(name: str) -> Role:
    if name not in ROLES:
        raise InvalidInputError("There is no such role.", remedy="Choose one of the list.", field="role")
    return Role(name)


def _invitation(visit: Visit, account_id: str) -> Invitation:
    """Raises NotFoundError, and ForbiddenError for an account beyond the actor's reach."""
    access = visit.services.access
    account = access.account(visit.actor, account_id)  # checks the reach, which making a link does not
    secret = access.create_sign_in_link(account.id, minutes=LINK_HOURS * 60, actor=visit.actor)
    return Invitation(account.name, f"{visit.services.base_url}/sign-in/link?token={secret}")


def _brands(visit: Visit) -> list[dict[str, Any]]:
    service = visit.services.brands
    brands = visit.allowed(lambda: service.brands(visit.actor), [])
    return [{"body": brand, "claims": service.claims(visit.actor, brand.id)} for brand in brands]
