"""Sequences: the list, and making or changing one, by a form or as YAML."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.datastructures import FormData
from starlette.responses import Response

from tidings.access.permissions import Permission, require
from tidings.campaigns.sequences.catalogue import read_yaml, template, write_yaml
from tidings.domain.brief import CAMPAIGN_TYPES
from tidings.domain.errors import TidingsError
from tidings.domain.sequence import WEEKDAYS, SequenceDefinition, parse_sequence
from tidings.web import sequence_form
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter(prefix="/sequences")
_BLANK = "blank"
TRIGGERS = (
    ("segment", "they join a segment"), ("import", "they are imported"), ("api", "a program lets them in"),
    ("start", "it starts: all at once"), ("date", "a day comes: all at once"),
)  # fmt: skip


@router.get("")
def sequences(visit: VisitHere, after: str = "") -> Response:
    """The list, and what to begin from."""
    rows, following = visit.services.sequences.list(visit.actor, after=after, limit=60)
    found = visit.services.sequences.templates(visit.actor)
    return visit.page("sequences.html", rows=rows, following=following, templates=found)


@router.get("/new")
def new(visit: VisitHere, begin: str = _BLANK, as_yaml: str = "") -> Response:
    """The form, filled from a template."""
    require(visit.actor, Permission.CAMPAIGNS_WRITE)
    brands = visit.allowed(lambda: visit.services.brands.brands(visit.actor), [])
    first = brands[0] if brands else None
    name, website = (first.name, first.website) if first else ("", "https://")
    raw: dict[str, Any] = {"name": "", "brand": name, "trigger": {"kind": "import"}, "steps": []}
    if begin != _BLANK:
        segments = visit.allowed(lambda: visit.services.audience.segments(visit.actor), [])
        text = template(begin, brand=name, website=website, audience=segments[0].name if segments else "everyone")
        raw = read_yaml(text)
    else:
        raw["steps"] = sequence_form.changed([], "add-send")
    return _page(visit, raw, as_yaml=bool(as_yaml))


@router.post("/new")
def create(visit: VisitHere, fields: FormHere) -> Response:
    """Makes it; a definition that cannot be used comes back with the reason and everything typed."""
    require(visit.actor, Permission.CAMPAIGNS_WRITE)
    try:
        made = visit.services.sequences.create(visit.actor, _definition(fields))
    except TidingsError as problem:
        return _again(visit, fields, problem)
    return visit.back(f"/sequences/{made.campaign.row.id}", "sequence_made")


@router.get("/{sequence_id}/edit")
def edit(visit: VisitHere, sequence_id: str, as_yaml: str = "") -> Response:
    """The form with the definition as it is, or as its waiting edit is."""
    detail = visit.services.sequences.get(visit.actor, sequence_id)
    require(visit.actor, Permission.CAMPAIGNS_WRITE, detail.campaign.row.brand_id)
    raw = (detail.proposed or detail.definition).model_dump(mode="json")
    return _page(visit, raw, sequence_id=sequence_id, version=detail.campaign.row.version, as_yaml=bool(as_yaml))


@router.post("/{sequence_id}/edit")
def save(visit: VisitHere, sequence_id: str, fields: FormHere) -> Response:
    """Saves it as a new revision, which needs approval."""
    version = text_of(fields, "version")
    try:
        visit.services.sequences.edit(
            visit.actor, sequence_id, _definition(fields), expected_version=int(version) if version.isdigit() else None
        )
    except TidingsError as problem:
        return _again(visit, fields, problem, sequence_id)
    return visit.back(f"/sequences/{sequence_id}", "sequence_edited")


@router.post("/new/steps")
def steps(visit: VisitHere, fields: FormHere, act: Annotated[str, Form()] = "") -> Response:
    """The steps after a press of one of their buttons; nothing is saved."""
    changed = sequence_form.changed(sequence_form.steps_of(fields), act)
    return visit.fragment("sequence_steps.html", **_steps(visit, changed))


def _definition(fields: FormData) -> SequenceDefinition:
    text = fields.get("yaml")
    return parse_sequence(read_yaml(text) if isinstance(text, str) else sequence_form.raw_of(fields))


def _again(visit: Visit, fields: FormData, problem: TidingsError, sequence_id: str = "") -> Response:
    if problem.status not in {409, 422}:
        raise problem
    text = fields.get("yaml")
    raw = {} if isinstance(text, str) else sequence_form.raw_of(fields)
    return _page(
        visit, raw, sequence_id=sequence_id, version=text_of(fields, "version"), problem=problem,
        text=text if isinstance(text, str) else None, as_yaml=isinstance(text, str),
    )  # fmt: skip


def _page(
    visit: Visit, raw: dict[str, Any], *, sequence_id: str = "", version: Any = "", as_yaml: bool = False,
    problem: TidingsError | None = None, text: str | None = None,
) -> Response:  # fmt: skip
    found: list[dict[str, Any]] = raw.get("steps") or []
    return visit.page(
        "sequence_edit.html", status=problem.status if problem else 200, problem=problem,
        whole=sequence_form.whole(raw), sequence_id=sequence_id, version=version, as_yaml=as_yaml, triggers=TRIGGERS,
        exits=sequence_form.EXITS, text=text if text is not None else write_yaml(raw),
        brands=visit.allowed(lambda: visit.services.brands.brands(visit.actor), []), **_steps(visit, found),
    )  # fmt: skip


def _steps(visit: Visit, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "steps": sequence_form.shown(found), "types": CAMPAIGN_TYPES, "weekdays": WEEKDAYS,
        "conditions": sequence_form.CONDITIONS,
        "segments": visit.allowed(lambda: visit.services.audience.segments(visit.actor), []),
    }  # fmt: skip
