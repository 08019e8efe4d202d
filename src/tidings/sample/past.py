"""Writes one past campaign of the sample as if the house had run it: every table agrees with every other."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert

from tidings.audience.suppression import suppress_hashes
from tidings.domain.actor import AgentName
from tidings.domain.campaign import CampaignState
from tidings.domain.consent import ConsentState, SuppressionReason
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, HOUR, Instant
from tidings.domain.plan import HeldBack, PlanSummary, SlotReason
from tidings.domain.revision import Revision
from tidings.events.local import local_hour_weekday
from tidings.events.log import append
from tidings.sample.behaviour import Nature, Outcome, Receivers, behave
from tidings.sample.calendar import LIKED_HOURS, draw_times
from tidings.sample.ids import SampleIds
from tidings.sample.organisation import NEWSLETTER
from tidings.sample.people import People, word
from tidings.sample.stories import WRITER, Story, brief_of, drafts_of
from tidings.store.tables import (
    approval,
    campaign,
    chunk,
    consent,
    decision,
    delivery,
    link,
    revision,
    send_plan,
    slot,
)

_CHUNK = 500
_BATCH = 2_000
_SCANNER = 0.97
_CODES = {
    DeliveryState.DELIVERED: ("250 2.0.0", "queued"),
    DeliveryState.COMPLAINED: ("250 2.0.0", "queued"),
    DeliveryState.BOUNCED: ("5.2.1", "mailbox disabled"),
    DeliveryState.FAILED: ("550 5.1.1", "no such user here"),
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who and what takes part in every past campaign."""

    people: People
    nature: Nature
    pks: list[int]
    """The contacts' numbers, in the order of `people`."""
    brand_id: str
    segments: dict[str, str]
    author: tuple[str, str]
    """Account id and name."""
    approver: tuple[str, str]
    seed: int
    ids: SampleIds


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one campaign came to."""

    deliveries: int
    events: int
    clicked: int
    unsubscribed: int


@dataclass(frozen=True, slots=True)
class _Played:
    """One campaign as it was played; the outcome runs beside the receivers."""

    story: Story
    id: str
    launch: Instant
    to: Receivers
    outcome: Outcome
    held: dict[str, int]

    def variant(self, place: int) -> str:
        """The variant the receiver at this place got."""
        return "B" if self.to.b[place] else "A"


def play(conn: Connection, cast: Cast, silent: NDArray[np.bool_], story: Story, launch: Instant) -> Numbers:
    """Simulates one campaign from brief to report and writes all of it; adds to `silent` whoever said no."""
    people = cast.people
    members = np.array([_belongs(story, people, index) for index in range(len(cast.pks))]) & (people.joined < launch)
    who = np.flatnonzero(members & people.may_hear & ~silent).astype(np.int64)
    rng = np.random.default_rng([cast.seed, 4, launch // DAY])
    due, local, weekday = draw_times(rng, [people.zones[index] for index in who], launch)
    to = Receivers(who, due, local, weekday, rng.permutation(len(who)) % 2 == 1)
    outcome = behave(story, people, cast.nature, to, cast.seed)
    held = {
        HeldBack.SUPPRESSED.value: int((members & silent).sum()),
        HeldBack.NO_CONSENT.value: int((members & ~people.may_hear & ~silent).sum()),
    }
    played = _Played(story, cast.ids.new("campaign", launch - 3 * DAY), launch, to, outcome, held)
    pk = _write_campaign(conn, cast, played)
    _write_deliveries(conn, cast, played, pk)
    events = _events(cast, played, pk)
    for start in range(0, len(events), _BATCH):
        append(conn, events[start : start + _BATCH])
    _write_noes(conn, cast, played, silent)
    return Numbers(len(who), len(events), int((outcome.clicked_at > 0).sum()), int((outcome.left_at > 0).sum()))


def _belongs(story: Story, people: People, index: int) -> bool:
    """Whether a person is of the campaign's segment; the same rules as `organisation.SEGMENTS`."""
    if story.audience == NEWSLETTER:
        return people.plans[index] != "shop"
    return bool(people.interests[index] & {"bread", "sourdough"})


