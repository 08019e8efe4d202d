"""What crosses the API about the audience."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from tidings.api.pages import Body, Moment, Schema
from tidings.domain.consent import ConsentState, Purpose


class Contact(Schema):
    """One contact. The address is masked without `contacts:read_pii`. `status` is for marketing e-mail."""

    id: str
    email: str
    first_name: str
    last_name: str
    locale: str
    country: str
    time_zone: str = Field(description="IANA name; empty when unknown")
    attributes: dict[str, str]
    status: str = Field(description="subscribed, no_consent or suppressed")
    sample: bool
    created_at: Moment
    phone: str = Field(default="", description="E.164, masked like the address; empty when unknown")
    pending: bool = Field(default=False, description="Has only to confirm the consent (double opt-in)")


class Consent(Schema):
    """What a person allowed or withdrew, with the proof."""

    purpose: Purpose
    state: ConsentState
    at: Moment
    source: str
    wording: str
    expires_at: Moment | None


class ContactDetail(Schema):
    """One contact with everything they ever said about consent."""

    contact: Contact
    consents: tuple[Consent, ...]
    suppressed_because: str


class PersonalDataAsked(Body):
    """About whom, and how it is to be read."""

    contact: str = Field(min_length=1, max_length=400, description="The id, or the whole address or telephone number")
    form: Literal["json", "text"] = "json"


class AudienceCounts(Schema):
    """How many contacts there are: subscribed + no_consent + suppressed = contacts."""

    contacts: int
    subscribed: int
    no_consent: int
    suppressed: int
    without_zone: int
    sample: int
    pending: int = Field(default=0, description="Of those without consent, who have only to confirm it")


class Segment(Schema):
    """A saved live rule and how many people match it now."""

    id: str
    name: str
    description: str
    rule: dict[str, Any]
    people: int


class Segments(Schema):
    """Every segment."""

    items: list[Segment]


class NewSegment(Body):
    """A rule to save."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Readers in Austria", "rule": {"field": "country", "op": "is", "value": "AT"}}]
        }
    )

    name: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", max_length=500)
    rule: dict[str, Any]


class ConsentProof(Body):
    """Where and in which words the people of these rows agreed."""

    source: str = Field(min_length=1, max_length=200)
    wording: str = Field(min_length=1, max_length=1000)


class NewContacts(Body):
    """Rows whose keys are named like the columns of a CSV file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rows": [{"email": "ada@example.com", "first_name": "Ada", "time_zone": "Europe/London"}],
                    "consent": {"source": "sign-up form", "wording": "Yes, send me the newsletter."},
                }
            ]
        }
    )

    rows: list[dict[str, str]] = Field(min_length=1, max_length=10_000)
    consent: ConsentProof | None = Field(default=None, description="Covers rows that bring none of their own")


class RefusedRow(Schema):
    """A row that was not taken in, and what to do about it."""

    row: int
    reason: str
    remedy: str


class ImportResult(Schema):
    """What became of the rows. Of those taken in, `kept_silent` said no before, and it holds."""

    added: int
    updated: int
    refused: list[RefusedRow]
    kept_silent: int
    warnings: list[str] = Field(default_factory=list[str], description="What looks odd about the table")
    pending: int = Field(default=0, description="Of those taken in, who are not written to before they confirm")


class SuppressionImport(Schema):
    """What became of the rows of a list. Of these, `known` stood on ours before."""

    added: int
    known: int
    refused: list[RefusedRow]


class Suppress(Body):
    """An e-mail address or phone number that must not be written to, known as a contact or not."""

    address: str = Field(min_length=3, max_length=320)
    reason: str = Field(default="", max_length=200)
