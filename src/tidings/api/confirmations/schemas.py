"""What crosses the API about confirmation mails."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from tidings.api.pages import Body, Moment, Schema
from tidings.domain.campaign import CampaignState


class ConfirmationCounts(Schema):
    """Of those who wait to confirm: to_ask + on_the_way + asked + expired + not_reached = pending."""

    pending: int = Field(description="Can be written to, and have neither confirmed nor said no")
    to_ask: int = Field(description="Nobody has asked them yet")
    on_the_way: int = Field(description="Their mail is written and has not left")
    asked: int = Field(description="Their link is valid")
    expired: int = Field(description="Their link was valid once")
    not_reached: int = Field(description="Their mail was refused")
    to_remind: int = Field(description="Of all these, those who may get the one reminder now")
    confirmed: int = Field(description="People who said yes on the page behind such a mail, and whose yes holds")


class Asking(Schema):
    """One asking: a campaign of fixed words, paused, resumed and cancelled as any other."""

    campaign_id: str
    name: str
    brand_name: str
    reminder: bool
    by_name: str
    at: Moment
    state: CampaignState
    paused: bool
    people: int
    counts: dict[str, int] = Field(description="Its deliveries by state")


class Confirmations(Schema):
    """How the asking stands, and the latest askings, newest first."""

    counts: ConfirmationCounts
    askings: tuple[Asking, ...]


class NewAsking(Body):
    """In whose name to ask, and whether it is the reminder."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"brand": "Northwind Bakery", "reminder": False}]})

    brand: str = Field(default="", max_length=120, description="Name or id; empty: the only brand there is")
    reminder: bool = Field(default=False, description="Remind once those who were asked and have not answered")
