"""Which acts a campaign's state and an actor's role allow, with the reason where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tidings.access.permissions import Permission, may, require
from tidings.agents.state import load
from tidings.campaigns import approved, repository
from tidings.campaigns.views import ActionView, ChannelView
from tidings.domain.actor import Actor, AgentName
from tidings.domain.campaign import TERMINAL, CampaignState
from tidings.domain.decision import Autonomy
from tidings.domain.errors import ConflictError

S = CampaignState
EDITABLE = frozenset({S.REVIEW, S.APPROVED, S.BLOCKED})

WORDS = {
    S.DRAFTING: "being written", S.PLANNING: "being planned", S.REVIEW: "waiting for approval", S.APPROVED: "approved",
    S.SENDING: "being sent", S.DONE: "done", S.BLOCKED: "blocked", S.CANCELLED: "cancelled",
}  # fmt: skip
HINTS = {
    S.DRAFTING: "The Content agent is writing; wait for its drafts.",
    S.PLANNING: "The Scheduling agent is planning; wait for its plan.",
    S.REVIEW: "It waits for approval.",
    S.APPROVED: "It is approved; it can be sent.",
    S.SENDING: "It is being sent; it can be paused or cancelled.",
    S.DONE: "It is over; its report stays.",
    S.BLOCKED: "See the reason shown with it, then retry or edit.",
    S.CANCELLED: "It was cancelled for good; start a new one.",
}


def state_words(row: Row[Any]) -> str:
    """The campaign's state as a sentence says it: “it is …”."""
    return WORDS[CampaignState(row.state)]


def hint(row: Row[Any]) -> str:
    """What is possible in the campaign's state, in words."""
    return HINTS[CampaignState(row.state)]


def require_any(actor: Actor, permissions: Sequence[Permission], brand_id: str) -> None:
    """Raises ForbiddenError unless the actor holds at least one of them for the brand."""
    if not any(may(actor, permission, brand_id) for permission in permissions):
        require(actor, permissions[0], brand_id)


def retry_state(conn: Connection, row: Row[Any]) -> tuple[CampaignState, dict[str, Any]]:
    """Where a blocked campaign goes on, and its policy then: where it broke off, or where it must be approved anew.

    Good drafts are kept unless a person asked for others.
    """
    policy: dict[str, Any] = dict(row.policy)
    if row.revision_id is None:
        return S.DRAFTING, policy
    revised = repository.revision_of(conn, row.revision_id)
    if "send_now" in policy and (row.launched_at is not None or approved.is_as_approved(conn, row, revised)):
        return S.SENDING, policy
    policy.pop("send_now", None)
    sent_back = repository.last_verdict(conn, revised) == "changes_requested"
    good = all(draft.sendable for draft in revised.drafts)
    if row.is_sequence:
        return (S.REVIEW if good and not sent_back else S.DRAFTING), policy
    return (S.PLANNING if good and not sent_back else S.DRAFTING), policy


def check_editable(row: Row[Any]) -> None:
    """Raises ConflictError when the drafts cannot be edited in this state."""
    if row.is_sequence and row.state == S.SENDING.value:
        return  # the edit waits for approval while the sequence goes on as it was
    if CampaignState(row.state) not in EDITABLE or row.policy.get("send_now") is not None:
        raise ConflictError(f"“{row.name}” is {state_words(row)}; its drafts cannot be edited.", remedy=hint(row))


def check_planned(row: Row[Any]) -> None:
    """Raises ConflictError for a sequence: nobody plans it, its times follow from what each person does."""
    if row.is_sequence:
        raise ConflictError(
            f"“{row.name}” is a sequence; it has no plan.", remedy="Change the waits in its definition."
        )


def check_version(row: Row[Any], expected: int | None) -> None:
    """Raises ConflictError when somebody changed the campaign since the version that was seen; None does not ask."""
    if expected is not None and row.version != expected:
        raise ConflictError(f"“{row.name}” was changed meanwhile.", remedy="Look at it again, then repeat.")


def distribution_starts_by_itself(conn: Connection) -> bool:
    """Whether the Distribution agent may start an approved campaign without being told."""
    state = load(conn, AgentName.DISTRIBUTION)
    return not state.paused and state.autonomy is not Autonomy.SUGGEST


def actions_for(
    actor: Actor, row: Row[Any], *, revision_author: str, only_approver: bool,
    channels: Sequence[ChannelView] = (), held: bool = False,
) -> tuple[ActionView, ...]:  # fmt: skip
    """What can be done next, in the order in which a page shows it. `held`: a guard rail paused it."""
    state, brand = CampaignState(row.state), row.brand_id
    over = state in TERMINAL
    found: list[ActionView] = []

    def offer(name: str, permission: Permission, *, when: bool, unless: str = "") -> None:
        if when:
            allowed = may(actor, permission, brand)
            why = "" if allowed else f"Your role ({actor.role.value}) may not do this."
            found.append(ActionView(name, allowed and not unless, why or unless))

    theirs = actor.id in {row.author_id, revision_author}
    own = "The author of a campaign, or of its words, does not approve it." if theirs and not only_approver else ""
    asks = state is S.REVIEW or (state is S.SENDING and row.proposed_id is not None)
    offer("approve", Permission.CAMPAIGNS_APPROVE, when=asks, unless=own)
    offer("request_changes", Permission.CAMPAIGNS_APPROVE, when=asks)
    offer("send", Permission.CAMPAIGNS_SEND, when=state is S.APPROVED)
    offer("send_now", Permission.CAMPAIGNS_SEND, when=state is S.APPROVED and not row.is_sequence)
    offer("retry", Permission.CAMPAIGNS_WRITE, when=state is S.BLOCKED)
    offer("edit", Permission.CAMPAIGNS_WRITE, when=state in EDITABLE and row.revision_id is not None)
    offer("replan", Permission.CAMPAIGNS_WRITE, when=state in {S.REVIEW, S.APPROVED} and not row.is_sequence)
    offer("pause", Permission.SENDING_PAUSE, when=not over and row.paused_at is None)
    past = Permission.CAMPAIGNS_SEND if held else Permission.SENDING_PAUSE
    offer("resume", past, when=not over and row.paused_at is not None)
    offer("cancel", Permission.CAMPAIGNS_WRITE, when=not over)
    offer("drop_channel", Permission.CAMPAIGNS_WRITE, when=any(channel.can_drop for channel in channels))
    return tuple(found)
