"""Contacts: who may hear from you, with their consent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tidings_client.calls import Call, Endpoint, Mode, Model, Page, Pages, Resource, given

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Contact(Model):
    """One contact. The address is masked without `contacts:read_pii`."""

    id: str
    email: str
    first_name: str
    last_name: str
    locale: str
    country: str
    time_zone: str
    attributes: dict[str, str]
    status: str
    sample: bool
    created_at: datetime
    phone: str = ""
    pending: bool = False
    """Has only to confirm the consent (double opt-in)."""


class Consent(Model):
    """What a person allowed or withdrew, with the proof."""

    purpose: str
    state: str
    at: datetime
    source: str
    wording: str
    expires_at: datetime | None = None


class ContactDetail(Model):
    """One contact with everything they ever said about consent."""

    contact: Contact
    consents: list[Consent]
    suppressed_because: str


class AudienceCounts(Model):
    """subscribed + no_consent + suppressed = contacts."""

    contacts: int
    subscribed: int
    no_consent: int
    suppressed: int
    without_zone: int
    sample: int
    pending: int = 0
    """Of those without consent, who have only to confirm it."""


class RefusedRow(Model):
    """A row that was not taken in, and what to do about it."""

    row: int
    reason: str
    remedy: str


class ImportResult(Model):
    """What became of the rows. Of those taken in, `kept_silent` said no before, and it holds."""

    added: int
    updated: int
    refused: list[RefusedRow]
    kept_silent: int
    warnings: list[str] = Field(default_factory=list[str])
    pending: int = 0
    """Of those taken in, who are not written to before they confirm."""


class SuppressionImport(Model):
    """What became of the rows of a list. Of these, `known` stood on ours before."""

    added: int
    known: int
    refused: list[RefusedRow]


class ConsentProof(Model):
    """Where and in which words people agreed; covers rows that bring none of their own."""

    source: str
    wording: str


class Contacts(Resource[Mode]):
    """Contacts."""

    @Endpoint
    def list(
        self, *, query: str = "", segment_id: str | None = None, after: str = "", limit: int = 50
    ) -> Call[Page[Contact]]:
        """One page."""
        asked = given(query=query or None, segment_id=segment_id, after=after or None, limit=limit)
        return Call("GET", "/contacts", Page[Contact], asked)

    @Pages
    def all(self, *, query: str = "", segment_id: str | None = None) -> Call[Page[Contact]]:
        """Every contact."""
        return Call("GET", "/contacts", Page[Contact], given(query=query or None, segment_id=segment_id, limit=200))

    @Endpoint
    def counts(self) -> Call[AudienceCounts]:
        """The audience in numbers."""
        return Call("GET", "/contacts/counts", AudienceCounts)

    @Endpoint
    def get(self, contact_id: str) -> Call[ContactDetail]:
        """One contact with its consent history."""
        return Call("GET", f"/contacts/{contact_id}", ContactDetail)

    @Endpoint
    def add(self, rows: Sequence[Mapping[str, str]], *, consent: ConsentProof | None = None) -> Call[ImportResult]:
        """Adds or updates. A row without proof of consent is refused."""
        body = given(rows=[dict(row) for row in rows], consent=consent and consent.model_dump())
        return Call("POST", "/contacts", ImportResult, body=body)

    @Endpoint
    def import_csv(self, table: bytes, *, consent: ConsentProof | None = None) -> Call[ImportResult]:
        """Imports a CSV file. Repeating it is harmless."""
        query = given(
            consent_source=(consent and consent.source) or None, consent_wording=(consent and consent.wording) or None
        )
        return Call("POST", "/contacts/import", ImportResult, query, content=table, content_type="text/csv")

    @Endpoint
    def suppress(self, address: str, reason: str = "") -> Call[None]:
        """Nothing is sent to the address any more, whoever imports it again."""
        return Call("POST", "/contacts/suppress", body={"address": address, "reason": reason})

    @Endpoint
    def import_suppressions(self, table: bytes, source: str, reason: str = "manual") -> Call[SuppressionImport]:
        """Imports the addresses another system does not write to; `reason` is that of rows that give none."""
        query = given(source=source, reason=reason)
        return Call(
            "POST", "/suppressions/import", SuppressionImport, query, content=table, content_type="text/csv"
        )  # fmt: skip

    @Endpoint
    def personal_data(self, contact: str) -> Call[dict[str, Any]]:
        """Everything held about the person of that id, whole address or whole number; asking for it goes on record."""
        return Call("POST", "/contacts/personal-data", dict[str, Any], body={"contact": contact})

    @Endpoint
    def erase(self, contact_id: str) -> Call[None]:
        """Erases a person for good."""
        return Call("DELETE", f"/contacts/{contact_id}")
