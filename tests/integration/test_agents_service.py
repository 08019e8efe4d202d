"""What people do with agents, on the real databases."""

from __future__ import annotations

import os
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from tests.conftest import FakeClock

from tidings.agents.config import check_config
from tidings.agents.decisions import record_decision
from tidings.agents.memory import MOST_FACTS, forget, recall, remember
from tidings.agents.policy import Effect, Policy
from tidings.agents.service import AgentService
from tidings.agents.state import ensure_agents, load, set_doing
from tidings.domain.actor import Actor, ActorKind, AgentName, Role, agent_actor
from tidings.domain.decision import Autonomy, Decision
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, SECOND
from tidings.engine.heartbeat import Heartbeat
from tidings.store.database import Database
from tidings.store.tables import activity, agent, audit, brand, campaign, override


def person(role: Role, **more: Any) -> Actor:
    return Actor(ActorKind.PERSON, "acc_1", "Maya", role, **more)


MANAGER, AUTHOR, VIEWER = person(Role.MANAGER), person(Role.AUTHOR), person(Role.VIEWER)


@pytest.fixture
def agents(database: Database, clock: FakeClock) -> AgentService:
    with database.transaction() as conn:
        ensure_agents(conn)
    return AgentService(database, clock)


def decide(database: Database, clock: FakeClock, summary: str, campaign_id: str | None = None) -> str:
    made = Decision(
        id=new_id("decision"), agent=AgentName.SCHEDULING, at=clock.advance(SECOND), kind="send_plan",
        summary=summary, reason="most click at nine", decided_by="rule", campaign_id=campaign_id,
        inputs={"people": 12}, alternatives=({"hour": 10, "gain": 0.1},), evidence={"interval": [0.1, 0.3]},
    )  # fmt: skip
    with database.transaction() as conn:
        record_decision(conn, made)
    return made.id


def add_campaign(conn: Connection, id: str, brand_id: str) -> None:  # noqa: A002
    conn.execute(insert(brand).values(id=brand_id, name=brand_id, body={}, created_at=1, updated_at=1))
    conn.execute(
        insert(campaign).values(
            id=id, name=id, brand_id=brand_id, state="review", brief={}, policy={}, author_id="acc_1",
            author_name="Maya", created_at=1, updated_at=1,
        )
    )  # fmt: skip


def test_the_four_start_with_their_autonomy_and_defaults_and_nothing_is_reset(
    database: Database, agents: AgentService
) -> None:
    seen = agents.list(VIEWER)
    assert [(view.name.value, view.autonomy.value, view.status) for view in seen] == [
        ("content", "within_policy", "stopped"), ("scheduling", "within_policy", "stopped"),
        ("distribution", "suggest", "stopped"), ("analytics", "suggest", "stopped"),
    ]  # fmt: skip
    assert all(view.config == check_config(view.name, {}) and view.goal and view.trigger for view in seen)
    agents.configure(MANAGER, "content", {"max_words": 150}, "suggest", 1)
    with database.transaction() as conn:
        ensure_agents(conn)
        assert load(conn, AgentName.CONTENT).config["max_words"] == 150


def test_an_agent_without_a_row_has_its_defaults(database: Database) -> None:
    with database.reading() as conn:
        state = load(conn, AgentName.DISTRIBUTION)
    assert (state.autonomy, state.paused, state.version) == (Autonomy.SUGGEST, False, 1)


def test_settings_of_another_version_do_not_get_in_the_way(database: Database, agents: AgentService) -> None:
    with database.transaction() as conn:
        conn.execute(agent.update().where(agent.c.name == "content").values(config={"max_words": 99, "gone": 1}))
    view = agents.configure(MANAGER, "content", {"subjects": 3}, "suggest", 1)
    assert view.config == {**check_config(AgentName.CONTENT, {}), "max_words": 99, "subjects": 3}


