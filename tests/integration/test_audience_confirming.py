"""What is pending becomes granted by the person's own yes and by nothing else, on both databases."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from tests.conftest import FakeClock

from tidings.audience.confirming import Standing, confirm, may_ask, standing
from tidings.audience.contacts import contact_pk
from tidings.audience.selection import may_send
from tidings.audience.service import AudienceService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.consent import ConsentState, Purpose, SuppressionReason
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, Instant
from tidings.domain.plan import HeldBack
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import consent, contact

ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
EMAIL = Purpose.MARKETING_EMAIL
P, G, W = ConsentState.PENDING, ConsentState.GRANTED, ConsentState.WITHDRAWN


@pytest.fixture
def audience(database: Database, clock: FakeClock, secrets: Secrets) -> AudienceService:
    return AudienceService(database, clock, secrets)


def take_in(audience: AudienceService, address: str, said: str) -> None:
    row = {"email": address, "consent": said, "consent_source": "form", "consent_wording": "News, please."}
    assert audience.add_contacts(ADMIN, [row]).refused == []


def pk_of(database: Database, audience: AudienceService, address: str) -> int:
    [found], _ = audience.contacts(ADMIN, query=address)
    with database.reading() as conn:
        return contact_pk(conn, found.id)


ACTS = ("pending again", "yes by import", "unsubscribe", "complain", "suppress", "press", "open", "a day passes")
_numbers = itertools.count()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), max_size=8))
def test_no_order_of_acts_makes_a_yes_of_a_no_without_the_persons_own(
    acts: list[str], audience: AudienceService, database: Database, clock: FakeClock
) -> None:
    address = f"p{next(_numbers)}@example.com"
    take_in(audience, address, "pending")
    pk = pk_of(database, audience, address)

    def out(reason: SuppressionReason) -> None:
        with database.transaction() as conn:
            audience.unsubscribe(conn, pk, None, "page", reason)

    def press() -> None:
        with database.transaction() as conn:
            confirm(conn, pk, "double opt-in", "Yes.", clock.now())

    def look() -> None:
        with database.reading() as conn:
            standing(conn, pk, clock.now())

    said_no, said_yes = False, False
    deeds: dict[str, Callable[[], object]] = {
        "pending again": lambda: take_in(audience, address, "pending"),
        "yes by import": lambda: take_in(audience, address, "yes"),
        "unsubscribe": lambda: out(SuppressionReason.UNSUBSCRIBED),
        "complain": lambda: out(SuppressionReason.COMPLAINED),
        "suppress": lambda: audience.suppress(ADMIN, address),
        "press": press, "open": look, "a day passes": lambda: clock.advance(DAY),
    }  # fmt: skip
    for act in acts:
        clock.advance(1)  # of two words of one instant the one that is not a yes counts
        deeds[act]()
        said_no |= act in {"unsubscribe", "complain", "suppress"}
        said_yes |= act in {"press", "yes by import"}
        with database.reading() as conn:
            hears = may_send(conn, [pk], EMAIL, "email", clock.now())[pk] is None
            asked = may_ask(conn, [pk], EMAIL, "email", clock.now())[pk] is None
        assert hears == (said_yes and not said_no)
        assert asked == (not said_yes and not said_no)


def _said(database: Database, *words: tuple[ConsentState, Instant] | tuple[ConsentState, Instant, Instant]) -> int:
    """A contact with these words, each with its instant and perhaps its end."""
    with database.transaction() as conn:
        number = next(_numbers)
        made = insert(contact).values(
            id=new_id("contact"), email=f"q{number}@example.com", address_hash=f"h{number}", created_at=0, updated_at=0
        )
        pk: int = conn.execute(made).inserted_primary_key[0]  # type: ignore[index]
        for state, at, *until in words:
            conn.execute(
                insert(consent).values(
                    id=new_id("consent"), contact_pk=pk, purpose=EMAIL.value, state=state.value, at=at, source="s",
                    wording="", expires_at=until[0] if until else None,
                )
            )  # fmt: skip
        return pk


@pytest.mark.parametrize(
    ("words", "why_not"),
    [
        ([], HeldBack.NO_CONSENT),
        ([(P, 10)], None),
        ([(G, 5), (P, 10)], None),
        ([(P, 5), (G, 10)], HeldBack.CONFIRMED),
        ([(P, 5), (W, 10)], HeldBack.NO_CONSENT),
        ([(P, 10), (W, 10)], HeldBack.NO_CONSENT),
        ([(P, 10), (G, 10)], None),
        ([(P, 5, 20)], HeldBack.NO_CONSENT),
        ([(P, 5, 101)], None),
        ([(P, 5), (G, 10, 20)], HeldBack.NO_CONSENT),
    ],
)
def test_the_newest_word_says_who_waits(database: Database, words: list[tuple[ConsentState, Instant]],
                                        why_not: HeldBack | None) -> None:  # fmt: skip
    pk = _said(database, *words)
    with database.reading() as conn:
        assert may_ask(conn, [pk, 987_654], EMAIL, "email", 100) == {pk: why_not, 987_654: HeldBack.NO_ADDRESS}


def test_a_yes_counts_although_the_clock_is_behind_the_word_before_it(database: Database) -> None:
    pk = _said(database, (P, 100))
    with database.transaction() as conn:
        assert confirm(conn, pk, "double opt-in", "Yes.", 100) is Standing.WAITING
        assert confirm(conn, pk, "double opt-in", "Yes.", 101) is Standing.CONFIRMED
    with database.reading() as conn:
        assert standing(conn, pk, 101) is Standing.CONFIRMED
        assert list(conn.execute(select(consent.c.state).where(consent.c.contact_pk == pk)).scalars()) == [P, G]
