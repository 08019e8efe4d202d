"""Writes one past campaign of the sample as if the house had run it: every table agrees with every other."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert

from tidings.domain.actor import AgentName
from tidings.domain.campaign import CampaignState
from tidings.domain.instant import DAY, HOUR, Instant
from tidings.domain.plan import HeldBack, PlanSummary
from tidings.domain.revision import Revision
from tidings.events.log import append
from tidings.sample.aftermath import events_of, write_deliveries, write_noes
from tidings.sample.behaviour import Bools, Receivers, behave
from tidings.sample.calendar import draw_times
from tidings.sample.organisation import NEWSLETTER
from tidings.sample.people import People
from tidings.sample.played import Cast, Numbers, Played, reason_of
from tidings.sample.stories import WRITER, Story, brief_of, drafts_of
from tidings.store.tables import (
    approval,
    campaign,
    decision,
    link,
    revision,
    send_plan,
)

_BATCH = 2_000


def play(conn: Connection, cast: Cast, silent: Bools, story: Story, launch: Instant) -> Numbers:
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
    played = Played(story, cast.ids.new("campaign", launch - 3 * DAY), launch, to, outcome, held)
    pk = _write_campaign(conn, cast, played)
    write_deliveries(conn, cast, played, pk)
    events = events_of(cast, played, pk)
    for start in range(0, len(events), _BATCH):
        append(conn, events[start : start + _BATCH])
    write_noes(conn, cast, played, silent)
    return Numbers(len(who), len(events), int((outcome.clicked_at > 0).sum()), int((outcome.left_at > 0).sum()))


def _belongs(story: Story, people: People, index: int) -> bool:
    """Whether a person is of the campaign's segment; the same rules as `organisation.SEGMENTS`."""
    if story.audience == NEWSLETTER:
        return people.plans[index] != "shop"
    return bool(people.interests[index] & {"bread", "sourdough"})


def _write_campaign(conn: Connection, cast: Cast, played: Played) -> int:
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


def _plan(cast: Cast, played: Played, revision_id: str) -> PlanSummary:
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
        by_reason=dict(Counter(reason_of(int(hour)) for hour in played.to.local)),
        by_variant=dict(sorted(Counter(played.variant(place) for place in range(len(played.to.who))).items())),
        held_back={why: number for why, number in played.held.items() if number},
        zones_assumed=sum(not cast.people.contacts[index]["time_zone"] for index in played.to.who),
        expected_gain="Simulated: part of the sample data.",
    )


def _decisions(cast: Cast, played: Played) -> list[dict[str, Any]]:
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
