"""The compiled messages of launched campaigns, and the messages made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tidings.distribution import repository
from tidings.distribution.channels.base import Outgoing
from tidings.distribution.compile import Addressee, CompiledEmail, UndeliverableError
from tidings.distribution.tokens import TokenSigner
from tidings.domain.instant import Instant
from tidings.store.database import Database

_REMEMBERED = 20
Compiled = Mapping[tuple[int, str], CompiledEmail]
"""By step and variant."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What messages need besides their template."""

    base_url: str
    signer: TokenSigner
    returns_to: str = ""
    """Where bounces go: `bounces@example.com` makes `bounces+<token>@example.com`; empty: to the sender itself."""

    def envelope(self, sender: str, campaign_pk: int, contact_pk: int, step: int) -> tuple[str, str]:
        """The envelope sender of one delivery and its ENVID (RFC 3461), which is empty without a return address."""
        if not self.returns_to:
            return sender, ""
        token = self.signer.sign_return(campaign_pk, contact_pk, step)
        local, _, domain = self.returns_to.partition("@")
        return f"{local}+{token}@{domain}", token


class FillsIn(Protocol):
    """Makes a claimed message: each personal channel has its own."""

    def fill_in(self, message: Outgoing, now: Instant) -> None:
        """Gives it its recipient and its bytes. Raises UndeliverableError when this one message cannot be made."""
        ...


class Templates:
    """Compiles a campaign when its first message is made, and remembers the last few."""

    def __init__(self, db: Database, addresses: Addresses) -> None:
        self._db, self._addresses = db, addresses
        self._compiled: dict[int, Compiled] = {}

    def fill_in(self, message: Outgoing, now: Instant) -> None:
        """Gives a claimed message its envelope and its bytes. Raises UndeliverableError."""
        compiled = (self._compiled.get(message.campaign_pk) or self._compile(message.campaign_pk)).get(
            (message.step, message.variant)
        )
        if compiled is None:
            raise UndeliverableError(f"there is no message for variant {message.variant}")
        person = Addressee(message.contact_pk, message.step, message.fields)
        message.recipient, message.body = compiled.render(person, now)
        message.sender, message.envid = self._addresses.envelope(
            compiled.sender, message.campaign_pk, message.contact_pk, message.step
        )

    def _compile(self, campaign_pk: int) -> Compiled:
        if len(self._compiled) >= _REMEMBERED:
            self._compiled.clear()
        with self._db.reading() as conn:
            found = self._compiled[campaign_pk] = compile_campaign(conn, campaign_pk, self._addresses)
        return found


def compile_campaign(conn: Any, campaign_pk: int, addresses: Addresses) -> Compiled:
    """A launched campaign's messages, compiled."""
    campaign_id, _ = repository.campaign_name(conn, campaign_pk)
    return {
        (step, template.variant): CompiledEmail(
            template, campaign_pk=campaign_pk, campaign_id=campaign_id, base_url=addresses.base_url,
            signer=addresses.signer, link_base=base,
        )
        for step, base, template in repository.templates_of(conn, campaign_pk)
    }  # fmt: skip
