"""What crosses the API about brands and claims."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from tidings.api.pages import Body, Moment, Schema
from tidings.domain.brand import Brand, Logo, Manner, Sender, Tongue, Voice
from tidings.domain.claim import Claim as DomainClaim
from tidings.domain.claim import ClaimKind, ClaimState
from tidings.domain.instant import Instant
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
    manner: Manner = Manner()
    logo: Logo | None = None
    senders: tuple[Sender, ...] = ()
    disclaimers: dict[str, str] = Field(default_factory=dict[str, str])
    ai_disclosure: str = Field(
        default="", max_length=200, description="A line under what a model wrote; `usual`: in its language"
    )
    in_languages: dict[str, Tongue] = Field(
        default_factory=dict[str, Tongue], description="What stands instead in messages of a language: `de`, `pt-BR`, …"
    )


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
    manner: Manner | None = None
    logo: Logo | None = Field(default=None, description="null takes it off")
    senders: tuple[Sender, ...] | None = None
    disclaimers: dict[str, str] | None = None
    ai_disclosure: str | None = Field(default=None, max_length=200)
    in_languages: dict[str, Tongue] | None = None


class Claim(Schema):
    """One whole sentence a person confirmed. Drafts may say claims and nothing else of substance."""

    id: str
    sentence: str
    kind: ClaimKind
    evidence: str
    evidence_url: str
    valid_until: Moment | None
    locale: str
    channels: tuple[str, ...]
    approved_by: str | None
    retired_at: Moment | None
    state: ClaimState

    @classmethod
    def of(cls, claim: DomainClaim, now: Instant) -> Claim:
        """With where it stands now."""
        return cls.model_validate({**claim.model_dump(), "state": claim.state(now)})


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
    evidence: str = Field(default="", max_length=2000)
    evidence_url: str = Field(default="", max_length=500)
    valid_until: str | None = Field(default=None, description="RFC 3339 with its zone")
    locale: str = Field(default="en", min_length=2, max_length=20)
    channels: tuple[str, ...] = Field(default=(), description="Channels it may be used in; none means all")
    approve: bool = Field(default=True, description="false only proposes it")


class ClaimChanges(Body):
    """New values of some fields. Another sentence needs approving anew."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"evidence": "Lab report 12", "channels": ["email"]}]})

    sentence: str | None = Field(default=None, min_length=4, max_length=400)
    kind: ClaimKind | None = Field(default=None, description="null derives it from the sentence")
    evidence: str | None = Field(default=None, max_length=2000)
    evidence_url: str | None = Field(default=None, max_length=500)
    valid_until: str | None = Field(default=None, description="RFC 3339 with its zone; null for no end")
    locale: str | None = Field(default=None, min_length=2, max_length=20)
    channels: tuple[str, ...] | None = None


class Approval(Body):
    """Your yes to a claim, perhaps until a day."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"valid_until": "2027-06-30T23:59:59Z"}]})

    valid_until: str | None = Field(default=None, description="RFC 3339 with its zone; left out, as before")


class Source(Body):
    """A text to read claims from, or the address of a public web page."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"url": "https://northwind.example.com/bread"}]})

    text: str = Field(default="", max_length=400_000)
    url: str = Field(default="", max_length=2000)


class Suggestion(Schema):
    """A sentence a person may confirm, the place it stands at, and what speaks for looking twice."""

    sentence: str
    kind: ClaimKind
    place: str
    flags: tuple[str, ...]


class Proposal(Schema):
    """What a source offers. Nothing of it is kept: confirm a sentence by adding it as a claim."""

    source: str
    url: str
    suggestions: tuple[Suggestion, ...]
    left_out: dict[str, int] = Field(description="How many sentences were left out, by reason")
    cut: bool = Field(description="The source was longer than is read")
