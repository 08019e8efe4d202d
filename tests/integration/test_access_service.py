"""Accounts, sign-in, sessions and tokens on both databases."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, select, text, update

from tidings.access import audit
from tidings.access.accounts import Account
from tidings.access.permissions import Permission, may
from tidings.access.service import SESSION_IDLE, SESSION_LONGEST, AccessService
from tidings.domain.actor import SYSTEM, ActorKind, AgentName, Role, agent_actor
from tidings.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RateLimitedError,
    UnauthenticatedError,
)
from tidings.domain.instant import DAY, HOUR, MINUTE
from tidings.store.database import Database
from tidings.store.tables import account, api_token, session, sign_in_link
from tidings.store.tables import audit as audit_table

PASSWORD = "correct horse battery staple"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def access(database: Database, clock: Any) -> AccessService:
    return AccessService(database, clock, hasher=CHEAP)


@pytest.fixture
def admin(access: AccessService) -> Account:
    return access.create_account(None, email="Ada@Example.com", name="Ada", role=Role.ADMIN)


def signed_in(access: AccessService, account_id: str) -> str:
    return access.redeem_link(access.create_sign_in_link(account_id))


def test_a_link_signs_in_once(access: AccessService, admin: Account, database: Database) -> None:
    link = access.create_sign_in_link(admin.id)
    actor = access.actor_of_session(access.redeem_link(link))
    assert actor is not None
    assert (actor.id, actor.role, actor.kind, actor.scopes) == (admin.id, Role.ADMIN, ActorKind.PERSON, None)
    failures = set()
    for secret in (link, "", "nonsense", "\0", "\ud800", link + "x"):
        with pytest.raises(UnauthenticatedError) as refused:
            access.redeem_link(secret)
        failures.add(str(refused.value))
    assert len(failures) == 1


def test_a_link_grows_old(access: AccessService, admin: Account, clock: Any) -> None:
    link = access.create_sign_in_link(admin.id, minutes=15)
    clock.advance(15 * MINUTE)
    with pytest.raises(UnauthenticatedError):
        access.redeem_link(link)


def test_of_two_clicks_at_once_one_signs_in(access: AccessService, admin: Account) -> None:
    link = access.create_sign_in_link(admin.id)
    outcomes: list[str] = []

    def click() -> None:
        try:
            outcomes.append(access.redeem_link(link))
        except UnauthenticatedError:
            outcomes.append("")

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([secret for secret in outcomes if secret]) == 1
    assert len(outcomes) == 6


def test_no_secret_is_stored(access: AccessService, admin: Account, database: Database) -> None:
    link = access.create_sign_in_link(admin.id)
    opened = access.redeem_link(access.create_sign_in_link(admin.id))
    actor = access.actor_of_session(opened)
    assert actor
    _, token = access.create_token(actor, name="ci")
    access.set_password(admin.id, PASSWORD)
    with database.reading() as conn:
        stored = "".join(
            str(conn.execute(select(table)).all()) for table in (account, session, sign_in_link, api_token, audit_table)
        )
    for secret in (link, opened, token, PASSWORD):
        assert secret not in stored
    assert "$argon2id$" in stored


def test_password_sign_in(access: AccessService, admin: Account) -> None:
    before = signed_in(access, admin.id)
    access.set_password(admin.id, PASSWORD)
    assert access.actor_of_session(before) is None, "a new password ends what was open"
    actor = access.actor_of_session(access.sign_in("  ADA@example.com ", PASSWORD))
    assert actor
    assert actor.id == admin.id
    with pytest.raises(UnauthenticatedError):
        access.sign_in("ada@example.com", PASSWORD + " ")


def test_the_same_word_from_two_keyboards(access: AccessService, admin: Account) -> None:
    access.set_password(admin.id, "caf\u00e9 au lait noir")
    assert access.sign_in("ada@example.com", "cafe\u0301 au lait noir")


def test_failures_say_the_same(access: AccessService, admin: Account) -> None:
    said = set()
    for email, password in (
        ("ada@example.com", "x"), ("nobody@example.com", "x"), ("", ""), ("\0", "\0"), ("ada@example.com", "\ud800"),
    ):  # fmt: skip
        with pytest.raises(UnauthenticatedError) as refused:
            access.sign_in(email, password)
        said.add(str(refused.value))
    assert len(said) == 1


def test_guessing_is_slowed_down_and_links_still_work(access: AccessService, admin: Account, clock: Any) -> None:
    access.set_password(admin.id, PASSWORD)
    for _ in range(5):
        with pytest.raises(UnauthenticatedError):
            access.sign_in("ada@example.com", "wrong", source="192.0.2.1")
    with pytest.raises(RateLimitedError, match="15 minutes"):
        access.sign_in("ada@example.com", PASSWORD, source="192.0.2.1")
    assert access.sign_in("ada@example.com", PASSWORD, source="192.0.2.2"), "the owner elsewhere is not locked out"
    assert signed_in(access, admin.id)
    clock.advance(15 * MINUTE)
    assert access.sign_in("ada@example.com", PASSWORD, source="192.0.2.1")


def test_guessing_from_many_places_is_slowed_down(access: AccessService, admin: Account) -> None:
    for number in range(20):
        with pytest.raises(UnauthenticatedError):
            access.sign_in("ada@example.com", "wrong", source=f"192.0.2.{number}")
    with pytest.raises(RateLimitedError):
        access.sign_in("ada@example.com", "wrong", source="192.0.2.99")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "ada@example.com", "x" * 1025])
def test_weak_passwords_are_refused(access: AccessService, admin: Account, password: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        access.set_password(admin.id, password)
    assert refused.value.field == "password"


def test_parameters_are_raised_at_the_next_sign_in(database: Database, clock: Any, admin: Account) -> None:
    AccessService(database, clock, hasher=CHEAP).set_password(admin.id, PASSWORD)
    stronger = AccessService(database, clock, hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    stronger.sign_in("ada@example.com", PASSWORD)
    with database.reading() as conn:
        assert "t=2" in conn.execute(select(account.c.password_hash)).scalar_one()
    assert stronger.sign_in("ada@example.com", PASSWORD)


def test_sessions_end_when_idle_and_after_a_week(access: AccessService, admin: Account, clock: Any) -> None:
    secret = signed_in(access, admin.id)
    began = clock.now()
    while clock.now() - began < SESSION_LONGEST - 2 * HOUR:
        assert access.actor_of_session(secret), "used sessions go on"
        clock.advance(HOUR)
    clock.advance(3 * HOUR)
    assert access.actor_of_session(secret) is None
    idle = signed_in(access, admin.id)
    clock.advance(SESSION_IDLE)
    assert access.actor_of_session(idle) is None


def test_signing_out_ends_that_session_only(access: AccessService, admin: Account) -> None:
    first, second = signed_in(access, admin.id), signed_in(access, admin.id)
    access.sign_out(first)
    access.sign_out(first)
    access.sign_out("\ud800 nonsense")
    assert access.actor_of_session(first) is None
    assert access.actor_of_session(second)


def test_closing_an_account_ends_everything(access: AccessService, admin: Account) -> None:
    other = access.create_account(None, email="bo@example.com", name="Bo", role=Role.AUTHOR)
    secret, link = signed_in(access, other.id), access.create_sign_in_link(other.id)
    actor = access.actor_of_session(secret)
    assert actor
    _, token = access.create_token(actor, name="x")
    access.set_password(other.id, PASSWORD)
    secret = signed_in(access, other.id)
    access.set_active(admin.actor(), other.id, active=False)
    assert access.actor_of_session(secret) is None
    assert access.actor_of_token(token) is None
    for attempt in (lambda: access.redeem_link(link), lambda: access.sign_in("bo@example.com", PASSWORD)):
        with pytest.raises(UnauthenticatedError):
            attempt()
    with pytest.raises(ConflictError):
        access.create_sign_in_link(other.id)


def test_the_last_administrator_stays(access: AccessService, admin: Account) -> None:
    with pytest.raises(ConflictError, match="no administrator"):
        access.set_active(admin.actor(), admin.id, active=False)
    with pytest.raises(ConflictError, match="no administrator"):
        access.set_role(admin.actor(), admin.id, Role.VIEWER)
    assert access.account(admin.actor(), admin.id).role is Role.ADMIN


def test_a_role_changed_holds_in_open_sessions(access: AccessService, admin: Account) -> None:
    other = access.create_account(admin.actor(), email="bo@example.com", name="Bo", role=Role.AUTHOR)
    secret = signed_in(access, other.id)
    access.set_role(admin.actor(), other.id, Role.VIEWER, ["brd_1"])
    actor = access.actor_of_session(secret)
    assert actor
    assert (actor.role, actor.brands) == (Role.VIEWER, frozenset({"brd_1"}))


@pytest.mark.parametrize(
    ("email", "name"), [("", "x"), ("no address", "x"), ("a@b", "x"), ("a@b.example", " "), ("a@b.example", "x\ny")]
)
def test_bad_accounts_are_refused(access: AccessService, email: str, name: str) -> None:
    with pytest.raises(InvalidInputError):
        access.create_account(None, email=email, name=name, role=Role.VIEWER)


def test_an_address_has_one_account(access: AccessService, admin: Account) -> None:
    with pytest.raises(ConflictError):
        access.create_account(None, email="ADA@example.COM", name="Other", role=Role.VIEWER)


def test_only_administrators_manage_accounts(access: AccessService, admin: Account) -> None:
    for role in set(Role) - {Role.ADMIN}:
        made = access.create_account(admin.actor(), email=f"{role}@example.com", name=role, role=role)
        own = made.actor()
        attempts = (
            lambda actor=own: access.accounts(actor),
            lambda actor=own: access.set_role(actor, actor.id, Role.ADMIN),
            lambda actor=own: access.set_password(admin.id, PASSWORD, actor=actor),
            lambda actor=own: access.create_account(actor, email="z@b.example", name="z", role=Role.ADMIN),
        )
        for attempt in attempts:
            with pytest.raises(ForbiddenError):
                attempt()
        access.set_password(made.id, PASSWORD, actor=own)
    assert len(access.accounts(admin.actor())) == len(Role)


def test_an_administrator_of_one_brand_stays_inside_it(access: AccessService, admin: Account) -> None:
    local = access.create_account(None, email="l@example.com", name="L", role=Role.ADMIN, brands=["brd_1"]).actor()
    access.create_account(local, email="m@example.com", name="M", role=Role.AUTHOR, brands=["brd_1"])
    for brands in ([], ["brd_2"], ["brd_1", "brd_2"]):
        with pytest.raises(ForbiddenError):
            access.create_account(local, email="n@example.com", name="N", role=Role.AUTHOR, brands=brands)
    token_id, _ = access.create_token(admin.actor(), name="x")
    for attempt in (
        lambda: access.account(local, admin.id),  # the API asks this before it makes a sign-in link
        lambda: access.set_password(admin.id, PASSWORD, actor=local),
        lambda: access.set_active(local, admin.id, active=False),
        lambda: access.set_role(local, admin.id, Role.VIEWER, ["brd_1"]),
        lambda: access.revoke_token(local, token_id),
    ):
        with pytest.raises(ForbiddenError, match="your own brands"):
            attempt()
    assert admin.id not in {account.id for account in access.accounts(local)}


def test_tokens_are_cut_down_to_their_scopes(access: AccessService, admin: Account, clock: Any) -> None:
    token_id, secret = access.create_token(admin.actor(), name="ci", scopes=["campaigns:read"], days=30)
    assert secret.startswith("tid_")
    actor = access.actor_of_token(secret)
    assert actor
    assert [permission for permission in Permission if may(actor, permission)] == [Permission.CAMPAIGNS_READ]
    for scopes in ([], ["campaigns:read"], ["campaigns:write"]):
        with pytest.raises(ForbiddenError):
            access.create_token(actor, name="child", scopes=scopes)
    clock.advance(30 * DAY)
    assert access.actor_of_token(secret) is None
    assert [token.id for token in access.tokens(admin.actor())][-1] == token_id


def test_tokens_are_revoked_at_once(access: AccessService, admin: Account) -> None:
    token_id, secret = access.create_token(admin.actor(), name="ci")
    stranger = access.create_account(None, email="s@example.com", name="S", role=Role.MANAGER).actor()
    with pytest.raises(ForbiddenError):
        access.revoke_token(stranger, token_id)
    assert access.actor_of_token(secret)
    access.revoke_token(admin.actor(), token_id)
    access.revoke_token(admin.actor(), token_id)
    assert access.actor_of_token(secret) is None
    with pytest.raises(NotFoundError):
        access.revoke_token(admin.actor(), "tok_none")


@pytest.mark.parametrize("secret", ["", "tid_", "tid_nonsense", "Bearer x", "\0", "tid_\ud800"])
def test_nonsense_is_nobodys_token(access: AccessService, secret: str) -> None:
    assert access.actor_of_token(secret) is None
    assert access.actor_of_session(secret) is None


def test_bad_tokens_are_refused(access: AccessService, admin: Account) -> None:
    for bad in ({"scopes": ["campaigns:everything"]}, {"days": 0}, {"days": 10**9}, {"name": ""}):
        with pytest.raises(InvalidInputError):
            access.create_token(admin.actor(), **{"name": "x", **bad})
    viewer = access.create_account(None, email="v@example.com", name="V", role=Role.VIEWER).actor()
    with pytest.raises(ForbiddenError):
        access.create_token(viewer, name="x", scopes=["campaigns:send"])
    with pytest.raises(NotFoundError):
        access.create_token(agent_actor(AgentName.CONTENT), name="x")


def test_people_who_can_approve(access: AccessService, database: Database) -> None:
    def count(brand: str = "brd_x") -> int:
        with database.reading() as conn:
            return access.people_who_can_approve(conn, brand)

    assert count() == 0
    admin = access.create_account(None, email="a@example.com", name="A", role=Role.ADMIN)
    assert count() == 1, "an open account counts, whether or not its person has a session at this moment"
    access.create_account(None, email="s@example.com", name="s", role=Role.APPROVER, sample=True)
    access.create_account(None, email="w@example.com", name="w", role=Role.AUTHOR)
    assert count() == 1
    other = access.create_account(None, email="o@example.com", name="o", role=Role.APPROVER, brands=["brd_other"])
    assert (count(), count("brd_other")) == (1, 2)
    made = access.create_account(None, email="p@example.com", name="p", role=Role.APPROVER)
    assert count() == 2
    access.set_active(admin.actor(), made.id, active=False)
    access.set_active(admin.actor(), other.id, active=False)
    assert (count(), count("brd_other")) == (1, 1)


def test_the_trail_tells_what_happened_and_no_secret(access: AccessService, admin: Account, database: Database) -> None:
    access.set_password(admin.id, PASSWORD)
    access.sign_in("ada@example.com", PASSWORD)
    with pytest.raises(UnauthenticatedError):
        access.sign_in("ada@example.com", "wrong password here")
    access.record_refusal(admin.actor(), "approve campaigns", "cmp_1")
    with database.reading() as conn:
        rows = audit.latest(conn)
        assert audit.verify(conn) == audit.count(conn) == len(rows)
    assert [row["action"] for row in rows] == [
        "access.refused", "sign_in.failed", "sign_in.done", "account.password_set", "account.created",
    ]  # fmt: skip
    assert "ada@example.com" not in str(rows).casefold()
    assert "wrong password" not in str(rows)


TAMPERING = {
    "a row changed": update(audit_table).where(audit_table.c.pk == 2).values(actor_name="Somebody else"),
    "detail changed": update(audit_table).where(audit_table.c.pk == 2).values(detail={"n": 99}),
    "hash changed": update(audit_table).where(audit_table.c.pk == 3).values(hash="0" * 64),
    "first removed": delete(audit_table).where(audit_table.c.pk == 1),
    "one removed": delete(audit_table).where(audit_table.c.pk == 3),
    "last removed": delete(audit_table).where(audit_table.c.pk == 5),
    "all removed": delete(audit_table),
    "order changed": update(audit_table).where(audit_table.c.pk == 2).values(pk=99),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_with_the_trail_shows(database: Database, clock: Any, what: str) -> None:
    with database.transaction() as conn:
        for number in range(5):
            audit.record(conn, clock.now(), SYSTEM, "test.done", "x", {"n": number, "ü": None, "f": 0.1})
        assert audit.verify(conn) == 5
    with database.transaction() as conn:
        conn.execute(TAMPERING[what])
        with pytest.raises(audit.AuditBrokenError):
            audit.verify(conn)


def test_the_trail_holds_under_many_writers(database: Database, clock: Any) -> None:
    def write() -> None:
        for _ in range(5):
            with database.transaction() as conn:
                audit.record(conn, clock.now(), SYSTEM, "test.done")

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as conn:
        assert audit.verify(conn) == 30


def test_what_is_rolled_back_is_not_in_the_trail(database: Database, clock: Any) -> None:
    with pytest.raises(RuntimeError), database.transaction() as conn:
        audit.record(conn, clock.now(), SYSTEM, "test.done")
        raise RuntimeError
    with database.reading() as conn:
        assert audit.verify(conn) == 0
        assert conn.execute(text("SELECT count(*) FROM audit")).scalar() == 0
