"""A new campaign: the brief's form, and what the drafts may say while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from tidings.access.permissions import Permission, require
from tidings.content.briefing.yaml import MOST_LETTERS, brief_of_yaml
from tidings.content.proposing.source import decoded
from tidings.domain.brief import CAMPAIGN_TYPES, LATE_WORDS, parse_brief
from tidings.domain.channel import Channel
from tidings.domain.errors import InvalidInputError, TidingsError
from tidings.web import brief_form, version_form
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter()


@router.get("/campaigns/new")
def new(visit: VisitHere) -> Response:
    """The empty form."""
    require(visit.actor, Permission.CAMPAIGNS_WRITE)
    return _page(visit, FormData())


@router.post("/campaigns/new")
def create(visit: VisitHere, fields: FormHere) -> Response:
    """Creates the campaign; a brief that cannot be used comes back with the reason and everything typed."""
    require(visit.actor, Permission.CAMPAIGNS_WRITE)
    try:
        made = visit.services.campaigns.create(visit.actor, parse_brief(brief_form.brief_of(fields)))
    except TidingsError as problem:
        if problem.status not in {409, 422}:
            raise
        return _page(visit, fields, problem)
    return visit.back(f"/campaigns/{made.row.id}", "created")


@router.post("/campaigns/new/preview")
def preview(visit: VisitHere, fields: FormHere) -> Response:
    """What the drafts may say, from the form as it stands."""
    raw = brief_form.brief_of(fields)
    brand = text_of(fields, "brand")
    claims = visit.allowed(lambda: visit.services.brands.claims(visit.actor, brand), []) if brand else []
    now = visit.services.clock.now()
    return visit.fragment(
        "brief_preview.html", sentences=raw["facts"],
        claims=[claim for claim in claims if claim.usable(at=now, channel="email")],
        missing=", ".join(brief_form.missing(raw)), draft=None,
    )  # fmt: skip


@router.post("/campaigns/new/words")
def from_words(visit: VisitHere, fields: FormHere) -> Response:
    """A brief in plain words or a brief's file, put into the form to be confirmed. Nothing is made by it."""
    words, file = text_of(fields, "words"), fields.get("file")
    try:
        if isinstance(file, UploadFile) and file.filename:
            raw = brief_of_yaml(decoded(file.file.read(MOST_LETTERS + 1)))
            return _page(visit, brief_form.form_of(_with_ids(visit, raw)), read=Read(unknown=_not_shown(raw)))
        parsed = visit.services.briefs.parse(visit.actor, words)
    except InvalidInputError as problem:
        return _page(visit, FormData(), problem, read=Read(words=words))
    gaps = tuple(gap.question for gap in parsed.gaps)
    read = Read(words, gaps, parsed.notes, parsed.unused, _not_shown(parsed.fields))
    return _page(visit, brief_form.form_of(_with_ids(visit, parsed.fields)), read=read)


class Read(NamedTuple):
    """What reading a text or a file said beside the form: questions left, notes, sentences that went nowhere."""

    words: str = ""
    gaps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def _with_ids(visit: Visit, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The form chooses brand and audience by id, a text names them."""
    services = visit.services
    brands = {
        brand.name.casefold(): brand.id for brand in visit.allowed(lambda: services.brands.brands(visit.actor), [])
    }
    segments = {
        each.name.casefold(): each.id for each in visit.allowed(lambda: services.audience.segments(visit.actor), [])
    }
    found = dict(raw)
    for name, ids in (("brand", brands), ("audience", segments)):
        found[name] = ids.get(str(raw.get(name, "")).casefold(), raw.get(name, ""))
    return found


def _not_shown(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields of a file that the form does not have: they would be lost without a word."""
    return tuple(name for name in raw if name not in brief_form.FIELDS and raw[name] not in (None, "", [], ["email"]))


def _page(visit: Visit, fields: FormData, problem: TidingsError | None = None, *, read: Read | None = None) -> Response:
    services = visit.services
    return visit.page(
        "campaign_new.html", status=problem.status if problem else 200, problem=problem,
        read=read or Read(), values=brief_form.values_of(fields), empty_version=version_form.EMPTY,
        types=CAMPAIGN_TYPES, stems=brief_form.STEMS, channels=tuple(Channel), late_policies=LATE_WORDS,
        brands=visit.allowed(lambda: services.brands.brands(visit.actor), []),
        segments=visit.allowed(lambda: services.audience.segments(visit.actor), []),
    )  # fmt: skip
