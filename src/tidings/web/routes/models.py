"""The language models: what each may do and why, its exam, its budget, and what left this machine."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from tidings.content.models.kinds import FORMS
from tidings.domain.errors import TidingsError
from tidings.web.routes.sign_in import local_path
from tidings.web.schema_form import config_of, fields_of
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter()
TITLES = {"openai": "A service that speaks OpenAI’s language", "gguf": "A GGUF file", "azure_openai": "Azure OpenAI",
          "foundry": "A Foundry agent"}  # fmt: skip


@router.get("/models")
def models(visit: VisitHere) -> Response:
    """The page."""
    return _page(visit)


@router.post("/models")
def add_model(visit: VisitHere, fields: FormHere) -> Response:
    """Adds one; what was typed comes back with what is wrong about it, its key excepted."""
    kind, name = text_of(fields, "kind"), text_of(fields, "name")
    form = FORMS.get(kind, FORMS["openai"])
    sent = {key: text_of(fields, key) for key in fields}
    try:
        values = config_of(fields_of(form.model_json_schema(), {}), sent)
        visit.services.models.add(visit.actor, name, kind, values)
    except TidingsError as problem:
        return _page(visit, status=problem.status, problem=problem, typed={"kind": kind, "name": name})
    return visit.back("/models", "model_added")


@router.post("/models/offline")
def switch_offline(
    visit: VisitHere, mode: Annotated[str, Form()], back: Annotated[str, Form()] = "/models"
) -> Response:
    """Offline mode on, off, or by itself."""
    visit.services.models.set_offline(visit.actor, mode)
    return visit.back(local_path(back), "saved")


@router.post("/models/{model_id}/exam")
def start_exam(visit: VisitHere, model_id: str) -> Response:
    """Lets it take the exam."""
    visit.services.models.start_exam(visit.actor, model_id)
    return visit.back("/models", "exam_started")


@router.post("/models/{model_id}/exam/stop")
def stop_exam(visit: VisitHere, model_id: str) -> Response:
    """Stops it."""
    visit.services.models.stop_exam(visit.actor, model_id)
    return visit.back("/models", "exam_stopped")


@router.post("/models/{model_id}/switch")
def switch(visit: VisitHere, model_id: str, fields: FormHere) -> Response:
    """On or off."""
    visit.services.models.change(visit.actor, model_id, enabled=text_of(fields, "enabled") == "true")
    return visit.back("/models", "saved")


@router.post("/models/{model_id}/remove")
def remove(visit: VisitHere, model_id: str) -> Response:
    """Forgets it."""
    visit.services.models.remove(visit.actor, model_id)
    return visit.back("/models", "model_removed")


def _page(
    visit: Visit, *, status: int = 200, problem: TidingsError | None = None, typed: dict[str, Any] | None = None
) -> Response:
    service, actor = visit.services.models, visit.actor
    configured = service.models(actor)
    found = [{"body": each, "spent": service.spent(each)} for each in configured]
    forms = [
        {"kind": kind, "title": TITLES[kind], "about": (FORMS[kind].__doc__ or "").strip(),
         "fields": fields_of(FORMS[kind].model_json_schema(), {})}
        for kind in TITLES
    ]  # fmt: skip
    names = {each.id: each.name for each in configured}
    return visit.page(
        "models.html", status=status, problem=problem, typed=typed or {"kind": "", "name": ""}, models=found,
        forms=forms, names=names, offline=service.offline(actor),
        left=visit.allowed(lambda: service.calls(actor, left_machine=True, limit=10), None),
    )  # fmt: skip
