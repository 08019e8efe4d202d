"""Sequences on the real rooms and databases: who enters, what they hear, how they leave, what a person may change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.event import listens_for
from tests.conftest import FakeClock
from tests.integration.sequence_bed import BRIEF, Bed, add_bare_people, make_bed, send, sequence

from tidings.campaigns.sequences.catalogue import read_yaml, template, write_yaml
from tidings.distribution.channels.base import Outgoing
from tidings.distribution.repository import link_target
from tidings.distribution.templates import Addresses, Templates
from tidings.distribution.tokens import TokenPurpose, TokenSigner
from tidings.domain.actor import AgentName, agent_actor
from tidings.domain.brief import parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, HOUR, MINUTE, to_datetime
from tidings.domain.sequence import parse_sequence
from tidings.events.log import append
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import contact

S = CampaignState


@pytest.fixture
def bed(database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> Bed:
    return make_bed(database, clock, secrets, tmp_path)


def test_people_walk_from_message_to_message(bed: Bed) -> None:
    people = bed.people(5)
    made = bed.running(
        sequence(
            send("hello"), {"id": "a-while", "wait": "3 days"},
            {"id": "read", "branch": {"when": {"clicked": "hello"}, "then": "end", "otherwise": "remind"}},
            send("remind"),
        )
    )  # fmt: skip
    pk = bed.pk(made)
    bed.turn()
    bed.post()
    assert [(row.contact_pk, row.step) for row in bed.deliveries(pk)] == [(person, 0) for person in people]
    bed.clock.advance(DAY)
    bed.happen(EventKind.CLICKED, pk, people[0])
    bed.pass_time(2 * DAY - HOUR)
    assert len(bed.deliveries(pk)) == 5  # the wait is not over
    bed.pass_time(2 * HOUR)
    assert [(row.contact_pk, row.step) for row in bed.deliveries(pk) if row.step] == [(p, 1) for p in people[1:]]
    bed.pass_time(HOUR)
    assert {row.exit_reason for row in bed.places(pk).values()} == {"completed"}
    detail = bed.service.get(bed.author, made.campaign.row.id)
    assert (detail.entered, detail.inside, detail.left) == (5, 0, {"completed": 5})
    assert [(step.id, step.sent, step.clicked) for step in detail.steps if step.kind == "send"] == [
        ("hello", 5, 1), ("remind", 4, 0),
    ]  # fmt: skip
    assert detail.campaign.row.state is S.SENDING  # an empty ledger is not the end of a sequence


def test_nothing_leaves_before_a_person_approved_it(bed: Bed) -> None:
    bed.people(2)
    made = bed.made(sequence(send("hello")))
    assert made.campaign.row.state is S.REVIEW
    with pytest.raises(ConflictError):
        bed.service.start(bed.approver, made.campaign.row.id)
    assert made.campaign.revision is not None
    with pytest.raises(ForbiddenError, match="author"):
        bed.service.approve(bed.author, made.campaign.row.id, made.campaign.revision.id)
    with pytest.raises(ForbiddenError):
        bed.service.approve(agent_actor(AgentName.CONTENT), made.campaign.row.id, made.campaign.revision.id)
    bed.turn()
    assert bed.places(bed.pk(made)) == {}


def test_a_definition_that_names_what_is_not_there_says_the_step(bed: Bed) -> None:
    def branch(when: dict[str, object]) -> dict[str, object]:
        return {"id": "ask", "branch": {"when": when, "then": "end", "otherwise": "two"}}

    for when, words in (
        ({"segment": "nobody"}, "step `ask`: There is no segment named 'nobody'"),
        ({"rule": {"all": [{"field": "shoe", "op": "is", "value": "8"}]}}, "step `ask`: There is no field `shoe`"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            bed.service.create(bed.author, sequence(send("one"), branch(when), send("two")))
    taken = {"id": "one", "send": {"draft": "cmp_none"}}
    with pytest.raises(InvalidInputError, match="Step `one` takes its words from cmp_none"):
        bed.service.create(bed.author, sequence(taken))
    with pytest.raises(InvalidInputError, match="Step `two` takes its words from cmp_none"):
        bed.service.create(bed.author, sequence(send("one"), {**taken, "id": "two"}))
    assert bed.service.list(bed.author)[0] == []


def test_words_may_come_from_another_campaign(bed: Bed) -> None:
    bed.people(1)
    brief = parse_brief({"name": "Workshop", "brand": "Northwind Bakery", **BRIEF})
    source = bed.house.services.campaigns.create(bed.author, brief)
    bed.jobs.turn()
    made = bed.running(sequence({"id": "one", "send": {"draft": source.row.id}}))
    words = bed.house.services.campaigns.get(bed.author, source.row.id).revision
    assert words is not None
    assert made.campaign.revision is not None
    assert made.campaign.revision.drafts[0].blocks == words.drafts[0].blocks
    bed.turn()
    assert len(bed.deliveries(bed.pk(made))) == 1


def test_an_event_that_is_waited_for_acts_at_once_and_its_lack_at_the_end(bed: Bed) -> None:
    one, two, three = bed.people(3)
    made = bed.running(
        sequence(
            send("hello"),
            {"id": "curious", "branch": {"when": {"clicked": "hello", "within": "3 days"}, "then": "more",
                                         "otherwise": "goodbye"}},
            send("more", next="end"), send("goodbye"),
        )
    )  # fmt: skip
    pk = bed.pk(made)
    bed.pass_time(HOUR)
    assert {row.waiting_for for row in bed.places(pk).values()} == {"event"}
    bed.happen(EventKind.CLICKED, pk, one, 0)
    with bed.house.db.transaction() as conn:  # a machine's click is nobody's
        append(conn, [Event(EventKind.CLICKED, bed.clock.now(), pk, two, machine=0.9)])
    bed.turn()
    assert [(row.contact_pk, row.step) for row in bed.deliveries(pk) if row.step] == [(one, 1)]
    bed.pass_time(3 * DAY)
    assert {(row.contact_pk, row.step) for row in bed.deliveries(pk) if row.step} == {(one, 1), (two, 2), (three, 2)}


def test_whoever_converts_unsubscribes_or_leaves_the_segment_hears_nothing_more(bed: Bed) -> None:
    one, two, three, four = bed.people(4)
    bed.house.services.audience.create_segment(
        bed.admin, name="Londoners", description="", rule={"all": [{"field": "time_zone", "op": "is", "value": "UTC"}]}
    )
    made = bed.running(
        sequence(
            send("hello"), {"id": "wait", "wait": "2 days"}, send("two"), exits=["converted", "left_segment"],
            trigger={"kind": "segment", "audience": "Londoners"},
        )
    )  # fmt: skip
    pk = bed.pk(made)
    bed.turn()
    bed.happen(EventKind.CONVERTED, pk, one)
    with bed.house.db.transaction() as conn:
        bed.house.services.audience.unsubscribe(conn, two, pk, "link")
        conn.execute(update(contact).where(contact.c.pk == three).values(time_zone="Asia/Tokyo"))
    bed.pass_time(3 * DAY)
    assert {p: row.exit_reason for p, row in bed.places(pk).items()} == {
        one: "converted", two: "unsubscribed", three: "left_segment", four: "completed",
    }  # fmt: skip
    found = {(row.contact_pk, row.step): row.state for row in bed.deliveries(pk)}
    assert found[one, 0] == "cancelled"  # was planned still when the person converted
    assert [person for person, step in found if step == 1] == [four]


def test_whoever_pauses_their_mail_stays_in(bed: Bed) -> None:
    one, two = bed.people(2)
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "2 days"}, send("two")))
    pk = bed.pk(made)
    bed.turn()
    bed.post()
    bed.clock.advance(HOUR)
    with bed.house.db.transaction() as conn:
        assert bed.house.services.audience.pause(conn, one, "email", 30, "unsubscribe page")
        bed.house.services.audience.unsubscribe(conn, two, pk, "link")
    bed.pass_time(3 * DAY)
    left = {person: row.exit_reason for person, row in bed.places(pk).items()}
    assert left == {one: "completed", two: "unsubscribed"}


def test_a_wait_counts_from_when_the_message_really_left(bed: Bed) -> None:
    [person] = bed.people(1)
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "1 day"}, send("two")))
    pk = bed.pk(made)
    bed.turn()
    for _ in range(46):  # the relay is down for two days
        bed.clock.advance(HOUR)
        bed.turn()
    assert [row.step for row in bed.deliveries(pk)] == [0]
    bed.post()
    left_at = bed.clock.now()
    bed.pass_time(23 * HOUR)
    assert [row.step for row in bed.deliveries(pk)] == [0]
    bed.pass_time(2 * HOUR, step=20 * MINUTE)
    second = bed.deliveries(pk)[1]
    assert second.contact_pk == person
    assert left_at + DAY <= second.due_at <= left_at + DAY + HOUR


def test_quiet_hours_and_the_frequency_cap_move_a_message(bed: Bed) -> None:
    bed.people(1, zone="Asia/Tokyo")  # 19:00 there; quiet from 21:00
    made = bed.running(
        sequence(
            send("one"), {"id": "a", "wait": "3 hours"}, send("two"), {"id": "b", "wait": "1 day"}, send("three"),
            {"id": "c", "wait": "1 day"}, send("four"),
        )
    )  # fmt: skip
    pk = bed.pk(made)
    bed.pass_time(10 * DAY)
    due = [row.due_at for row in bed.deliveries(pk)]
    assert to_datetime(due[1], "Asia/Tokyo").hour == 8  # 22:00 is quiet
    assert due[3] - due[0] == 7 * DAY  # three in seven days
    assert all(8 <= to_datetime(at, "Asia/Tokyo").hour < 21 for at in due)


def test_limits_let_so_many_in_and_the_rest_later(bed: Bed) -> None:
    bed.people(7)
    made = bed.running(sequence(send("hello"), limits={"per_hour": 3}))
    pk = bed.pk(made)
    bed.turn()
    assert len(bed.places(pk)) == 3
    bed.pass_time(50 * MINUTE, step=10 * MINUTE)
    assert len(bed.places(pk)) == 3
    bed.pass_time(20 * MINUTE, step=10 * MINUTE)
    assert len(bed.places(pk)) == 6
    bed.pass_time(2 * HOUR, step=10 * MINUTE)
    assert len(bed.places(pk)) == 7


def test_new_contacts_enter_by_import_and_old_ones_do_not(bed: Bed) -> None:
    bed.people(3)
    made = bed.running(sequence(send("hello"), trigger={"kind": "import"}))
    pk = bed.pk(made)
    bed.turn()
    assert bed.places(pk) == {}
    new = bed.people(2, prefix="new")
    bed.turn()
    assert sorted(bed.places(pk)) == new
    bed.turn()
    assert [row.step for row in bed.deliveries(pk)] == [0, 0]


def test_nobody_enters_between_the_start_and_the_launch(bed: Bed) -> None:
    bed.people(3)
    detail = bed.made(sequence(send("hello"), trigger={"kind": "import"}))
    campaign_id = detail.campaign.row.id
    assert detail.campaign.revision is not None
    bed.service.approve(bed.approver, campaign_id, detail.campaign.revision.id)
    bed.service.start(bed.approver, campaign_id)
    bed.turn()
    assert not bed.service.get(bed.author, campaign_id).campaign.row.paused
    bed.jobs.turn()
    bed.turn()
    assert bed.places(bed.pk(detail)) == {}
    new = bed.people(1, prefix="new")
    bed.turn()
    assert sorted(bed.places(bed.pk(detail))) == new


def test_who_has_left_may_enter_again_under_new_numbers(bed: Bed) -> None:
    people = bed.people(2)
    again = {"after": "10 days", "at_most": 1}
    made = bed.running(sequence(send("hello"), trigger={"kind": "api"}, again=again))
    pk, campaign_id = bed.pk(made), made.campaign.row.id
    ids = [person.id for person in bed.house.services.audience.contacts(bed.admin)[0]]
    assert set(bed.service.enter(bed.approver, campaign_id, ids).entered) == set(ids)
    assert set(bed.service.enter(bed.approver, campaign_id, ids).already) == set(ids)
    bed.pass_time(DAY)
    assert set(bed.service.enter(bed.approver, campaign_id, ids).already) == set(ids)
    bed.pass_time(10 * DAY)
    assert set(bed.service.enter(bed.approver, campaign_id, ids).entered) == set(ids)
    bed.pass_time(DAY)
    assert [(row.contact_pk, row.step) for row in bed.deliveries(pk)] == [(p, step) for p in people for step in (0, 1)]
    bed.pass_time(20 * DAY)
    assert set(bed.service.enter(bed.approver, campaign_id, ids).already) == set(ids)
    assert {row.round for row in bed.places(pk).values()} == {1}


def test_entering_by_name_refuses_whom_it_may_not_write_to(bed: Bed) -> None:
    bed.people(3)
    made = bed.running(sequence(send("hello"), trigger={"kind": "api"}, limits={"per_day": 1}))
    campaign_id = made.campaign.row.id
    contacts = bed.house.services.audience.contacts(bed.admin)[0]
    bed.house.services.audience.suppress(bed.admin, contacts[0].email)
    result = bed.service.enter(bed.approver, campaign_id, [person.id for person in contacts])
    assert (result.refused, len(result.entered), len(result.later)) == ((contacts[0].id,), 1, 1)
    with pytest.raises(InvalidInputError, match="con_nobody"):
        bed.service.enter(bed.approver, campaign_id, ["con_nobody"])
    with pytest.raises(ForbiddenError):
        bed.service.enter(bed.author, campaign_id, [contacts[0].id])
    bed.service.pause(bed.author, campaign_id)
    with pytest.raises(ConflictError, match="does not run"):
        bed.service.enter(bed.approver, campaign_id, [contacts[1].id])


def test_a_pause_holds_everybody_and_resuming_goes_on(bed: Bed) -> None:
    bed.people(3)
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "1 day"}, send("two")))
    pk = bed.pk(made)
    bed.pass_time(HOUR)
    bed.service.pause(bed.author, made.campaign.row.id)
    bed.pass_time(5 * DAY)
    assert {row.step for row in bed.deliveries(pk)} == {0}
    bed.service.resume(bed.approver, made.campaign.row.id)
    bed.turn()
    assert [row.step for row in bed.deliveries(pk)] == [0, 1] * 3


def test_stopping_cancels_what_is_planned_for_good(bed: Bed) -> None:
    bed.people(2)
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "1 day"}, send("two")))
    pk = bed.pk(made)
    bed.turn()
    assert bed.service.stop(bed.author, made.campaign.row.id).campaign.row.state is S.CANCELLED
    bed.pass_time(3 * DAY)
    assert [row.state for row in bed.deliveries(pk)] == ["cancelled"] * 2


def test_it_ends_after_its_last_day(bed: Bed) -> None:
    bed.people(2)
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "3 days"}, send("two"), ends="2026-03-03"))
    bed.pass_time(5 * DAY)
    assert bed.service.get(bed.author, made.campaign.row.id).campaign.row.state is S.DONE
    assert {row.step for row in bed.deliveries(bed.pk(made))} == {0}


def test_an_edit_while_it_runs_waits_for_approval_and_moves_nobody_back(bed: Bed) -> None:
    one, *_ = people = bed.people(3)
    first = sequence(send("hello"), {"id": "wait", "wait": "2 days"}, send("gone"), {"id": "b", "wait": "1 day"},
                     send("last"))  # fmt: skip
    made = bed.running(first)
    pk, campaign_id = bed.pk(made), made.campaign.row.id
    bed.pass_time(HOUR)
    changed = {"id": "last", "send": {"brief": {**BRIEF, "goal": "Say goodbye", "call_to_action": "Say goodbye"}}}
    second = sequence(send("hello"), changed)
    bed.service.edit(bed.author, campaign_id, second)
    bed.jobs.turn()
    waiting = bed.service.get(bed.author, campaign_id)
    assert waiting.proposed == second
    assert waiting.definition == first
    assert [row.id for row in bed.house.services.campaigns.waiting(bed.approver)] == [campaign_id]
    shown = bed.house.services.campaigns.preview(bed.approver, campaign_id, variant="last-A")
    assert "goodbye" in (shown.subject + shown.text).lower()  # what is to be approved can be looked at
    assert bed.house.services.campaigns.preflight(bed.approver, campaign_id)
    bed.turn()
    assert {row.position for row in bed.places(pk).values()} == {"wait"}  # goes on as it was
    assert waiting.proposed_revision is not None
    bed.service.approve(bed.approver, campaign_id, waiting.proposed_revision.id)
    bed.turn()
    now = bed.service.get(bed.author, campaign_id)
    assert (now.definition, now.proposed) == (second, None)
    found = [(row.contact_pk, row.step, row.variant) for row in bed.deliveries(pk) if row.step]
    assert found == [(person, 2, "last-A.2") for person in people]  # the words that were approved now
    with pytest.raises(InvalidInputError, match="step `hello` was a send and is now a wait"):
        bed.service.edit(bed.author, campaign_id, sequence({"id": "hello", "wait": "1 day"}, send("last")))
    assert one in bed.places(pk)


def test_an_edit_may_be_sent_back(bed: Bed) -> None:
    bed.people(1)
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "2 days"}, send("two")))
    campaign_id = made.campaign.row.id
    bed.service.edit(bed.author, campaign_id, sequence(send("hello"), {"id": "wait", "wait": "9 days"}, send("two")))
    bed.jobs.turn()
    bed.house.services.campaigns.request_changes(bed.approver, campaign_id, "Two days are right")
    detail = bed.service.get(bed.author, campaign_id)
    assert (detail.proposed, detail.campaign.row.state) == (None, S.SENDING)
    bed.pass_time(3 * DAY)
    assert [row.step for row in bed.deliveries(bed.pk(made))] == [0, 1]


def test_an_erased_person_leaves_without_a_trace(bed: Bed) -> None:
    bed.people(2)
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "1 day"}, send("two")))
    bed.pass_time(HOUR)
    gone = bed.house.services.audience.contacts(bed.admin)[0][0]
    bed.house.services.audience.erase(bed.admin, gone.id)
    bed.pass_time(2 * DAY)
    assert len(bed.places(bed.pk(made))) == 1


def test_idle_people_cost_one_statement_a_look(bed: Bed) -> None:
    add_bare_people(bed.house.db, 1_000, bed.clock.now())
    made = bed.running(sequence(send("hello"), {"id": "wait", "wait": "30 days"}, send("two")))
    bed.turn()
    bed.post()
    bed.turn()
    assert len(bed.places(bed.pk(made))) == 1_000
    statements: list[str] = []

    @listens_for(bed.house.db.engine, "before_cursor_execute")
    def count(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    for _ in range(60):
        bed.clock.advance(1_000)
        assert bed.runner.look() is False
    asked = [text for text in statements if not text.startswith(("BEGIN", "SHOW", "SET"))]
    assert len(asked) == 60
    with bed.house.db.reading() as conn:
        if bed.house.db.is_sqlite:
            plan = "\n".join(
                str(row) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", (1, 0, "sending"))
            )
            assert "ix_sequence_person_campaign_due" in plan
            assert "SCAN sequence_person" not in plan


def test_the_templates_are_written_without_a_finding(bed: Bed) -> None:
    bed.house.services.audience.create_segment(
        bed.admin, name="Quiet", description="", rule={"all": [{"field": "clicked_days", "op": "gt", "value": 60}]}
    )
    for each in bed.service.templates(bed.author):
        text = template(each.id, brand="Northwind Bakery", website="https://northwind.example.com", audience="Quiet")
        made = bed.made(parse_sequence(read_yaml(text)))
        assert made.campaign.row.state is S.REVIEW, made.campaign.row.state_reason
        assert parse_sequence(read_yaml(write_yaml(made.definition.model_dump(mode="json")))) == made.definition


def test_the_sender_makes_the_messages_of_steps_and_rounds_that_came_later(bed: Bed, secrets: Secrets) -> None:
    people = bed.people(1)
    made = bed.running(sequence(send("one"), {"id": "w", "wait": "1 day"}, send("two"), trigger={"kind": "api"},
                                again={"after": "1 day", "at_most": 1}))  # fmt: skip
    pk, ids = bed.pk(made), [person.id for person in bed.house.services.audience.contacts(bed.admin)[0]]
    templates = Templates(bed.house.db, Addresses("https://t.example.com", TokenSigner(secrets.signing_key)))
    bodies: dict[int, bytes] = {}

    def made_of(step: int, variant: str) -> None:
        fields = {"email": "p0@example.com", "first_name": "Ada"}
        message = Outgoing(pk, people[0], step, variant, 0, 0, 1, 1, fields, bed.clock.now())
        templates.fill_in(message, bed.clock.now())
        bodies[step] = message.body

    for _ in range(2):
        bed.service.enter(bed.approver, made.campaign.row.id, ids)
        bed.pass_time(4 * DAY)
        for row in bed.deliveries(pk):
            made_of(row.step, row.variant)
    assert sorted(bodies) == [0, 1, 2, 3]
    links = {step: set(re.findall(rb"/t/([\w-]{24})", body.replace(b"=\r\n", b""))) for step, body in bodies.items()}
    signer = TokenSigner(secrets.signing_key)
    with bed.house.db.reading() as conn:
        for step, tokens in links.items():
            read = [signer.read(token.decode(), TokenPurpose.CLICK) for token in tokens]
            assert {token.step for token in read if token} == {step}
            targets = {link_target(conn, pk, token.link) for token in read if token}
            assert ("https://northwind.example.com/workshop", False) in targets


def test_what_is_a_plans_is_refused_and_its_deliveries_are_listed_whole(bed: Bed) -> None:
    bed.people(3)
    made = bed.running(sequence(send("one"), {"id": "w", "wait": "1 hour"}, send("two")))
    campaigns, campaign_id = bed.house.services.campaigns, made.campaign.row.id
    with pytest.raises(ConflictError, match="has no plan"):
        campaigns.replan(bed.author, campaign_id)
    with pytest.raises(ConflictError, match="has no plan"):
        campaigns.set_send_time(bed.author, campaign_id, bed.clock.now() + DAY, "later")
    bed.pass_time(DAY)
    seen, after = list[tuple[str, str]](), ""
    while True:
        page, after = campaigns.deliveries(bed.author, campaign_id, after=after, limit=2)
        seen += [(each.contact_id, each.variant) for each in page]
        if not after:
            break
    assert len(seen) == len(set(seen)) == 6
    assert [row.is_sequence for row in campaigns.list(bed.author)[0]] == [True]