def test_status_follows_the_heartbeat_the_pause_and_the_work(
    database: Database, clock: FakeClock, agents: AgentService
) -> None:
    heart = Heartbeat(database, clock, "worker@here", ["content", "scheduling"], every=60)
    heart.start()
    assert [view.status for view in agents.list(VIEWER)] == ["idle", "idle", "stopped", "stopped"]
    with database.transaction() as conn:
        set_doing(conn, AgentName.CONTENT, "Writing drafts for “Autumn”", clock.now())
    view = agents.get(VIEWER, "content")
    assert (view.status, view.doing, view.last_seen) == ("working", "Writing drafts for “Autumn”", clock.now())
    agents.pause(AUTHOR, "content", "wrong voice")
    view = agents.get(VIEWER, "content")
    assert (view.status, view.paused, view.paused_by) == ("paused", True, "Maya: wrong voice")
    clock.advance(16 * SECOND)
    view = agents.get(VIEWER, "content")
    assert (view.status, view.last_seen) == ("stopped", None)
    heart.stop()


def test_resuming_starts_again_what_waited_once(database: Database, clock: FakeClock, agents: AgentService) -> None:
    resumed: list[AgentName] = []

    def on_resume(conn: Connection, name: AgentName) -> int:
        assert not load(conn, name).paused
        resumed.append(name)
        return 1

    service = AgentService(database, clock, on_resume=on_resume)
    agents.pause(MANAGER, "scheduling")
    agents.pause(MANAGER, "scheduling")
    with pytest.raises(ForbiddenError):
        service.resume(AUTHOR, "scheduling")
    service.resume(MANAGER, "scheduling")
    service.resume(MANAGER, "scheduling")
    assert resumed == [AgentName.SCHEDULING]
    with database.reading() as conn:
        assert list(conn.execute(select(audit.c.action)).scalars()) == ["agent.pause", "agent.resume"]
        assert list(conn.execute(select(activity.c.text)).scalars()) == [
            "Maya paused the Scheduling agent", "Maya resumed the Scheduling agent",
        ]  # fmt: skip


def test_settings_are_checked_versioned_and_audited(database: Database, agents: AgentService) -> None:
    view = agents.configure(MANAGER, "scheduling", {"quiet_start": 20}, "after_approval", 1)
    assert (view.config["quiet_start"], view.config["quiet_end"], view.autonomy, view.version) == (
        20, 8, Autonomy.AFTER_APPROVAL, 2,
    )  # fmt: skip
    with pytest.raises(ConflictError, match="changed meanwhile"):
        agents.configure(MANAGER, "scheduling", {"quiet_start": 22}, "suggest", 1)
    with pytest.raises(InvalidInputError, match="quiet_start"):
        agents.configure(MANAGER, "scheduling", {"quiet_start": 99}, "suggest", 2)
    with pytest.raises(InvalidInputError, match="not a level of autonomy"):
        agents.configure(MANAGER, "scheduling", {}, "full", 2)
    with pytest.raises(ForbiddenError):
        agents.configure(AUTHOR, "scheduling", {}, "suggest", 2)
    assert agents.get(VIEWER, "scheduling").version == 2
    with database.reading() as conn:
        detail = conn.execute(select(audit.c.detail)).scalar_one()
    assert detail == {"quiet_start": [21, 20], "autonomy": ["within_policy", "after_approval"]}


def test_what_does_not_exist_is_not_found(agents: AgentService) -> None:
    with pytest.raises(NotFoundError, match="no agent chef"):
        agents.get(VIEWER, "chef")
    with pytest.raises(NotFoundError):
        agents.decision(VIEWER, "dec_unknown")
    with pytest.raises(NotFoundError):
        agents.override(MANAGER, "dec_unknown", "because")


def test_decisions_come_newest_first_page_by_page(database: Database, clock: FakeClock, agents: AgentService) -> None:
    made = [decide(database, clock, f"plan {number}", "cmp_1" if number % 2 else None) for number in range(5)]
    first, following = agents.decisions(VIEWER, agent="scheduling", limit=2)
    second, following = agents.decisions(VIEWER, agent="scheduling", after=following, limit=2)
    third, end = agents.decisions(VIEWER, agent="scheduling", after=following, limit=2)
    assert [item.id for item in first + second + third] == made[::-1]
    assert end == ""
    assert first[0].alternatives == ({"hour": 10, "gain": 0.1},)
    assert first[0].evidence == {"interval": [0.1, 0.3]}
    assert len(agents.decisions(VIEWER, campaign_id="cmp_1")[0]) == 2
    assert agents.decisions(VIEWER, agent="content") == ([], "")
    view = agents.get(VIEWER, "scheduling")
    assert view.decisions_today == 5
    assert view.last_decision == first[0]
    clock.advance(DAY)
    assert agents.get(VIEWER, "scheduling").decisions_today == 0