def _write_campaign(conn: Connection, cast: Cast, played: _Played) -> int:
    """The campaign with its revision, plan, approval and decisions; gives its number."""
    story, launch, ids = played.story, played.launch, cast.ids
    created = launch - 3 * DAY
    revised = Revision(
        id=ids.new("revision", created), number=1, author="Content agent", author_id=AgentName.CONTENT.value,
        brief=brief_of(story), drafts=drafts_of(story),
    )  # fmt: skip
    plan = _plan(cast, played, revised.id)
    result = conn.execute(
        insert(campaign).values(
            id=played.id, name=story.name, brand_id=cast.brand_id, state=CampaignState.DONE.value,
            brief=revised.brief.model_dump(mode="json"), segment_id=cast.segments[story.audience],
            revision_id=revised.id, plan_id=plan.id, policy={}, author_id=cast.author[0], author_name=cast.author[1],
            epoch=5, version=6, sample=True, created_at=created, updated_at=launch + 3 * DAY,
            launched_at=launch, done_at=launch + 3 * DAY,
        )
    )  # fmt: skip
    pk = int(result.inserted_primary_key[0]) if result.inserted_primary_key else 0
    conn.execute(
        insert(revision).values(
            id=revised.id, campaign_pk=pk, number=1, content_hash=revised.content_hash, author=revised.author,
            author_id=revised.author_id, body=revised.model_dump(mode="json"), created_at=created,
        )
    )  # fmt: skip
    conn.execute(
        insert(send_plan).values(
            id=plan.id, campaign_pk=pk, revision_id=revised.id, summary=asdict(plan), created_at=plan.created_at
        )
    )
    conn.execute(
        insert(approval).values(
            id=ids.new("approval", launch - DAY), campaign_pk=pk, revision_id=revised.id,
            content_hash=revised.content_hash, verdict="approved", by_id=cast.approver[0], by_name=cast.approver[1],
            comment="", self_approved=False, at=launch - DAY,
        )
    )  # fmt: skip
    conn.execute(insert(link).values(campaign_pk=pk, no=0, url=revised.brief.link, label=story.action))
    conn.execute(insert(decision), _decisions(cast, played))
    return pk


