"""Settings: one's own password, accounts and their links, brands as they stand, health, the sample data's removal."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from tidings.access.permissions import Permission, require
from tidings.domain.actor import Role
from tidings.domain.errors import ConflictError, InvalidInputError, TidingsError, UnavailableError
from tidings.domain.tracking import Tracking
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


@router.post("/settings/accounts/{account_id}/role")
def set_role(visit: VisitHere, account_id: str, fields: FormHere) -> Response:
    """What somebody may do from now on; their brands stay."""
    try:
        visit.services.access.set_role(visit.actor, account_id, _role(text_of(fields, "role")))
    except (InvalidInputError, ConflictError) as problem:
        return _page(visit, status=problem.status, problem=problem)
    return visit.back("/settings", "saved")


@router.post("/settings/accounts/{account_id}/{act}")
def close_or_open(visit: VisitHere, account_id: str, act: Literal["close", "open"]) -> Response:
    """Ends an account's sessions, links and tokens, or lets its person in again."""
    try:
        visit.services.access.set_active(visit.actor, account_id, active=act == "open")
    except ConflictError as problem:
        return _page(visit, status=problem.status, problem=problem)
    return visit.back("/settings", "saved")


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
    return [
        {"body": brand, "claims": service.claims(visit.actor, brand.id), "tracking": tracking_words(brand.tracking)}
        for brand in brands
    ]


def tracking_words(tracking: Tracking) -> str:
    """What is measured of a brand's mail, in a sentence."""
    said = ["Clicks" if tracking.clicks else "No clicks: links stand in the mail as they are"]
    said.append("opens of people who have consented" if tracking.opens else "no opens")
    if tracking.click_ids and tracking.clicks:
        said.append(f"conversions by click id, or within {tracking.conversion_days} days of a click")
    if tracking.utm.on:
        said.append("UTM parameters on links to its own sites")
    if tracking.url:
        said.append(f"over {tracking.url}")
    return "; ".join(said) + "."


@router.post("/settings/brands/{brand_id}/tracking")
def set_tracking(visit: VisitHere, brand_id: str, fields: FormHere) -> Response:
    """What is measured of a brand's mail from now on; what was approved before has to be approved again."""
    before = visit.services.brands.brand(visit.actor, brand_id).tracking
    ticked = {name: bool(text_of(fields, name)) for name in ("clicks", "opens", "click_ids")}
    tracking = {
        **before.model_dump(mode="json"), **ticked, "url": text_of(fields, "url").strip(),
        "utm": {**before.utm.model_dump(mode="json"), "on": bool(text_of(fields, "utm"))},
    }  # fmt: skip
    try:
        visit.services.brands.update_brand(visit.actor, brand_id, {"tracking": tracking})
    except InvalidInputError as problem:
        return _page(visit, status=problem.status, problem=problem)
    return visit.back("/settings", "saved")
