"""How a campaign looks in a terminal."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

from tidings.cli.output import count_of, counts, moment, show, show_checks, show_fields
from tidings.cli.progress import bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidings_client.campaigns import Campaign, CampaignRow, ChannelProgress, Draft, Finding, Plan, PreflightFinding

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
_SENTENCES = {
    "drafting": "is being written",
    "planning": "is being planned",
    "review": "waits for approval",
    "sending": "is being sent",
}
_REASONS = {
    "quiet_hours": "moved out of quiet hours",
    "frequency_cap": "moved by the frequency cap",
    "slot_full": "moved, the best hour was full",
    "override": "time set by a person",
    "holdout_time": "random hour to measure the gain",
}
AGENT_AUTHOR = "Content agent"


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
            "Channels": ", ".join(map(_channel, campaign.channels)),
            "Revision": campaign.revision and f"{campaign.revision.number} by {campaign.revision.author}",
            "Attached": ", ".join(file.name for file in campaign.revision.attachments) if campaign.revision else "",
            "Invitation": _event(campaign),
            "If late": _if_late(campaign),
        }
    )
    for notice in campaign.notices:
        show(f"\nIt cannot be approved yet. {notice}")
    drafts = campaign.revision.drafts if campaign.revision else []
    _show_of_brief(drafts)
    for draft in drafts:
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


def _channel(each: ChannelProgress) -> str:
    """How one channel stands."""
    return f"{each.channel} {each.messages}" + (f" ({each.waiting} still to leave)" if each.waiting else "")


def _event(campaign: Campaign) -> str:
    """The event that goes with every mail."""
    event = campaign.revision.invitation if campaign.revision else None
    return f"{event.title}, {event.start.replace('T', ' ')} ({event.zone})" if event else ""


def show_draft(draft: Draft) -> None:
    """One variant with what its checks found."""
    if draft.channel != "email":
        title = {"Title": draft.subject} if draft.subject else {}
        show_fields({f"{draft.channel} {draft.variant}": f"written by {draft.writer}", **title})
        for block in draft.blocks:
            words = block.get("text") or block.get("label") or ""
            show(f"  {words}: {block['url']}" if block.get("kind") == "button" else f"  {words}")
        _show_own(draft)
        return
    show_fields(
        {
            f"Variant {draft.variant}": draft.subject,
            "Preheader": draft.preheader,
            "Written by": draft.writer,
            "Language": draft.language if draft.language != "en" else "",
            "Differs": draft.differs,
            "Ranked": draft.ranked,
        }
    )
    _show_own(draft)


def _show_own(draft: Draft) -> None:
    """What was found in the draft itself."""
    for finding in draft.findings:
        if finding.place != "brief":
            show(_finding(finding))


def _show_of_brief(drafts: Sequence[Draft]) -> None:
    """What was found in the brief, each once, however many drafts rest on it."""
    found = {each.message: each for draft in drafts for each in draft.findings if each.place == "brief"}
    if found:
        show("\nThe brief:")
    for finding in found.values():
        show(_finding(finding))


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


def _if_late(campaign: Campaign) -> str:
    """What the brief says of messages late after an interruption, in its own terms."""
    policy, hours = campaign.brief.get("late"), campaign.brief.get("late_after_hours")
    return " ".join([policy or "", f"after {hours} hours" if hours else ""]).strip()


def _span(plan: Plan) -> str:
    """How many, and from when to when; that nobody is in it, where everybody is held back."""
    if not plan.people and not plan.first_at:
        return "nobody"
    return f"{count_of(plan.people, 'person', 'people')}, {moment(plan.first_at)} to {moment(plan.last_at)}"


def show_plan(plan: Plan) -> None:
    """Who hears when, in sum."""
    show_fields(
        {
            "Plan": _span(plan),
            "Channels": counts(plan.by_channel) if len(plan.by_channel) > 1 else "",
            "Versions": counts(_versions(plan)),
            "Variants": counts(plan.by_variant),
            "Reasons": counts({_REASONS.get(reason, reason): number for reason, number in plan.by_reason.items()}),
            "Held back": counts(plan.held_back),
            **{f"No {channel}": counts(held) for channel, held in plan.held_by_channel.items()},
            "Cap used up by": plan.cap_used_by.words if plan.cap_used_by else "",
            "Zones assumed": plan.zones_assumed or "",
            "Expected gain": plan.expected_gain,
        }
    )


def _versions(plan: Plan) -> dict[str, int]:
    """People by version, where there is more than one."""
    named = {version or "base": people for version, people in plan.by_version.items()}
    return named if len(named) > 1 else {}


def show_hours(plan: Plan) -> None:
    """The plan hour by hour, as bars."""
    most = max((hour.people for hour in plan.by_hour), default=0)
    for hour in plan.by_hour:
        show(f"{moment(hour.at)}  {'█' * max(1, round(40 * hour.people / most))} {hour.people}")


def state_of(row: CampaignRow) -> str:
    """The state in a word or two."""
    return f"{row.state}, paused" if row.paused else row.state


def sentence_of(row: CampaignRow) -> str:
    """The state as a sentence's end: `waits for approval`."""
    words = _SENTENCES.get(row.state, f"is {row.state}")
    return f"is paused; it {words}" if row.paused else words


