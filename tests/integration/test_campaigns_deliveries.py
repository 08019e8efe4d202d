"""One delivery and what goes with it, on the real rooms: shown whole, found, settled by a person, sent as approved."""

from __future__ import annotations

import sys
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.integration.test_campaigns_service import Town, town  # noqa: F401 - a fixture

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.audience.repository import merge_fields
from tidings.distribution.settling import Verdict
from tidings.domain.actor import Actor, AgentName, Role, agent_actor
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import MINUTE
from tidings.domain.invitation import parse_invitation
from tidings.events.log import append
from tidings.store.tables import attempt, campaign, contact, delivery, override, revision

S = CampaignState
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 30
EVENT = {
    "title": "Bread workshop", "start": "2026-12-05T18:00", "end": "2026-12-05T20:30", "zone": "Europe/Vienna",
    "place": "Mill Lane 4",
}  # fmt: skip


def launched(town: Town) -> str:  # noqa: F811
    found = town.approved()
    town.house.services.campaigns.send(town.approver, found.row.id, now=True)
    town.jobs.turn()
    return found.row.id


def people(town: Town) -> list[str]:  # noqa: F811
    with town.house.db.reading() as conn:
        return list(conn.execute(select(contact.c.id).order_by(contact.c.pk)).scalars())


def ask(town: Town, query: Any) -> list[Any]:  # noqa: F811
    with town.house.db.reading() as conn:
        return list(conn.execute(query))


def viewer() -> Actor:
    from tidings.domain.actor import ActorKind

    return Actor(ActorKind.PERSON, "acc_v", "Vera", Role.VIEWER)


def sending(town: Town, port: int):  # noqa: F811
    return bed.running(
        bed.make_worker(town.house.db, port, lanes=2, merge_fields=merge_fields, on_finished=town.house.run.finished)
    )


def test_a_delivery_tells_its_whole_story(town: Town) -> None:  # noqa: F811
    key, who = launched(town), people(town)[0]
    service = town.house.services.deliveries
    with town.house.db.transaction() as conn:
        pk = conn.execute(select(campaign.c.pk).where(campaign.c.id == key)).scalar_one()
        person = conn.execute(select(contact.c.pk).where(contact.c.id == who)).scalar_one()
        at = town.clock.now()
        mine = (delivery.c.campaign_pk == pk) & (delivery.c.contact_pk == person)
        conn.execute(
            insert(attempt).values(
                campaign_pk=pk, contact_pk=person, number=1, at=at, outcome="deferred", code="451 4.7.1",
                words="come later", relay="mx:25",
            )
        )  # fmt: skip
        conn.execute(
            update(delivery).where(mine).values(state="accepted", at=at + 9, attempt=2, code="250 2.0.0", reason="Ok")
        )
        append(conn, [
            Event(EventKind.ACCEPTED, at + 9, pk, person),
            Event(EventKind.CLICKED, at + MINUTE, pk, person, machine=0.98, detail={"link": "0"}),
        ])  # fmt: skip
    found = service.get(town.approver, key, who)
    assert [(each.number, each.outcome, each.code, each.words) for each in found.attempts] == [
        (1, "deferred", "451 4.7.1", "come later"), (2, "accepted", "250 2.0.0", "Ok"),
    ]  # fmt: skip
    assert [(each.kind, each.by_machine) for each in found.events] == [("accepted", False), ("clicked", True)]
    assert found.planned_reason
    assert found.standing.allowed
    assert found.standing.consent == "granted"
    assert not found.settles
    assert found.sent is not None
    assert found.sent.to == found.email == "p0@example.com"
    assert "{{" not in found.sent.html
    # Once it bounced, the row tells of the bounce; that the relay took it is still told.
    with town.house.db.transaction() as conn:
        conn.execute(update(delivery).where(mine).values(state="bounced", code="5.1.1", reason="no such user"))
    assert service.get(town.approver, key, who).attempts[-1].at == at + 9
    # By address and by Message-ID the same one is found.
    assert [each.campaign_id for each in service.find(town.approver, address=" P0@Example.com ")] == [key]
    assert [each.contact_id for each in service.find(town.approver, message_id=f"<{found.message_id}>")] == [who]
    assert service.find(town.approver, message_id="0" * 32 + "@northwind.example.com") == []
    assert service.find(town.approver, address="p1@example.com", message_id=found.message_id) == []
    # Who may not read addresses sees neither the address nor the message, and cannot ask by address.
    seen = service.get(viewer(), key, who)
    assert seen.email == "p…@example.com"
    assert seen.sent is None
    with pytest.raises(ForbiddenError):
        service.find(viewer(), address="p0@example.com")
    with pytest.raises(InvalidInputError):
        service.find(town.approver)
    with pytest.raises(NotFoundError):
        service.get(town.approver, key, "con_nobody")
    town.house.services.audience.erase(town.approver, who)
    [left] = service.find(town.approver, message_id=found.message_id)
    assert (left.contact_id, left.email, left.state) == ("", "", "bounced")


