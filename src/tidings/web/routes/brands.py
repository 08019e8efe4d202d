"""Brands: the list, a brand's form with a sample of its mail."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from tidings.access.permissions import Permission, require
from tidings.content.rendering.sample import sample_mail
from tidings.content.service import require_brand_maker, sample_brand
from tidings.domain.brand import Brand
from tidings.domain.claim import ClaimState
from tidings.domain.errors import ConflictError, InvalidInputError, TidingsError
from tidings.web import brand_form
from tidings.web.sandbox import mail_response
from tidings.web.visit import FormHere, Visit, VisitHere

router = APIRouter()


@router.get("/brands")
def brands(visit: VisitHere) -> Response:
    """The list, with how many claims of each need a look."""
    service, now = visit.services.brands, visit.services.clock.now()
    found: list[dict[str, object]] = []
    for brand in service.brands(visit.actor):
        states = [claim.state(now) for claim in service.claims(visit.actor, brand.id)]
        counts = {state: states.count(state) for state in ClaimState if state is not ClaimState.RETIRED}
        found.append({"body": brand, "counts": counts, "claims": len(states)})
    return visit.page("brands.html", brands=found)


@router.get("/brands/new")
def new_brand(visit: VisitHere) -> Response:
    """The empty form."""
    require_brand_maker(visit.actor)
    return _form(visit, brand_form.values_of_form(FormData()))


@router.post("/brands/new")
def create_brand(visit: VisitHere, fields: FormHere) -> Response:
    """A brand, or the form again with the reason and everything typed."""
    try:
        made = visit.services.brands.create_brand(visit.actor, brand_form.fields_of(fields))
    except (InvalidInputError, ConflictError) as problem:
        return _form(visit, brand_form.values_of_form(fields), problem=problem)
    return visit.back(f"/brands/{made.id}", "brand_saved")


@router.get("/brands/new/sample")
def no_sample_yet(visit: VisitHere) -> Response:
    """What stands in the sample's frame before the first look."""
    return _said(visit, "Fill in the form, then show a sample mail.")


@router.post("/brands/new/sample")
def sample_of_new(visit: VisitHere, fields: FormHere) -> Response:
    """A sample mail of the form as it stands."""
    require(visit.actor, Permission.BRANDS_READ)
    return _sample(visit, fields, None)


@router.get("/brands/{brand_id}")
def brand(visit: VisitHere, brand_id: str) -> Response:
    """The form of a brand; to be read only by whoever may not change it."""
    found = visit.services.brands.brand(visit.actor, brand_id)
    return _form(visit, brand_form.values_of_brand(found), found)


@router.post("/brands/{brand_id}")
def update_brand(visit: VisitHere, brand_id: str, fields: FormHere) -> Response:
    """Saves it; what was approved before has to be approved again where its mail changes by it."""
    before = visit.services.brands.brand(visit.actor, brand_id)
    try:
        visit.services.brands.update_brand(visit.actor, before.id, brand_form.fields_of(fields, before))
    except (InvalidInputError, ConflictError) as problem:
        return _form(visit, brand_form.values_of_form(fields), before, problem)
    return visit.back(f"/brands/{before.id}", "brand_saved")


@router.get("/brands/{brand_id}/sample")
def sample(visit: VisitHere, brand_id: str) -> Response:
    """A sample mail of the brand as it is saved."""
    return mail_response(
        sample_mail(visit.services.brands.brand(visit.actor, brand_id), visit.services.clock.now())[0].html
    )


@router.post("/brands/{brand_id}/sample")
def sample_of_form(visit: VisitHere, brand_id: str, fields: FormHere) -> Response:
    """A sample mail of the form as it stands, before it is saved."""
    return _sample(visit, fields, visit.services.brands.brand(visit.actor, brand_id))


def _sample(visit: Visit, fields: FormData, before: Brand | None) -> Response:
    try:
        shown = sample_brand(brand_form.fields_of(fields, before))
        return mail_response(sample_mail(shown, visit.services.clock.now())[0].html)
    except TidingsError as problem:
        return _said(visit, problem.message, problem.remedy)


def _said(visit: Visit, message: str, remedy: str = "") -> Response:
    """Words in the frame of the sample, under the frame's own policy."""
    return mail_response(visit.html("brand_no_sample.html", message=message, remedy=remedy))


def _form(
    visit: Visit, values: dict[str, object], brand: Brand | None = None, problem: TidingsError | None = None
) -> Response:
    return visit.page(
        "brand.html", status=problem.status if problem else 200, problem=problem, values=values, brand=brand,
        may_change=visit.may("brands:write"),
    )  # fmt: skip
