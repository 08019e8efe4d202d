"""Who may cause which effect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.agents.policy import RULES, Effect, Policy
from tidings.domain.actor import SYSTEM, Actor, ActorKind, AgentName, Role, agent_actor
from tidings.domain.decision import Autonomy
from tidings.domain.errors import ForbiddenError

policy = Policy()
agents = st.sampled_from([*map(agent_actor, AgentName), SYSTEM])
autonomies = st.sampled_from([None, *Autonomy])


def person(role: Role) -> Actor:
    return Actor(ActorKind.PERSON, "acc_1", "Maya", role)


@given(agents, st.sampled_from([Effect.APPROVE, Effect.EXPORT, Effect.CHANGE_POLICY]), autonomies, st.booleans())
def test_agents_never_approve_export_or_change_the_policy(
    actor: Actor, effect: Effect, autonomy: Autonomy | None, approved: bool
) -> None:
    with pytest.raises(ForbiddenError, match="for people only"):
        policy.authorise(actor, effect, autonomy=autonomy, approved=approved)


@given(agents, st.sampled_from(list(Effect)), autonomies)
def test_nothing_leaves_unapproved(actor: Actor, effect: Effect, autonomy: Autonomy | None) -> None:
    if effect in {Effect.START_SEND, Effect.DELIVER, Effect.SPEND}:
        with pytest.raises(ForbiddenError):
            policy.authorise(actor, effect, autonomy=autonomy, approved=False)


@given(st.sampled_from([role for role in Role if role is not Role.SERVICE]), st.sampled_from(list(Effect)))
def test_not_even_a_person_sends_what_is_not_approved(role: Role, effect: Effect) -> None:
    if RULES[effect].needs_approval:
        with pytest.raises(ForbiddenError):
            policy.authorise(person(role), effect, approved=False)


def test_a_suggesting_agent_does_not_start_what_is_approved() -> None:
    sender = agent_actor(AgentName.DISTRIBUTION)
    with pytest.raises(ForbiddenError, match="beyond what the Distribution agent may do"):
        policy.authorise(sender, Effect.START_SEND, autonomy=Autonomy.SUGGEST, approved=True)
    policy.authorise(sender, Effect.START_SEND, autonomy=Autonomy.AFTER_APPROVAL, approved=True)
    policy.authorise(sender, Effect.DELIVER, autonomy=Autonomy.SUGGEST, approved=True)


def test_without_a_known_autonomy_an_agent_only_suggests() -> None:
    writer = agent_actor(AgentName.CONTENT)
    policy.authorise(writer, Effect.WRITE_DRAFT)
    policy.authorise(writer, Effect.PROPOSE_PLAN)
    with pytest.raises(ForbiddenError):
        policy.authorise(writer, Effect.START_SEND, approved=True)


def test_people_need_the_role() -> None:
    policy.authorise(person(Role.APPROVER), Effect.APPROVE)
    policy.authorise(person(Role.MANAGER), Effect.START_SEND, approved=True)
    for role, effect in (
        (Role.AUTHOR, Effect.APPROVE),
        (Role.VIEWER, Effect.WRITE_DRAFT),
        (Role.AUTHOR, Effect.START_SEND),
    ):
        with pytest.raises(ForbiddenError):
            policy.authorise(person(role), effect, approved=True)


def test_every_effect_has_a_rule_and_an_answer_whether_it_waits() -> None:
    assert set(RULES) == set(Effect)
    for autonomy in Autonomy:
        assert policy.waits_for_person(Effect.APPROVE, autonomy) is None
        assert policy.waits_for_person(Effect.START_SEND, autonomy) is True
        assert policy.waits_for_person(Effect.READ, autonomy) is False
