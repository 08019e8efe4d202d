"""What the Analytics agent recommends, a person's answer, and what may be said of the latest campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import Response

from tidings.campaigns.views import CampaignRow
from tidings.domain.actor import AgentName
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import NotFoundError
from tidings.web.report import has_results
from tidings.web.routes.sign_in import local_path
from tidings.web.visit import Visit, VisitHere

if TYPE_CHECKING:
    from tidings.analytics.views import CampaignReport

router = APIRouter()
LATEST = 10  # finished campaigns; each costs a handful of queries


class Finished(NamedTuple):
    """A finished campaign and what came of it."""

    row: CampaignRow
    report: CampaignReport


@router.get("/insights")
def insights(visit: VisitHere) -> Response:
    """All recommendations, newest first, and the results of the latest finished campaigns."""
    recommendations = visit.services.analytics.recommendations(visit.actor)
    finished = _finished(visit)
    return visit.page(
        "insights.html", recommendations=recommendations, finished=finished, latest=LATEST,
        why_none="" if recommendations else why_none(finished, halted=_halted(visit)),
    )  # fmt: skip


@router.post("/insights/{recommendation_id}")
def decide(
    visit: VisitHere, recommendation_id: str, answer: Annotated[str, Form()], back: Annotated[str, Form()] = "/insights"
) -> Response:
    """Accepts or rejects one."""
    visit.services.analytics.decide_recommendation(visit.actor, recommendation_id, answer == "accept")
    return visit.back(local_path(back), "decided")


def why_none(finished: list[Finished], *, halted: str) -> str:
    """Why there is no recommendation, and what to do."""
    if halted:
        remedy = "Resume it on its page" if halted == "paused" else "Start it with `tidings worker --agent analytics`"
        return f"The Analytics agent is {halted}, so nobody writes them. {remedy}."
    if not finished:
        return "No campaign is finished. After one, the Analytics agent says here what to do differently next time."
    if not any(has_results(each.report) for each in finished):
        return "The finished campaigns delivered to nobody, so there is nothing to learn from."
    if any(each.report.winners for each in finished):
        return (
            "The Analytics agent writes them for campaigns that finish while it works; these were over before."
            " What their numbers say stands below."
        )
    return (
        "The Analytics agent recommends where a difference between two subject lines is certain enough. Below it is"
        " said of each finished campaign what holds it back; two subject lines and more contacts help most."
    )


def _finished(visit: Visit) -> list[Finished]:
    rows, _ = visit.allowed(
        lambda: visit.services.campaigns.list(visit.actor, state=CampaignState.DONE, limit=LATEST), ([], "")
    )
    found: list[Finished] = []
    for row in rows[:LATEST]:
        if row.is_sequence:  # its variants are steps, not rivals
            continue
        try:
            found.append(Finished(row, visit.services.analytics.campaign_report(visit.actor, row.id)))
        except NotFoundError:  # removed since the list was read
            continue
    return found


def _halted(visit: Visit) -> str:
    """`paused` or `stopped` when the Analytics agent does not work, else empty."""
    agents = visit.allowed(lambda: visit.services.agents.list(visit.actor), [])
    status = next((str(agent.status) for agent in agents if agent.name == AgentName.ANALYTICS), "")
    return status if status in {"paused", "stopped"} else ""
