"""A campaign's life on the real rooms and databases; only the engine is turned by hand, to stop between stages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, func, select, update
from tests.conftest import FakeClock

from tidings.agents.state import ensure_agents
from tidings.app.wiring import House, wire
from tidings.audience.incoming import ConsentGiven
from tidings.campaigns import repository
from tidings.campaigns.run import REPORT
from tidings.campaigns.views import CampaignDetail
from tidings.distribution.repository import hold_due, something_due
from tidings.domain.actor import Actor, ActorKind, AgentName, Role, agent_actor
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.instant import DAY, HOUR
from tidings.engine.jobs import Jobs
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.tables import activity, approval, claim, delivery, override, slot

S = CampaignState
FIELDS = {
    "name": "Autumn workshop", "type": "event", "goal": "Fill the bread workshop", "brand": "Northwind Bakery",
    "facts": ["It is a bread workshop for beginners.", "You get a sourdough starter to take home."],
    "call_to_action": "Reserve a place", "link": "https://northwind.example.com/workshop",
}  # fmt: skip


@dataclass
class HandTurned:
    """The engine's interface; a job runs when the test says so."""

    registered: dict[str, Callable[..., Any]] = field(default_factory=dict)
    waiting: list[tuple[str, tuple[Any, ...], int]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    on_error: Any = None

    def job(self, name: str, *, queue: str) -> Callable[[Any], Any]:
        def keep(function: Any) -> Any:
            self.registered[name] = function
            return function

        return keep

    def enqueue(self, conn: Connection, name: str, *args: Any, id: str, delay_ms: int = 0) -> None:  # noqa: A002
        if id not in self.seen:
            self.seen.add(id)
            self.waiting.append((name, args, delay_ms))

    def turn(self) -> None:
        """Runs what is due, and what that asks for, to the end."""
        while due := [job for job in self.waiting if job[2] == 0]:
            self.waiting.remove(due[0])
            name, args, _ = due[0]
            try:
                self.registered[name](*args)
            except Exception as error:
                self.on_error(name, args, error)


@dataclass
class Town:
    """A house with people in it."""

    house: House
    jobs: HandTurned
    clock: FakeClock
    author: Actor
    approver: Actor

    def new(self, **changes: Any) -> CampaignDetail:
        return self.house.services.campaigns.create(self.author, brief(**changes))

    def at(self, campaign: CampaignDetail) -> CampaignDetail:
        return self.house.services.campaigns.get(self.author, campaign.row.id)

    def reviewed(self) -> CampaignDetail:
        made = self.new()
        self.jobs.turn()
        return self.at(made)

    def approved(self) -> CampaignDetail:
        ready = self.reviewed()
        assert ready.revision is not None
        return self.house.services.campaigns.approve(self.approver, ready.row.id, ready.revision.id)


def brief(**changes: Any) -> Brief:
    return parse_brief({**FIELDS, **changes})


@pytest.fixture
def town(database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> Town:
    jobs = HandTurned()
    house = wire(Settings(tmp_path), database, MasterKey(bytes(32)), secrets, clock, "test", jobs=cast("Jobs", jobs))
    with database.transaction() as conn:
        ensure_agents(conn)
    access = house.services.access
    people = {
        role: access.create_account(None, email=f"{role}@example.com", name=role.title(), role=role)
        for role in (Role.ADMIN, Role.AUTHOR, Role.MANAGER)
    }
    admin = people[Role.ADMIN].actor()
    brand = house.services.brands.create_brand(
        admin,
        {"name": "Northwind Bakery", "sender": {"name": "Northwind", "address": "hello@northwind.example.com"},
         "postal_address": "Mill Lane 4, 1010 Vienna", "website": "https://northwind.example.com"},
    )  # fmt: skip
    house.services.brands.add_claim(
        admin, brand.id, "Our bread is baked every night.", evidence="the schedule", valid_until=clock.now() + 30 * DAY
    )
    table = "email,first_name,time_zone\n" + "".join(
        f"p{number}@example.com,Ada,{zone}\n"
        for number, zone in enumerate(("Europe/London", "Asia/Tokyo", "America/New_York") * 4)
    )
    given = ConsentGiven(source="sign-up form", wording="Yes, write to me.")
    assert house.services.audience.import_csv(admin, table, consent=given).added == 12
    return Town(house, jobs, clock, people[Role.AUTHOR].actor(), people[Role.MANAGER].actor())


def rows(town: Town, what: Any) -> list[Any]:
    with town.house.db.reading() as conn:
        return list(conn.execute(select(what)))


def test_a_brief_becomes_checked_drafts_and_a_plan_with_reasons(town: Town) -> None:
    found = town.reviewed()
    assert found.row.state is S.REVIEW
    assert found.revision is not None
    assert [draft.variant for draft in found.revision.drafts] == ["A", "B"]
    assert {draft.writer for draft in found.revision.drafts} == {"Composer"}
    assert all(draft.sendable for draft in found.revision.drafts)
    assert found.plan is not None
    assert found.plan.people == 12
    decisions, _ = town.house.services.agents.decisions(town.author, campaign_id=found.row.id)
    assert {decision.agent for decision in decisions} == {AgentName.CONTENT, AgentName.SCHEDULING}
    assert all(decision.reason and decision.decided_by for decision in decisions)
    slots, after = town.house.services.campaigns.slots(town.author, found.row.id, limit=5)
    assert len(slots) == 5
    assert after
    assert all(item.reason_text for item in slots)


def test_nothing_exists_to_be_sent_before_somebody_starts_it(town: Town) -> None:
    town.approved()
    town.jobs.turn()
    assert rows(town, delivery) == []


def test_agents_never_approve_and_the_author_does_not_either(town: Town) -> None:
    ready = town.reviewed()
    assert ready.revision is not None
    campaigns = town.house.services.campaigns
    with pytest.raises(ForbiddenError):
        campaigns.approve(agent_actor(AgentName.CONTENT), ready.row.id, ready.revision.id)
    with pytest.raises(ForbiddenError):
        campaigns.approve(town.author, ready.row.id, ready.revision.id)
    made = campaigns.create(town.approver, brief())
    town.jobs.turn()
    own = campaigns.get(town.approver, made.row.id)
    assert own.revision is not None
    with pytest.raises(ForbiddenError, match="author"):
        campaigns.approve(town.approver, own.row.id, own.revision.id)
    assert rows(town, approval) == []


def test_whoever_is_the_only_one_who_could_approve_may_and_it_is_recorded(town: Town) -> None:
    access = town.house.services.access
    admin = next(item for item in access.accounts(_admin(town)) if item.role is Role.ADMIN)
    access.set_active(_admin(town), town.approver.id, active=False)
    made = town.house.services.campaigns.create(admin.actor(), brief())
    town.jobs.turn()
    own = town.house.services.campaigns.get(admin.actor(), made.row.id)
    assert own.revision is not None
    after = town.house.services.campaigns.approve(admin.actor(), own.row.id, own.revision.id)
    assert after.approvals[0].self_approved


def _admin(town: Town) -> Actor:
    from tidings.store.tables import account

    with town.house.db.reading() as conn:
        row = conn.execute(select(account).where(account.c.role == "admin")).one()
    return Actor(ActorKind.PERSON, row.id, row.name, Role.ADMIN)


def test_an_edit_after_approval_asks_again_and_the_old_yes_does_not_count(town: Town) -> None:
    yes = town.approved()
    campaigns = town.house.services.campaigns
    assert yes.revision is not None
    edited = campaigns.edit_draft(town.author, yes.row.id, "A", subject="Our bread workshop")
    assert edited.row.state is S.REVIEW
    assert edited.revision is not None
    assert edited.revision.number == yes.revision.number + 1
    assert edited.revision.author == "Author"
    with pytest.raises(ConflictError):
        campaigns.send(town.approver, yes.row.id, now=True)
    with pytest.raises(ConflictError, match="revision"):
        campaigns.approve(town.approver, yes.row.id, yes.revision.id)


def test_drafts_that_do_not_pass_say_what_blocks_them_and_not_what_is_only_a_warning(town: Town) -> None:
    facts = ["It costs 25 euros.", "It costs 30 euros.", "Hello {{ contact.email }} and [your name], welcome to it."]
    made = town.new(facts=facts)
    town.jobs.turn()
    stuck = town.at(made)
    assert stuck.row.state is S.BLOCKED
    reason = stuck.row.state_reason
    assert reason.startswith("The drafts do not pass: ")
    assert reason.endswith(". Change the brief or edit the draft.")
    assert "placeholder was left in" in reason
    assert "The field email is not allowed" in reason
    assert "contradict" not in reason
    assert ".;" not in reason
    assert ".." not in reason


def test_an_edit_that_states_something_new_blocks_until_it_is_mended(town: Town) -> None:
    ready = town.reviewed()
    campaigns = town.house.services.campaigns
    wrong = campaigns.edit_draft(town.author, ready.row.id, "A", subject="Only 9 euros until Friday")
    assert wrong.row.state is S.BLOCKED
    assert "Variant A" in wrong.row.state_reason
    mended = campaigns.edit_draft(town.author, ready.row.id, "A", subject="Our bread workshop")
    assert mended.row.state is S.REVIEW


def test_two_edits_of_the_same_version_do_not_both_pass(town: Town) -> None:
    ready = town.reviewed()
    campaigns, version = town.house.services.campaigns, ready.row.version
    campaigns.edit_draft(town.author, ready.row.id, "A", subject="Our bread workshop", expected_version=version)
    with pytest.raises(ConflictError):
        campaigns.edit_draft(town.author, ready.row.id, "B", subject="Bread for beginners", expected_version=version)


@pytest.mark.parametrize("stage", ["drafting", "planning", "review", "approved"])
def test_paused_at_any_stage_nothing_goes_on_until_it_is_resumed(town: Town, stage: str) -> None:
    campaigns = town.house.services.campaigns
    if stage == "drafting":
        made = town.new()
    elif stage == "planning":
        made = campaigns.replan(town.author, town.reviewed().row.id)
    else:
        made = town.reviewed() if stage == "review" else town.approved()
    campaigns.pause(town.author, made.row.id)
    town.jobs.turn()
    held = town.at(made)
    assert (held.row.state.value, held.row.paused) == (stage, True)
    campaigns.resume(town.author, made.row.id)
    town.jobs.turn()
    assert town.at(made).row.state is (S.APPROVED if stage == "approved" else S.REVIEW)


@pytest.mark.parametrize("stage", ["drafting", "planning", "review", "approved", "sending"])
def test_cancelled_at_any_stage_it_is_over_for_good(town: Town, stage: str) -> None:
    campaigns = town.house.services.campaigns
    if stage == "drafting":
        made = town.new()
    elif stage == "planning":
        made = campaigns.replan(town.author, town.reviewed().row.id)
    elif stage == "review":
        made = town.reviewed()
    else:
        made = town.approved()
        if stage == "sending":
            campaigns.send(town.approver, made.row.id, now=True)
            town.jobs.turn()
    campaigns.cancel(town.author, made.row.id)
    town.jobs.turn()
    over = town.at(made)
    assert over.row.state is S.CANCELLED
    assert set(over.row.counts) <= {"cancelled"}
    for verb in (campaigns.pause, campaigns.resume, campaigns.cancel, campaigns.retry, campaigns.replan):
        with pytest.raises((ConflictError, ForbiddenError)):
            verb(town.author, made.row.id)


def test_a_job_that_comes_too_late_does_nothing(town: Town) -> None:
    made = town.new()
    late = list(town.jobs.waiting)
    town.jobs.turn()
    ready = town.at(made)
    town.jobs.waiting.extend(late)
    town.jobs.turn()
    assert town.at(made) == ready


def test_a_paused_agent_leaves_its_work_waiting_with_the_reason(town: Town) -> None:
    agents = town.house.services.agents
    agents.pause(_admin(town), "content", "holiday")
    made = town.new()
    town.jobs.turn()
    waiting = town.at(made)
    assert waiting.row.state is S.DRAFTING
    assert "paused" in waiting.row.state_reason
    agents.resume(_admin(town), "content")
    town.jobs.turn()
    assert town.at(made).row.state is S.REVIEW


def test_a_fault_blocks_the_campaign_visibly_and_a_retry_goes_on(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("disk on fire")

    with monkeypatch.context() as patched:
        patched.setattr(town.house.run.scheduling, "prepare", broken)
        made = town.new()
        town.jobs.turn()
    stuck = town.at(made)
    assert stuck.row.state is S.BLOCKED
    assert "scheduling.plan failed" in stuck.row.state_reason
    assert "disk on fire" not in stuck.row.state_reason
    before = stuck.revision
    town.house.services.campaigns.retry(town.author, made.row.id)
    town.jobs.turn()
    after = town.at(made)
    assert after.row.state is S.REVIEW
    assert after.revision == before  # good drafts are kept


def test_changes_requested_bring_another_draft(town: Town) -> None:
    ready = town.reviewed()
    campaigns = town.house.services.campaigns
    with pytest.raises(InvalidInputError):
        campaigns.request_changes(town.approver, ready.row.id, "  ")
    asked = campaigns.request_changes(town.approver, ready.row.id, "Warmer, please.")
    assert "Warmer, please." in asked.row.state_reason
    campaigns.retry(town.author, ready.row.id)
    town.jobs.turn()
    again = town.at(ready)
    assert again.row.state is S.REVIEW
    assert again.revision is not None
    assert ready.revision is not None
    assert again.revision.number == ready.revision.number + 1
    assert again.revision.content_hash != ready.revision.content_hash


def test_nobody_who_may_hear_it_blocks_with_the_numbers(town: Town) -> None:
    with town.house.db.transaction() as conn:
        from tidings.store.tables import contact

        for person in conn.execute(select(contact.c.pk)).scalars().all():
            town.house.services.audience.unsubscribe(conn, person, None, "test")
    made = town.new()
    town.jobs.turn()
    stuck = town.at(made)
    assert stuck.row.state is S.BLOCKED
    assert "12" in stuck.row.state_reason
    assert "import contacts" in stuck.row.state_reason


def test_a_plan_that_reaches_nobody_is_never_up_for_approval_and_can_be_planned_anew(town: Town) -> None:
    waiting: list[CampaignDetail] = []
    while not waiting or waiting[-1].row.state is S.REVIEW:  # each plan takes of what everybody may still get
        assert len(waiting) < 10
        waiting.append(town.reviewed())
    stuck = waiting.pop()
    assert stuck.row.state is S.BLOCKED
    assert "The plan reaches nobody" in stuck.row.state_reason
    assert (
        "The limit is used up by “Autumn workshop”, “Autumn workshop” and “Autumn workshop”." in stuck.row.state_reason
    )
    assert "the limit leaves no room" in stuck.row.state_reason
    for each in waiting:
        town.house.services.campaigns.cancel(town.approver, each.row.id)
    town.house.services.campaigns.retry(town.approver, stuck.row.id)
    town.jobs.turn()
    again = town.at(stuck)
    assert again.row.state is S.REVIEW
    assert again.plan is not None
    assert again.plan.people


def test_sent_as_planned_each_delivery_is_due_at_its_slot(town: Town) -> None:
    yes = town.approved()
    town.house.services.campaigns.send(town.approver, yes.row.id, now=False)
    town.jobs.turn()
    planned = {row.contact_pk: row.due_at for row in rows(town, slot)}
    assert {row.contact_pk: row.due_at for row in rows(town, delivery)} == planned
    assert town.at(yes).row.counts == {"planned": 12}
    assert not town.at(yes).overrides
    assert not town.at(yes).at_once


def test_sent_now_everybody_is_due_at_once_and_the_override_is_on_record(town: Town) -> None:
    yes = town.approved()
    town.house.services.campaigns.send(town.approver, yes.row.id, now=True)
    town.jobs.turn()
    assert {row.due_at for row in rows(town, delivery)} == {town.clock.now()}
    assert [item.by_name for item in town.at(yes).overrides] == ["Manager"]
    assert town.at(yes).at_once
    assert len(rows(town, override)) == 1


def test_an_approval_that_came_late_gets_new_times_not_past_ones(town: Town) -> None:
    yes = town.approved()
    town.clock.advance(20 * HOUR)
    town.house.services.campaigns.send(town.approver, yes.row.id, now=False)
    town.jobs.turn()
    assert min(row.due_at for row in rows(town, delivery)) >= town.clock.now()


def test_launching_twice_makes_no_second_delivery(town: Town) -> None:
    yes = town.approved()
    town.house.services.campaigns.send(town.approver, yes.row.id, now=True)
    job = next(item for item in town.jobs.waiting if item[0] == "distribution.launch")
    town.jobs.turn()
    town.jobs.registered[job[0]](*job[1])
    assert len(rows(town, delivery)) == 12


def test_an_expired_claim_stops_the_approval(town: Town) -> None:
    ready = town.reviewed()
    assert ready.revision is not None
    with town.house.db.transaction() as conn:
        conn.execute(update(claim).values(valid_until=town.clock.now() - 1))
    used = any(trace.claim_ids for draft in ready.revision.drafts for trace in draft.traces)
    assert used, "the draft must use the claim for this test to say something"
    with pytest.raises(InvalidInputError):
        town.house.services.campaigns.approve(town.approver, ready.row.id, ready.revision.id)


def test_the_distribution_agent_starts_by_itself_only_when_it_was_told_it_may(town: Town) -> None:
    agents = town.house.services.agents
    view = agents.get(_admin(town), "distribution")
    agents.configure(_admin(town), "distribution", {}, "after_approval", view.version)
    started = town.approved()
    assert started.row.state is S.SENDING
    town.jobs.turn()
    assert town.at(started).row.counts == {"planned": 12}


def test_the_last_delivery_ends_the_campaign_and_asks_for_both_reports(town: Town) -> None:
    yes = town.approved()
    town.house.services.campaigns.send(town.approver, yes.row.id, now=True)
    town.jobs.turn()
    with town.house.db.transaction() as conn:
        conn.execute(update(delivery).values(state="accepted", at=town.clock.now()))
        pk = conn.execute(select(func.max(delivery.c.campaign_pk))).scalar_one()
        town.house.run.finished(conn, pk)
    assert town.at(yes).row.state is S.DONE
    assert [(name, delay > 0) for name, _, delay in town.jobs.waiting] == [(REPORT, False), (REPORT, True)]
    town.jobs.turn()
    decisions, _ = town.house.services.agents.decisions(_admin(town), agent="analytics")
    assert decisions


def test_another_brands_people_do_not_know_the_campaign(town: Town) -> None:
    made = town.new()
    stranger = Actor(ActorKind.PERSON, "acc_x", "Stranger", Role.MANAGER, frozenset({"brd_other"}))
    campaigns = town.house.services.campaigns
    assert campaigns.list(stranger)[0] == []
    for verb in (campaigns.get, campaigns.pause, campaigns.cancel, campaigns.slots, campaigns.deliveries):
        with pytest.raises(NotFoundError):
            verb(stranger, made.row.id)
    with pytest.raises(InvalidInputError, match="no brand"):
        campaigns.create(stranger, brief())


def test_a_preview_is_the_mail_of_a_person_of_the_plan_and_leads_nowhere(town: Town) -> None:
    ready = town.reviewed()
    shown = town.house.services.campaigns.preview(town.author, ready.row.id)
    assert "Ada" in shown.text
    assert "Mill Lane 4" in shown.text
    assert "https://northwind.example.com/workshop" in shown.html
    assert "/u/preview" in shown.html
    assert "List-Unsubscribe-Post" in shown.headers


def test_whoever_rewrote_the_words_does_not_approve_them(town: Town) -> None:
    ready = town.reviewed()
    campaigns = town.house.services.campaigns
    edited = campaigns.edit_draft(town.approver, ready.row.id, "A", subject="Bread workshop for beginners")
    assert edited.revision is not None
    assert not next(action for action in edited.actions if action.name == "approve").allowed
    with pytest.raises(ForbiddenError, match="words"):
        campaigns.approve(town.approver, ready.row.id, edited.revision.id)


def test_a_brand_that_changed_after_the_approval_stops_the_sending(town: Town) -> None:
    yes = town.approved()
    other = {"sender": {"name": "Northwind", "address": "other@elsewhere.example.com"}}
    town.house.services.brands.update_brand(_admin(town), yes.row.brand_id, other)
    with pytest.raises(ConflictError, match="brand was changed"):
        town.house.services.campaigns.send(town.approver, yes.row.id, now=True)


def test_a_brand_that_changes_between_send_and_launch_blocks_and_a_retry_asks_anew(town: Town) -> None:
    yes = town.approved()
    campaigns = town.house.services.campaigns
    campaigns.send(town.approver, yes.row.id, now=True)
    other = {"sender": {"name": "Northwind", "address": "other@elsewhere.example.com"}}
    town.house.services.brands.update_brand(_admin(town), yes.row.brand_id, other)
    town.jobs.turn()
    assert town.at(yes).row.state is S.BLOCKED
    assert rows(town, delivery) == []
    campaigns.retry(town.author, yes.row.id)
    town.jobs.turn()
    assert town.at(yes).row.state is S.REVIEW


def test_a_plan_with_nobody_left_is_blocked_not_left_sending(town: Town) -> None:
    yes = town.approved()
    audience = town.house.services.audience
    for person in audience.contacts(_admin(town), limit=100)[0]:
        audience.erase(_admin(town), person.id)
    town.house.services.campaigns.send(town.approver, yes.row.id, now=True)
    town.jobs.turn()
    assert town.at(yes).row.state is S.BLOCKED
    assert "Nobody is left" in town.at(yes).row.state_reason


def test_a_late_approval_reaches_the_same_people_at_the_same_hours(town: Town) -> None:
    yes = town.approved()
    planned = {row.contact_pk: row.due_at for row in rows(town, slot)}
    given = ConsentGiven(source="sign-up form", wording="Yes")
    table = "email,first_name,time_zone\nnew@example.com,N,Europe/London\n"
    town.house.services.audience.import_csv(_admin(town), table, consent=given)
    town.clock.advance(20 * HOUR)
    town.house.services.campaigns.send(town.approver, yes.row.id, now=False)
    town.jobs.turn()
    due = {row.contact_pk: row.due_at for row in rows(town, delivery)}
    assert due.keys() == planned.keys()
    assert all((due[person] - planned[person]) % DAY == 0 and due[person] >= planned[person] for person in due)
    assert min(due.values()) >= town.clock.now()


def test_a_time_a_person_set_is_kept_when_the_send_comes_a_minute_late(town: Town) -> None:
    ready = town.reviewed()
    assert ready.revision is not None
    campaigns = town.house.services.campaigns
    wished = town.clock.now() + HOUR // 2
    campaigns.set_send_time(town.author, ready.row.id, wished, "the sale begins")
    chosen = {row.contact_pk for row in rows(town, slot) if row.due_at == wished}
    assert chosen
    campaigns.approve(town.approver, ready.row.id, ready.revision.id)
    town.clock.advance(HOUR // 2 + 60_000)
    campaigns.send(town.approver, ready.row.id, now=False)
    town.jobs.turn()
    assert {row.due_at for row in rows(town, delivery) if row.contact_pk in chosen} == {town.clock.now()}


def test_many_readers_at_once_do_not_drain_the_pool(town: Town) -> None:
    ready = town.reviewed()
    failed: list[Exception] = []

    def look() -> None:
        try:
            for _ in range(2):
                town.house.services.campaigns.get(town.author, ready.row.id)
        except Exception as error:
            failed.append(error)

    readers = [threading.Thread(target=look) for _ in range(30)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert failed == []


def test_a_campaign_a_guard_rail_paused_goes_on_when_somebody_who_may_send_resumes_it(town: Town) -> None:
    ready = town.approved()
    campaigns, id_ = town.house.services.campaigns, ready.row.id
    campaigns.send(town.approver, id_, now=True)
    town.jobs.turn()
    with town.house.db.transaction() as conn:
        pk = repository.get_campaign(conn, id_).pk
        assert town.house.services.distribution.hold(conn, pk, "guard rail: 60 hard bounces of 1,000 mails") > 0
    shown = campaigns.get(town.approver, id_)
    assert shown.row.paused
    assert shown.row.state_reason == "Paused by the guard rail: 60 hard bounces of 1,000 mails."
    assert {each.name: each.allowed for each in shown.actions}["resume"]
    theirs = {each.name: each for each in campaigns.get(town.author, id_).actions}
    assert not theirs["resume"].allowed
    with pytest.raises(ForbiddenError):
        campaigns.resume(town.author, id_)
    assert campaigns.get(town.author, id_).row.counts == shown.row.counts

    gone_on = campaigns.resume(town.approver, id_)
    assert (gone_on.row.paused, gone_on.row.state_reason, gone_on.held_because) == (False, "", "")
    assert gone_on.row.counts == {"planned": shown.row.counts["held"]}
    with town.house.db.reading() as conn:
        assert something_due(conn, town.clock.now() + DAY)
        assert conn.execute(select(activity.c.text).order_by(activity.c.pk.desc()).limit(1)).scalar_one().endswith(
            "past the guard rail: 60 hard bounces of 1,000 mails"
        )  # fmt: skip
    campaigns.pause(town.author, id_)
    assert not campaigns.resume(town.author, id_).row.paused, "a pause of a person is theirs to end"


def test_what_is_held_by_the_relay_turns_health_red_with_the_reason(town: Town) -> None:
    yes = town.approved()
    town.house.services.campaigns.send(town.approver, yes.row.id, now=True)
    town.jobs.turn()
    health = town.house.services.health
    assert next(item for item in health.check() if item.name == "sending").status == "ok"
    assert town.at(yes).held_because == ""
    with town.house.db.transaction() as conn:
        hold_due(conn, town.clock.now(), "relay smtp.example.com:587 refuses the sender: 550 blocked.")
    found = next(item for item in health.check() if item.name == "sending")
    assert found.status == "fail"
    assert "550 blocked" in found.message
    assert found.remedy
    assert town.at(yes).held_because.endswith("550 blocked")
    with town.house.db.transaction() as conn:
        conn.execute(update(delivery).values(state="planned", reason=""))
    assert town.at(yes).held_because == ""


def test_another_spelling_of_a_suppressed_address_is_suppressed_too(town: Town) -> None:
    audience = town.house.services.audience
    audience.suppress(_admin(town), "ada@bücher.example")
    given = ConsentGiven(source="sign-up form", wording="Yes")
    result = audience.import_csv(_admin(town), "email\nada@xn--bcher-kva.example\n", consent=given)
    assert result.kept_silent == 1


def test_a_brand_limited_person_neither_sees_others_activity_nor_resumes_all(town: Town) -> None:
    town.reviewed()
    stranger = Actor(ActorKind.PERSON, "acc_x", "Stranger", Role.MANAGER, frozenset({"brd_other"}))
    services = town.house.services
    assert services.activity.latest(50)
    assert services.activity.latest(50, stranger) == []
    services.distribution.pause_all(stranger, "I saw a mistake")
    with pytest.raises(ForbiddenError):
        services.distribution.resume_all(stranger)
    with pytest.raises(ForbiddenError):
        services.distribution.resume_all(town.author)
    services.distribution.resume_all(town.approver)


def test_a_body_nobody_could_need_is_refused_before_it_is_read(town: Town) -> None:
    from starlette.testclient import TestClient

    from tidings.app.asgi import build_asgi

    with TestClient(build_asgi(town.house), base_url="https://localhost") as client:
        answer = client.post(
            "/sign-in", headers={"sec-fetch-site": "same-origin"}, data={"email": "a@b.example", "password": "x"},
            files={"f": ("f", b"a" * (40 << 20))},
        )  # fmt: skip
    assert answer.status_code == 413


def test_people_without_a_place_are_taken_in_with_a_warning(town: Town) -> None:
    given = ConsentGiven(source="sign-up form", wording="Yes")
    table = "email,country,time_zone\nx1@example.com,,\nx2@example.com,PT,\nx3@example.com,,Asia/Tokyo\n"
    result = town.house.services.audience.import_csv(_admin(town), table, consent=given)
    assert result.added == 3
    assert [warning.split(" has")[0] for warning in result.warnings] == ["1 person"]


@pytest.mark.parametrize("what", ["expires", "retired", "reworded"])
def test_a_claim_that_holds_no_more_stops_the_send_of_what_was_approved(town: Town, what: str) -> None:
    ready = town.approved()
    brands, admin = town.house.services.brands, town.approver
    (its,) = brands.claims(admin, ready.row.brand_id)
    if what == "expires":
        brands.edit_claim(admin, its.id, {"valid_until": town.clock.now() + HOUR})
        town.clock.advance(2 * HOUR)
    elif what == "retired":
        brands.retire_claim(admin, its.id)
    else:
        brands.edit_claim(admin, its.id, {"sentence": "Our bread workshop is held by somebody else."})
    with pytest.raises(InvalidInputError, match="claim"):
        town.house.services.campaigns.send(admin, ready.row.id, now=True)
    assert town.at(ready).row.state is S.APPROVED


def test_a_brief_chooses_among_the_brands_senders(town: Town) -> None:
    services, admin = town.house.services, town.approver
    brand = services.brands.brands(admin)[0]
    second = {"name": "Northwind Events", "address": "events@events.example.com"}
    services.brands.update_brand(
        admin, brand.id,
        {"senders": [second], "disclaimers": {"email": "Places are limited."},
         "logo": {"url": "https://northwind.example.com/logo.png", "alt": "Northwind & friends"}},
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match="does not send from"):
        town.new(sender="other@example.com")
    made = town.new(sender="Events@events.example.com")
    town.jobs.turn()
    ready = town.at(made)
    assert ready.row.state is S.REVIEW, ready.row.state_reason
    shown = services.campaigns.preview(admin, ready.row.id)
    assert "Northwind Events" in shown.headers["From"]
    assert "events@events.example.com" in shown.headers["From"]
    assert "Places are limited." in shown.text
    assert "Places are limited." in shown.html
    assert 'alt="Northwind &amp; friends"' in shown.html
