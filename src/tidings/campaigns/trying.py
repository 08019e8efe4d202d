"""Test sends: exactly what would leave, by the same code and relay, to people of the house, and counted nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tidings.access import audit
from tidings.access.permissions import Permission, may
from tidings.access.repository import all_accounts
from tidings.campaigns import repository, versions
from tidings.campaigns.attaching import campaign_for
from tidings.campaigns.editing import draft_of
from tidings.campaigns.messages import message
from tidings.campaigns.preview import NOBODY, merge_fields_of
from tidings.content.service import load_brand
from tidings.distribution.attachments import contents
from tidings.distribution.channels.base import Result
from tidings.domain.contact import mask_address
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from tidings.campaigns.revising import Reviser
    from tidings.distribution.service import DistributionService
    from tidings.distribution.trial import HandOver
    from tidings.domain.actor import Actor
    from tidings.domain.instant import Clock
    from tidings.store.database import Database

MOST = 10


@dataclass(frozen=True, slots=True)
class TestMail:
    """One test mail and what the relay said to it."""

    __test__ = False  # the name is the product's, not pytest's

    to: str
    accepted: bool
    code: str
    words: str


class TestSendService:
    """Nothing here writes a delivery, an event or a contact; the audit trail alone knows of it."""

    __test__ = False

    def __init__(
        self, db: Database, clock: Clock, reviser: Reviser, distribution: DistributionService, send: HandOver
    ) -> None:
        self._db, self._clock, self._reviser = db, clock, reviser
        self._distribution, self._send = distribution, send

    def send(
        self, actor: Actor, campaign_id: str, variant: str, *, to: Sequence[str] = (), contact_id: str | None = None
    ) -> list[TestMail]:
        """Sends the revision in force as a contact of the plan would get it; to oneself, or to addresses of accounts.

        Drafts with findings that block them can be tried too: that is what a test is for. Raises InvalidInputError
        for an address that is no account's, ConflictError while all sending is paused, UnavailableError when the relay
        cannot be reached. Blocking, up to a minute.
        """
        with self._db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_APPROVE)
            if self._distribution.all_paused(conn) is not None:
                raise ConflictError("All sending is paused.", remedy="Resume it first, or look at the preview.")
            revised = self._reviser.in_force(conn, row)
            brand, _ = load_brand(conn, row.brand_id)
            template = message(revised, brand, draft_of(revised, variant), row.id)
            person = repository.first_person(conn, row.pk, contact_id, versions.beside(revised, variant))
            if contact_id is not None and person is None:
                raise NotFoundError(f"There is no contact {contact_id}.")
            fields = NOBODY if person is None else merge_fields_of(person)
            if not may(actor, Permission.CONTACTS_READ_PII):
                fields = {**fields, "email": mask_address(fields["email"])}
            files = contents(conn, revised.attachments)
            addresses = _addresses(conn, actor, to)
        mails = [self._distribution.trial(template, fields, address, files) for address in addresses]
        outcomes = self._send(mails)
        with self._db.transaction() as conn:
            detail = {"variant": variant, "revision": revised.number, "mails": len(mails)}
            audit.record(conn, self._clock.now(), actor, "campaign.test_send", row.id, detail)
        return [
            TestMail(address, outcome.result is Result.ACCEPTED, outcome.code, outcome.words)
            for address, outcome in zip(addresses, outcomes, strict=True)
        ]


def _addresses(conn: Connection, actor: Actor, to: Sequence[str]) -> list[str]:
    accounts = [account for account in all_accounts(conn) if account.active]
    if not to:
        own = next((account.email for account in accounts if account.id == actor.id), None)
        if own is None:
            raise InvalidInputError("You have no address here.", remedy="Name an account's address.", field="to")
        return [own]
    if len(to) > MOST:
        raise InvalidInputError(f"A test goes to at most {MOST} addresses.", remedy="Name fewer.", field="to")
    known = {account.email.casefold(): account.email for account in accounts}
    found = list(dict.fromkeys(known.get(address.strip().casefold(), "") for address in to))
    if "" in found:
        raise InvalidInputError(
            "A test goes to people with an account here, and to nobody else.",
            remedy="Name addresses of accounts; all others need consent and a campaign.", field="to",
        )  # fmt: skip
    return found
