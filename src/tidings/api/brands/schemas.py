"""What crosses the API about brands and claims."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from tidings.api.pages import Body, Moment, Schema
from tidings.domain.brand import Brand, Sender, Voice
from tidings.domain.claim import ClaimKind
from tidings.domain.tracking import Tracking

BRAND_EXAMPLE: JsonDict = {
    "name": "Northwind Bakery",
    "voice": "friendly",
    "sender": {"name": "Northwind Bakery", "address": "hello@northwind.example.com"},
    "postal_address": "Mill Lane 4, 1010 Vienna, Austria",
    "website": "https://northwind.example.com",
}


class Brands(Schema):
    """The brands you may see."""

    items: list[Brand]


class BrandFields(Body):
    """A brand: whose voice it is, who sends, and the postal address every mail must carry."""

    model_config = ConfigDict(json_schema_extra={"examples": [BRAND_EXAMPLE]})

    name: str = Field(min_length=1, max_length=80)
    voice: Voice = "friendly"
    sender: Sender
    postal_address: str = Field(min_length=8, max_length=300)
    website: str = Field(pattern=r"^https?://")
    colour: str = "#4353d0"
    locale: str = "en"
    banned_words: tuple[str, ...] = ()
    required_words: tuple[str, ...] = ()
    tracking: Tracking = Tracking()
    ai_disclosure: str = Field(default="", max_length=200, description="A line under what a model wrote")


class BrandChanges(Body):
    """New values of some fields."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"voice": "professional"}]})

    name: str | None = Field(default=None, min_length=1, max_length=80)
    voice: Voice | None = None
    sender: Sender | None = None
    postal_address: str | None = Field(default=None, min_length=8, max_length=300)
    website: str | None = Field(default=None, pattern=r"^https?://")
    colour: str | None = None
    locale: str | None = None
    banned_words: tuple[str, ...] | None = None
    required_words: tuple[str, ...] | None = None
    tracking: Tracking | None = None
    ai_disclosure: str | None = Field(default=None, max_length=200)


class Claim(Schema):
    """One whole sentence a person confirmed. Drafts may say claims and nothing else of substance."""

    id: str
    sentence: str
    kind: ClaimKind
    evidence: str
    valid_until: Moment | None
    locale: str
    channels: tuple[str, ...]
    approved_by: str | None


class Claims(Schema):
    """A brand's claims."""

    items: list[Claim]


class NewClaim(Body):
    """A sentence you vouch for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"sentence": "Our bread is baked every night.", "kind": "what", "evidence": "Bakery schedule"}]
        }
    )

    sentence: str = Field(min_length=4, max_length=400)
    kind: ClaimKind | None = Field(default=None, description="Without it, derived from the sentence")
    evidence: str = Field(default="", max_length=500)
    valid_until: str | None = Field(default=None, description="RFC 3339 with its zone")
