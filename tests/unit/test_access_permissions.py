"""The whole matrix of roles and permissions, written out: a change of rights must change this file."""

from __future__ import annotations

import itertools

import pytest

from tidings.access.permissions import Permission, may, require
from tidings.domain.actor import SYSTEM, Actor, ActorKind, AgentName, Role, agent_actor
from tidings.domain.errors import ForbiddenError

ROLES = ("admin", "manager", "author", "approver", "analyst", "viewer", "service")
MATRIX = """
campaigns:read      x x x x x x x
campaigns:write     x x x . . . x
campaigns:approve   x x . x . . .
campaigns:send      x x . . . . x
sending:pause       x x x x . . x
contacts:read       x x x x x . x
contacts:read_pii   x x . . . . x
contacts:write      x x . . . . x
brands:read         x x x x x x x
brands:write        x x . . . . .
agents:read         x x x x x x x
agents:configure    x x . . . . .
analytics:read      x x x x x x x
conversions:write   x x . . . . x
mailbox:read        x x . . . . .
accounts:manage     x . . . . . .
settings:write      x . . . . . .
audit:read          x x . x . . .
"""
EXPECTED = {
    (Role(role), Permission(line.split()[0])): mark == "x"
    for line in MATRIX.strip().splitlines()
    for role, mark in zip(ROLES, line.split()[1:], strict=True)
}


def actor(role: Role, **changes: object) -> Actor:
    kind = ActorKind.SYSTEM if role is Role.SERVICE else ActorKind.PERSON
    return Actor(**{"kind": kind, "id": "acc_1", "name": "X", "role": role, **changes})  # type: ignore[arg-type]


def test_the_matrix_is_complete() -> None:
    assert set(EXPECTED) == set(itertools.product(Role, Permission))


@pytest.mark.parametrize(("role", "permission"), EXPECTED)
def test_every_role_and_permission(role: Role, permission: Permission) -> None:
    allowed = EXPECTED[role, permission]
    someone = actor(role)
    assert may(someone, permission) is allowed
    assert may(someone, permission, "brd_1") is allowed
    assert not may(actor(role, brands=frozenset({"brd_2"})), permission, "brd_1")
    assert may(actor(role, brands=frozenset({"brd_1"})), permission, "brd_1") is allowed
    assert not may(actor(role, scopes=frozenset()), permission)
    assert not may(actor(role, scopes=frozenset(Permission) - {permission}), permission)
    assert may(actor(role, scopes=frozenset({permission})), permission) is allowed
    if allowed:
        require(someone, permission)
    else:
        with pytest.raises(ForbiddenError, match=f"role {role} may not") as refused:
            require(someone, permission)
        assert refused.value.remedy


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", [ActorKind.AGENT, ActorKind.SYSTEM])
def test_no_agent_and_no_program_approves_whatever_its_role(role: Role, kind: ActorKind) -> None:
    someone = actor(role, kind=kind)
    assert not may(someone, Permission.CAMPAIGNS_APPROVE)
    assert not may(someone, Permission.ACCOUNTS_MANAGE)
    with pytest.raises(ForbiddenError):
        require(someone, Permission.CAMPAIGNS_APPROVE)


@pytest.mark.parametrize("agent", [*map(agent_actor, AgentName), SYSTEM])
def test_the_agents_can_do_their_work_and_never_approve(agent: Actor) -> None:
    assert may(agent, Permission.CAMPAIGNS_SEND)
    assert not may(agent, Permission.CAMPAIGNS_APPROVE)
    assert not may(agent, Permission.AGENTS_CONFIGURE)


@pytest.mark.parametrize("role", Role)
def test_whoever_writes_may_pause(role: Role) -> None:
    assert may(actor(role), Permission.SENDING_PAUSE) >= may(actor(role), Permission.CAMPAIGNS_WRITE)


@pytest.mark.parametrize(
    ("someone", "brand", "words"),
    [
        (actor(Role.VIEWER), None, "role viewer may not approve"),
        (actor(Role.ADMIN, scopes=frozenset({"campaigns:read"})), None, "token may not approve"),
        (actor(Role.ADMIN, brands=frozenset({"brd_2"})), "brd_1", "of this brand"),
        (actor(Role.ADMIN, kind=ActorKind.AGENT), None, "Only a person may approve"),
    ],
)
def test_a_refusal_says_why(someone: Actor, brand: str | None, words: str) -> None:
    with pytest.raises(ForbiddenError, match=words):
        require(someone, Permission.CAMPAIGNS_APPROVE, brand)
