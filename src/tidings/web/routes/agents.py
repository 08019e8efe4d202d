"""One page an agent: what it does, what it decided and why, its configuration, pause and override."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from tidings.campaigns.asking import AnswerView
from tidings.domain.actor import AgentName
from tidings.domain.errors import NotFoundError, TidingsError
from tidings.web.routes.sign_in import local_path
from tidings.web.schema_form import config_of, fields_of
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter()


@router.get("/agents/{name}")
def agent(visit: VisitHere, name: str, after: str = "") -> Response:
    """The agent's page."""
    return _page(visit, _known(name), after=after)


@router.post("/agents/{name}/configure")
def configure(visit: VisitHere, name: str, fields: FormHere) -> Response:
    """Saves the configuration; what is wrong comes back with the page."""
    known = _known(name)
    sent = {key: text_of(fields, key) for key in fields}
    version = sent.get("version", "")
    try:
        view = visit.services.agents.get(visit.actor, known)
        config = config_of(fields_of(view.schema, view.config), sent)
        visit.services.agents.configure(
            visit.actor, known, config, sent.get("autonomy", ""), int(version) if version.isdigit() else 0
        )  # fmt: skip
    except TidingsError as problem:
        if problem.status not in {409, 422}:
            raise
        return _page(visit, known, problem=problem)
    return visit.back(f"/agents/{name}", "configured")


@router.post("/agents/{name}/ask")
def ask(
    visit: VisitHere, name: str, question: Annotated[str, Form()] = "", campaign_id: Annotated[str, Form()] = ""
) -> Response:
    """The answer to a question, or what the agent wants to do first."""
    known, asking = _known(name), visit.services.asking
    return _answered(visit, known, lambda: asking.ask(visit.actor, known, question, campaign_id or None))


@router.post("/agents/{name}/turns/{turn_id}/approve")
def approve_turn(visit: VisitHere, name: str, turn_id: str) -> Response:
    """A yes to what the agent wants to do."""
    known, asking = _known(name), visit.services.asking
    return _answered(visit, known, lambda: asking.approve(visit.actor, known, turn_id))


@router.post("/agents/{name}/turns/{turn_id}/decline")
def decline_turn(visit: VisitHere, name: str, turn_id: str) -> Response:
    """A no."""
    known, asking = _known(name), visit.services.asking
    return _answered(visit, known, lambda: asking.decline(visit.actor, known, turn_id))


@router.post("/agents/{name}/pause")
def pause(visit: VisitHere, name: str, reason: Annotated[str, Form()] = "") -> Response:
    """Holds this agent alone."""
    visit.services.agents.pause(visit.actor, _known(name), reason)
    return visit.back(f"/agents/{name}", "paused")


@router.post("/agents/{name}/resume")
def resume(visit: VisitHere, name: str) -> Response:
    """Lets it go on."""
    visit.services.agents.resume(visit.actor, _known(name))
    return visit.back(f"/agents/{name}", "resumed")


@router.post("/agents/decisions/{decision_id}/override")
def override(
    visit: VisitHere, decision_id: str, reason: Annotated[str, Form()], back: Annotated[str, Form()] = "/"
) -> Response:
    """Notes a person's word against a decision."""
    visit.services.agents.override(visit.actor, decision_id, reason)
    return visit.back(local_path(back), "overridden")


def _known(name: str) -> AgentName:
    try:
        return AgentName(name)
    except ValueError:
        raise NotFoundError(f"There is no agent {name!r}.", remedy="Choose one on the left.") from None


def _answered(visit: Visit, name: AgentName, act: Callable[[], AnswerView]) -> Response:
    """What came of it: a part of the page for htmx, else the whole page. A refusal stands where the answer would."""
    said, problem = None, None
    try:
        said = act()
    except TidingsError as error:
        problem = error
    if visit.request.headers.get("hx-request"):
        waiting = visit.services.asking.waiting(visit.actor, name)
        return visit.fragment(
            "agent_answer.html", status=problem.status if problem else 200, name=name.value, said=said,
            ask_problem=problem, waiting=waiting,
        )  # fmt: skip
    return _page(visit, name, said=said, ask_problem=problem)


def _page(
    visit: Visit, name: AgentName, *, after: str = "", problem: TidingsError | None = None,
    said: AnswerView | None = None, ask_problem: TidingsError | None = None,
) -> Response:  # fmt: skip
    agents, asking = visit.services.agents, visit.services.asking
    view = agents.get(visit.actor, name)
    decisions, following = agents.decisions(visit.actor, agent=name, after=after, limit=30)
    wrong = problem or ask_problem
    campaigns, _ = visit.allowed(lambda: visit.services.campaigns.list(visit.actor, limit=50), ([], ""))
    return visit.page(
        "agent.html", status=wrong.status if wrong else 200, name=name.value, agent=view, decisions=decisions,
        following=following, fields=fields_of(view.schema, view.config), problem=problem, asking=asking,
        waiting=asking.waiting(visit.actor, name), campaigns=campaigns, said=said, ask_problem=ask_problem,
        offline=visit.services.models.offline(visit.actor) if name is AgentName.CONTENT else None,
        limits=visit.services.distribution.limits(visit.actor) if name is AgentName.DISTRIBUTION else None,
        question=said.question if said else "", campaign_id=said.campaign_id if said else "",
    )  # fmt: skip
