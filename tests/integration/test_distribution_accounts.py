"""Accounts at providers on a real database: rights, secrets that never come out, names, problems, what is used."""

from __future__ import annotations

import base64
import json
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from sqlalchemy import select, update
from tests.conftest import FakeClock
from tests.integration import distribution_bed as bed
from tests.unit import provider_bed

from tidings.access.audit import latest
from tidings.distribution.accounts import limits
from tidings.distribution.accounts.service import ChannelService
from tidings.distribution.channels import registry
from tidings.distribution.channels.registry import Provider
from tidings.distribution.throttle import turns
from tidings.distribution.throttle.account import AccountLimit
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.brand import Brand, Sender
from tidings.domain.channel import Channel
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnavailableError
from tidings.domain.instant import HOUR, SECOND
from tidings.net.addresses import AddressRule
from tidings.net.breaker import Breaker
from tidings.net.guard import Guard
from tidings.store.database import Database
from tidings.store.settings import get_setting
from tidings.store.tables import brand, channel_account

KEY = "a-very-secret-key"
ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
AUTHOR = Actor(ActorKind.PERSON, "acc_2", "Ola", Role.AUTHOR)
BRAND = Brand(
    id="brd_1", name="Northwind Bakery", sender=Sender(name="Northwind", address="hello@northwind.example"),
    postal_address="Mill Lane 4, 1010 Vienna", website="https://northwind.example",
)  # fmt: skip


class Form(BaseModel):
    """What the service of these tests needs."""

    region: str = "eu"
    key: SecretStr
    second: SecretStr = SecretStr("")


class Asked:
    """What the provider's check saw, and whether it works."""

    keys: list[str]
    refuses = False

    def __init__(self) -> None:
        self.keys = []

    def __call__(self, form: Form, _net: Any) -> str:
        self.keys.append(form.key.get_secret_value())
        if self.refuses:
            raise UnavailableError("Pigeon refuses the key.", remedy="Make a new one.")
        return "the key works"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    for name, channel in (("pigeon", Channel.EMAIL), ("wall", Channel.MASTODON)):
        module = ModuleType(f"tests_{name}")
        module.PROVIDER = Provider(name, name.title(), channel, Form, check=asked if name == "pigeon" else None)  # pyright: ignore[reportAttributeAccessIssue]
        monkeypatch.setitem(__import__("sys").modules, f"tests_{name}", module)
        monkeypatch.setitem(registry.PROVIDERS, name, f"tests_{name}")
    return asked


@pytest.fixture
def channels(database: Database, clock: Any, secrets: Any, asked: Asked) -> ChannelService:
    return ChannelService(database, clock, secrets)


def _add(channels: ChannelService, name: str = "Ours", **more: Any) -> Any:
    values = {"key": KEY, **more.pop("values", {})}
    return channels.create(ADMIN, provider_name=more.pop("provider", "pigeon"), name=name, values=values, **more)


def test_what_stays_on_this_machine_is_ready_for_there_is_nobody_to_ask(channels: ChannelService) -> None:
    feed = channels.create(ADMIN, provider_name="feed", name="News", values={"feed": "news", "title": "News"})
    assert feed.state == "ready"


def test_an_account_shows_what_is_set_and_never_a_secret(channels: ChannelService, database: Database) -> None:
    made = _add(channels, values={"region": "us"})
    assert made.config == {"region": "us"}
    assert made.secrets == {"key": True, "second": False}
    assert (made.state, made.enabled, made.in_use) == ("not checked", True, True)
    assert KEY not in repr(made) + repr(channels.accounts(AUTHOR))
    with database.reading() as conn:
        stored = conn.execute(select(channel_account)).mappings().one()
        assert KEY not in json.dumps({key: str(value) for key, value in stored.items()})
        trail = latest(conn)
        account = channels.account(conn, made.id)
    assert account.form.key.get_secret_value() == KEY
    assert KEY not in repr(account)
    assert (trail[0]["action"], KEY in json.dumps(trail)) == ("channel.create", False)


def test_who_may_not_change_settings_may_look(channels: ChannelService) -> None:
    made = _add(channels)
    assert [each.id for each in channels.accounts(AUTHOR)] == [made.id]
    assert {"pigeon", "wall"} <= {each.name for each in channels.providers(AUTHOR)}
    for forbidden in (
        lambda: channels.create(AUTHOR, provider_name="pigeon", name="x", values={"key": "k"}),
        lambda: channels.update(AUTHOR, made.id, values={"region": "us"}),
        lambda: channels.enable(AUTHOR, made.id, enabled=False),
        lambda: channels.remove(AUTHOR, made.id),
        lambda: channels.check(AUTHOR, made.id),
    ):
        with pytest.raises(ForbiddenError):
            forbidden()


def test_a_change_keeps_the_secrets_that_are_not_given(channels: ChannelService, database: Database) -> None:
    made = _add(channels, values={"second": "other"})
    channels.update(ADMIN, made.id, values={"region": "us", "key": ""}, name="Renamed", priority=5)
    after = channels.update(ADMIN, "renamed", values={"second": None})
    assert (after.name, after.priority, after.config) == ("Renamed", 5, {"region": "us"})
    assert after.secrets == {"key": True, "second": False}
    with database.reading() as conn:
        assert channels.account(conn, made.id).form.key.get_secret_value() == KEY