def test_only_a_person_has_an_uncertain_mail_repeated_and_it_is_the_same_mail(town: Town) -> None:  # noqa: F811
    key = launched(town)
    service, db = town.house.services.deliveries, town.house.db
    with bed.sink(bed.Faults(drop_every=6)) as sink:
        with sending(town, sink.port):
            bed.wait_for(lambda: len(sink.taken) == 12)
            bed.wait_for(lambda: bed.states(db, 1) == {"uncertain": 2, "accepted": 10})
            bed.wait_for(lambda: ask(town, select(campaign.c.state))[0].state == S.DONE.value)
        uncertain = select(contact.c.id).join(delivery, delivery.c.contact_pk == contact.c.pk)
        doubtful = ask(town, uncertain.where(delivery.c.state == "uncertain"))
        first, second = (each.id for each in doubtful)
        before = service.get(town.approver, key, first)
        assert before.settles
        assert before.attempts[-1].outcome == "uncertain"
        for actor in (agent_actor(AgentName.DISTRIBUTION), town.author):
            with pytest.raises(ForbiddenError):
                service.settle(actor, key, first, Verdict.SEND_AGAIN)
        arrived = service.settle(town.approver, key, second, Verdict.ARRIVED, "she told us")
        assert arrived.state == "accepted"
        assert {each.kind for each in arrived.events} == {"uncertain", "accepted"}
        again = service.settle(town.approver, key, first, Verdict.SEND_AGAIN)
        assert again.state == "planned"
        assert [each.outcome for each in again.attempts] == ["uncertain"]
        for who in (first, second):
            with pytest.raises(ConflictError):
                service.settle(town.approver, key, who, Verdict.SEND_AGAIN)
        sink.faults.drop_every = 0
        with sending(town, sink.port):
            bed.wait_for(lambda: bed.states(db, 1) == {"accepted": 12})
            bed.wait_for(lambda: ask(town, select(campaign.c.state))[0].state == S.DONE.value)
    assert len(sink.taken) == 12
    assert sum(sink.taken.values()) == 13
    assert sink.taken[before.message_id] == 2
    after = service.get(town.approver, key, first)
    assert [(each.number, each.outcome) for each in after.attempts] == [(1, "uncertain"), (2, "accepted")]
    said = ask(town, select(override.c.what, override.c.after).where(override.c.what == "uncertain delivery"))
    assert sorted(each.after["verdict"] for each in said) == ["arrived", "send_again"]


def test_a_cancelled_campaign_sends_nothing_again(town: Town) -> None:  # noqa: F811
    key, who = launched(town), people(town)[0]
    with town.house.db.transaction() as conn:
        conn.execute(update(delivery).values(state="uncertain", at=1, attempt=1))
        conn.execute(update(campaign).values(state=S.CANCELLED.value))
    with pytest.raises(ConflictError, match="cancelled"):
        town.house.services.deliveries.settle(town.approver, key, who, Verdict.SEND_AGAIN)
    assert town.house.services.deliveries.settle(town.approver, key, who, Verdict.ARRIVED).state == "accepted"