def sent_back(campaign: Campaign) -> bool:
    """Whether the last verdict on the revision in force asks for changes."""
    if campaign.revision is None:
        return False
    number = campaign.revision.number
    verdicts = sorted((each for each in campaign.approvals if each.revision_number == number), key=lambda it: it.at)
    return bool(verdicts) and verdicts[-1].verdict == "changes_requested"


def broken_drafts(campaign: Campaign) -> list[Draft]:
    """The drafts in force that have findings which block them."""
    drafts = campaign.revision.drafts if campaign.revision else []
    return [draft for draft in drafts if any(finding.severity == "error" for finding in draft.findings)]


def rewriting(campaign: Campaign) -> str:
    """What a retry would set aside, in words; empty when it keeps the drafts, or only the agent's own go."""
    revised = campaign.revision
    if campaign.state != "blocked" or revised is None or campaign.launched_at is not None:
        return ""
    if not sent_back(campaign) and (not broken_drafts(campaign) or revised.author == AGENT_AUTHOR):
        return ""
    return f"This writes new drafts and sets aside revision {revised.number} by {revised.author}."


def cannot_follow(campaign: Campaign) -> str:
    """Where changes were asked of drafts by the Composer: that only a person can make them. Else empty."""
    drafts = campaign.revision.drafts if campaign.revision else []
    if not sent_back(campaign) or not any(draft.writer.startswith("Composer") for draft in drafts):
        return ""
    return "The Composer cannot follow comments; edit the draft."


def show_findings(campaign: Campaign) -> None:
    """The findings that block the drafts in force."""
    _show_of_brief(broken_drafts(campaign))
    for draft in broken_drafts(campaign):
        show(f"Variant {draft.variant}:")
        _show_own(draft)


def _finding(finding: Finding) -> str:
    quote = f" “{shorten(finding.quote, 160, placeholder='…')}”" if finding.quote else ""
    return f"  {finding.severity}: {finding.place}: {finding.message}{quote} {finding.remedy}".rstrip()


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
    if campaign.held_because:
        lines.append(
            f"Held: {campaign.held_because}. It goes out once that is over; `tidings doctor` names the remedy."
        )
    return "\n".join(lines)


def next_commands(campaign: Campaign) -> list[str]:
    """What its state and your role allow next, as commands."""
    allowed = {action.name for action in campaign.actions if action.allowed}
    first = [f"tidings campaign resume {campaign.id}"] if campaign.paused and "resume" in allowed else []
    if campaign.state == "blocked" and "edit" in allowed and (broken_drafts(campaign) or sent_back(campaign)):
        return first + _edits(campaign)
    said = {
        "drafting": [f"tidings campaign status {campaign.id} --watch"],
        "planning": [f"tidings campaign status {campaign.id} --watch"],
        "review": [f"tidings campaign plan {campaign.id}", f"tidings campaign preview {campaign.id}"],
        "sending": [f"tidings campaign status {campaign.id} --watch"],
        "done": [f"tidings report {campaign.id}"],
    }.get(campaign.state, [])
    verbs = [f"tidings campaign {verb} {campaign.id}" for verb in ("approve", "send", "retry") if verb in allowed]
    return first + said + verbs


def _edits(campaign: Campaign) -> list[str]:
    """How to mend the drafts by hand: those with findings, or the first where a person asked for changes."""
    drafts = broken_drafts(campaign) or (campaign.revision.drafts[:1] if campaign.revision else [])
    return [f"tidings campaign edit {campaign.id} --variant {draft.variant} --subject … --text N=…" for draft in drafts]
