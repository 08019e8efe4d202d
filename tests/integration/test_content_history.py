"""Subject lines are ranked by what worked before, read from real rows; too few of them change nothing."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select
from tests.integration.sequence_bed import send, sequence
from tests.integration.test_campaigns_service import Town, brief, rows, town  # noqa: F401  # a fixture

from tidings.campaigns.repository import insert_revision
from tidings.domain.draft import Draft
from tidings.domain.event import Event, EventKind
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, HOUR
from tidings.domain.revision import Revision
from tidings.events.log import append
from tidings.store.tables import brand, campaign, contact, decision

PEOPLE = 200
TOPIC, SENDER = "A bread workshop for all beginners here", "A word from the people of the bakery"


def old(variant: str, subject: str, angle: str) -> Draft:
    return Draft(
        variant=variant, channel="email", subject=subject, preheader="", blocks=(), writer="Composer", angle=angle
    )


DRAFTS = (old("A", TOPIC, "topic"), old("B", SENDER, "sender"), old("C", TOPIC, "topic"))


def past(town: Town, count: int, *, brand_id: str = "", done_ago: int = 30 * DAY, state: str = "done") -> None:  # noqa: F811
    """So many campaigns in which 12 % clicked at the sender's line and 4 % at the topic's."""
    at = town.clock.now() - done_ago
    common: dict[str, Any] = {"created_at": 0, "updated_at": 0}
    with town.house.db.transaction() as conn:
        own = brand_id or conn.execute(select(campaign.c.brand_id)).scalars().first()
        ids = [new_id("contact") for _ in range(PEOPLE)]
        people = [{"id": each, "email": f"{each}@x.example", "time_zone": "", "attributes": {}} for each in ids]
        conn.execute(insert(contact), [{**each, **common} for each in people])
        people_pk = list(conn.execute(select(contact.c.pk).where(contact.c.id.in_(ids))).scalars())
        for _ in range(count):
            row: dict[str, Any] = {"id": new_id("campaign"), "name": "Past", "brand_id": own, "state": state}
            row |= {"revision_id": new_id("revision"), "done_at": at, "brief": {}, "policy": {}, **common}
            made: Any = conn.execute(insert(campaign).values(**row)).inserted_primary_key
            was = Revision(id=row["revision_id"], number=1, author="a", author_id="b", brief=brief(), drafts=DRAFTS)
            insert_revision(conn, made[0], was, at)
            append(conn, [event for no in range(PEOPLE) for event in _of(made[0], people_pk[no], no, at)])


def _of(pk: int, person: int, no: int, at: int) -> list[Event]:
    half, rank = "BA"[no % 2], no // 2
    clicked = rank < (12 if half == "B" else 4)
    kinds = [(EventKind.ACCEPTED, at), *([(EventKind.CLICKED, at + HOUR)] if clicked else [])]
    return [Event(kind, when, campaign_pk=pk, contact_pk=person, variant=half) for kind, when in kinds]


def drafted(town: Town) -> tuple[list[str], Any]:  # noqa: F811
    """The angles of a new campaign's subject lines in order, and the decision."""
    made = town.new(subjects=3, product="the bread workshop")
    town.jobs.turn()
    ready = town.at(made)
    assert ready.revision
    (told,) = [each for each in rows(town, decision) if each.kind == "draft" and each.campaign_id == ready.row.id]
    return [draft.angle for draft in ready.revision.drafts], told


def test_what_worked_before_changes_the_order_and_too_little_does_not(town: Town) -> None:  # noqa: F811
    before, told = drafted(town)
    assert before[0] == "topic"
    assert "tested no subject lines" in told.reason
    past(town, 2)
    same, told = drafted(town)
    assert same[0] == "topic"
    assert "not enough data yet: 2 experiments of this brand" in told.reason
    past(town, 10)
    after, told = drafted(town)
    assert after[:2] == ["benefit", "sender"], "what failed lost its place, what won gained one"
    assert "clicks of 2,400 people in 12 experiments of this brand" in told.reason
    ranking = told.evidence["ranking"]
    assert "+" in ranking["effects"]["names the sender"]
    assert ranking["effects"]["names what it is about"].startswith("-")
    moved = {each["angle"]: each["worked_before"] for each in told.alternatives if "worked_before" in each}
    assert moved["names the sender"] > 0 > moved["names what it is about"]


def test_it_stands_with_the_draft_for_people_to_read(town: Town) -> None:  # noqa: F811
    drafted(town)
    past(town, 12)
    made = town.new(subjects=2, product="the bread workshop")
    town.jobs.turn()
    revised = town.at(made).revision
    assert revised
    assert "by what worked before" in revised.drafts[0].ranked
    assert revised.drafts[1].differs.startswith("subject: ")


def test_another_brands_past_and_what_still_runs_count_for_nothing(town: Town) -> None:  # noqa: F811
    drafted(town)
    with town.house.db.transaction() as conn:
        conn.execute(insert(brand).values(id="brd_other", name="Another", created_at=0, updated_at=0))
    past(town, 12, brand_id="brd_other")
    past(town, 12, done_ago=HOUR)
    past(town, 12, state="sending")
    angles, told = drafted(town)
    assert angles[0] == "topic"
    assert "tested no subject lines" in told.reason


def test_a_sequences_messages_are_ranked_by_it_too(town: Town) -> None:  # noqa: F811
    drafted(town)
    past(town, 12)
    steps = sequence(send("hello"))
    made = town.house.services.sequences.create(town.author, steps).campaign.row.id
    town.jobs.turn()
    (told,) = [each for each in rows(town, decision) if each.kind == "draft" and each.campaign_id == made]
    assert "in 12 experiments of this brand" in told.reason
