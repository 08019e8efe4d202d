"""Conversions: counted once, given to the right campaign, taken from whoever may tell. Against a real database."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import insert, select, update

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.access.permissions import Permission
from tidings.analytics.repository import earned
from tidings.audience.erasure import erase_contact
from tidings.distribution.conversion_door import ConversionDoor
from tidings.distribution.conversions import Conversions, NewConversion
from tidings.distribution.pixel import GIF
from tidings.distribution.postback import Postbacks, sign
from tidings.distribution.tokens import Token, TokenPurpose, TokenSigner
from tidings.domain.actor import SYSTEM, Actor, ActorKind, Role
from tidings.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, HOUR, MINUTE
from tidings.events.log import append
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.database import Database
from tidings.store.tables import brand, campaign, contact, conversion, event

BRAND = "brd_" + "0" * 26
OTHER = "brd_" + "1" * 26
MANAGER = Actor(ActorKind.PERSON, "acc_1", "Mia", Role.MANAGER)


class Given:
    """Two campaigns of two brands, and three people."""

    def __init__(self, db: Database, clock: Any, secrets: Secrets) -> None:
        self.db, self.clock, self.secrets = db, clock, secrets
        self.people = bed.add_people(db, 3, clock.now())
        self.first = bed.add_campaign(db, self.people, clock.now())
        self.second = bed.add_campaign(db, self.people[:2], clock.now(), name="two")
        with db.transaction() as conn:
            for brand_id, pk in ((BRAND, self.first), (OTHER, self.second)):
                conn.execute(insert(brand).values(id=brand_id, name=brand_id, body={}, created_at=0, updated_at=0))
                conn.execute(update(campaign).where(campaign.c.pk == pk).values(brand_id=brand_id))
            for number, pk in enumerate(self.people):
                digest = address_hash(secrets, f"p{number}@example.com")
                conn.execute(update(contact).where(contact.c.pk == pk).values(address_hash=digest))
        self.signer = TokenSigner(secrets.signing_key)
        self.conversions = Conversions(db, clock, secrets)
        self.postbacks = Postbacks(db, clock, secrets)
        self.door = ConversionDoor(db, secrets, self.conversions, self.postbacks)

    def click_id(self, campaign_pk: int, person: int = 0) -> str:
        return self.signer.make(Token(TokenPurpose.CLICK, campaign_pk, self.people[person]))

    def clicked(self, campaign_pk: int, *, ago: int, person: int = 0, machine: float = 0.0) -> None:
        at = self.clock.now() - ago
        made = Event(EventKind.CLICKED, at, campaign_pk, self.people[person], variant="A", machine=machine)
        with self.db.transaction() as conn:
            append(conn, [made])

    def kept(self) -> list[Any]:
        with self.db.reading() as conn:
            return list(conn.execute(select(conversion).order_by(conversion.c.pk)))

    def events(self) -> list[Any]:
        with self.db.reading() as conn:
            return list(conn.execute(select(event).where(event.c.kind == "converted").order_by(event.c.pk)))


@pytest.fixture
def given(database: Database, clock: Any, secrets: Secrets) -> Given:
    return Given(database, clock, secrets)


def sold(key: str = "order-1", **more: Any) -> NewConversion:
    return NewConversion(key, **{"value": "49.90", "currency": "EUR", **more})


def test_a_click_id_gives_it_to_that_clicks_campaign_whatever_came_later(given: Given) -> None:
    given.clicked(given.second, ago=MINUTE)
    made = given.conversions.record(SYSTEM, sold(click_id=given.click_id(given.first)))
    assert (made.campaign_id, made.variant, made.attributed_by) == ("cmp_one", "A", "click id")
    assert (made.value, made.currency, made.new) == ("49.90", "EUR", True)
    (row,) = given.events()
    assert (row.campaign_pk, row.contact_pk, row.machine) == (given.first, given.people[0], 0.0)
    assert row.detail["value"] == "49.90"


def test_the_same_key_counts_once_and_answers_the_same(given: Given) -> None:
    first = given.conversions.record(SYSTEM, sold(click_id=given.click_id(given.first)))
    again = given.conversions.record(SYSTEM, sold(email="p1@example.com", value="1"))
    assert (again.id, again.value, again.new) == (first.id, "49.90", False)
    assert len(given.kept()) == len(given.events()) == 1


@pytest.mark.parametrize("who", ["contact_id", "email", "email_sha256"])
def test_without_a_click_id_the_last_click_of_a_person_within_the_window_earns_it(given: Given, who: str) -> None:
    given.clicked(given.first, ago=3 * HOUR)
    given.clicked(given.second, ago=2 * HOUR)
    given.clicked(given.first, ago=HOUR, machine=0.9)
    digest = hashlib.sha256(b"p0@example.com").hexdigest().upper()
    told = {"contact_id": "con_example.com_0", "email": " P0@Example.com", "email_sha256": digest}
    made = given.conversions.record(SYSTEM, sold(**{who: told[who].strip()}))
    assert (made.campaign_id, made.attributed_by) == ("cmp_two", "last click")


def test_the_window_is_the_brands_own_and_what_nobody_earned_is_kept(given: Given) -> None:
    given.clicked(given.second, ago=8 * DAY)
    nobody = given.conversions.record(SYSTEM, sold(email="p0@example.com"))
    assert (nobody.campaign_id, nobody.attributed_by, nobody.new) == (None, "", True)
    with given.db.transaction() as conn:
        longer = {"tracking": {"conversion_days": 30}}
        conn.execute(update(brand).where(brand.c.id == OTHER).values(body=longer))
    made = given.conversions.record(SYSTEM, sold("order-2", email="p0@example.com"))
    assert made.campaign_id == "cmp_two"
    assert [row.campaign_pk for row in given.kept()] == [None, given.second]
    assert len(given.events()) == 1


def test_it_may_be_told_late_and_counts_for_its_own_time(given: Given) -> None:
    given.clicked(given.first, ago=6 * DAY)
    then = given.clock.now() - 5 * DAY
    given.clock.advance(5 * DAY)
    assert given.conversions.record(SYSTEM, sold(email="p0@example.com", at=then)).campaign_id == "cmp_one"
    (row,) = given.kept()
    assert row.at == then


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"click_id": "A" * 24}, "click_id"),
        ({"email": "p0@example.com", "value": "-1"}, "value"),
        ({"email": "p0@example.com", "value": "1.0001"}, "value"),
        ({"email": "p0@example.com", "value": "NaN"}, "value"),
        ({"email": "p0@example.com", "value": "much"}, "value"),
        ({"email": "p0@example.com", "currency": ""}, "currency"),
        ({"email": "p0@example.com", "currency": "eur"}, "currency"),
        ({"email": "p0@example.com", "key": ""}, "key"),
        ({"email": "p0@example.com", "at": 1}, "at"),
        ({}, None),
    ],
)
def test_bad_input_is_refused_with_its_field_and_nothing_is_kept(
    given: Given, wrong: dict[str, Any], field: str | None
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        given.conversions.record(SYSTEM, sold(**wrong))
    assert refused.value.field == field
    assert given.kept() == []


def test_who_is_not_known_and_who_may_not_tell(given: Given) -> None:
    with pytest.raises(NotFoundError):
        given.conversions.record(SYSTEM, sold(email="nobody@example.com"))
    with pytest.raises(ForbiddenError):
        given.conversions.record(Actor(ActorKind.PERSON, "acc_2", "Vi", Role.VIEWER), sold(email="p0@example.com"))
    limited = Actor(ActorKind.PERSON, "acc_3", "Max", Role.MANAGER, brands=frozenset({OTHER}))
    with pytest.raises(NotFoundError):
        given.conversions.record(limited, sold(click_id=given.click_id(given.first)))
    assert Permission.CONVERSIONS_WRITE == "conversions:write"


def test_the_report_adds_up_by_variant_and_currency(given: Given) -> None:
    for number, (value, currency) in enumerate([("49.90", "EUR"), ("0.1", "EUR"), ("1.234", "KWD"), ("0", "")]):
        told = sold(f"o{number}", click_id=given.click_id(given.first, number % 2), value=value, currency=currency)
        given.conversions.record(SYSTEM, told)
    with given.db.reading() as conn:
        lines = earned(conn, given.first)["A"]
    assert [(each.currency, each.conversions, each.value) for each in lines] == [
        ("EUR", 2, "50.00"), ("KWD", 1, "1.234"), ("", 1, "0.00"),
    ]  # fmt: skip


def test_erasing_a_person_keeps_the_sum_and_forgets_the_order(given: Given) -> None:
    given.conversions.record(SYSTEM, sold(click_id=given.click_id(given.first)))
    with given.db.transaction() as conn:
        erase_contact(conn, given.secrets, given.people[0], given.clock.now())
    (row,) = given.kept()
    assert row.contact_pk != given.people[0]
    assert "order" not in row.key
    assert row.value_milli == 49_900


def pixel(given: Given, place: str, **parameters: str) -> tuple[str, bytes]:
    status, headers, body = given.door("GET", f"/c/{place}.gif", urlencode(parameters).encode(), b"")
    assert status == 200
    assert (b"content-type", b"image/gif") in headers
    return dict(headers).get(b"tidings-note", b"").decode(), body


def test_a_pixel_on_a_thank_you_page_counts_once_however_often_it_is_loaded(given: Given) -> None:
    tid = given.click_id(given.first)
    for place in (BRAND, "cmp_one"):
        note, body = pixel(given, place, tid=tid, value="20", currency="eur")
        assert body == GIF
        assert note == ("counted" if place == BRAND else "seen before")
    assert pixel(given, BRAND, tid=tid, value="5", currency="EUR", key="order-9")[0] == "counted"
    assert [(row.source, row.value_milli) for row in given.kept()] == [("pixel", 20_000), ("pixel", 5_000)]


@pytest.mark.parametrize(
    "parameters", [{}, {"tid": "x" * 24}, {"tid": "é"}, {"value": "1", "currency": "EUR"}, {"tid": "of another"}]
)
def test_a_pixel_without_a_good_click_id_shows_the_picture_and_counts_nothing(
    given: Given, parameters: dict[str, str]
) -> None:
    if parameters.get("tid") == "of another":
        parameters = {"tid": given.click_id(given.second)}
    note, body = pixel(given, BRAND, **parameters)
    assert note.startswith("not counted: ")
    assert body == GIF
    assert given.kept() == []


def test_a_head_of_the_pixel_counts_nothing(given: Given) -> None:
    query = urlencode({"tid": given.click_id(given.first)}).encode()
    assert given.door("HEAD", f"/c/{BRAND}.gif", query, b"")[0] == 200
    assert given.kept() == []


def posted(given: Given, secret: str, method: str = "POST", **parameters: str) -> tuple[int, dict[str, Any]]:
    path = f"/c/{BRAND}"
    told = {"timestamp": str(given.clock.now() // 1000), **parameters}
    text = urlencode({**told, "signature": sign(secret, method, path, told)}).encode()
    status, _, body = given.door(method, path, b"" if method == "POST" else text, text if method == "POST" else b"")
    return status, json.loads(body)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_signed_postback_counts_and_a_replay_does_not(given: Given, method: str) -> None:
    secret = given.postbacks.secret(MANAGER, BRAND)
    told = {"tid": given.click_id(given.first), "value": "12.50", "currency": "EUR", "name": "purchase & more"}
    assert posted(given, secret, method, **told)[1]["status"] == "counted"
    assert posted(given, secret, method, **told)[1]["status"] == "seen before"
    given.clock.advance(6 * MINUTE)
    status, problem = posted(given, secret, method, **{**told, "timestamp": str(given.clock.now() // 1000 - 301)})
    assert (status, problem["code"]) == (403, "forbidden")
    assert [(row.source, row.value_milli) for row in given.kept()] == [("postback", 12_500)]


def test_the_guides_code_signs_as_it_must(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "tracking.md").read_text()
    code = guide.partition("```python\n")[2].partition("```")[0]
    known: dict[str, Any] = {}
    exec(code, known)
    monkeypatch.setattr(known["time"], "time", lambda: given.clock.now() / 1000)
    secret, path = given.postbacks.secret(MANAGER, BRAND), f"/c/{BRAND}"
    told = {"tid": given.click_id(given.first), "key": "order 1&2", "value": "49.90", "currency": "EUR", "name": "käuf"}
    text = urlencode(known["signed"](secret, "POST", path, told)).encode()
    assert given.door("POST", path, b"", text)[0] == 200
    assert [row.key for row in given.kept()] == ["order 1&2"]


def test_a_postback_signed_by_another_or_changed_on_the_way_is_refused(given: Given) -> None:
    path, stamp = f"/c/{BRAND}", str(given.clock.now() // 1000)
    secret = given.postbacks.secret(MANAGER, BRAND)
    assert secret != given.postbacks.secret(MANAGER, OTHER)
    assert posted(given, given.postbacks.secret(MANAGER, OTHER), tid=given.click_id(given.first))[0] == 403
    told = {"timestamp": stamp, "email_sha256": "0", "value": "1", "currency": "EUR"}
    signature = sign(secret, "POST", path, told)
    for changed in ({"value": "1000"}, {"extra": "1"}, {"timestamp": ""}, {"signature": ""}, {"signature": "é"}):
        text = urlencode({**told, "signature": signature, **changed}).encode()
        assert given.door("POST", path, b"", text)[0] == 403
    text = urlencode({**told, "signature": signature}).encode()
    assert given.door("GET", path, text, b"")[0] == 403  # signed for POST
    assert given.door("POST", path.replace(BRAND, "x"), b"", text)[0] == 422
    assert given.kept() == []


def test_a_new_secret_leaves_the_old_one_a_day(given: Given) -> None:
    old = given.postbacks.secret(MANAGER, BRAND)
    new = given.postbacks.rotate(MANAGER, BRAND)
    assert new == given.postbacks.secret(MANAGER, BRAND) != old
    tid = given.click_id(given.first)
    assert posted(given, old, tid=tid, key="a")[0] == posted(given, new, tid=tid, key="b")[0] == 200
    given.clock.advance(DAY)
    assert posted(given, old, tid=tid, key="c")[0] == 403
    assert posted(given, new, tid=tid, key="c")[0] == 200
    with pytest.raises(ForbiddenError):
        given.postbacks.secret(Actor(ActorKind.PERSON, "acc_2", "Ann", Role.AUTHOR), BRAND)
    with pytest.raises(NotFoundError):
        given.postbacks.rotate(MANAGER, "brd_none")
