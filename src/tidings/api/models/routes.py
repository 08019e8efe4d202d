"""The routes of language models."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given
from tidings.api.models import schemas
from tidings.api.pages import Limit
from tidings.content.models.kinds import FORMS
from tidings.content.models.repository import Configured

router = APIRouter(prefix="/models", tags=["models"])


def _shown(given: Given, model: Configured) -> schemas.Model:
    spent = given.models.spent(model)
    return schemas.Model.model_validate(model).model_copy(update={"spent_tokens": spent})


@router.get("", summary="List language models", **needs(Permission.AGENTS_READ))
def list_models(actor: CurrentActor, given: Given) -> schemas.Models:
    """With what each kind of model needs, as JSON schema."""
    kinds = {name: form.model_json_schema() for name, form in FORMS.items()}
    return schemas.Models(items=[_shown(given, each) for each in given.models.models(actor)], kinds=kinds)


@router.post("", status_code=201, summary="Add a language model", **needs(Permission.SETTINGS_WRITE))
def add_model(actor: CurrentActor, given: Given, body: schemas.NewModel) -> schemas.Model:
    """It may do nothing until it has taken the exam."""
    made = given.models.add(
        actor, body.name, body.kind, body.fields, monthly_tokens=body.monthly_tokens, rank=body.rank
    )
    return _shown(given, made)


@router.get("/calls", summary="What was asked of models", **needs(Permission.AUDIT_READ))
def list_model_calls(
    actor: CurrentActor, given: Given, limit: Limit = 50,
    left_machine: Annotated[bool | None, Query(description="Only what left this machine, or only what did not")] = None,
) -> schemas.ModelCalls:  # fmt: skip
    """Each question with where it went, why, and what it cost."""
    found = given.models.calls(actor, left_machine=left_machine, limit=limit)
    return schemas.ModelCalls(items=[schemas.ModelCall.model_validate(each) for each in found])


@router.get("/offline", summary="See offline mode", **needs(Permission.AGENTS_READ))
def get_offline(actor: CurrentActor, given: Given) -> schemas.OfflineMode:
    """Whether cloud models are left alone, and why."""
    return schemas.OfflineMode.model_validate(given.models.offline(actor))


@router.put("/offline", summary="Switch offline mode", **needs(Permission.SETTINGS_WRITE))
def set_offline(actor: CurrentActor, given: Given, body: schemas.OfflineChange) -> schemas.OfflineMode:
    """Local models and the Composer work on; what was written meanwhile is proposed anew when it ends."""
    return schemas.OfflineMode.model_validate(given.models.set_offline(actor, body.mode))


@router.get("/{model_id}", summary="Get a language model", **needs(Permission.AGENTS_READ))
def get_model(actor: CurrentActor, given: Given, model_id: str) -> schemas.Model:
    """By its id or name; its exam shows how far it has come."""
    return _shown(given, given.models.model(actor, model_id))


@router.patch("/{model_id}", summary="Change a language model", **needs(Permission.SETTINGS_WRITE))
def update_model(actor: CurrentActor, given: Given, model_id: str, body: schemas.ModelChanges) -> schemas.Model:
    """Switch it on or off, or give it another rank or budget."""
    return _shown(given, given.models.change(actor, model_id, **body.model_dump(exclude_unset=True)))


@router.delete("/{model_id}", status_code=204, summary="Remove a language model", **needs(Permission.SETTINGS_WRITE))
def remove_model(actor: CurrentActor, given: Given, model_id: str) -> None:
    """Its secret goes with it; drafts it wrote keep its name."""
    given.models.remove(actor, model_id)


@router.post("/{model_id}/exam", summary="Let a model take the exam", **needs(Permission.SETTINGS_WRITE))
def start_exam(actor: CurrentActor, given: Given, model_id: str) -> schemas.Model:
    """In the background; its result decides what the model may do."""
    return _shown(given, given.models.start_exam(actor, model_id))


@router.delete("/{model_id}/exam", summary="Stop a running exam", **needs(Permission.SETTINGS_WRITE))
def stop_exam(actor: CurrentActor, given: Given, model_id: str) -> schemas.Model:
    """It gives no licence then."""
    given.models.stop_exam(actor, model_id)
    return _shown(given, given.models.model(actor, model_id))


@router.get("/{model_id}/preview", summary="What would be sent", **needs(Permission.CAMPAIGNS_READ))
def preview_prompt(
    actor: CurrentActor, given: Given, model_id: str,
    campaign_id: Annotated[str, Query(description="The campaign whose brief it would write from")],
) -> schemas.Preview:  # fmt: skip
    """Asks nobody."""
    brief = given.campaigns.get(actor, campaign_id).brief
    return schemas.Preview.model_validate(given.models.preview(actor, model_id, brief))
