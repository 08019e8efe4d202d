"""Brands and claims on both kinds of database, with rights and at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.conftest import FakeClock

from tidings.content.service import BrandService, load_brand
from tidings.domain.actor import Actor, ActorKind, AgentName, Role, agent_actor
from tidings.domain.brand import Brand
from tidings.domain.claim import ClaimKind
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.store.database import Database

ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
VIEWER = Actor(ActorKind.PERSON, "acc_2", "Vic", Role.VIEWER)
FIELDS = {
    "name": "Northwind Bakery",
    "sender": {"name": "Northwind", "address": "hello@northwind.example.com"},
    "postal_address": "Mill Street 1, 12345 Millbrook",
    "website": "https://northwind.example.com",
}


@pytest.fixture
def service(database: Database, clock: FakeClock) -> BrandService:
    return BrandService(database, clock)


@pytest.fixture
def brand(service: BrandService) -> Brand:
    return service.create_brand(ADMIN, FIELDS)


def test_a_brand_is_found_by_id_and_by_name_in_any_case(service: BrandService, brand: Brand) -> None:
    assert service.brand(VIEWER, brand.id) == brand
    assert service.brand(VIEWER, "northwind bakery") == brand
    assert service.brands(VIEWER) == [brand]
    with pytest.raises(NotFoundError):
        service.brand(VIEWER, "Southwind")


def test_rights_are_asked(service: BrandService, brand: Brand) -> None:
    with pytest.raises(ForbiddenError):
        service.create_brand(VIEWER, {**FIELDS, "name": "Other"})
    with pytest.raises(ForbiddenError):
        service.update_brand(VIEWER, brand.id, {"voice": "bold"})
    with pytest.raises(ForbiddenError):
        service.add_claim(VIEWER, brand.id, "Our bread is good.")


def test_a_role_limited_to_brands_sees_and_changes_those_alone(service: BrandService, brand: Brand) -> None:
    other = service.create_brand(ADMIN, {**FIELDS, "name": "Other"})
    limited = Actor(ActorKind.PERSON, "acc_3", "Lim", Role.MANAGER, frozenset({other.id}))
    assert service.brands(limited) == [other]
    with pytest.raises(NotFoundError):
        service.brand(limited, brand.id)
    with pytest.raises(NotFoundError):
        service.claims(limited, brand.id)
    with pytest.raises(ForbiddenError):
        service.update_brand(limited, brand.id, {"voice": "bold"})
    claim = service.add_claim(ADMIN, brand.id, "Our bread is good.")
    with pytest.raises(NotFoundError):
        service.withdraw_claim(limited, claim.id)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("colour", "blue"),
        ("website", "ftp://x"),
        ("sender", {"name": "x", "address": "nobody"}),
        ("name", ""),
        ("vioce", "bold"),
    ],
)
def test_a_wrong_field_is_named(service: BrandService, brand: Brand, field: str, value: object) -> None:
    with pytest.raises(InvalidInputError, match=field):
        service.update_brand(ADMIN, brand.id, {field: value})
    assert service.brand(ADMIN, brand.id) == brand


def test_names_are_unique_in_any_case(service: BrandService, brand: Brand) -> None:
    with pytest.raises(ConflictError):
        service.create_brand(ADMIN, {**FIELDS, "name": "NORTHWIND BAKERY"})
    assert service.update_brand(ADMIN, brand.id, {"name": "Northwind bakery"}).name == "Northwind bakery"


def test_changes_at_the_same_time_are_all_kept(service: BrandService, brand: Brand) -> None:
    changes = [{"voice": "bold"}, {"colour": "#123456"}, {"locale": "en-GB"}, {"banned_words": ["cheap"]}]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda change: service.update_brand(ADMIN, brand.id, change), changes))
    now = service.brand(ADMIN, brand.id)
    assert (now.voice, now.colour, now.locale, now.banned_words) == ("bold", "#123456", "en-GB", ("cheap",))


def test_the_same_claim_at_the_same_time_is_added_once(service: BrandService, brand: Brand) -> None:
    def add(_: int) -> bool:
        try:
            service.add_claim(ADMIN, brand.id, "Our bread is good.")
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, range(4))) == 1
    assert len(service.claims(ADMIN, brand.id)) == 1


def test_a_persons_claim_is_approved_and_an_agents_only_proposed(
    service: BrandService, brand: Brand, clock: FakeClock
) -> None:
    claim = service.add_claim(
        ADMIN, brand.id, "You can order until noon.", evidence="Shop rules", valid_until=clock.now() + 10
    )
    assert (claim.kind, claim.approved_by) == (ClaimKind.ABILITY, "Ada")
    assert claim.usable(at=clock.now(), channel="email")
    assert not claim.usable(at=clock.now() + 11, channel="email")
    assert service.claims(VIEWER, brand.id) == [claim]
    assert service.withdraw_claim(ADMIN, claim.id).approved_by is None
    agent = agent_actor(AgentName.CONTENT)
    with pytest.raises((ConflictError, ForbiddenError)):
        service.approve_claim(agent, claim.id)
    renewed = service.approve_claim(ADMIN, claim.id, valid_until=clock.now() + 99)
    assert (renewed.approved_by, renewed.valid_until) == ("Ada", clock.now() + 99)
    assert service.claims(ADMIN, brand.id) == [renewed]


@pytest.mark.parametrize("sentence", ["our bread is good.", "Our bread is good", "A.", "A" * 500 + ".", ""])
def test_a_claim_is_a_whole_sentence(service: BrandService, brand: Brand, sentence: str) -> None:
    with pytest.raises(InvalidInputError):
        service.add_claim(ADMIN, brand.id, sentence)


def test_the_campaigns_run_loads_both(service: BrandService, brand: Brand, database: Database) -> None:
    claim = service.add_claim(ADMIN, brand.id, "Our bread is good.", channels=("email",))
    with database.reading() as conn:
        assert load_brand(conn, "Northwind Bakery") == (brand, [claim])
        with pytest.raises(NotFoundError):
            load_brand(conn, "brd_none")
