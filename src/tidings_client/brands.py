"""Brands and the claims their drafts may state."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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


class Logo(Model):
    """The brand's picture above its mails."""

    url: str
    alt: str
    width: int = 160


class Manner(Model):
    """How the brand speaks beyond its voice."""

    adjectives: tuple[str, ...] = ()
    do: tuple[str, ...] = ()
    dont: tuple[str, ...] = ()
    reading_grade: int | None = None
    person: str = "any"
    emoji: str = "free"


class Tongue(Model):
    """What a brand says otherwise in one language. What is empty stays as it is."""

    required_words: tuple[str, ...] = ()
    disclaimer: str = ""
    ai_disclosure: str = ""


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
    manner: Manner = Manner()
    logo: Logo | None = None
    senders: tuple[Sender, ...] = ()
    disclaimers: dict[str, str] = Field(default_factory=dict)
    ai_disclosure: str = ""
    in_languages: dict[str, Tongue] = Field(default_factory=dict)


class BrandList(Model):
    """The brands you may see."""

    items: list[Brand]


class Claim(Model):
    """One whole sentence a person confirmed."""

    id: str
    sentence: str
    kind: str
    evidence: str
    evidence_url: str = ""
    valid_until: datetime | None = None
    locale: str
    channels: list[str]
    approved_by: str | None = None
    retired_at: datetime | None = None
    state: str | None = None


class ClaimList(Model):
    """A brand's claims."""

    items: list[Claim]


class Suggestion(Model):
    """A sentence a person may confirm, its place, and what speaks for looking twice."""

    sentence: str
    kind: str
    place: str
    flags: list[str]


class Proposal(Model):
    """What a source offers; nothing of it is kept."""

    source: str
    url: str
    suggestions: list[Suggestion]
    left_out: dict[str, int]
    cut: bool


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
    def claims(self, brand_id: str, *, state: str | None = None) -> Call[ClaimList]:
        """What its drafts may state; of one state (valid, expiring, expired, proposed, retired) or all in use."""
        return Call("GET", f"/brands/{brand_id}/claims", ClaimList, given(state=state))

    @Endpoint
    def claim(self, claim_id: str) -> Call[Claim]:
        """One claim."""
        return Call("GET", f"/claims/{claim_id}", Claim)

    @Endpoint
    def add_claim(
        self,
        brand_id: str,
        sentence: str,
        *,
        kind: str | None = None,
        evidence: str = "",
        evidence_url: str = "",
        valid_until: datetime | None = None,
        locale: str | None = None,
        channels: Sequence[str] = (),
        approve: bool = True,
    ) -> Call[Claim]:
        """You vouch for the sentence; with `approve=False` it is only proposed."""
        until = valid_until.isoformat() if valid_until else None
        body = given(
            sentence=sentence, kind=kind, evidence=evidence, evidence_url=evidence_url, valid_until=until,
            locale=locale, channels=[*channels], approve=approve,
        )  # fmt: skip
        return Call("POST", f"/brands/{brand_id}/claims", Claim, body=body)

    @Endpoint
    def edit_claim(self, claim_id: str, changes: Mapping[str, Any]) -> Call[Claim]:
        """Changes the given fields; another sentence needs approving anew."""
        sent = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in changes.items()}
        return Call("PATCH", f"/claims/{claim_id}", Claim, body=sent)

    @Endpoint
    def approve_claim(self, claim_id: str, *, valid_until: datetime | None = None) -> Call[Claim]:
        """In your name; an expired one needs a new end."""
        body = given(valid_until=valid_until.isoformat() if valid_until else None)
        return Call("POST", f"/claims/{claim_id}/approve", Claim, body=body)

    @Endpoint
    def retire_claim(self, claim_id: str) -> Call[Claim]:
        """Takes it out of use for good."""
        return Call("POST", f"/claims/{claim_id}/retire", Claim)

    @Endpoint
    def propose_claims(self, brand_id: str, *, text: str = "", url: str = "") -> Call[Proposal]:
        """Sentences of a text or a public web page that could be claims. Nothing is kept."""
        return Call(
            "POST", f"/brands/{brand_id}/claims/propose", Proposal, body=given(text=text, url=url), seconds=60
        )  # fmt: skip

    @Endpoint
    def propose_claims_from_file(self, brand_id: str, name: str, content: bytes) -> Call[Proposal]:
        """The same of a text, Markdown, HTML or PDF file."""
        return Call(
            "POST", f"/brands/{brand_id}/claims/propose-file", Proposal, {"name": name}, content=content,
            content_type="application/octet-stream", seconds=60,
        )  # fmt: skip
