"""Brands and the claims their drafts may state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sender(Model):
    """From and Reply-To."""

    name: str
    address: str
    reply_to: str | None = None


class Utm(Model):
    """UTM parameters of links to the brand's own sites."""

    on: bool = False
    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""


class Tracking(Model):
    """What is measured of a brand's mail, and how its links are marked."""

    clicks: bool = True
    opens: bool = False
    url: str = ""
    click_ids: bool = False
    conversion_days: int = 7
    trap: bool = False
    utm: Utm = Utm()


class Brand(Model):
    """Whose voice it is, who sends, and the postal address every mail carries."""

    id: str
    name: str
    voice: str
    sender: Sender
    postal_address: str
    website: str
    colour: str
    locale: str
    banned_words: list[str]
    required_words: list[str]
    tracking: Tracking = Tracking()
    ai_disclosure: str = ""


class BrandList(Model):
    """The brands you may see."""

    items: list[Brand]


class Claim(Model):
    """One whole sentence a person confirmed."""

    id: str
    sentence: str
    kind: str
    evidence: str
    valid_until: datetime | None = None
    locale: str
    channels: list[str]
    approved_by: str | None = None


class ClaimList(Model):
    """A brand's claims."""

    items: list[Claim]


class Brands(Resource[Mode]):
    """Brands and claims."""

    @Endpoint
    def list(self) -> Call[BrandList]:
        """The brands you may see."""
        return Call("GET", "/brands", BrandList)

    @Endpoint
    def create(self, brand: Mapping[str, Any]) -> Call[Brand]:
        """A new brand from its fields."""
        return Call("POST", "/brands", Brand, body=dict(brand))

    @Endpoint
    def get(self, brand_id: str) -> Call[Brand]:
        """One brand, by id or name."""
        return Call("GET", f"/brands/{brand_id}", Brand)

    @Endpoint
    def update(self, brand_id: str, changes: Mapping[str, Any]) -> Call[Brand]:
        """Changes the given fields; holds for what is drafted from now on."""
        return Call("PATCH", f"/brands/{brand_id}", Brand, body=dict(changes))

    @Endpoint
    def claims(self, brand_id: str) -> Call[ClaimList]:
        """What its drafts may state."""
        return Call("GET", f"/brands/{brand_id}/claims", ClaimList)

    @Endpoint
    def add_claim(
        self,
        brand_id: str,
        sentence: str,
        *,
        kind: str | None = None,
        evidence: str = "",
        valid_until: datetime | None = None,
    ) -> Call[Claim]:
        """You vouch for the sentence."""
        until = valid_until.isoformat() if valid_until else None
        body = given(sentence=sentence, kind=kind, evidence=evidence, valid_until=until)
        return Call("POST", f"/brands/{brand_id}/claims", Claim, body=body)
