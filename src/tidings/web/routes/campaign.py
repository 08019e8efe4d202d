"""One campaign: everything of it on one page, and every verb a person has over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from tidings.campaigns.views import CampaignDetail
from tidings.distribution.findings import Grade
from tidings.domain.blocks import Heading, Text
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import InvalidInputError
from tidings.web.formats import from_local_input
from tidings.web.report import has_results, highest
from tidings.web.versions import in_words
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

if TYPE_CHECKING:
    from tidings.analytics.views import CampaignReport
    from tidings.domain.brief import Brief

router = APIRouter(prefix="/campaigns/{campaign_id}")
S = CampaignState
_WAY = (("Brief", None), ("Drafts", S.DRAFTING), ("Plan", S.PLANNING), ("Approval", S.REVIEW), ("Sending", S.SENDING))
_REACHED = {S.DRAFTING: 1, S.PLANNING: 2, S.REVIEW: 3, S.APPROVED: 4, S.SENDING: 4, S.DONE: 6}
_FAST, _SLOW = 2, 10  # seconds between looks


class Step(NamedTuple):
    """One step of the campaign's way: `at` is past, now or ahead."""

    name: str
    at: str


@router.get("")
def campaign(visit: VisitHere, campaign_id: str) -> Response:
    """The campaign's page."""
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    if detail.row.is_sequence:
        return RedirectResponse(f"/sequences/{campaign_id}", 303)  # a notice meant for the page is shown there
    decisions = visit.allowed(
        lambda: visit.services.agents.decisions(visit.actor, campaign_id=campaign_id, limit=20)[0], []
    )
    names = _segment_names(visit, detail.brief)
    return visit.page(
        "campaign.html", campaign=detail,
        steps=steps_of(detail), decisions=decisions,
        audience_name=names.get(detail.brief.audience, detail.brief.audience.capitalize()),
        versions=in_words(detail.brief, names),
        may_plan=visit.may("campaigns:write") and detail.row.state in {S.REVIEW, S.APPROVED},
        starts_itself=_starts_itself(visit), **_live(visit, detail),
    )  # fmt: skip


@router.get("/live")
def live(visit: VisitHere, campaign_id: str, seen: str = "") -> Response:
    """Progress and results again; when the state has changed, the whole page is asked for."""
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    if detail.row.state.value != seen:
        return Response(status_code=204, headers={"hx-refresh": "true"})
    return visit.fragment("campaign_live.html", campaign=detail, **_live(visit, detail))


@router.get("/preflight")
def preflight(visit: VisitHere, campaign_id: str) -> Response:
    """What speaks against sending. The page asks for it by itself, because name servers may take a second."""
    found = visit.services.campaigns.preflight(visit.actor, campaign_id)
    grades = {grade: [finding for finding in found if finding.grade is grade] for grade in Grade}
    return visit.fragment(
        "campaign_preflight.html", blocking=[finding for finding in found if finding.blocks],
        asking=[f for f in (*grades[Grade.ERROR], *grades[Grade.WARNING]) if not f.blocks],
        unchecked=grades[Grade.NOT_CHECKED], passed=grades[Grade.OK],
    )  # fmt: skip


@router.post("/approve")
def approve(
    visit: VisitHere, campaign_id: str, revision_id: Annotated[str, Form()], comment: Annotated[str, Form()] = ""
) -> Response:
    """A person's yes to exactly the revision the page showed."""
    visit.services.campaigns.approve(visit.actor, campaign_id, revision_id, comment)
    return visit.back(f"/campaigns/{campaign_id}", "approved")


@router.post("/request-changes")
def request_changes(visit: VisitHere, campaign_id: str, comment: Annotated[str, Form()] = "") -> Response:
    """A person's no, with what should change."""
    visit.services.campaigns.request_changes(visit.actor, campaign_id, comment)
    return visit.back(f"/campaigns/{campaign_id}", "changes")