def test_who_is_limited_to_a_brand_sees_no_decisions_of_another(
    database: Database, clock: FakeClock, agents: AgentService
) -> None:
    with database.transaction() as conn:
        add_campaign(conn, "cmp_1", "brd_1")
        add_campaign(conn, "cmp_2", "brd_2")
    mine, other = decide(database, clock, "mine", "cmp_1"), decide(database, clock, "other", "cmp_2")
    limited = person(Role.MANAGER, brands=frozenset({"brd_1"}))
    assert [item.id for item in agents.decisions(limited)[0]] == [mine]
    with pytest.raises(NotFoundError):
        agents.override(limited, other, "not mine")


def test_an_override_is_kept_with_its_reason_and_happens_once(
    database: Database, clock: FakeClock, agents: AgentService
) -> None:
    id = decide(database, clock, "Tuesday at nine", "cmp_1")  # noqa: A001
    with pytest.raises(InvalidInputError, match="Say why"):
        agents.override(MANAGER, id, " ")
    with pytest.raises(ForbiddenError):
        agents.override(AUTHOR, id, "because")
    assert agents.override(MANAGER, id, "It is a holiday.").overridden_by == "Maya"
    with pytest.raises(ConflictError, match="already set"):
        agents.override(MANAGER, id, "again")
    with database.reading() as conn:
        row = conn.execute(select(override)).one()
        assert (row.object_id, row.what, row.reason, row.by_name) == ("cmp_1", "send_plan", "It is a holiday.", "Maya")
        assert row.before["decision"] == id
        assert "Tuesday at nine" in conn.execute(select(activity.c.text)).scalar_one()
        assert conn.execute(select(audit.c.action)).scalar_one() == "decision.override"


def test_the_policy_looks_up_pause_and_autonomy(database: Database, agents: AgentService) -> None:
    sender, policy = agent_actor(AgentName.DISTRIBUTION), Policy()
    with database.reading() as conn, pytest.raises(ForbiddenError, match="beyond"):
        policy.authorise(sender, Effect.START_SEND, approved=True, conn=conn)
    agents.configure(MANAGER, "distribution", {}, "after_approval", 1)
    with database.reading() as conn:
        policy.authorise(sender, Effect.START_SEND, approved=True, conn=conn)
    agents.pause(MANAGER, "distribution")
    with database.reading() as conn, pytest.raises(ForbiddenError, match="is paused"):
        policy.authorise(sender, Effect.DELIVER, approved=True, conn=conn)


def test_memory_is_short_and_free_of_people(database: Database, clock: FakeClock) -> None:
    mine, other = AgentName.CONTENT, AgentName.ANALYTICS
    with database.transaction() as conn:
        remember(conn, mine, "tone", "short sentences win", clock.now())
        remember(conn, mine, "tone", "short, plain sentences win", clock.now())
        assert (recall(conn, mine), recall(conn, other)) == ({"tone": "short, plain sentences win"}, {})
        for key, fact in (("Tone", "x"), ("a", "x" * 301), ("a", "ada@example.com likes bread")):
            with pytest.raises(InvalidInputError):
                remember(conn, mine, key, fact, clock.now())
        for number in range(MOST_FACTS):
            remember(conn, mine, f"k{number}", "x", clock.now())
        assert len(recall(conn, mine)) == MOST_FACTS
        assert "tone" not in recall(conn, mine)
        forget(conn, mine, "k3", clock.now())
        forget(conn, mine, "k3", clock.now())
        assert "k3" not in recall(conn, mine)


def test_the_row_names_the_process(database: Database, clock: FakeClock) -> None:
    from tidings.store.tables import worker

    heart = Heartbeat(database, clock, "worker@here", ["content"], every=60)
    heart.start()
    with database.reading() as conn:
        assert conn.execute(select(worker.c.pid)).scalar_one() == os.getpid()
    heart.stop()
