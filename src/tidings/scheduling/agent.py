"""The Scheduling agent: proposes who hears a campaign when, records why, and takes a person's override."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from tidings.agents.base import PROFILES
from tidings.agents.decisions import record_decision
from tidings.agents.policy import Effect, Policy
from tidings.agents.state import load
from tidings.audience.selection import Selection
from tidings.domain.actor import Actor, AgentName, agent_actor
from tidings.domain.brief import Brief
from tidings.domain.decision import Decision
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, HOUR, Clock, Instant
from tidings.domain.plan import PlanSummary
from tidings.events.repository import local_profile
from tidings.scheduling import capping, overriding, repository, summary
from tidings.scheduling.model import HourModel, learn
from tidings.scheduling.planning import Division, Knowledge, Person, Plan, plan
from tidings.scheduling.policy import PlanPolicy, policy_from
from tidings.scheduling.posting_time import main_zone, posting_plan
from tidings.scheduling.zones import start_of_day
from tidings.store.database import Database


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan that is worked out but not written."""

    plan: Plan
    summary: PlanSummary
    decision: Decision


class SchedulingAgent:
    """Decides send times. It proposes; a person approves the revision the plan belongs to."""

    name = AgentName.SCHEDULING
    goal = PROFILES[AgentName.SCHEDULING].goal
    trigger = PROFILES[AgentName.SCHEDULING].trigger
    tools = ()

    def __init__(self, db: Database, clock: Clock, policy: Policy | None = None) -> None:
        self.db = db
        self.clock = clock
        self.guard = policy or Policy()

    def policy_for(self, conn: Connection, brief: Brief, now: Instant, **more: Any) -> PlanPolicy:
        """The agent's settings with the brief's window put in, and `more` (the campaign's own policy) above both.

        Raises InvalidInputError when the brief's window is over.
        """
        settings: Mapping[str, Any] = load(conn, AgentName.SCHEDULING).config
        policy = policy_from(settings, {"window_hours": 24 * brief.send_within_days}, more)
        if brief.send_after is None:
            return policy
        earliest = start_of_day(policy.fallback_zone, date.fromisoformat(brief.send_after))
        if earliest + policy.window_hours * HOUR <= now:
            raise InvalidInputError(
                f"The brief's sending window, {brief.send_within_days} days from {brief.send_after}, is over.",
                remedy="Set a later `send_after` or a longer `send_within_days`.",
                field="send_after",
            )
        hours = min(policy.window_hours, policy.window_hours - max(0, now - earliest) // HOUR)
        return policy_from(settings, more, {"earliest": earliest, "window_hours": hours})

    def hour_model(self, conn: Connection) -> HourModel:
        """What is known about click rates per local weekday and hour, from all campaigns."""
        sent = local_profile(conn, EventKind.DELIVERED)
        if not any(map(any, sent)):
            sent = local_profile(conn, EventKind.ACCEPTED)
        return learn(local_profile(conn, EventKind.CLICKED), sent)

    def propose(
        self,
        conn: Connection,
        *,
        campaign_pk: int,
        campaign_id: str,
        revision_id: str,
        selection: Selection,
        variants: Sequence[str] | Division,
        policy: PlanPolicy,
        seed: int,
    ) -> PlanSummary:
        """`prepare`, `write` and `keep` in the caller's one transaction; for a large audience use them apart."""
        proposal = self.prepare(
            conn,
            campaign_pk=campaign_pk,
            campaign_id=campaign_id,
            revision_id=revision_id,
            selection=selection,
            variants=variants,
            policy=policy,
            seed=seed,
        )
        repository.replace_slots(conn, campaign_pk, proposal.plan)
        self.keep(conn, campaign_pk, proposal)
        return proposal.summary

    def prepare(
        self,
        conn: Connection,
        *,
        campaign_pk: int,
        campaign_id: str,
        revision_id: str,
        selection: Selection,
        variants: Sequence[str] | Division,
        policy: PlanPolicy,
        seed: int,
    ) -> Proposal:
        """The plan, only read for: it may take minutes for a million people, and an unsubscribe must not wait for it.

        Everybody of the selection gets one slot or is counted in `held_back`. The same seed and state give the same
        slots. Raises InvalidInputError without variants.
        """
        if not (all(variants.variants) if isinstance(variants, Division) else variants):
            raise InvalidInputError("There is nothing to send.", remedy="Let the Content agent write a draft first.")
        self.guard.authorise(agent_actor(self.name), Effect.PROPOSE_PLAN, conn=conn)
        now = self.clock.now()
        beside = max((len(person.channels) for person in selection.people), default=1) - 1
        knowledge = self._knowledge(conn, campaign_pk, policy, now, beside)
        made = plan(selection.people, variants=variants, policy=policy, knowledge=knowledge, now=now, seed=seed)
        found = summary.gains(made, knowledge.model, seed)
        told = summary.summarise(
            made,
            campaign_id=campaign_id,
            revision_id=revision_id,
            held_back=selection.held_back,
            expected_gain=summary.expected_gain(knowledge.model, found),
            at=now,
            held_by_channel=selection.held_by_channel,
            cap_holders=capping.count(capping.holders(conn, campaign_pk, made.left_out, policy.cap_span(now))),
        )
        return Proposal(made, told, summary.decision(made, told, policy, knowledge.model, found, seed))

    def plan_posting(
        self, conn: Connection, *, campaign_pk: int, campaign_id: str, revision_id: str, people: Iterable[Person],
        policy: PlanPolicy,
    ) -> PlanSummary:  # fmt: skip
        """Plans and keeps the one time of a campaign that only posts; `people` tell where its audience lives."""
        self.guard.authorise(agent_actor(self.name), Effect.PROPOSE_PLAN, conn=conn)
        zone = main_zone(people, policy)
        told, decision = posting_plan(campaign_id, revision_id, self.hour_model(conn), zone, policy, self.clock.now())
        repository.insert_plan(conn, campaign_pk, told)
        record_decision(conn, decision)
        return told

    def write(self, campaign_pk: int, proposal: Proposal) -> None:
        """Writes the slots in short transactions, in place of earlier ones; nobody reads them before `keep`."""
        repository.write_slots(self.db, campaign_pk, proposal.plan)

    def keep(self, conn: Connection, campaign_pk: int, proposal: Proposal) -> None:
        """Keeps the plan's summary and the decision behind it."""
        repository.insert_plan(conn, campaign_pk, proposal.summary)
        record_decision(conn, proposal.decision)

    def postpone(self, conn: Connection, campaign_pk: int, plan_id: str) -> PlanSummary:
        """A plan whose first times are past: the same people at the same hours of a later day.

        Whoever a person set a time for goes at once. Quiet hours are looked at again at the moment of sending.
        """
        before = repository.plan_of(conn, plan_id)
        now = self.clock.now()
        repository.postpone_slots(conn, campaign_pk, now)
        told = overriding.postponed(before, repository.due_times(conn, campaign_pk), now)
        if _only_posts(before):
            told = _at_one_time(told, now + (before.first_at or now) % DAY - now % DAY, now)
        repository.insert_plan(conn, campaign_pk, told)
        return told

    def _knowledge(
        self, conn: Connection, campaign_pk: int, policy: PlanPolicy, now: Instant, beside: int = 0
    ) -> Knowledge:
        since, until = policy.cap_span(now)
        return Knowledge(
            model=self.hour_model(conn),
            clicks=repository.clicks_by_hour(conn, now),
            commitments=repository.commitments(conn, campaign_pk, policy.cap, since, until, beside=beside),
        )

    def override_time(
        self,
        conn: Connection,
        *,
        campaign_pk: int,
        campaign_id: str,
        due_at: Instant,
        actor: Actor,
        reason: str = "",
        policy: PlanPolicy | None = None,
        forced: bool = False,
    ) -> PlanSummary:
        """One time for everybody of the plan. Whom it would disturb gets the next allowed time, unless `forced`.

        The frequency cap holds even when forced. Whoever finds no time within eight days is held back with the reason.
        Raises ConflictError without a plan and InvalidInputError for a time that is past.
        """
        now = self.clock.now()
        if due_at < now:
            raise InvalidInputError("That time is past.", remedy="Choose a later time.", field="due_at")
        before = repository.latest_plan(conn, campaign_pk)
        if before is None:
            raise ConflictError("There is no plan yet whose times could be set.", remedy="Let it be planned first.")
        rules = policy or policy_from(load(conn, AgentName.SCHEDULING).config)
        moved = overriding.move_everybody(conn, campaign_pk, due_at, rules, forced=forced)
        told = overriding.summarise(before, moved, campaign_id, now)
        if _only_posts(before):
            told = _at_one_time(told, due_at, now)
        repository.insert_plan(conn, campaign_pk, told)
        record_decision(conn, overriding.decision(before, told, actor, due_at, reason, forced=forced))
        return told


def _only_posts(plan: PlanSummary) -> bool:
    """Whether the plan is of a campaign that writes to nobody: it has a time, and no people."""
    return plan.people == 0 and plan.first_at is not None


def _at_one_time(told: PlanSummary, due_at: Instant, now: Instant) -> PlanSummary:
    """The plan with one time; one that is past is the same time of the next day."""
    at = due_at if due_at >= now else due_at + DAY
    return replace(told, first_at=at, last_at=at)