@router.post("/send")
def send(visit: VisitHere, campaign_id: str, how: Annotated[str, Form()] = "planned") -> Response:
    """Starts the sending, as planned or now."""
    visit.services.campaigns.send(visit.actor, campaign_id, now=how == "now")
    return visit.back(f"/campaigns/{campaign_id}", "sent_now" if how == "now" else "sent")


@router.post("/pause")
def pause(visit: VisitHere, campaign_id: str) -> Response:
    """Holds the campaign where it is."""
    visit.services.campaigns.pause(visit.actor, campaign_id)
    return visit.back(f"/campaigns/{campaign_id}", "paused")


@router.post("/resume")
def resume(visit: VisitHere, campaign_id: str) -> Response:
    """Goes on from where it was held."""
    visit.services.campaigns.resume(visit.actor, campaign_id)
    return visit.back(f"/campaigns/{campaign_id}", "resumed")


@router.post("/cancel")
def cancel(visit: VisitHere, campaign_id: str) -> Response:
    """Ends the campaign for good."""
    visit.services.campaigns.cancel(visit.actor, campaign_id)
    return visit.back(f"/campaigns/{campaign_id}", "cancelled")


@router.post("/drop-channel")
def drop_channel(
    visit: VisitHere, campaign_id: str, channel: Annotated[str, Form()], reason: Annotated[str, Form()] = ""
) -> Response:
    """Takes one channel out; the others go on."""
    visit.services.campaigns.drop_channel(visit.actor, campaign_id, channel, reason)
    return visit.back(f"/campaigns/{campaign_id}", "channel_dropped")


@router.post("/retry")
def retry(visit: VisitHere, campaign_id: str) -> Response:
    """Lets the agent that was stuck try again."""
    visit.services.campaigns.retry(visit.actor, campaign_id)
    return visit.back(f"/campaigns/{campaign_id}", "retried")


@router.post("/replan")
def replan(visit: VisitHere, campaign_id: str) -> Response:
    """Asks for a new send plan."""
    visit.services.campaigns.replan(visit.actor, campaign_id)
    return visit.back(f"/campaigns/{campaign_id}", "replanned")


@router.post("/time")
def set_time(
    visit: VisitHere, campaign_id: str, due_at: Annotated[str, Form()], reason: Annotated[str, Form()] = ""
) -> Response:
    """One send time for everybody, in the visitor's own zone."""
    try:
        instant = from_local_input(due_at, visit.zone)
    except ValueError:
        raise InvalidInputError("That is not a time.", remedy="Choose day and time.", field="due_at") from None
    visit.services.campaigns.set_send_time(visit.actor, campaign_id, instant, reason)
    return visit.back(f"/campaigns/{campaign_id}", "rescheduled")


@router.post("/edit/{variant}")
def edit(visit: VisitHere, campaign_id: str, variant: str, fields: FormHere) -> Response:
    """A person's words instead of the agent's, as a new revision."""
    sent = {
        int(name.removeprefix("text_")): text_of(fields, name).replace("\r\n", "\n")
        for name in fields
        if name.startswith("text_") and name.removeprefix("text_").isdigit()
    }
    channel = text_of(fields, "channel")
    before = _texts(visit.services.campaigns.get(visit.actor, campaign_id), variant, channel or "email")
    texts = {index: text for index, text in sent.items() if text != before.get(index)}
    visit.services.campaigns.edit_draft(
        visit.actor, campaign_id, variant, subject=text_of(fields, "subject"),
        preheader=text_of(fields, "preheader"), texts=texts, channel=channel,
    )  # fmt: skip
    return visit.back(f"/campaigns/{campaign_id}", "edited")


@router.post("/postings/{posting_id}/confirm")
def confirm_posting(visit: VisitHere, campaign_id: str, posting_id: str, url: Annotated[str, Form()] = "") -> Response:
    """A person has seen a posting in doubt."""
    visit.services.campaigns.settle_posting(visit.actor, campaign_id, posting_id, there=True, url=url)
    return visit.back(f"/campaigns/{campaign_id}", "posting_confirmed")


