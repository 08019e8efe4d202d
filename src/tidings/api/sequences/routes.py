"""The routes of sequences. A sequence is a campaign too: its deliveries and preview are under `/campaigns/{id}`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.campaigns.schemas import Approve
from tidings.api.given import Given
from tidings.api.pages import After, IfMatch, Limit, Page, check_if_match, set_etag
from tidings.api.sequences import schemas
from tidings.campaigns.sequences.views import SequenceDetail
from tidings.domain.sequence import SequenceDefinition, parse_sequence

router = APIRouter(prefix="/sequences", tags=["sequences"])
STOP = needs(Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_SEND)
RawSequence = Annotated[
    dict[str, Any],
    Body(description="The definition; see the schema `SequenceDefinition`.", examples=[schemas.SEQUENCE_EXAMPLE]),
]


def _answer(response: Response, detail: SequenceDetail) -> schemas.Sequence:
    set_etag(response, detail.campaign.row.version)
    return schemas.Sequence.of(detail)


@router.get("", summary="List sequences, newest first", **needs(Permission.CAMPAIGNS_READ))
def list_sequences(
    actor: CurrentActor, given: Given, after: After = "", limit: Limit = 50
) -> Page[schemas.SequenceRow]:
    """Sequences of the brands you may see."""
    rows, following = given.sequences.list(actor, after=after, limit=limit)
    return Page(items=[schemas.SequenceRow.of(row) for row in rows], next=following)


@router.post("", status_code=201, summary="Make a sequence", **needs(Permission.CAMPAIGNS_WRITE))
def create_sequence(actor: CurrentActor, given: Given, definition: RawSequence, response: Response) -> schemas.Sequence:
    """The Content agent writes its messages at once; nothing leaves before a person approves all of them."""
    detail = given.sequences.create(actor, parse_sequence(definition))
    response.headers["Location"] = f"/api/v1/sequences/{detail.campaign.row.id}"
    return _answer(response, detail)


@router.post("/check", summary="Check a definition without making it", **needs(Permission.CAMPAIGNS_WRITE))
def check_sequence(definition: RawSequence) -> SequenceDefinition:
    """The definition as it was understood; a wrong one is answered with each wrong step and what to write instead."""
    return parse_sequence(definition)


@router.get("/templates", summary="List sequences to begin from", **needs(Permission.CAMPAIGNS_READ))
def list_sequence_templates(actor: CurrentActor, given: Given) -> list[schemas.SequenceTemplate]:
    """YAML whose brand, address and facts are to be replaced."""
    return [schemas.SequenceTemplate.model_validate(each) for each in given.sequences.templates(actor)]


@router.get("/{sequence_id}", summary="Get a sequence", **needs(Permission.CAMPAIGNS_READ))
def get_sequence(actor: CurrentActor, given: Given, sequence_id: str, response: Response) -> schemas.Sequence:
    """Definition, messages, the numbers of each step, and what you can do next."""
    return _answer(response, given.sequences.get(actor, sequence_id))


@router.put("/{sequence_id}", summary="Edit a sequence", **needs(Permission.CAMPAIGNS_WRITE))
def edit_sequence(
    actor: CurrentActor, given: Given, sequence_id: str, definition: RawSequence, response: Response,
    if_match: IfMatch = None,
) -> schemas.Sequence:  # fmt: skip
    """Another definition. One that runs goes on as it was until the edit is approved."""
    version = check_if_match(if_match, given.sequences.get(actor, sequence_id).campaign.row.version)
    detail = given.sequences.edit(actor, sequence_id, parse_sequence(definition), expected_version=version)
    return _answer(response, detail)


@router.post(
    "/{sequence_id}/approve", summary="Approve every step of a revision", **needs(Permission.CAMPAIGNS_APPROVE)
)
def approve_sequence(
    actor: CurrentActor, given: Given, sequence_id: str, body: Approve, response: Response
) -> schemas.Sequence:
    """Only people approve; the author only when nobody else could."""
    return _answer(response, given.sequences.approve(actor, sequence_id, body.revision_id, body.comment))


@router.post("/{sequence_id}/start", summary="Start", **needs(Permission.CAMPAIGNS_SEND))
def start_sequence(actor: CurrentActor, given: Given, sequence_id: str, response: Response) -> schemas.Sequence:
    """People enter from now on."""
    return _answer(response, given.sequences.start(actor, sequence_id))


@router.post("/{sequence_id}/pause", summary="Pause", **needs(Permission.SENDING_PAUSE))
def pause_sequence(actor: CurrentActor, given: Given, sequence_id: str, response: Response) -> schemas.Sequence:
    """Nobody goes on and nothing leaves."""
    return _answer(response, given.sequences.pause(actor, sequence_id))


@router.post("/{sequence_id}/resume", summary="Resume", **needs(Permission.SENDING_PAUSE))
def resume_sequence(actor: CurrentActor, given: Given, sequence_id: str, response: Response) -> schemas.Sequence:
    """Goes on from where it was paused."""
    return _answer(response, given.sequences.resume(actor, sequence_id))


@router.post("/{sequence_id}/stop", summary="Stop for good", **STOP)
def stop_sequence(actor: CurrentActor, given: Given, sequence_id: str, response: Response) -> schemas.Sequence:
    """Nobody hears anything more of it."""
    return _answer(response, given.sequences.stop(actor, sequence_id))


@router.get("/{sequence_id}/people", summary="List people in it", **needs(Permission.CONTACTS_READ))
def list_sequence_people(
    actor: CurrentActor, given: Given, sequence_id: str,
    step: Annotated[str | None, Query(max_length=24, description="Only those at this step")] = None,
    inside: Annotated[bool | None, Query(description="true: in it now; false: left")] = None,
    after: After = "", limit: Limit = 50,
) -> Page[schemas.SequencePerson]:  # fmt: skip
    """Where each stands, and since when."""
    rows, following = given.sequences.people(actor, sequence_id, step=step, inside=inside, after=after, limit=limit)
    return Page(items=[schemas.SequencePerson.model_validate(row) for row in rows], next=following)


@router.post("/{sequence_id}/people", summary="Let people in", **needs(Permission.CAMPAIGNS_SEND))
def enter_sequence(actor: CurrentActor, given: Given, sequence_id: str, body: schemas.EnterPeople) -> schemas.Entered:
    """Whoever is in it already stays where they are: asking twice changes nothing."""
    return schemas.Entered.model_validate(given.sequences.enter(actor, sequence_id, body.contact_ids))
