"""What crosses the API about providers and accounts: secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from tidings.api.pages import Body, Moment, Schema


class Provider(Schema):
    """A service an account can be set up at. `form` is the JSON Schema of its settings."""

    name: str
    title: str
    channel: str
    personal: bool = Field(description="It writes to one contact each; else it posts once for everybody")
    about: str
    limits: dict[str, str]
    form: dict[str, Any] = Field(validation_alias="schema")
    secrets: tuple[str, ...] = Field(description="Settings that are stored apart and never shown again")
    can_check: bool


class Providers(Schema):
    """Every provider there is."""

    items: list[Provider]


class ChannelAccount(Schema):
    """One account. `secrets` says of each secret setting whether it is set."""

    id: str
    name: str
    channel: str
    provider: str
    title: str
    personal: bool
    brand_id: str | None
    config: dict[str, Any]
    secrets: dict[str, bool]
    enabled: bool
    priority: int
    state: str = Field(description="off, problem, works or not checked")
    in_use: bool
    problem: str
    problem_at: Moment | None
    checked_at: Moment | None
    can_check: bool
    created_at: Moment
    updated_at: Moment


class ChannelAccounts(Schema):
    """Every account you may see."""

    items: list[ChannelAccount]


class NewChannelAccount(Body):
    """A provider and its filled-in form, secrets included."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"provider": "postmark", "name": "Postmark", "settings": {"server_token": "…", "stream": "broadcast"}}
            ]
        }
    )

    provider: str = Field(max_length=50)
    name: str = Field(default="", max_length=80, description="Without it, the provider's title")
    settings: dict[str, Any]
    brand_id: str | None = Field(default=None, description="Only for channels that post; none: every brand")
    priority: int = Field(default=0, ge=-1000, le=1000, description="The highest of a personal channel is used")
    enabled: bool = True


class ChannelAccountChanges(Body):
    """New values. A secret that is left out or empty stays; null forgets it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"priority": 10}]})

    name: str | None = Field(default=None, max_length=80)
    settings: dict[str, Any] | None = None
    priority: int | None = Field(default=None, ge=-1000, le=1000)


class TestMessage(Body):
    """Where a test message goes: an e-mail address, a phone number in E.164, or a contact's id for push."""

    __test__ = False

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "ada@example.com"}]})

    to: str = Field(min_length=3, max_length=320)


class PushContact(Body):
    """Whose browser may be asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"contact_id": "con_01kaf0000000000000000000000"}]})

    contact_id: str = Field(min_length=5, max_length=40)


class PushLink(Schema):
    """The page on which the contact allows notifications."""

    url: str


class TestAnswer(Schema):
    """What the provider said to the test message."""

    __test__ = False

    result: str = Field(description="accepted, deferred, failed or uncertain")
    words: str
    reference: str = Field(description="The provider's own name for the message, where it gave one")
