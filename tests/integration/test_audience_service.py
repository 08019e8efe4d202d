"""Import, suppression, erasure and what each role sees, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from tidings.access.audit import verify
from tidings.audience.consents import history
from tidings.audience.contacts import AudienceCounts, contact_pk
from tidings.audience.incoming import ConsentGiven
from tidings.audience.selection import may_send, may_track
from tidings.audience.service import AudienceService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.consent import ConsentState, Purpose
from tidings.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, Clock
from tidings.domain.plan import HeldBack
from tidings.events.log import append
from tidings.events.repository import Count, totals
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.database import Database
from tidings.store.tables import consent, delivery, engagement, event, mailbox_message, metadata, suppression

GIVEN = ConsentGiven("sign-up form", "Yes, write to me.")
TABLE = """\
Email;First name;Country;Time zone;Opt-in;Plan
ada@example.com;Ada;GB;Europe/London;yes;club
bo@example.com;Bo;SE;;yes;
not an address;Cy;;;yes;
di@example.com;Di;;;no;
ed@example.com;Ed;;Middle/Earth;yes;
ADA@example.com;Ada again;;;yes;
fay@example.com;Fay;;;yes;;;too;wide
"""


def _actor(role: Role) -> Actor:
    return Actor(ActorKind.PERSON, f"acc_{role.value}", role.value.capitalize(), role)


ADMIN = _actor(Role.ADMIN)


@pytest.fixture
def audience(database: Database, clock: Clock, secrets: Secrets) -> AudienceService:
    return AudienceService(database, clock, secrets)


def _add(audience: AudienceService, *addresses: str, **fields: str) -> None:
    rows = [{"email": address, **fields} for address in addresses]
    result = audience.add_contacts(ADMIN, rows, consent=GIVEN)
    assert result.refused == []


def _id(audience: AudienceService, address: str) -> str:
    [found], _ = audience.contacts(ADMIN, query=address)
    return found.id


def test_a_consent_to_opens_is_taken_in_once_and_never_over_a_no(
    audience: AudienceService, database: Database, clock: Clock
) -> None:
    _add(audience, "ada@example.com", "bo@example.com", open_tracking_consent="yes")
    _add(audience, "cy@example.com", open_tracking_consent="no")
    _add(audience, "di@example.com")

    def allowing() -> set[str]:
        with database.reading() as conn:
            pks = {contact_pk(conn, _id(audience, f"{name}@example.com")): name for name in ("ada", "bo", "cy", "di")}
            return {pks[pk] for pk in may_track(conn, list(pks), clock.now())}

    assert allowing() == {"ada", "bo"}
    with database.transaction() as conn:
        audience.refuse_opens(conn, contact_pk(conn, _id(audience, "bo@example.com")), "unsubscribe page")
    _add(audience, "ada@example.com", "bo@example.com", "di@example.com", open_tracking_consent="yes")
    assert allowing() == {"ada", "di"}
    with database.reading() as conn:
        of_ada = history(conn, contact_pk(conn, _id(audience, "ada@example.com")))
    assert [word.purpose for word in of_ada].count(Purpose.OPEN_TRACKING) == 1


def test_a_table_is_taken_in_and_every_refused_row_says_why(
    audience: AudienceService, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(TABLE, encoding="utf-8-sig")
    result = audience.import_csv(ADMIN, path, consent=GIVEN)
    assert (result.added, result.updated, result.kept_silent) == (2, 0, 0)
    assert [(refusal.row, refusal.reason) for refusal in result.refused] == [
        (4, "'not an address' is not an e-mail address"),
        (5, "this person has not consented"),
        (6, "there is no time zone 'Middle/Earth'"),
        (7, "the same address stands in row 2"),
        (8, "the row has more cells than the header"),
    ]
    assert all(refusal.remedy for refusal in result.refused)
    ada = audience.contact(ADMIN, _id(audience, "ada@"))
    assert (ada.contact.email, ada.contact.country, ada.contact.status) == ("ada@example.com", "GB", "subscribed")
    assert ada.contact.attributes == {"plan": "club"}
    assert [(word.source, word.wording) for word in ada.consents] == [(GIVEN.source, GIVEN.wording)]
    assert audience.counts(ADMIN) == AudienceCounts(2, 2, 0, 0, 1, 0)
    with database.reading() as conn:
        assert verify(conn) == 1


def test_importing_again_updates_and_adds_no_second_consent(
    audience: AudienceService, database: Database, clock: Any
) -> None:
    audience.import_csv(ADMIN, TABLE, consent=GIVEN)
    clock.advance(DAY)
    again = audience.import_csv(ADMIN, "email,name,country\nADA@example.com,x,IE\nnew@example.com,,\n", consent=GIVEN)
    assert (again.added, again.updated, again.refused) == (1, 1, [])
    ada = audience.contact(ADMIN, _id(audience, "ada@")).contact
    assert (ada.email, ada.first_name, ada.country) == ("ada@example.com", "Ada", "IE")
    assert ada.attributes == {"plan": "club", "name": "x"}
    with database.reading() as conn:
        assert conn.execute(select(func.count()).select_from(consent)).scalar_one() == 3


def test_an_import_never_undoes_a_no(audience: AudienceService, database: Database, clock: Any) -> None:
    _add(audience, "ann@example.com", "bob@example.com")
    audience.suppress(ADMIN, "Zoe@example.com", reason="asked by telephone")
    with database.transaction() as conn:
        pk = contact_pk(conn, _id(audience, "ann@"))
        assert audience.unsubscribe(conn, pk, None, "reply")
    with database.transaction() as conn:
        conn.execute(suppression.delete().where(suppression.c.reason == "unsubscribed"))  # the consent alone must hold
    clock.advance(DAY)
    again = audience.add_contacts(
        ADMIN, [{"email": "ann@example.com"}, {"email": "ZOE@example.com"}, {"email": "bob@example.com"}], consent=GIVEN
    )
    assert (again.added, again.updated, again.kept_silent) == (1, 2, 2)
    statuses = {view.email: view.status for view in audience.contacts(ADMIN)[0]}
    assert statuses == {
        "ann@example.com": "no_consent",
        "ZOE@example.com": "suppressed",
        "bob@example.com": "subscribed",
    }


def test_consent_that_expired_or_was_pending_can_be_given_again(
    audience: AudienceService, database: Database, clock: Any
) -> None:
    _add(audience, "ann@example.com")
    _add(audience, "pia@example.com", consent="pending")
    with database.transaction() as conn:
        conn.execute(update(consent).where(consent.c.state == "granted").values(expires_at=clock.now() + 5))
    clock.advance(10)
    assert {view.status for view in audience.contacts(ADMIN)[0]} == {"no_consent"}
    _add(audience, "ann@example.com", "pia@example.com")
    assert {view.status for view in audience.contacts(ADMIN)[0]} == {"subscribed"}


def test_an_import_without_proof_is_refused(audience: AudienceService) -> None:
    with pytest.raises(InvalidInputError, match="no proof"):
        audience.add_contacts(ADMIN, [{"email": "a@example.com"}], consent=ConsentGiven("form", " "))
    result = audience.add_contacts(ADMIN, [{"email": "a@example.com"}])
    assert [(refusal.row, refusal.reason) for refusal in result.refused] == [(1, "there is no consent")]


def test_more_rows_than_one_batch(audience: AudienceService) -> None:
    rows = "email\n" + "".join(f"p{number}@example.com\n" for number in range(1_203))
    assert audience.import_csv(ADMIN, rows, consent=GIVEN).added == 1_203
    assert audience.import_csv(ADMIN, rows.encode(), consent=GIVEN).updated == 1_203
    seen: list[str] = []
    after = ""
    while True:
        page, after = audience.contacts(ADMIN, after=after, limit=200)
        seen += [view.email for view in page]
        if not after:
            break
    assert len(seen) == len(set(seen)) == 1_203


def test_erasure_leaves_the_hash_and_the_counts_and_nothing_else(
    audience: AudienceService, database: Database, clock: Clock, secrets: Secrets
) -> None:
    _add(audience, "erika@example.com", first_name="Erika")
    _add(audience, "other@example.com")
    erika = _id(audience, "erika@")
    with database.transaction() as conn:
        pk, other = contact_pk(conn, erika), contact_pk(conn, _id(audience, "other@"))
        address = {"ip": "192.0.2.7"}
        append(conn, [Event(EventKind.CLICKED, clock.now(), 3, each, detail=address) for each in (pk, other)])
        row = {"campaign_pk": 3, "channel": "email", "step": 0, "chunk_no": 0, "due_at": 0}
        said = "550 erika@example.com unknown"
        conn.execute(insert(delivery).values(**row, contact_pk=pk, state="failed", reason=said))
        conn.execute(
            insert(mailbox_message).values(
                id="msg_1", received_at=0, rcpt_to="Erika@example.com", raw=b"Dear Erika", flags={}
            )
        )
    audience.erase(ADMIN, erika)
    with database.reading() as conn:
        everything = [str(row) for table in metadata.sorted_tables for row in conn.execute(select(table))]
        assert not [row for row in everything if "rika" in row]
        assert sum("192.0.2.7" in row for row in everything) == 1  # the other person's
        [left] = conn.execute(select(suppression)).all()
        assert (left.address_hash, left.reason) == (address_hash(secrets, "ERIKA@example.com"), "erased")
        numbers = set(conn.execute(select(event.c.contact_pk)).scalars())
        assert pk not in numbers
        assert numbers == set(conn.execute(select(engagement.c.contact_pk)).scalars())
        assert min(numbers) < 0
        assert totals(conn, 3) == {"A": {"clicked": Count(2, 2, 0)}}
        assert conn.execute(select(delivery.c.state)).scalar_one() == "failed"
        assert may_send(conn, [pk], Purpose.MARKETING_EMAIL, "email", clock.now()) == {pk: HeldBack.NO_ADDRESS}
        assert history(conn, pk) == []
    with pytest.raises(NotFoundError):
        audience.contact(ADMIN, erika)
    with pytest.raises(NotFoundError):
        audience.erase(ADMIN, erika)
    again = audience.add_contacts(ADMIN, [{"email": "erika@example.com"}], consent=GIVEN)
    assert [refusal.reason for refusal in again.refused] == ["this person asked to be erased"]


def test_the_number_of_an_erased_person_is_never_given_to_another(
    audience: AudienceService, database: Database
) -> None:
    _add(audience, "last@example.com")
    with database.reading() as conn:
        pk = contact_pk(conn, _id(audience, "last@"))
    audience.erase(ADMIN, _id(audience, "last@"))
    _add(audience, "next@example.com")
    with database.reading() as conn:
        assert contact_pk(conn, _id(audience, "next@")) > pk


def test_what_each_role_may(audience: AudienceService) -> None:
    _add(audience, "ann@example.com", first_name="Ann")
    contact_id = _id(audience, "ann@")
    author, viewer = _actor(Role.AUTHOR), _actor(Role.VIEWER)
    [seen], _ = audience.contacts(author, query="ann")
    assert seen.email == "a…@example.com"
    assert audience.contacts(author, query="ann@example")[0] == []  # no fishing for addresses one may not read
    assert audience.contact(author, contact_id).contact.email == "a…@example.com"
    forbidden: list[Any] = [
        lambda: audience.contacts(viewer),
        lambda: audience.contact(viewer, contact_id),
        lambda: audience.counts(viewer),
        lambda: audience.segments(viewer),
        lambda: audience.create_segment(author, name="x", rule={"all": []}),
        lambda: audience.add_contacts(author, []),
        lambda: audience.import_csv(author, "email\n"),
        lambda: audience.suppress(author, "ann@example.com"),
        lambda: audience.erase(author, contact_id),
    ]
    for attempt in forbidden:
        with pytest.raises(ForbiddenError):
            attempt()
    assert audience.contact(ADMIN, contact_id).contact.status == "subscribed"


def test_searching_takes_signs_as_they_are(audience: AudienceService) -> None:
    _add(audience, "a_b@example.com", "axb@example.com", first_name="Zoë")
    assert [view.email for view in audience.contacts(ADMIN, query="A_B")[0]] == ["a_b@example.com"]
    assert audience.contacts(ADMIN, query="%")[0] == []
    assert audience.contacts(ADMIN, query="zoë", limit=0)[0]


def test_segments_by_the_service(audience: AudienceService) -> None:
    _add(audience, "ann@example.com", country="DE")
    _add(audience, "bob@example.com", country="FR")
    made = audience.create_segment(ADMIN, name=" Germans ", rule={"field": "country", "op": "is", "value": "DE"})
    assert (made.name, made.people) == ("Germans", 1)
    assert audience.segments(ADMIN) == [made]
    assert [view.country for view in audience.contacts(ADMIN, segment_id=made.id)[0]] == ["DE"]
    with pytest.raises(NotFoundError):
        audience.contacts(ADMIN, segment_id="seg_x")


def test_suppressing_by_hand_needs_an_address_and_holds(audience: AudienceService) -> None:
    _add(audience, "ann@example.com")
    with pytest.raises(InvalidInputError):
        audience.suppress(ADMIN, "ann")
    audience.suppress(ADMIN, "ANN@example.com", reason="asked by telephone")
    audience.suppress(ADMIN, "ANN@example.com", reason="asked again")
    ann = audience.contact(ADMIN, _id(audience, "ann@"))
    assert (ann.contact.status, ann.suppressed_because) == ("suppressed", "manual")
    assert [word.state for word in ann.consents] == [ConsentState.GRANTED]


def test_no_address_reaches_the_log(audience: AudienceService, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        audience.import_csv(ADMIN, TABLE, consent=GIVEN)
        audience.suppress(ADMIN, "ada@example.com")
        audience.erase(ADMIN, _id(audience, "bo@"))
    assert "tidings.audience" in {record.name for record in caplog.records}
    assert "@" not in "".join(record.getMessage() for record in caplog.records if record.name.startswith("tidings"))
