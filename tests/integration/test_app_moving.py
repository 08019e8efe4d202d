"""Moving from the encrypted file to PostgreSQL brings every row, or none, and leaves one of the two that sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tidings.app import care, moving
from tidings.app.wiring import House, open_house
from tidings.audience.service import ConsentGiven
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError, StoreLockedError
from tidings.settings import Settings
from tidings.store.database import open_postgresql
from tidings.store.migrations import migrate
from tidings.store.tables import contact, delivery, metadata, setting

pytestmark = pytest.mark.postgres
ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
GIVEN = ConsentGiven(source="sign-up form", wording="Yes, write to me. – Ja, gern!")
AHEAD = {"worker"}


@pytest.fixture
def settings(tmp_path: Path, empty_postgres_addresses: tuple[str, str]) -> Settings:
    """The sample organisation in the file, its campaign still to be drafted; the database to move to."""
    environ = {"TIDINGS_KEY_FILE": str(tmp_path / "key"), "TIDINGS_KEYRING": "off"}
    settings = Settings(tmp_path / "data", environ=environ, database_url=empty_postgres_addresses[0])
    care.load_sample(in_file(settings))
    return settings


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    """The file, open."""
    opened = open_house(in_file(settings), executor="test")
    yield opened
    opened.jobs.stop(0.0)
    opened.close()


def in_file(settings: Settings) -> Settings:
    return replace(settings, database_url=None)


def quiet(_table: str, _part: int, _whole: int) -> None:
    """Nobody looks."""


def everything(house: House) -> dict[str, list[Any]]:
    """Every row of every table, by its key."""
    with house.db.reading() as conn:
        return {
            table.name: [tuple(row) for row in conn.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
            if table.name not in AHEAD
        }


def without_head(rows: list[Any]) -> list[Any]:
    """The settings without the number of the audit trail's rows, to which the move adds one."""
    return [row for row in rows if row[0] != "audit_head"]


def rows_in(settings: Settings) -> int:
    """How many rows stand in the database to move to."""
    database = open_postgresql(str(settings.database_url))
    migrate(database)
    with database.reading() as conn:
        found = sum(conn.execute(select(func.count()).select_from(t)).scalar_one() for t in metadata.sorted_tables)
    database.close()
    return found


def test_every_row_arrives_and_the_house_goes_on_there(settings: Settings, house: House) -> None:
    awkward = {"email": "zoë@example.com", "first_name": "Zoë “€” \\N", "shoe": "\t8½"}
    assert house.services.audience.add_contacts(ADMIN, [awkward], consent=GIVEN).added == 1
    with house.db.transaction() as conn:
        zoe = contact.c.email == "zoë@example.com"
        conn.execute(update(contact).where(zoe).values(last_name="a\x00b\r\n\tc", attributes={"a": ["ü", 1.5, None]}))
    waiting = house.jobs.unfinished()
    assert sum(waiting.values()) == 1, "the sample's campaign is to be drafted"
    before = everything(house)
    heard: list[tuple[str, int, int]] = []
    said = moving.move(settings, lambda *told: heard.append(told))

    everybody = sum(map(len, before.values()))
    assert heard[-1][1:] == (everybody, everybody)
    assert said.startswith(f"Moved {everybody:,} rows and 1 job that waits, and counted them on both sides.")
    assert "In 1 text a NUL became" in said
    there = open_house(settings, executor="test")
    after = everything(there)
    assert [row for row in after["audit"] if row not in before["audit"]] == after["audit"][-1:]
    assert after.pop("audit")[:-1] == before.pop("audit")
    cleaned = [tuple(v.replace("\x00", "\ufffd") if type(v) is str else v for v in row) for row in before["contact"]]
    assert cleaned != before.pop("contact")
    assert after.pop("contact") == cleaned
    assert without_head(after.pop("setting")) == without_head(before.pop("setting"))
    assert after == before

    assert there.jobs.unfinished() == waiting
    assert there.secrets.signing_key == house.secrets.signing_key
    checked = there.services.audit.check(ADMIN)
    assert checked.problem == "", "the chain of the audit trail goes on over the move"
    assert there.services.audience.add_contacts(ADMIN, [{"email": "new@example.com"}], consent=GIVEN).added == 1
    there.jobs.stop(0.0)
    there.close()


def test_the_file_opens_no_more_until_somebody_says_so(settings: Settings) -> None:
    moving.move(settings, quiet)
    with pytest.raises(StoreLockedError, match="was moved to postgresql://") as raised:
        open_house(in_file(settings), executor="test")
    assert "TIDINGS_DATABASE_URL" in raised.value.remedy
    assert "tidings:tidings@" not in str(raised.value)
    with pytest.raises(StoreLockedError):
        moving.move(settings, quiet)
    assert "as it was" in moving.undo(settings)
    open_house(in_file(settings), executor="test").close()
    with pytest.raises(NotFoundError, match="not moved"):
        moving.undo(settings)


def test_a_database_with_data_in_it_is_left_alone(settings: Settings) -> None:
    moving.move(settings, quiet)
    moving.undo(settings)
    there = rows_in(settings)
    with pytest.raises(ConflictError, match="There is data of Tidings in postgresql://"):
        moving.move(settings, quiet)
    assert rows_in(settings) == there
    open_house(in_file(settings), executor="test").close()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_whatever_ends_it_leaves_the_other_empty_and_the_file_as_it_was(
    settings: Settings, house: House, stop: type[BaseException]
) -> None:
    before = everything(house)

    def ended(table: str, _part: int, _whole: int) -> None:
        if table == "event":
            raise stop

    with pytest.raises(stop):
        moving.move(settings, ended)
    assert rows_in(settings) == 0
    assert everything(house) == before
    assert "Moved" in moving.move(settings, quiet), "it begins anew"


def test_what_a_sender_has_in_its_hand_is_settled_first(settings: Settings, house: House) -> None:
    with house.db.transaction() as conn:
        one = conn.execute(select(delivery.c.campaign_pk, delivery.c.contact_pk).limit(1)).one()
        mine = (delivery.c.campaign_pk == one.campaign_pk) & (delivery.c.contact_pk == one.contact_pk)
        conn.execute(update(delivery).where(mine).values(state="claimed"))
    with pytest.raises(ConflictError, match="left 1 messages in its hand") as raised:
        moving.move(settings, quiet)
    assert "tidings up" in raised.value.remedy
    assert rows_in(settings) == 0
    with house.db.reading() as conn:
        assert conn.execute(select(func.count()).select_from(setting).where(setting.c.key == "moved")).scalar_one() == 0


def test_a_file_a_dead_sender_left_is_settled_first(settings: Settings) -> None:
    (settings.data_dir / "tidings.db-flight-0011223344556677").write_text("tidings-flight someone email\n")
    with pytest.raises(ConflictError, match="did not end in order"):
        moving.move(settings, quiet)


def test_it_says_what_it_needs(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="Where to is not said") as raised:
        moving.move(in_file(settings), quiet)
    assert "postgresql://user:password@host/database" in raised.value.remedy
    with pytest.raises(NotFoundError, match="There is no database file"):
        moving.move(replace(settings, data_dir=tmp_path / "elsewhere"), quiet)
    with pytest.raises(InvalidInputError, match="is not known"):
        moving.move(replace(settings, database_url="mysql://x/y"), quiet)
