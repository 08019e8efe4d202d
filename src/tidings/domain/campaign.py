"""A campaign's states and which step may follow which."""

from __future__ import annotations

from enum import StrEnum

from tidings.domain.errors import ConflictError


class CampaignState(StrEnum):
    """Where a campaign stands. Paused is not a state: any state that works can be paused and goes on from there."""

    DRAFTING = "drafting"  # the Content agent writes
    PLANNING = "planning"  # the Scheduling agent proposes the send plan
    REVIEW = "review"  # waits for a person's approval of this exact revision
    APPROVED = "approved"  # approved, not started
    SENDING = "sending"  # deliveries exist and go out as they fall due
    DONE = "done"  # every delivery is terminal; the report follows
    BLOCKED = "blocked"  # an agent could not go on; the reason and the remedy are shown
    CANCELLED = "cancelled"


S = CampaignState
TRANSITIONS: dict[CampaignState, frozenset[CampaignState]] = {
    S.DRAFTING: frozenset({S.PLANNING, S.REVIEW, S.BLOCKED, S.CANCELLED}),  # a sequence has no plan to wait for
    S.PLANNING: frozenset({S.REVIEW, S.DRAFTING, S.BLOCKED, S.CANCELLED}),
    S.REVIEW: frozenset({S.APPROVED, S.DRAFTING, S.PLANNING, S.BLOCKED, S.CANCELLED}),
    S.APPROVED: frozenset({S.SENDING, S.REVIEW, S.DRAFTING, S.PLANNING, S.CANCELLED}),
    S.SENDING: frozenset({S.DONE, S.BLOCKED, S.CANCELLED}),
    S.BLOCKED: frozenset({S.DRAFTING, S.PLANNING, S.REVIEW, S.SENDING, S.CANCELLED}),
    S.DONE: frozenset({S.SENDING}),  # a person has one uncertain delivery sent again
    S.CANCELLED: frozenset(),
}
TERMINAL = frozenset({S.DONE, S.CANCELLED})


def check_transition(now: CampaignState, then: CampaignState) -> None:
    """Raises ConflictError when a campaign in state `now` cannot go to `then`."""
    if then not in TRANSITIONS[now]:
        allowed = ", ".join(sorted(TRANSITIONS[now])) or "nothing: it is over"
        raise ConflictError(
            f"A campaign that is {now.value} cannot become {then.value}.", remedy=f"From here it can become: {allowed}."
        )
