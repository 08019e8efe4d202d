"""What stands in the way of a campaign's channels is said before anything leaves, and nothing is dropped unsaid."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from tests.conftest import FakeClock

sys.path.insert(0, str(Path(__file__).parent))
import test_campaigns_service as service
from sequence_bed import make_bed, send, sequence
from test_campaigns_service import Town
from test_distribution_postings import ADMIN

from tidings.audience.incoming import ConsentGiven
from tidings.audience.unsubscribe import unsubscribe
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import audit, chunk, contact, delivery

town = service.town
PDF = b"%PDF-1.7\n%%EOF\n"


def approve(given: Town, campaign_id: str) -> None:
    campaigns = given.house.services.campaigns
    found = campaigns.get(given.author, campaign_id)
    assert found.revision is not None, found.row.state_reason
    campaigns.approve(given.approver, campaign_id, found.revision.id)


def mail_by_postmark(given: Town) -> None:
    given.house.services.channels.create(
        ADMIN, provider_name="postmark", name="Our Postmark", values={"server_token": "secret-token"}
    )


def test_files_are_not_approved_for_an_account_that_would_drop_them(town: Town) -> None:
    ready = town.reviewed()
    town.house.services.attachments.attach(town.author, ready.row.id, "Programme.pdf", PDF)
    mail_by_postmark(town)

    assert any("takes no attachments" in notice for notice in town.at(ready).notices)
    with pytest.raises(InvalidInputError, match="Our Postmark takes no attachments"):
        approve(town, ready.row.id)


def test_an_account_that_came_after_the_approval_does_not_drop_them_either(town: Town) -> None:
    ready = town.reviewed()
    town.house.services.attachments.attach(town.author, ready.row.id, "Programme.pdf", PDF)
    approve(town, ready.row.id)
    mail_by_postmark(town)

    with pytest.raises(InvalidInputError, match="Our Postmark takes no attachments"):
        town.house.services.campaigns.send(town.approver, ready.row.id, now=True)


def test_text_messages_without_an_account_are_not_approved(town: Town) -> None:
    made = town.new(channels=["email", "sms"])
    town.jobs.turn()

    assert any("No Text message account" in notice for notice in town.at(made).notices)
    found = town.house.services.campaigns.preflight(town.author, made.row.id)
    assert [each.area for each in found if each.blocks] == ["channel"]
    with pytest.raises(InvalidInputError, match="No Text message account"):
        approve(town, made.row.id)


def test_a_sequence_takes_no_files_rather_than_lose_them(
    database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path
) -> None:
    bed = make_bed(database, clock, secrets, tmp_path)
    bed.people(1)
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "2 days"}, send("two")))

    with pytest.raises(ConflictError, match="carry no files"):
        bed.house.services.attachments.attach(bed.author, made.campaign.row.id, "Programme.pdf", PDF)

    after = bed.service.get(bed.author, made.campaign.row.id)
    assert after.campaign.revision == made.campaign.revision  # what is in force is what was approved


def test_a_campaign_by_text_message_alone_is_for_those_who_said_yes_to_texts(town: Town) -> None:
    table = "email,first_name,phone,sms consent\n" + "".join(
        f"t{no}@example.com,Ada,+43660555{no:04},{'yes' if no < 3 else 'no'}\n" for no in range(5)
    )
    given = ConsentGiven(source="form", wording="Yes, write to me.")
    town.house.services.audience.import_csv(ADMIN, table, consent=given)
    with town.house.db.transaction() as conn:
        pk = conn.execute(select(contact.c.pk).where(contact.c.email == "t0@example.com")).scalar_one()
        unsubscribe(conn, town.house.secrets, pk, None, "one-click", town.clock.now())  # to mail, not to texts
    values = {"account_sid": "AC" + "0" * 32, "secret": "token", "sender": "+4366012345"}
    town.house.services.channels.create(ADMIN, provider_name="twilio", name="Twilio", values=values)
    made = town.new(channels=["sms"])
    town.jobs.turn()

    planned = town.at(made)
    assert planned.plan is not None, planned.row.state_reason
    assert planned.plan.people == 3
    approve(town, made.row.id)
    town.house.services.campaigns.send(town.approver, made.row.id, now=True)
    town.jobs.turn()
    with town.house.db.reading() as conn:
        rows = conn.execute(select(delivery.c.channel, delivery.c.contact_pk)).all()
    assert [row.channel for row in rows] == ["sms"] * 3
    assert pk in {row.contact_pk for row in rows}


def mail_and_text(town: Town) -> str:
    """A campaign by mail and text that is being sent as planned: nothing has left yet."""
    table = "email,first_name,phone,sms consent\n" + "".join(
        f"t{no}@example.com,Ada,+43660555{no:04},yes\n" for no in range(4)
    )
    town.house.services.audience.import_csv(ADMIN, table, consent=ConsentGiven("form", "Yes, write to me."))
    values = {"account_sid": "AC" + "0" * 32, "secret": "token", "sender": "+4366012345"}
    town.house.services.channels.create(ADMIN, provider_name="twilio", name="Twilio", values=values)
    made = town.new(channels=["email", "sms"])
    town.jobs.turn()
    approve(town, made.row.id)
    town.house.services.campaigns.send(town.approver, made.row.id, now=False)
    town.jobs.turn()
    return made.row.id


def deliveries_of(town: Town) -> Counter[tuple[str, str]]:
    with town.house.db.reading() as conn:
        return Counter(tuple(row) for row in conn.execute(select(delivery.c.channel, delivery.c.state)))


def test_one_channel_is_taken_out_and_the_rest_goes_on(town: Town) -> None:
    campaigns = town.house.services.campaigns
    campaign_id = mail_and_text(town)
    before = deliveries_of(town)
    assert before["sms", "planned"] == 4
    with town.house.db.transaction() as conn:  # one left already
        first = select(delivery.c.contact_pk).where(delivery.c.channel == "sms").limit(1).scalar_subquery()
        mine = (delivery.c.channel == "sms") & (delivery.c.contact_pk == first)
        conn.execute(update(delivery).where(mine).values(state="accepted"))

    after = campaigns.drop_channel(town.approver, campaign_id, "sms", "the number was taken from us")

    assert after.row.state == "sending"
    assert deliveries_of(town) == {
        ("email", "planned"): before["email", "planned"], ("sms", "cancelled"): 3, ("sms", "accepted"): 1
    }  # fmt: skip
    assert sum(after.row.counts.values()) == sum(before.values())  # the sum adds up
    assert after.row.people == before["email", "planned"]  # who hears twice is one person
    assert {each.channel: each.waiting for each in after.channels} == {"email": before["email", "planned"], "sms": 0}
    assert (after.overrides[0].what, after.overrides[0].after) == ("channels", {"sms": "3 cancelled"})
    with town.house.db.reading() as conn:
        reasons = set(conn.execute(select(delivery.c.reason).where(delivery.c.state == "cancelled")).scalars())
        trail = conn.execute(select(audit.c.detail).where(audit.c.action == "campaign.drop_channel")).scalar_one()
        open_chunks = set(conn.execute(select(chunk.c.channel).where(chunk.c.state != "done")).scalars())
    assert reasons == {f"taken out by {town.approver.name}: the number was taken from us"}
    assert trail["cancelled"] == 3
    assert open_chunks == {"email"}
    with pytest.raises(ConflictError, match="nothing waits there"):
        campaigns.drop_channel(town.approver, campaign_id, "sms")


def test_a_campaign_is_done_when_what_was_taken_out_was_the_last_to_wait(town: Town) -> None:
    campaign_id = mail_and_text(town)
    with town.house.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.channel == "email").values(state="accepted"))
        conn.execute(update(chunk).where(chunk.c.channel == "email").values(state="done"))
    assert town.house.services.campaigns.drop_channel(town.approver, campaign_id, "sms").row.state == "done"


def test_a_channel_is_taken_out_only_where_there_is_one_and_something_goes_on(town: Town) -> None:
    campaigns = town.house.services.campaigns
    ready = town.reviewed()
    with pytest.raises(ConflictError, match="while it is under way"):
        campaigns.drop_channel(town.approver, ready.row.id, "email")
    campaign_id = mail_and_text(town)
    with pytest.raises(InvalidInputError, match="no channel 'push'") as caught:
        campaigns.drop_channel(town.approver, campaign_id, "push")
    assert "email, sms" in str(caught.value.remedy)


def test_a_campaign_by_mail_and_text_reaches_everybody_by_what_they_agreed_to(town: Town) -> None:
    said = [("both", "yes"), ("texts", "yes"), ("mail", "no")]
    table = "email,first_name,phone,sms consent\n" + "".join(
        f"{name}{no}@example.com,Ada,+4366055{row}{no:04},{texts}\n"
        for row, (name, texts) in enumerate(said)
        for no in range(2)
    )
    given = ConsentGiven(source="form", wording="Yes, write to me.")
    town.house.services.audience.import_csv(ADMIN, table, consent=given)
    with town.house.db.transaction() as conn:
        for address in ("texts0@example.com", "texts1@example.com"):
            pk = conn.execute(select(contact.c.pk).where(contact.c.email == address)).scalar_one()
            unsubscribe(conn, town.house.secrets, pk, None, "one-click", town.clock.now())  # to mail, not to texts
        people = conn.execute(select(func.count()).select_from(contact)).scalar_one()
    values = {"account_sid": "AC" + "0" * 32, "secret": "token", "sender": "+4366012345"}
    town.house.services.channels.create(ADMIN, provider_name="twilio", name="Twilio", values=values)
    made = town.new(channels=["email", "sms"])
    town.jobs.turn()

    plan = town.at(made).plan
    assert plan is not None
    assert plan.people == people  # nobody is left out: who reads no mail gets the text
    assert plan.by_channel == {"email": people - 2, "sms": 4}
    for channel, reached in plan.by_channel.items():
        assert reached + sum(plan.held_by_channel[channel].values()) == people
    assert plan.held_back == {}
    approve(town, made.row.id)
    town.house.services.campaigns.send(town.approver, made.row.id, now=True)
    town.jobs.turn()
    with town.house.db.reading() as conn:
        who = select(contact.c.email, delivery.c.channel).join(contact, contact.c.pk == delivery.c.contact_pk)
        rows = {tuple(row) for row in conn.execute(who)}
    named = {(address, channel) for address, channel in rows if address.partition("@")[0][:-1] in dict(said)}
    assert named == {
        *((f"both{no}@example.com", channel) for no in range(2) for channel in ("email", "sms")),
        *((f"texts{no}@example.com", "sms") for no in range(2)),
        *((f"mail{no}@example.com", "email") for no in range(2)),
    }  # fmt: skip
