"""Who uses up the frequency cap: named in the plan and for one person, and only to those who may see the campaign."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

sys.path.insert(0, str(Path(__file__).parent))
import test_campaigns_service as service
from test_campaigns_service import Town
from test_distribution_postings import ADMIN

from tidings.campaigns import capping
from tidings.domain.campaign import CampaignState
from tidings.domain.instant import DAY, HOUR
from tidings.store.tables import campaign, contact, delivery

town = service.town


@pytest.fixture
def regulars(town: Town) -> Town:
    """The town with a segment of three: p1, p10 and p11."""
    rule = {"all": [{"field": "email", "op": "contains", "value": "p1"}]}
    town.house.services.audience.create_segment(ADMIN, name="Regulars", rule=rule)
    return town


def named(town: Town, name: str, **more: str) -> str:
    """A campaign up for approval; its id."""
    made = town.new(name=name, **more)
    town.jobs.turn()
    assert town.at(made).row.state is CampaignState.REVIEW
    return made.row.id


def elsewhere(town: Town, campaign_id: str) -> None:
    """Moves a campaign to another brand."""
    fields = {"name": "Elsewhere", "sender": {"name": "E", "address": "e@example.com"}, "postal_address": "Mill Lane 4"}
    brand = town.house.services.brands.create_brand(ADMIN, {**fields, "website": "https://e.example.com"})
    with town.house.db.transaction() as conn:
        conn.execute(update(campaign).where(campaign.c.id == campaign_id).values(brand_id=brand.id))


def test_a_plan_names_the_campaigns_that_use_up_the_cap(regulars: Town) -> None:
    ids = [named(regulars, name, audience="Regulars") for name in ("Rye week", "Spelt week", "Oat week")]
    last = named(regulars, "For all")
    plan = regulars.house.services.campaigns.get(regulars.author, last)
    assert plan.plan is not None
    assert (plan.plan.people, plan.plan.held_back["frequency_cap"]) == (9, 3)
    assert plan.cap_holders.words == "“Oat week”, “Rye week” and “Spelt week”"
    assert {each.people for each in plan.cap_holders.named} == {3}
    elsewhere(regulars, ids[1])
    limited = replace(regulars.author, brands=frozenset({plan.row.brand_id}))
    seen = regulars.house.services.campaigns.get(limited, last).cap_holders
    assert seen.words == "“Oat week”, “Rye week” and campaigns of other brands"
    assert ids[1] not in {each.campaign_id for each in seen.named}


def test_nobody_is_named_while_the_cap_leaves_nobody_out(regulars: Town) -> None:
    named(regulars, "Rye week")
    assert regulars.house.services.campaigns.get(regulars.author, named(regulars, "Oat week")).cap_holders.words == ""


def test_at_most_three_are_named(regulars: Town) -> None:
    ids = [named(regulars, name, audience="Regulars") for name in ("Rye", "Spelt", "Oat")]
    with regulars.house.db.transaction() as conn:
        row = conn.execute(select(campaign).where(campaign.c.id == ids[0])).one()._asdict()
        for number in (1, 2):
            conn.execute(
                insert(campaign).values({**row, "pk": 90 + number, "id": f"cmp_{number}", "name": f"N{number}"})
            )
        people = {ids[0]: 5, ids[1]: 9, ids[2]: 5, "cmp_1": 1, "cmp_2": 2, "cmp_gone": 7}
        found = capping.told(conn, people, None)
    assert found.words == "“Spelt”, “Oat”, “Rye” and 2 more"
    assert [each.people for each in found.named] == [9, 5, 5]


def test_one_persons_moved_time_names_whose_messages_moved_it(regulars: Town) -> None:
    ids = [named(regulars, name, audience="Regulars") for name in ("Rye week", "Spelt week", "Oat week")]
    sent = regulars.clock.now() - 7 * DAY + 60 * HOUR  # the cap of 3 in 7 days leaves the window's last hours
    with regulars.house.db.transaction() as conn:
        theirs = campaign.c.id.in_(ids)
        conn.execute(update(campaign).where(theirs).values(state="done", launched_at=sent))
        people = conn.execute(select(contact.c.pk)).scalars().all()
        row = {"channel": "email", "step": 0, "chunk_no": 0, "state": "accepted", "due_at": sent, "at": sent}
        for pk in conn.execute(select(campaign.c.pk).where(theirs)).scalars().all():
            conn.execute(insert(delivery), [{**row, "campaign_pk": pk, "contact_pk": person} for person in people])
    last = named(regulars, "For all")
    elsewhere(regulars, ids[1])
    campaigns = regulars.house.services.campaigns
    found, _ = campaigns.slots(regulars.author, last)
    moved = [each for each in found if each.reason == "frequency_cap"]
    assert moved
    assert all(
        "used up by “Oat week”, “Rye week” and “Spelt week”; this is the best" in each.reason_text for each in moved
    )
    limited = replace(regulars.author, brands=frozenset({campaigns.get(regulars.author, last).row.brand_id}))
    found, _ = campaigns.slots(limited, last)
    assert not any("Spelt" in each.reason_text for each in found)
    assert any("“Rye week” and campaigns of other brands; this" in each.reason_text for each in found)