@router.post("/postings/{posting_id}/repeat")
def repeat_posting(visit: VisitHere, campaign_id: str, posting_id: str) -> Response:
    """A person wants a posting tried again."""
    visit.services.campaigns.settle_posting(visit.actor, campaign_id, posting_id, there=False)
    return visit.back(f"/campaigns/{campaign_id}", "posting_again")


@router.get("/people")
def people(visit: VisitHere, campaign_id: str, after: str = "") -> Response:
    """Who hears when, and why then."""
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    slots, following = visit.services.campaigns.slots(visit.actor, campaign_id, after=after, limit=100)
    return visit.page("people.html", campaign=detail, slots=slots, following=following)


@router.get("/deliveries")
def deliveries(visit: VisitHere, campaign_id: str, state: str = "", after: str = "") -> Response:
    """The campaign's deliveries with the server's words."""
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    rows, following = visit.services.campaigns.deliveries(
        visit.actor, campaign_id, state=state or None, after=after, limit=100
    )
    return visit.page("deliveries.html", campaign=detail, deliveries=rows, state=state, following=following)


def steps_of(detail: CampaignDetail) -> list[Step]:
    """The campaign's way from brief to results, and where on it the campaign stands."""
    state, row = detail.row.state, detail.row
    at = _REACHED.get(state)
    if at is None:  # blocked or cancelled: as far as it came
        at = 4 if row.launched_at else 3 if detail.plan else 2 if detail.revision else 1
    names = [*(name for name, _ in _WAY), "Results"]
    return [Step(name, "past" if no < at else "now" if no == at else "ahead") for no, name in enumerate(names)]


def _live(visit: Visit, detail: CampaignDetail) -> dict[str, Any]:
    """What changes by itself on the page: progress, results, recommendations, and how often to look."""
    row = detail.row
    report: CampaignReport | None = None
    recommendations: list[Any] = []
    analytics = visit.services.analytics
    if row.launched_at is not None and not row.is_confirmation:
        report = visit.allowed(lambda: analytics.campaign_report(visit.actor, row.id), None)
    if row.launched_at is not None or row.state in {S.REVIEW, S.BLOCKED}:
        recommendations = list(visit.allowed(lambda: analytics.recommendations(visit.actor, row.id), []))
    working = row.state in {S.DRAFTING, S.PLANNING, S.SENDING, S.APPROVED} and not row.paused
    return {
        "actions": {action.name: action for action in detail.actions},
        "live": row.state is not S.CANCELLED or bool(row.counts) or bool(detail.postings),
        "every": _FAST if working else _SLOW,
        "report": report if report is not None and has_results(report) else None,
        "most_clicked": highest(line.clicked for line in report.lines) if report else 1.0,
        "most_unsubscribed": highest(line.unsubscribed for line in report.lines) if report else 1.0,
        "recommendations": recommendations,
    }  # fmt: skip


def _texts(detail: CampaignDetail, variant: str, channel: str) -> dict[int, str]:
    """The texts of a draft's blocks by index, so that only what a person changed counts as theirs."""
    drafts = detail.revision.drafts if detail.revision else ()
    wanted = (variant, channel)
    blocks = next((draft.blocks for draft in drafts if (draft.variant, draft.channel) == wanted), ())
    return {index: block.text for index, block in enumerate(blocks) if isinstance(block, Heading | Text)}


def _segment_names(visit: Visit, brief: Brief) -> dict[str, str]:
    """The segments' names by id, where the brief names one by its id."""
    if not any(named.startswith("seg_") for named in (brief.audience, *(each.segment for each in brief.versions))):
        return {}
    segments = visit.allowed(lambda: visit.services.audience.segments(visit.actor), [])
    return {segment.id: segment.name for segment in segments}


def _starts_itself(visit: Visit) -> bool:
    """Whether the Distribution agent starts an approved campaign without being told."""
    agents = visit.allowed(lambda: visit.services.agents.list(visit.actor), [])
    return any(agent.name == "distribution" and agent.autonomy != "suggest" and not agent.paused for agent in agents)
