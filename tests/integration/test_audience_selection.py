"""Who may be written to: the same answer when planning and at the moment of sending, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select

from tidings.audience.consents import history, record
from tidings.audience.repository import merge_fields
from tidings.audience.segments import count, create_segment, find_segment, list_segments
from tidings.audience.selection import may_send, select_people
from tidings.audience.suppression import is_suppressed, suppress_address
from tidings.audience.unsubscribe import unsubscribe
from tidings.domain.consent import Consent, ConsentState, Purpose, SuppressionReason
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.event import Event, EventKind
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, Clock, Instant
from tidings.domain.plan import HeldBack
from tidings.events.log import append
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.database import Database
from tidings.store.tables import contact

MAIL = Purpose.MARKETING_EMAIL
GERMAN = {"field": "country", "op": "is", "value": "DE"}


def add(conn: Connection, secrets: Secrets, email: str, at: Instant, *words: Consent, **fields: Any) -> int:
    """A contact with its consent history; gives its number."""
    row = {"id": new_id("contact"), "email": email, "address_hash": address_hash(secrets, email)}
    conn.execute(insert(contact).values(**row, created_at=at, updated_at=at, **fields))
    pk = conn.execute(select(contact.c.pk).where(contact.c.email == email)).scalar_one()
    for word in words:
        record(conn, pk, word)
    return pk


def yes(at: Instant, expires_at: Instant | None = None) -> Consent:
    return Consent(MAIL, ConsentState.GRANTED, at, "form", "Yes.", expires_at)


def no(at: Instant, state: ConsentState = ConsentState.WITHDRAWN) -> Consent:
    return Consent(MAIL, state, at, "reply", "")


def test_everybody_gets_one_reason_or_a_place(database: Database, clock: Clock, secrets: Secrets) -> None:
    now = clock.now()
    with database.transaction() as conn:
        fine = add(conn, secrets, "fine@example.com", now, yes(now - 5), time_zone="Asia/Tokyo", country="JP")
        unzoned = add(conn, secrets, "unzoned@example.com", now, yes(now - 5))
        silent = add(conn, secrets, "silent@example.com", now)
        pending = add(conn, secrets, "pending@example.com", now, no(now - 5, ConsentState.PENDING))
        left = add(conn, secrets, "left@example.com", now, yes(now - 9), no(now - 5))
        back = add(conn, secrets, "back@example.com", now, yes(now - 9), no(now - 5), yes(now - 1))
        at_once = add(conn, secrets, "at-once@example.com", now, yes(now - 5), no(now - 5))
        expired = add(conn, secrets, "expired@example.com", now, yes(now - 5, now))
        other = Consent(Purpose.MARKETING_SMS, ConsentState.GRANTED, now - 5, "form", "Yes.")
        sms = add(conn, secrets, "sms@example.com", now, other)
        listed = add(conn, secrets, "Listed@example.com", now, yes(now - 5))
        suppress_address(conn, secrets, "LISTED@EXAMPLE.COM", reason=SuppressionReason.MANUAL, source="", at=now)
        elsewhere = add(conn, secrets, "elsewhere@example.com", now, yes(now - 5))
        suppress_address(
            conn, secrets, "elsewhere@example.com", reason=SuppressionReason.MANUAL, source="", at=now, channel="sms"
        )
        everybody = [fine, unzoned, silent, pending, left, back, at_once, expired, sms, listed, elsewhere]
        selection = select_people(conn, None, MAIL, "email", now)
        checked = may_send(conn, [*everybody, 999_999], MAIL, "email", now)
    assert [person.pk for person in selection.people] == [fine, unzoned, back, elsewhere]
    assert selection.people[0][1:4] == ("Asia/Tokyo", "JP", "en")
    assert selection.people[1].zone == ""
    assert selection.held_back == {HeldBack.NO_CONSENT: 6, HeldBack.SUPPRESSED: 1}
    assert [pk for pk, why in checked.items() if why is None] == [fine, unzoned, back, elsewhere]
    assert checked[listed] is HeldBack.SUPPRESSED
    assert checked[silent] is HeldBack.NO_CONSENT
    assert checked[999_999] is HeldBack.NO_ADDRESS


words = st.lists(
    st.tuples(st.sampled_from(list(ConsentState)), st.integers(-3, 1), st.none() | st.integers(-2, 2)), max_size=5
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(words, min_size=1, max_size=4))
def test_sql_agrees_with_the_rule_of_consent(
    database: Database, clock: Clock, secrets: Secrets, said: list[list[tuple[ConsentState, int, int | None]]]
) -> None:
    now = clock.now()
    expected: dict[int, bool] = {}
    with database.transaction() as conn:
        conn.execute(delete(contact))
        for number, person in enumerate(said):
            history_of = [
                Consent(MAIL, state, now + at, "", "", None if ends is None else now + ends)
                for state, at, ends in person
            ]
            pk = add(conn, secrets, f"p{number}@example.com", now, *history_of)
            # A pause that is over counts as if it had not been said.
            over = [w for w in history_of if w.state is ConsentState.WITHDRAWN and (w.expires_at or now + 1) <= now]
            history_of = [word for word in history_of if word not in over]
            newest = max((word.at for word in history_of), default=0)
            last = [word for word in history_of if word.at == newest]
            yes_holds = any(word.holds(now) for word in last) and newest <= now
            expected[pk] = yes_holds and all(word.state is ConsentState.GRANTED for word in last)
        checked = may_send(conn, list(expected), MAIL, "email", now)
        chosen = {person.pk for person in select_people(conn, None, MAIL, "email", now).people}
    assert {pk: why is None for pk, why in checked.items()} == expected
    assert chosen == {pk for pk, holds in expected.items() if holds}


def test_unsubscribing_holds_at_once_and_twice_is_once(database: Database, clock: Clock, secrets: Secrets) -> None:
    now = clock.now()
    with database.transaction() as conn:
        pk = add(conn, secrets, "ann@example.com", now, yes(now - 5))
        assert unsubscribe(conn, secrets, pk, 12, "one-click link", now) is True
        assert unsubscribe(conn, secrets, pk, 12, "one-click link", now + 5) is False
        assert unsubscribe(conn, secrets, 999, None, "one-click link", now) is False
        assert may_send(conn, [pk], MAIL, "email", now) == {pk: HeldBack.SUPPRESSED}
        assert is_suppressed(conn, secrets, "ANN@example.com", "email")
        last = history(conn, pk)
    assert [word.state for word in last] == [ConsentState.GRANTED, ConsentState.WITHDRAWN]
    assert last[-1].source == "one-click link, campaign 12"


def test_a_bounce_suppresses_but_puts_no_word_into_anybodys_mouth(
    database: Database, clock: Clock, secrets: Secrets
) -> None:
    now = clock.now()
    with database.transaction() as conn:
        pk = add(conn, secrets, "ann@example.com", now, yes(now - 5))
        bounced = SuppressionReason.BOUNCED
        assert unsubscribe(conn, secrets, pk, 12, "relay: 550 5.1.1", now, bounced) is True
        assert unsubscribe(conn, secrets, pk, 12, "relay: 550 5.1.1", now, bounced) is False
        assert may_send(conn, [pk], MAIL, "email", now) == {pk: HeldBack.SUPPRESSED}
        assert [word.state for word in history(conn, pk)] == [ConsentState.GRANTED]
        assert unsubscribe(conn, secrets, pk, 12, "link", now) is True  # now they said it themselves
        assert [word.state for word in history(conn, pk)] == [ConsentState.GRANTED, ConsentState.WITHDRAWN]


def test_a_contact_stored_without_its_hash_is_silenced_all_the_same(
    database: Database, clock: Clock, secrets: Secrets
) -> None:
    now = clock.now()
    with database.transaction() as conn:
        pk = add(conn, secrets, "bob@example.com", now, yes(now - 5))
        conn.execute(contact.update().values(address_hash=""))
        assert unsubscribe(conn, secrets, pk, None, "reply", now)
        assert may_send(conn, [pk], MAIL, "email", now) == {pk: HeldBack.SUPPRESSED}


def test_merge_fields_put_our_fields_over_attributes(database: Database, clock: Clock, secrets: Secrets) -> None:
    with database.transaction() as conn:
        given_name = {"first_name": "Cleo", "attributes": {"first_name": "forged", "plan": "club"}}
        pk = add(conn, secrets, "cleo@example.com", clock.now(), **given_name)
        fields = merge_fields(conn, [pk, 999])
    assert list(fields) == [pk]
    own = {"first_name": "Cleo", "last_name": "", "email": "cleo@example.com", "locale": "en", "country": ""}
    assert fields[pk] == {**own, "plan": "club"}


def _members(conn: Connection, rule: dict[str, Any], at: Instant) -> set[str]:
    segment_id = create_segment(conn, name=new_id("segment"), description="", rule=rule, at=at)
    chosen = select_people(conn, segment_id, MAIL, "email", at)
    assert count(conn, rule, at) == len(chosen.people) + sum(chosen.held_back.values())
    emails = select(contact.c.email).where(contact.c.pk.in_([person.pk for person in chosen.people]))
    return {email.partition("@")[0] for email in conn.execute(emails).scalars()}


@pytest.fixture
def crowd(database: Database, clock: Clock, secrets: Secrets) -> Database:
    """Ann (DE, club, clicked lately), Bo (FR, long ago), Cy (no country, a machine clicked), Di (joined today)."""
    now = clock.now()
    long_ago = now - 200 * DAY
    with database.transaction() as conn:
        ann = add(
            conn, secrets, "ann@example.com", now - 200 * DAY, yes(now - 9), country="DE", attributes={"plan": "Club_1"}
        )
        bo = add(
            conn, secrets, "bo@example.com", now - 200 * DAY, yes(now - 9), country="FR", attributes={"plan": "clubX1"}
        )
        cy = add(conn, secrets, "cy@example.com", long_ago, yes(now - 9))
        add(conn, secrets, "di@example.com", now, yes(now - 9), country="DE")
        append(
            conn,
            [
                Event(EventKind.CLICKED, now - 3 * DAY, 1, ann),
                Event(EventKind.CLICKED, now - 100 * DAY, 1, bo),
                Event(EventKind.CLICKED, now - DAY, 1, cy, machine=0.9),
                Event(EventKind.DELIVERED, now - DAY, 1, cy),
            ],
        )
    return database


CHOICES: list[tuple[dict[str, Any], str]] = [
    ({"all": []}, "ann bo cy di"),
    ({"any": []}, ""),
    ({"field": "country", "op": "is", "value": "DE"}, "ann di"),
    ({"field": "country", "op": "is_not", "value": "DE"}, "bo cy"),
    ({"field": "country", "op": "in", "value": ["DE", "FR"]}, "ann bo di"),
    ({"field": "country", "op": "exists"}, "ann bo di"),
    ({"field": "country", "op": "exists", "value": False}, "cy"),
    ({"field": "attributes.plan", "op": "is", "value": "Club_1"}, "ann"),
    ({"field": "attributes.plan", "op": "contains", "value": "CLUB_1"}, "ann"),
    ({"field": "attributes.plan", "op": "is_not", "value": "Club_1"}, "bo cy di"),
    ({"field": "attributes.plan", "op": "exists", "value": False}, "cy di"),
    ({"field": "engaged_days", "op": "lt", "value": 90}, "ann"),
    ({"field": "engaged_days", "op": "gt", "value": 90}, "bo cy di"),
    ({"field": "clicked_days", "op": "exists"}, "ann bo"),
    ({"field": "received_days", "op": "lt", "value": 2}, "cy"),
    ({"field": "joined_days", "op": "lt", "value": 1}, "di"),
    ({"all": [GERMAN, {"field": "engaged_days", "op": "lt", "value": 9}]}, "ann"),
    ({"any": [GERMAN, {"field": "joined_days", "op": "gt", "value": 9}, {"any": []}]}, "ann bo cy di"),
    ({"field": "first_name", "op": "is", "value": "'; DROP TABLE contact; --"}, ""),
]  # fmt: skip


def test_segments_choose_the_same_people_on_both_databases(crowd: Database, clock: Clock) -> None:
    with crowd.transaction() as conn:
        for rule, names in CHOICES:
            assert _members(conn, rule, clock.now()) == set(names.split()), rule


def test_segments_are_found_by_name_or_id_and_counted(crowd: Database, clock: Clock) -> None:
    rule = {"field": "country", "op": "is", "value": "DE"}
    with crowd.transaction() as conn:
        made = create_segment(conn, name="German readers", description="d", rule=rule, at=clock.now())
        assert find_segment(conn, " german READERS ") == made
        assert find_segment(conn, made) == made
        assert find_segment(conn, "Everyone") is None
        assert [(view.name, view.people) for view in list_segments(conn, clock.now())] == [("German readers", 2)]
        with pytest.raises(InvalidInputError, match="`German readers`"):
            find_segment(conn, "French readers")
        with pytest.raises(ConflictError):
            create_segment(conn, name="GERMAN READERS", description="", rule=rule, at=clock.now())
        with pytest.raises(InvalidInputError):
            create_segment(conn, name="everyone", description="", rule=rule, at=clock.now())
        with pytest.raises(NotFoundError):
            select_people(conn, "seg_unknown", MAIL, "email", clock.now())
