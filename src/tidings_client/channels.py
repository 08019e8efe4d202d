"""Accounts at providers, by which messages leave."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHECK_SECONDS = 60.0


class Provider(Model):
    """A service an account can be set up at. `form` is the JSON Schema of its settings."""

    name: str
    title: str
    channel: str
    personal: bool
    about: str
    limits: dict[str, str]
    form: dict[str, Any]
    secrets: list[str]
    can_check: bool


class ProviderList(Model):
    """Every provider there is."""

    items: list[Provider]


class ChannelAccount(Model):
    """One account. `secrets` says of each secret setting whether it is set; none is ever answered."""

    id: str
    name: str
    channel: str
    provider: str
    title: str
    personal: bool
    brand_id: str | None = None
    config: dict[str, Any]
    secrets: dict[str, bool]
    enabled: bool
    priority: int
    state: str
    in_use: bool
    problem: str = ""
    problem_at: datetime | None = None
    checked_at: datetime | None = None
    can_check: bool
    created_at: datetime
    updated_at: datetime


class ChannelAccountList(Model):
    """Every account you may see."""

    items: list[ChannelAccount]


class TestAnswer(Model):
    """What the provider said to a test message."""

    __test__ = False

    result: str
    words: str
    reference: str = ""


class PushLink(Model):
    """The page on which a contact allows notifications."""

    url: str


class Channels(Resource[Mode]):
    """Accounts at providers."""

    @Endpoint
    def providers(self) -> Call[ProviderList]:
        """Every service messages can leave through, with the form of its account."""
        return Call("GET", "/channels/providers", ProviderList)

    @Endpoint
    def list(self) -> Call[ChannelAccountList]:
        """The accounts, by channel; the one in use before the others."""
        return Call("GET", "/channels", ChannelAccountList)

    @Endpoint
    def create(
        self, provider: str, settings: Mapping[str, Any], *, name: str = "", brand_id: str | None = None,
        priority: int = 0, enabled: bool = True,
    ) -> Call[ChannelAccount]:  # fmt: skip
        """Sets up an account; `settings` is the provider's filled-in form, secrets included."""
        body = given(
            provider=provider, settings=dict(settings), name=name, brand_id=brand_id, priority=priority, enabled=enabled
        )
        return Call("POST", "/channels", ChannelAccount, body=body)

    @Endpoint
    def get(self, account_id: str) -> Call[ChannelAccount]:
        """One account, by id or name."""
        return Call("GET", f"/channels/{account_id}", ChannelAccount)

    @Endpoint
    def update(
        self, account_id: str, *, name: str | None = None, settings: Mapping[str, Any] | None = None,
        priority: int | None = None,
    ) -> Call[ChannelAccount]:  # fmt: skip
        """Changes what is given. A secret that is left out or empty stays; None forgets it."""
        settings = dict(settings) if settings is not None else None
        body = given(name=name, settings=settings, priority=priority)
        return Call("PATCH", f"/channels/{account_id}", ChannelAccount, body=body)

    @Endpoint
    def check(self, account_id: str) -> Call[ChannelAccount]:
        """Proves its credentials; `state` and `problem` say what came of it."""
        return Call("POST", f"/channels/{account_id}/check", ChannelAccount, seconds=_CHECK_SECONDS)

    @Endpoint
    def test(self, account_id: str, to: str) -> Call[TestAnswer]:
        """Sends one short message: to an e-mail address, a phone number in E.164, or for push a contact's id."""
        return Call("POST", f"/channels/{account_id}/test", TestAnswer, body={"to": to}, seconds=_CHECK_SECONDS)

    @Endpoint
    def create_push_link(self, contact_id: str) -> Call[PushLink]:
        """The page on which this contact allows notifications; for that person only."""
        return Call("POST", "/channels/push-links", PushLink, body={"contact_id": contact_id})

    @Endpoint
    def enable(self, account_id: str) -> Call[ChannelAccount]:
        """Messages may leave by it again."""
        return Call("POST", f"/channels/{account_id}/enable", ChannelAccount)

    @Endpoint
    def disable(self, account_id: str) -> Call[ChannelAccount]:
        """Nothing leaves by it; what waits for it stays."""
        return Call("POST", f"/channels/{account_id}/disable", ChannelAccount)

    @Endpoint
    def remove(self, account_id: str) -> Call[None]:
        """Forgets it and its secrets."""
        return Call("DELETE", f"/channels/{account_id}")