def _plan(cast: Cast, played: _Played, revision_id: str) -> PlanSummary:
    created = played.launch - 2 * DAY
    return PlanSummary(
        id=cast.ids.new("plan", created),
        campaign_id=played.id,
        revision_id=revision_id,
        created_at=created,
        people=len(played.to.who),
        first_at=int(played.to.due.min()),
        last_at=int(played.to.due.max()),
        by_hour=dict(sorted(Counter(int(due) // HOUR * HOUR for due in played.to.due).items())),
        by_reason=dict(Counter(_reason(int(hour)) for hour in played.to.local)),
        by_variant=dict(sorted(Counter(played.variant(place) for place in range(len(played.to.who))).items())),
        held_back={why: number for why, number in played.held.items() if number},
        zones_assumed=sum(not cast.people.contacts[index]["time_zone"] for index in played.to.who),
        expected_gain="Simulated: part of the sample data.",
    )


def _reason(hour: int) -> str:
    return (SlotReason.BEST_HOUR if hour in LIKED_HOURS else SlotReason.HOLDOUT_TIME).value


def _decisions(cast: Cast, played: _Played) -> list[dict[str, Any]]:
    """What each agent decided about the campaign, with the numbers that are in the tables."""
    outcome, size = played.outcome, len(played.to.who)
    delivered = int((outcome.delivered_at > 0).sum())
    clicked = [int(((outcome.clicked_at > 0) & (played.to.b == second)).sum()) for second in (False, True)]
    got = [int(((outcome.delivered_at > 0) & (played.to.b == second)).sum()) for second in (False, True)]
    told: tuple[tuple[AgentName, int, str, str, dict[str, Any]], ...] = (
        (AgentName.CONTENT, -3 * DAY, "draft", f"Two subject lines for {played.story.name}.", {}),
        (AgentName.SCHEDULING, -2 * DAY, "plan", f"{size} people over two days.", {"people": size}),
        (
            AgentName.DISTRIBUTION, 3 * DAY - HOUR, "finish",
            f"{delivered} of {size} delivered.", {"delivered": delivered},
        ),
        (
            AgentName.ANALYTICS, 3 * DAY, "report",
            f"A: {clicked[0]} of {got[0]} clicked; B: {clicked[1]} of {got[1]}.",
            {"clicked": dict(zip("AB", clicked, strict=True)), "delivered": dict(zip("AB", got, strict=True))},
        ),
    )  # fmt: skip
    return [
        {
            "id": cast.ids.new("decision", played.launch + offset), "agent": agent.value, "at": played.launch + offset,
            "kind": kind, "campaign_id": played.id, "summary": summary, "reason": "Simulated: part of the sample data.",
            "decided_by": WRITER, "inputs": {}, "alternatives": [], "evidence": evidence,
        }
        for agent, offset, kind, summary, evidence in told
    ]  # fmt: skip


def _write_deliveries(conn: Connection, cast: Cast, played: _Played, pk: int) -> None:
    """The frozen plan and the ledger, in chunks of 500 in order of contact."""
    slots: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for place, index in enumerate(map(int, played.to.who)):
        known = bool(cast.people.contacts[index]["time_zone"])
        state, at = _state(played.outcome, place)
        same: dict[str, Any] = {
            "campaign_pk": pk, "contact_pk": cast.pks[index], "step": 0, "variant": played.variant(place),
            "due_at": int(played.to.due[place]),
        }  # fmt: skip
        reason = _reason(int(played.to.local[place]))
        slots.append({**same, "reason": reason, "zone": cast.people.zones[index], "zone_assumed": not known})
        code, words = _CODES[state]
        rows.append(
            {
                **same, "channel": "email", "chunk_no": place // _CHUNK, "state": state.value, "attempt": 1, "at": at,
                "code": code, "reason": words,
            }
        )  # fmt: skip
    conn.execute(insert(slot), slots)
    conn.execute(insert(delivery), rows)
    chunks = range((len(rows) - 1) // _CHUNK + 1)
    conn.execute(
        insert(chunk),
        [{"campaign_pk": pk, "no": no, "state": "done", "fence": 1, "next_due_at": played.launch} for no in chunks],
    )


def _state(outcome: Outcome, place: int) -> tuple[DeliveryState, Instant]:
    """Where a delivery ended, and since when."""
    ends = (
        (DeliveryState.FAILED, outcome.failed_at),
        (DeliveryState.BOUNCED, outcome.bounced_at),
        (DeliveryState.COMPLAINED, outcome.complained_at),
        (DeliveryState.DELIVERED, outcome.delivered_at),
    )
    return next((state, int(at[place])) for state, at in ends if at[place])


def _events(cast: Cast, played: _Played, pk: int) -> list[Event]:
    """Everything that happened, in order of time."""
    outcome = played.outcome
    happened = (
        (EventKind.ACCEPTED, outcome.accepted_at, 0.0),
        (EventKind.FAILED, outcome.failed_at, 0.0),
        (EventKind.BOUNCED, outcome.bounced_at, 0.0),
        (EventKind.DELIVERED, outcome.delivered_at, 0.0),
        (EventKind.CLICKED, outcome.scanned_at, _SCANNER),
        (EventKind.CLICKED, outcome.clicked_at, 0.03),
        (EventKind.CLICKED, outcome.again_at, 0.03),
        (EventKind.UNSUBSCRIBED, outcome.left_at, 0.0),
        (EventKind.COMPLAINED, outcome.complained_at, 0.0),
    )
    events: list[Event] = []
    for kind, instants, machine in happened:
        for place in map(int, np.flatnonzero(instants)):
            at, index = int(instants[place]), int(played.to.who[place])
            hour, weekday = local_hour_weekday(at, cast.people.zones[index])
            detail = {"weekday": str(weekday)} | ({"link": "0"} if kind is EventKind.CLICKED else {})
            events.append(
                Event(
                    kind, at, pk, cast.pks[index], variant=played.variant(place), machine=machine,
                    hour_local=hour, detail=detail,
                )
            )  # fmt: skip
    return sorted(events, key=lambda event: (event.at, event.contact_pk))


def _write_noes(conn: Connection, cast: Cast, played: _Played, silent: NDArray[np.bool_]) -> None:
    """Suppression and withdrawn consent of those who left, complained, or whose address does not exist."""
    outcome, source = played.outcome, f"campaign {played.story.name}"
    noes = (
        (SuppressionReason.UNSUBSCRIBED, outcome.left_at),
        (SuppressionReason.COMPLAINED, outcome.complained_at),
        (SuppressionReason.BOUNCED, outcome.failed_at),
        (SuppressionReason.BOUNCED, outcome.bounced_at),
    )
    for reason, instants in noes:
        for place in map(int, np.flatnonzero(instants)):
            index, at = int(played.to.who[place]), int(instants[place])
            silent[index] = True
            digest = cast.people.contacts[index]["address_hash"]
            suppress_hashes(conn, [digest], reason=reason, source=source, at=at, channel="email")
            if reason is not SuppressionReason.BOUNCED:
                said = word(cast.ids, ConsentState.WITHDRAWN, at, source, "")
                conn.execute(insert(consent).values(**said, contact_pk=cast.pks[index]))
