"""The block editor of a draft: its buttons, the live preview beside it, saving, and what happens on a conflict."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tidings.access.permissions import Permission, require
from tidings.campaigns.editing import DraftChange
from tidings.campaigns.views import CampaignDetail, Preview
from tidings.content.importing import import_html
from tidings.content.parsing import BlocksError
from tidings.domain.blocks import Footer
from tidings.domain.draft import Draft, Finding
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError, TidingsError
from tidings.web.block_form import (
    EMPTY,
    KINDS,
    SHOWN_TO,
    RawBlock,
    Typed,
    acted,
    by_block,
    raw_blocks,
    typed_of,
    unfinished,
)  # fmt: skip
from tidings.web.looks import Looks, with_own_pictures
from tidings.web.sandbox import mail_response
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter(prefix="/campaigns/{campaign_id}/edit/{variant}")
LOOKS = (
    ("desktop", "Desktop"), ("phone", "Phone"), ("dark", "Dark"), ("text", "Plain text"), ("source", "Source"),
)  # fmt: skip
Places = dict[str, list[Finding]]


@router.get("")
def editor(visit: VisitHere, campaign_id: str, variant: str) -> Response:
    """The draft in force, as a form."""
    detail = _detail(visit, campaign_id)
    require(visit.actor, Permission.CAMPAIGNS_WRITE, detail.row.brand_id)
    draft = _draft(detail, variant)
    typed = Typed(draft.subject, draft.preheader, raw_blocks(draft.blocks), detail.row.version, "desktop", "")
    return _page(visit, detail, draft, typed, places=by_block(draft.findings))


@router.post("/blocks")
def blocks(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """One button: a block more, fewer, higher or lower. Nothing is saved."""
    detail = _detail(visit, campaign_id)
    draft, typed = _draft(detail, variant), typed_of(fields)
    done = acted(typed.blocks, text_of(fields, "act"))
    now = Typed(typed.subject, typed.preheader, done.blocks, typed.version, typed.look, typed.contact)
    values = _values(visit, detail, draft, now, places=_findings(visit, detail, variant, now))
    if visit.request.headers.get("hx-request"):
        return visit.fragment("editor_form.html", **values, focus=done.focus, words=done.words)
    return visit.page("editor.html", **values, focus=done.focus, words=done.words)


@router.post("/look")
def look(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """What was typed, as a contact would get it, with what the checks say. Nothing is saved.

    Blocks that are not finished yet are left out of it, and say at their place what they lack; for an empty subject
    stands the saved one.
    """
    typed = typed_of(fields)
    lacking = unfinished(typed.blocks)
    values: dict[str, Any] = {"problem": None, "message": None, "draft": None, "address": "", "places": {}}
    try:
        draft, message = visit.services.editing.looked_at(
            visit.actor, campaign_id, variant, _sketch(typed, lacking), typed.contact or None
        )
        name = _looks(visit).keep(visit.actor.id, _whole(visit, message))
        dark = "?dark=1" if typed.look == "dark" else ""
        address = f"/campaigns/{campaign_id}/edit/{variant}/look/{name}{dark}"
        values |= {"draft": draft, "message": message, "address": address, "places": by_block(draft.findings, lacking)}
    except (InvalidInputError, NotFoundError) as error:
        values["problem"] = error
    return visit.fragment("editor_look.html", typed=typed, lacking=sorted(lacking), **values)


@router.get("/look/{name}")
def looked_at(visit: VisitHere, name: str, dark: str = "") -> Response:
    """The message itself, for the sandboxed frame."""
    html = _looks(visit).find(visit.actor.id, name)
    if html is None:
        raise NotFoundError("This preview is gone.", remedy="Change something, and a new one is made.")
    return mail_response(html, dark=bool(dark))


@router.post("/save")
def save(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """A new revision. What was typed stays on the page when it cannot be saved."""
    typed = typed_of(fields)
    try:
        visit.services.editing.save(
            visit.actor, campaign_id, variant, _change(typed), expected_version=typed.version or None
        )
    except BlocksError:
        return _again(visit, campaign_id, variant, typed, BlocksError(unfinished(typed.blocks)))
    except (InvalidInputError, ConflictError) as error:
        return _again(visit, campaign_id, variant, typed, error)
    return visit.back(f"/campaigns/{campaign_id}", "edited")


@router.post("/begin")
def begin(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """Begins anew from a template; a revision like any other, so the words before can be had back."""
    visit.services.templates.start_from(visit.actor, campaign_id, variant, text_of(fields, "template"))
    return visit.back(f"/campaigns/{campaign_id}/edit/{variant}", "edited")


@router.post("/template")
def template(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """Keeps the saved draft as a template of its brand."""
    visit.services.templates.save(visit.actor, campaign_id, variant, text_of(fields, "name"))
    return visit.back(f"/campaigns/{campaign_id}/edit/{variant}", "saved")


@router.post("/import")
def take_in(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """Blocks out of HTML, in the form and not saved; what was not understood is listed. Footers of now stay."""
    file = fields.get("file")
    source = text_of(fields, "html")
    if isinstance(file, UploadFile) and file.filename:
        source = file.file.read().decode("utf-8", "replace")
    found = import_html(source)
    detail = _detail(visit, campaign_id)
    draft = _draft(detail, variant)
    kept = [block for block in draft.blocks if isinstance(block, Footer)]
    typed = Typed(
        found.title or draft.subject, draft.preheader, raw_blocks([*found.blocks, *kept]), detail.row.version,
        "desktop", "",
    )  # fmt: skip
    values = _values(visit, detail, draft, typed, places=_findings(visit, detail, variant, typed))
    values |= {"left_out": found.left_out, "imported": len(found.blocks), "unsupported": found.findings}
    return visit.page("editor.html", **values, focus="", words="")


@router.get("/export")
def export(visit: VisitHere, campaign_id: str, variant: str, form: str = "html") -> Response:
    """The draft in force as a file."""
    content = visit.services.records.export(visit.actor, campaign_id, variant, form)
    name = {"text": f"draft-{variant}.txt", "print": f"print-{variant}.html"}.get(form, f"draft-{variant}.{form}")
    named = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/octet-stream", headers=named)


@router.get("/print")
def to_print(visit: VisitHere, campaign_id: str, variant: str) -> Response:
    """The copy as a page for paper; the browser prints it, or makes a PDF of it."""
    content = visit.services.records.export(visit.actor, campaign_id, variant, "print")
    return mail_response(with_own_pictures(content, pictures_of(visit)))


def _again(visit: Visit, campaign_id: str, variant: str, typed: Typed, error: TidingsError) -> Response:
    """The form with everything as it was typed. After a conflict, saving again overwrites what is there, knowingly."""
    detail = _detail(visit, campaign_id)
    draft = _draft(detail, variant)
    conflict = isinstance(error, ConflictError)
    kept = typed
    if conflict:
        kept = Typed(typed.subject, typed.preheader, typed.blocks, detail.row.version, typed.look, typed.contact)
    problems = error.problems if isinstance(error, BlocksError) else {}
    values = _values(visit, detail, draft, kept, places=_findings(visit, detail, variant, kept))
    values |= {"problem": error, "problems": problems, "conflict": conflict and typed.version != detail.row.version}
    return visit.page("editor.html", status=error.status, **values, focus="", words="")


def _page(visit: Visit, detail: CampaignDetail, draft: Draft, typed: Typed, places: Places) -> Response:
    return visit.page("editor.html", **_values(visit, detail, draft, typed, places=places), focus="", words="")


def _values(visit: Visit, detail: CampaignDetail, draft: Draft, typed: Typed, *, places: Places) -> dict[str, Any]:
    brand, services = detail.row.brand_id, visit.services
    edits = next((action for action in detail.actions if action.name == "edit"), None)
    return {
        "campaign": detail, "variant": draft.variant, "draft": draft, "typed": typed, "kinds": KINDS,
        "shown_to": SHOWN_TO, "labels": dict(KINDS), "places": places, "problem": None, "problems": {},
        "conflict": False, "left_out": (), "imported": 0, "unsupported": (),
        "may_edit": edits is not None and edits.allowed,
        "looks": LOOKS, "known": EMPTY.keys(),
        "images": visit.allowed(lambda: services.images.images(visit.actor, brand), []),
        "templates": visit.allowed(lambda: services.templates.templates(visit.actor, brand), []),
        "people": visit.allowed(
            lambda: services.campaigns.slots(visit.actor, detail.row.id, limit=25, like=draft.variant)[0], []
        ),
    }  # fmt: skip


def _findings(visit: Visit, detail: CampaignDetail, variant: str, typed: Typed) -> Places:
    """What the checks say of each place of the form."""
    lacking = unfinished(typed.blocks)
    try:
        draft = visit.services.editing.checked(visit.actor, detail.row.id, variant, _sketch(typed, lacking))
    except InvalidInputError:  # what the checks cannot look at; saving says why
        return by_block((), lacking)
    return by_block(draft.findings, lacking)


def _detail(visit: Visit, campaign_id: str) -> CampaignDetail:
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    if detail.revision is None:
        raise ConflictError("There is no draft to edit yet.", remedy="Wait for the Content agent.")
    return detail


def _draft(detail: CampaignDetail, variant: str) -> Draft:
    drafts = detail.revision.drafts if detail.revision else ()
    found = next((draft for draft in drafts if draft.variant == variant), None)
    if found is None:
        raise NotFoundError(f"There is no variant {variant}.", remedy="Choose one on the campaign's page.")
    return found


def _change(typed: Typed, without: Container[int] = ()) -> DraftChange:
    given: list[RawBlock] = [block for index, block in enumerate(typed.blocks) if index not in without]
    return DraftChange(subject=typed.subject, preheader=typed.preheader, blocks=given)


def _sketch(typed: Typed, lacking: Container[int]) -> DraftChange:
    """What can be looked at already of what is being typed."""
    change = _change(typed, lacking)
    return change if typed.subject.strip() else replace(change, subject=None)


def _whole(visit: Visit, message: Preview) -> str:
    return with_own_pictures(message.html, pictures_of(visit))


def pictures_of(visit: Visit) -> Callable[[str], tuple[str, bytes] | None]:
    """Finds the bytes of this installation's own pictures by the last part of their address."""

    def fetch(name: str) -> tuple[str, bytes] | None:
        picture = visit.services.images.served(name)
        return (picture.media_type, picture.content) if picture else None

    return fetch


def _looks(visit: Visit) -> Looks:
    found: Looks = visit.request.app.state.looks
    return found
