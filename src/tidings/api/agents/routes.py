"""The routes of the four agents."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tidings.access.permissions import Permission
from tidings.agents.service import AgentView
from tidings.api.agents import schemas
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given
from tidings.api.pages import IfMatch, check_if_match, set_etag
from tidings.domain.actor import AgentName

router = APIRouter(prefix="/agents", tags=["agents"])


def _answer(response: Response, view: AgentView) -> schemas.Agent:
    set_etag(response, view.version)
    return schemas.Agent.model_validate(view)


@router.get("", summary="List the agents", **needs(Permission.AGENTS_READ))
def list_agents(actor: CurrentActor, given: Given) -> schemas.Agents:
    """What each is doing, whether its process lives, and how it is set."""
    return schemas.Agents(items=[schemas.Agent.model_validate(view) for view in given.agents.list(actor)])


@router.get("/{name}", summary="Get an agent", **needs(Permission.AGENTS_READ))
def get_agent(actor: CurrentActor, given: Given, name: AgentName, response: Response) -> schemas.Agent:
    """Its ETag is the version of its settings."""
    return _answer(response, given.agents.get(actor, name))


@router.post("/{name}/pause", summary="Pause an agent", **needs(Permission.SENDING_PAUSE))
def pause_agent(
    actor: CurrentActor, given: Given, name: AgentName, response: Response, body: schemas.Pause | None = None
) -> schemas.Agent:
    """It takes up no work; the other three go on. Anybody who can write may pause."""
    return _answer(response, given.agents.pause(actor, name, body.reason if body else ""))


@router.post("/{name}/resume", summary="Resume an agent", **needs(Permission.AGENTS_CONFIGURE))
def resume_agent(actor: CurrentActor, given: Given, name: AgentName, response: Response) -> schemas.Agent:
    """What waited for it starts again."""
    return _answer(response, given.agents.resume(actor, name))


@router.patch("/{name}/configuration", summary="Configure an agent", **needs(Permission.AGENTS_CONFIGURE))
def configure_agent(
    actor: CurrentActor,
    given: Given,
    name: AgentName,
    body: schemas.Configure,
    response: Response,
    if_match: IfMatch = None,
) -> schemas.Agent:
    """Changes the named settings and, if given, the level of autonomy."""
    before = given.agents.get(actor, name)
    check_if_match(if_match, before.version)
    level = body.autonomy or before.autonomy
    return _answer(response, given.agents.configure(actor, name, body.config, level, before.version))


@router.post("/{name}/ask", summary="Ask an agent", **needs(Permission.AGENTS_READ))
def ask_agent(actor: CurrentActor, given: Given, name: AgentName, body: schemas.Question) -> schemas.Answer:
    """It answers from its tools, with your rights. What would change something waits for your yes."""
    return schemas.Answer.model_validate(given.asking.ask(actor, name, body.question, body.campaign_id))


@router.get("/{name}/turns", summary="List what of an agent waits for you", **needs(Permission.AGENTS_READ))
def list_turns(actor: CurrentActor, given: Given, name: AgentName) -> schemas.Answers:
    """Newest first; each waits a day."""
    waiting = given.asking.waiting(actor, name)
    return schemas.Answers(items=[schemas.Answer.model_validate(view) for view in waiting])


@router.post("/{name}/turns/{turn_id}/approve", summary="Say yes to an agent", **needs(Permission.AGENTS_READ))
def approve_turn(actor: CurrentActor, given: Given, name: AgentName, turn_id: str) -> schemas.Answer:
    """Exactly what it said it wants to do is done, once, with your rights."""
    return schemas.Answer.model_validate(given.asking.approve(actor, name, turn_id))


@router.post("/{name}/turns/{turn_id}/decline", summary="Say no to an agent", **needs(Permission.AGENTS_READ))
def decline_turn(actor: CurrentActor, given: Given, name: AgentName, turn_id: str) -> schemas.Answer:
    """Nothing is done."""
    return schemas.Answer.model_validate(given.asking.decline(actor, name, turn_id))