def test_the_account_in_use_is_the_enabled_one_of_highest_priority(
    channels: ChannelService, database: Database
) -> None:
    low, high = _add(channels, "low", priority=1), _add(channels, "high", priority=9)
    assert {each.name: each.in_use for each in channels.accounts(ADMIN)} == {"high": True, "low": False}
    assert not channels.get(ADMIN, low.id).in_use
    assert channels.enable(ADMIN, high.id, enabled=False).state == "off"
    assert {each.name: each.in_use for each in channels.accounts(ADMIN)} == {"low": True, "high": False}
    with database.reading() as conn:
        assert [each.name for each in channels.usable(conn, Channel.EMAIL)] == ["low"]


def test_a_check_keeps_what_it_found(channels: ChannelService, asked: Asked) -> None:
    made = _add(channels)
    assert channels.check(ADMIN, made.id).state == "works"
    asked.refuses = True
    found = channels.check(ADMIN, made.id)
    assert (found.state, found.problem) == ("problem", "Pigeon refuses the key. Make a new one.")
    assert found.problem_at is not None
    channels.trouble(made.id, "")
    assert channels.get(ADMIN, made.id).state == "works"
    channels.trouble(made.id, "it says no")
    assert channels.get(ADMIN, made.id).problem == "it says no"
    assert asked.keys == [KEY, KEY]
    # New values: what was known about the old ones says nothing about them.
    assert channels.update(ADMIN, made.id, values={"region": "us"}).state == "not checked"
    wall = _add(channels, "Wall", provider="wall", brand_id="brd_1")
    with pytest.raises(InvalidInputError, match="Its first posting shows"):
        channels.check(ADMIN, wall.id)


def test_wrong_input_names_the_field_and_never_its_value(channels: ChannelService) -> None:
    with pytest.raises(InvalidInputError) as missing:
        channels.create(ADMIN, provider_name="pigeon", name="x", values={})
    assert missing.value.field == "key"
    with pytest.raises(InvalidInputError) as unknown:
        _add(channels, values={"regoin": KEY})
    assert (unknown.value.field, KEY in str(unknown.value)) == ("regoin", False)
    with pytest.raises(InvalidInputError) as wrong:
        _add(channels, values={"region": [KEY]})
    assert KEY not in str(wrong.value)
    with pytest.raises(NotFoundError, match="pigeon"):
        _add(channels, provider="owl")
    with pytest.raises(InvalidInputError, match="every brand"):
        _add(channels, brand_id="brd_1")
    _add(channels, "Ours")
    with pytest.raises(ConflictError):
        _add(channels, "ours")


def test_an_account_of_a_brand_is_not_seen_from_another(channels: ChannelService) -> None:
    made = _add(channels, provider="wall", brand_id="brd_1")
    other = Actor(ActorKind.PERSON, "acc_3", "Bo", Role.ADMIN, brands=frozenset({"brd_2"}))
    assert channels.accounts(other) == []
    with pytest.raises(NotFoundError):
        channels.remove(other, made.id)
    channels.remove(ADMIN, made.id)
    with pytest.raises(NotFoundError):
        channels.get(ADMIN, made.id)


def test_a_test_message_counts_for_the_accounts_limits(
    database: Database, clock: FakeClock, secrets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "AccountLimit", partial(AccountLimit, time=lambda _conn: clock.now()))
    bed.add_campaign(database, bed.add_people(database, 1, clock.now()), clock.now())
    guard = Guard(AddressRule(allowed=frozenset({"127.0.0.1"})), Breaker())
    channels = ChannelService(database, clock, secrets, guard)
    with database.transaction() as conn:
        conn.execute(update(brand).values(body=BRAND.model_dump(mode="json")))
    with provider_bed.serving(provider_bed.FakeSendGrid(provider_bed.OtherSide())) as fake:
        values = {"api_key": provider_bed.SECRET, "api_url": fake.address, "per_hour": 2}
        made = channels.create(ADMIN, provider_name="sendgrid", name="Blue", values=values)
        for to in ("a@example.com", "b@example.com"):
            assert channels.send_test(ADMIN, made.id, to).result == "accepted"
        with pytest.raises(UnavailableError, match="Blue sends at most 2 an hour, and that is used up") as refused:
            channels.send_test(ADMIN, made.id, "c@example.com")
        assert "11:00 UTC" in refused.value.remedy
        clock.advance(HOUR + 3 * SECOND)
        channels.send_test(ADMIN, made.id, "c@example.com")
    assert list(fake.to) == ["a@example.com", "b@example.com", "c@example.com"]
    channels.remove(ADMIN, made.id)
    with database.reading() as conn:
        assert get_setting(conn, turns.KEY + made.id) is None


def test_what_can_neither_be_checked_nor_tried_sends_nobody_in_a_circle(channels: ChannelService) -> None:
    values = {"url": "https://hooks.example.com/x", "secret": f"whsec_{base64.b64encode(bytes(32)).decode()}"}
    made = channels.create(ADMIN, provider_name="webhook", name="Hook", values=values)
    for act in (lambda: channels.check(ADMIN, made.id), lambda: channels.send_test(ADMIN, made.id, "a@example.com")):
        with pytest.raises(InvalidInputError) as found:
            act()
        assert found.value.remedy == "Its first posting shows whether it works."
