"""The library of claims: list, add, edit, approve, retire, and claims proposed from a text, a file or a page."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from tidings.content.proposing.service import Confirmed, Proposal, Taken
from tidings.content.proposing.source import MOST_BYTES
from tidings.domain.channel import Channel
from tidings.domain.claim import ClaimKind, ClaimState
from tidings.domain.errors import InvalidInputError, TidingsError
from tidings.domain.instant import Instant, from_datetime, to_datetime
from tidings.web.visit import FormHere, Visit, VisitHere, text_of, texts_of

router = APIRouter()
KIND_WORDS = {
    ClaimKind.WHAT: "What it is", ClaimKind.ABILITY: "What one can do", ClaimKind.BENEFIT: "What one gets",
    ClaimKind.PROOF: "Proof", ClaimKind.OFFER: "Price or offer", ClaimKind.DATE: "When", ClaimKind.PLACE: "Where",
}  # fmt: skip
_RETURNED = frozenset({400, 403, 409, 422, 503})


@router.get("/brands/{brand_id}/claims")
def library(visit: VisitHere, brand_id: str, state: str = "") -> Response:
    """The brand's claims, of one state or all in use."""
    return _library(visit, brand_id, state=state)


@router.post("/brands/{brand_id}/claims")
def add(visit: VisitHere, brand_id: str, fields: FormHere) -> Response:
    """A claim in one's own name; a sentence that is none comes back with what was typed."""
    brand = visit.services.brands.brand(visit.actor, brand_id)
    try:
        given = _given(visit, fields)
        visit.services.brands.add_claim(
            visit.actor, brand.id, given["sentence"], given["kind"], given["evidence"],
            evidence_url=given["evidence_url"], valid_until=given["valid_until"], locale=brand.locale,
            channels=given["channels"], approve=bool(text_of(fields, "approve")),
        )  # fmt: skip
    except TidingsError as problem:
        if problem.status not in {409, 422}:
            raise
        return _library(visit, brand_id, problem=problem, typed=_typed(fields))
    return visit.back(f"/brands/{brand.id}/claims", "claim_added")


@router.get("/claims/{claim_id}")
def claim(visit: VisitHere, claim_id: str) -> Response:
    """One claim's form."""
    return _claim(visit, claim_id)


@router.post("/claims/{claim_id}")
def edit(visit: VisitHere, claim_id: str, fields: FormHere) -> Response:
    """Saves it. With another sentence it waits for a new approval."""
    brand_id, before = visit.services.brands.claim(visit.actor, claim_id)
    try:
        changed = visit.services.brands.edit_claim(visit.actor, claim_id, _given(visit, fields))
    except TidingsError as problem:
        if problem.status not in {409, 422}:
            raise
        return _claim(visit, claim_id, problem, _typed(fields))
    if before.approved_by and not changed.approved_by:
        return visit.back(f"/claims/{claim_id}", "claim_reworded")
    return visit.back(f"/brands/{brand_id}/claims", "saved")


@router.post("/claims/{claim_id}/approve")
def approve(visit: VisitHere, claim_id: str, fields: FormHere) -> Response:
    """In one's own name, as it stands in the form: what was edited beside it is saved first."""
    brand_id, _ = visit.services.brands.claim(visit.actor, claim_id)
    try:
        if "sentence" in fields:
            visit.services.brands.edit_claim(visit.actor, claim_id, _given(visit, fields))
        until = _end_of(text_of(fields, "valid_until"), visit.zone)
        visit.services.brands.approve_claim(visit.actor, claim_id, valid_until=until)
    except InvalidInputError as problem:
        return _claim(visit, claim_id, problem, _typed(fields) if "sentence" in fields else None)
    return visit.back(f"/brands/{brand_id}/claims", "claim_approved")


@router.post("/claims/{claim_id}/retire")
def retire(visit: VisitHere, claim_id: str) -> Response:
    """Out of use for good."""
    brand_id, _ = visit.services.brands.claim(visit.actor, claim_id)
    visit.services.brands.retire_claim(visit.actor, claim_id)
    return visit.back(f"/brands/{brand_id}/claims", "claim_retired")


@router.post("/brands/{brand_id}/claims/propose")
def propose(visit: VisitHere, brand_id: str, fields: FormHere) -> Response:
    """Reads a text, a file or a page; what it offers is shown, and kept nowhere."""
    try:
        proposal = _proposal(visit, brand_id, fields)
    except TidingsError as problem:
        if problem.status not in _RETURNED or not visit.may("brands:write"):
            raise
        return _library(visit, brand_id, problem=problem, source=text_of(fields, "text"), url=text_of(fields, "url"))
    return _proposed(visit, brand_id, proposal)