def test_what_is_attached_is_approved_and_leaves_as_approved(town: Town) -> None:  # noqa: F811
    found, services = town.approved(), town.house.services
    key, before = found.row.id, found.revision
    file = services.attachments.attach(town.author, key, "Programme.pdf", PDF)
    services.attachments.invite(town.author, key, parse_invitation(EVENT))
    now = services.campaigns.get(town.author, key)
    assert now.row.state is S.REVIEW  # the approval named other content
    assert now.revision is not None
    assert before is not None
    assert now.revision.content_hash != before.content_hash
    assert now.revision.attachments == (file,)
    with pytest.raises(ConflictError):
        services.campaigns.send(town.approver, key, now=True)
    edited = services.campaigns.edit_draft(town.author, key, "A", subject="Bread workshop for beginners")
    assert edited.revision is not None
    assert edited.revision.attachments == (file,)
    assert services.campaigns.preview(town.approver, key).subject == "Bread workshop for beginners"
    services.campaigns.approve(town.approver, key, edited.revision.id)
    assert not [
        each for each in services.campaigns.preflight(town.approver, key) if each.blocks and "size" in each.check
    ]
    services.campaigns.send(town.approver, key, now=True)
    town.jobs.turn()
    for act in (
        lambda: services.attachments.attach(town.author, key, "More.pdf", PDF),
        lambda: services.attachments.detach(town.author, key, file.id),
        lambda: services.attachments.invite(town.author, key, None),
    ):
        with pytest.raises(ConflictError):
            act()
    with bed.sink() as sink, sending(town, sink.port):
        bed.wait_for(lambda: bed.states(town.house.db, 1) == {"accepted": 12})
    files: set[bytes] = set()
    for raw in sink.bodies:
        message = message_from_bytes(raw[:-3], policy=policy.default)
        pdf, calendar = None, None
        for part in message.iter_attachments():
            if part.get_filename() == "Programme.pdf":
                pdf = part.get_content()
            else:
                calendar = part
        assert pdf == PDF
        assert calendar is not None
        assert calendar.get_content_type() == "text/calendar"
        files.add(raw.partition(b"\r\n--=_m_")[2].partition(b"text/calendar; charset")[2])
    assert len(sink.bodies) == 12
    assert len({each.partition(b"METHOD:PUBLISH")[2] for each in files}) == 1  # the same bytes for everybody


def test_files_may_come_before_the_first_draft_and_new_drafts_keep_them(town: Town) -> None:  # noqa: F811
    made, service = town.new(invitation=EVENT), town.house.services.attachments
    file = service.attach(town.author, made.row.id, "a.pdf", PDF)
    with pytest.raises(ConflictError):
        service.invite(town.author, made.row.id, parse_invitation(EVENT))
    town.jobs.turn()
    first = town.at(made).revision
    assert first is not None
    assert first.attachments == (file,)
    assert first.invitation is not None
    assert first.invitation.place == "Mill Lane 4"
    town.house.services.campaigns.request_changes(town.approver, made.row.id, "Shorter.")
    town.house.services.campaigns.retry(town.author, made.row.id)
    town.jobs.turn()
    second = town.at(made).revision
    assert second is not None
    assert second.number > first.number
    assert (second.attachments, second.invitation) == (first.attachments, first.invitation)
    moved = service.invite(town.author, made.row.id, parse_invitation({**EVENT, "place": "The barn"}))
    assert moved is not None
    assert moved.sequence == 1
    service.detach(town.author, made.row.id, file.id)
    assert service.list(town.author, made.row.id) == ()
    assert service.content(town.author, made.row.id, file.id)[1] == PDF  # older revisions still name it
    third = town.at(made).revision
    assert third is not None
    assert third.attachments == ()
    assert len(ask(town, select(revision.c.id))) == 4


def test_what_cannot_go_is_refused_and_nothing_changes(town: Town) -> None:  # noqa: F811
    key = town.reviewed().row.id
    service = town.house.services.attachments
    with pytest.raises(InvalidInputError, match="exe"):
        service.attach(town.author, key, "setup.exe", b"MZ")
    with pytest.raises(InvalidInputError, match="MB"):
        service.attach(town.author, key, "big.pdf", b"%PDF" + bytes(4 * 1024 * 1024))
    with pytest.raises(ForbiddenError):
        service.attach(viewer(), key, "a.pdf", PDF)
    past = {**EVENT, "start": "2020-01-01T10:00", "end": "2020-01-01T11:00"}
    with pytest.raises(InvalidInputError, match="over"):
        service.invite(town.author, key, parse_invitation(past))
    with pytest.raises(NotFoundError):
        service.detach(town.author, key, "att_none")
    assert service.list(town.author, key) == ()
    assert len(ask(town, select(revision.c.id))) == 1
