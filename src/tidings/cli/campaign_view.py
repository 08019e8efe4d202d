"""How a campaign looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidings.cli.output import counts, moment, show, show_checks, show_fields
from tidings.cli.progress import bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidings_client.campaigns import Campaign, CampaignRow, Draft, Plan, PreflightFinding

OVER = frozenset({"done", "cancelled"})
WORKING = frozenset({"drafting", "planning"})
_FINISHED_DELIVERIES = (
    "accepted",
    "delivered",
    "bounced",
    "complained",
    "failed",
    "cancelled",
    "suppressed",
    "uncertain",
)
_MARKS = {"ok": "ok", "not_checked": "skip", "warning": "warn", "error": "fail"}
_DOING = {"drafting": "the Content agent is writing", "planning": "the Scheduling agent is planning"}


def show_campaign(campaign: Campaign) -> None:
    """The campaign on one screen."""
    show_fields(
        {
            "Campaign": campaign.name,
            "Id": campaign.id,
            "State": state_of(campaign),
            "Why": campaign.state_reason,
            "Brand": campaign.brand_name,
            "Author": campaign.author_name,
            "Created": moment(campaign.created_at),
            "People": campaign.people or "",
            "Deliveries": counts(campaign.counts),
            "Revision": campaign.revision and f"{campaign.revision.number} by {campaign.revision.author}",
        }
    )
    for draft in campaign.revision.drafts if campaign.revision else ():
        show()
        show_draft(draft)
    if campaign.plan:
        show()
        show_plan(campaign.plan)
    for verdict in campaign.approvals:
        own = " (their own campaign)" if verdict.self_approved else ""
        show(
            f"\n{verdict.verdict.replace('_', ' ').capitalize()}, revision {verdict.revision_number}: "
            f"{verdict.by_name}{own}, {moment(verdict.at)}. {verdict.comment}".rstrip()
        )


def show_draft(draft: Draft) -> None:
    """One variant with what its checks found."""
    show_fields({f"Variant {draft.variant}": draft.subject, "Preheader": draft.preheader, "Written by": draft.writer})
    for finding in draft.findings:
        show(f"  {finding.severity}: {finding.place}: {finding.message} {finding.remedy}".rstrip())


def show_preflight(findings: Sequence[PreflightFinding]) -> None:
    """Each check with a mark, the remedy under what is not well, and the record to copy."""
    show_checks(
        (
            f"{finding.place}, {finding.check}" if finding.place else finding.check,
            _MARKS.get(finding.grade, "warn"),
            finding.message,
            "\n    ".join(part for part in (finding.remedy, finding.record) if part),
        )
        for finding in findings
    )


def show_plan(plan: Plan) -> None:
    """Who hears when, in sum."""
    show_fields(
        {
            "Plan": f"{plan.people} people, {moment(plan.first_at)} to {moment(plan.last_at)}",
            "Variants": counts(plan.by_variant),
            "Reasons": counts(plan.by_reason),
            "Held back": counts(plan.held_back),
            "Zones assumed": plan.zones_assumed or "",
            "Expected gain": plan.expected_gain,
        }
    )


def show_hours(plan: Plan) -> None:
    """The plan hour by hour, as bars."""
    most = max((hour.people for hour in plan.by_hour), default=0)
    for hour in plan.by_hour:
        show(f"{moment(hour.at)}  {'█' * max(1, round(40 * hour.people / most))} {hour.people}")


def state_of(row: CampaignRow) -> str:
    """The state in a word or two."""
    return f"{row.state}, paused" if row.paused else row.state


def progress_lines(campaign: Campaign) -> str:
    """What a watcher sees: state, and how many deliveries are over."""
    lines = [f"{campaign.name}: {state_of(campaign)}"]
    if campaign.state in _DOING and not campaign.paused:
        lines[0] += f" ({_DOING[campaign.state]})"
    if campaign.state_reason:
        lines.append(campaign.state_reason)
    total = sum(campaign.counts.values())
    if total:
        finished = sum(campaign.counts.get(state, 0) for state in _FINISHED_DELIVERIES)
        lines.append(f"{bar(finished, total)}  {finished} of {total}: {counts(campaign.counts)}")
    return "\n".join(lines)


def next_commands(campaign: Campaign) -> list[str]:
    """What its state and your role allow next, as commands."""
    allowed = {action.name for action in campaign.actions if action.allowed}
    said = {
        "drafting": [f"tidings campaign status {campaign.id} --watch"],
        "planning": [f"tidings campaign status {campaign.id} --watch"],
        "review": [f"tidings campaign plan {campaign.id}", f"tidings campaign preview {campaign.id}"],
        "sending": [f"tidings campaign status {campaign.id} --watch"],
        "done": [f"tidings report {campaign.id}"],
    }.get(campaign.state, [])
    verbs = {"approve": "approve", "send": "send", "retry": "retry", "resume": "resume"}
    return said + [f"tidings campaign {verb} {campaign.id}" for name, verb in verbs.items() if name in allowed]
