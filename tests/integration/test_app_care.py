"""A restore keeps every no that was said after the backup was made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tidings.app import care
from tidings.app.wiring import House, open_house
from tidings.audience.service import ConsentGiven
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.keys.master import DATABASE_FILE
from tidings.settings import Settings

GIVEN = ConsentGiven(source="sign-up form", wording="Yes, write to me.")
ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    environ = {"TIDINGS_KEY_FILE": str(tmp_path / "key"), "TIDINGS_KEYRING": "off"}
    settings = Settings(tmp_path / "data", environ=environ)
    care.migrate(settings)
    house = open_house(settings, executor="test")
    people = [{"email": f"{name}@example.com"} for name in ("ann", "bob", "eve")]
    house.services.audience.add_contacts(ADMIN, people, consent=GIVEN)
    house.close()
    care.backup(settings, tmp_path / "copy.db")
    return settings


def statuses(house: House) -> dict[str, str]:
    return {view.email: view.status for view in house.services.audience.contacts(ADMIN)[0]}


def ids(house: House) -> dict[str, str]:
    return {view.email: view.id for view in house.services.audience.contacts(ADMIN)[0]}


def test_who_said_no_or_was_erased_after_the_backup_stays_so(settings: Settings, tmp_path: Path) -> None:
    house = open_house(settings, executor="test")
    audience = house.services.audience
    audience.suppress(ADMIN, "Ann@example.com", reason="asked by telephone")
    audience.suppress(ADMIN, "eve@example.com")
    audience.erase(ADMIN, ids(house)["eve@example.com"])
    house.close()
    said = care.restore(settings, tmp_path / "copy.db")
    assert "stays so" in said
    assert "1 of the backup's people" in said
    house = open_house(settings, executor="test")
    assert statuses(house) == {"ann@example.com": "suppressed", "bob@example.com": "subscribed"}
    again = house.services.audience.add_contacts(ADMIN, [{"email": "eve@example.com"}], consent=GIVEN)
    assert (again.added, len(again.refused)) == (0, 1)
    house.close()


@pytest.mark.parametrize("former", [None, b"ruined"])
def test_where_the_former_database_is_lost_it_says_what_to_do_first(
    settings: Settings, tmp_path: Path, former: bytes | None
) -> None:
    path = settings.data_dir / DATABASE_FILE
    path.unlink()
    if former is not None:
        path.write_bytes(former)
    said = care.restore(settings, tmp_path / "copy.db")
    assert "suppress-list" in said
    assert "stays so" not in said
    house = open_house(settings, executor="test")
    assert set(statuses(house).values()) == {"subscribed"}
    house.close()