@router.post("/brands/{brand_id}/claims/confirm")
def confirm(visit: VisitHere, brand_id: str, fields: FormHere) -> Response:
    """Makes claims of what was ticked, as it was edited; what cannot be used comes back with the reason."""
    source, url = text_of(fields, "source"), text_of(fields, "url")
    chosen: list[Confirmed] = []
    for number in texts_of(fields, "chosen")[:200]:
        sentence, place = text_of(fields, f"sentence_{number}"), text_of(fields, f"place_{number}")
        kind = text_of(fields, f"kind_{number}")
        evidence = ", ".join(part for part in (source, place) if part)[:2000]
        chosen.append(
            Confirmed(sentence, evidence, url, ClaimKind(kind) if kind in set(ClaimKind) else None,
                      _end_of(text_of(fields, f"until_{number}"), visit.zone))
        )  # fmt: skip
    if not chosen:
        raise InvalidInputError("No sentence was ticked.", remedy="Go back and tick those you confirm.")
    taken = visit.services.proposals.confirm(visit.actor, brand_id, chosen)
    if not taken.refused:
        return visit.back(f"/brands/{brand_id}/claims", "claims_confirmed")
    return _library(visit, brand_id, taken=taken)


def _proposal(visit: Visit, brand_id: str, fields: FormData) -> Proposal:
    service, actor = visit.services.proposals, visit.actor
    file, url = fields.get("file"), text_of(fields, "url")
    if isinstance(file, UploadFile) and file.filename:
        return service.from_file(actor, brand_id, file.filename, file.file.read(MOST_BYTES + 1))
    if url:
        return service.from_page(actor, brand_id, url)
    return service.from_text(actor, brand_id, text_of(fields, "text"))


def _given(visit: Visit, fields: FormData) -> dict[str, Any]:
    kind = text_of(fields, "kind")
    return {
        "sentence": text_of(fields, "sentence"), "kind": ClaimKind(kind) if kind in set(ClaimKind) else None,
        "evidence": text_of(fields, "evidence"), "evidence_url": text_of(fields, "evidence_url"),
        "valid_until": _end_of(text_of(fields, "valid_until"), visit.zone),
        "channels": tuple(texts_of(fields, "channels")),
    }  # fmt: skip


def _end_of(day: str, zone: str) -> Instant | None:
    """The last second of a day in that zone; None for no day. Raises InvalidInputError."""
    if not day:
        return None
    try:
        return from_datetime(datetime.combine(date.fromisoformat(day), time(23, 59, 59), ZoneInfo(zone)))
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(
            f"“{day}” is no day.", remedy="Write it like 2026-12-31.", field="valid_until"
        ) from error


def _typed(fields: FormData) -> dict[str, Any]:
    names = ("sentence", "kind", "evidence", "evidence_url", "valid_until")
    return {**{name: text_of(fields, name) for name in names}, "channels": texts_of(fields, "channels")}


def _library(
    visit: Visit, brand_id: str, *, state: str = "", problem: TidingsError | None = None,
    typed: dict[str, Any] | None = None, source: str = "", url: str = "", taken: Taken | None = None,
) -> Response:  # fmt: skip
    service, now = visit.services.brands, visit.services.clock.now()
    brand = service.brand(visit.actor, brand_id)
    wanted = ClaimState(state) if state in set(ClaimState) else None
    every = service.claims(visit.actor, brand.id, with_retired=True)
    states = [claim.state(now) for claim in every]
    shown = [
        {"body": claim, "state": its} for claim, its in zip(every, states, strict=True)
        if (its is wanted if wanted else its is not ClaimState.RETIRED)
    ]  # fmt: skip
    return visit.page(
        "claims.html", status=problem.status if problem else 200, problem=problem, brand=brand, shown=shown,
        wanted=wanted, counts={each: states.count(each) for each in ClaimState}, typed=typed or _typed(FormData()),
        source=source, url=url, taken=taken, may_change=visit.may("brands:write"), kinds=KIND_WORDS,
        channels=list(Channel),
    )  # fmt: skip


def _proposed(visit: Visit, brand_id: str, proposal: Proposal) -> Response:
    brand = visit.services.brands.brand(visit.actor, brand_id)
    return visit.page("claims_proposed.html", brand=brand, proposal=proposal, kinds=KIND_WORDS)


def _claim(
    visit: Visit, claim_id: str, problem: TidingsError | None = None, typed: dict[str, Any] | None = None
) -> Response:
    brand_id, found = visit.services.brands.claim(visit.actor, claim_id)
    until = "" if found.valid_until is None else to_datetime(found.valid_until, visit.zone).strftime("%Y-%m-%d")
    values = typed or {
        "sentence": found.sentence, "kind": found.kind.value, "evidence": found.evidence,
        "evidence_url": found.evidence_url, "valid_until": until, "channels": list(found.channels),
    }  # fmt: skip
    return visit.page(
        "claim.html", status=problem.status if problem else 200, problem=problem, claim=found, typed=values,
        brand=visit.services.brands.brand(visit.actor, brand_id), state=found.state(visit.services.clock.now()),
        may_change=visit.may("brands:write"), kinds=KIND_WORDS, channels=list(Channel),
    )  # fmt: skip
