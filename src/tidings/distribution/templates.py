"""The compiled messages of launched campaigns, and the messages made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tidings.distribution import attachments, repository
from tidings.distribution.channels.base import Outgoing
from tidings.distribution.compile import Addressee, CompiledEmail, UndeliverableError
from tidings.distribution.short import CompiledShort
from tidings.distribution.tokens import TokenSigner
from tidings.domain.channel import Channel
from tidings.domain.instant import Instant
from tidings.domain.message import ShortTemplate
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

    def __init__(self, db: Database, addresses: Addresses, *, parts: bool = False) -> None:
        """`parts`: for a way out that makes the MIME itself."""
        self._db, self._addresses, self._wants_parts = db, addresses, parts
        self._compiled: dict[int, Compiled] = {}

    def fill_in(self, message: Outgoing, now: Instant) -> None:
        """Gives a claimed message its envelope and its bytes. Raises UndeliverableError."""
        which = (message.step, message.variant)
        compiled = self._compiled.get(message.campaign_pk, {}).get(which)
        if compiled is None:  # not asked for yet, or a step was added since
            compiled = self._compile(message.campaign_pk).get(which)
        if compiled is None:
            raise UndeliverableError(f"there is no message for variant {message.variant}")
        if self._wants_parts:
            person = Addressee(message.contact_pk, message.step, message.fields, message.opens)
            message.parts = made = compiled.parts(person)
            message.recipient = made.to
        else:
            message.recipient, message.body = compiled.made(
                message.contact_pk, message.step, message.fields, now, opens=message.opens
            )
        message.sender, message.envid = self._addresses.envelope(
            compiled.sender, message.campaign_pk, message.contact_pk, message.step
        )

    def _compile(self, campaign_pk: int) -> Compiled:
        if len(self._compiled) >= _REMEMBERED and campaign_pk not in self._compiled:
            self._compiled.clear()
        with self._db.reading() as conn:
            found = self._compiled[campaign_pk] = compile_campaign(conn, campaign_pk, self._addresses)
        return found


class ShortTemplates:
    """The same for text messages and notifications."""

    def __init__(self, db: Database, addresses: Addresses, channel: Channel) -> None:
        self._db, self._addresses, self._channel = db, addresses, channel
        self._compiled: dict[int, Mapping[tuple[int, str], CompiledShort]] = {}

    def fill_in(self, message: Outgoing, now: Instant) -> None:  # noqa: ARG002  # the contract's
        """Gives a claimed message its recipient and its text. Raises UndeliverableError."""
        found = self._compiled.get(message.campaign_pk) or self._compile(message.campaign_pk)
        compiled = found.get((message.step, message.variant))
        if compiled is None:
            raise UndeliverableError(f"there is no {self._channel.value} message for variant {message.variant}")
        message.parts = made = compiled.parts(Addressee(message.contact_pk, message.step, message.fields))
        message.recipient = made.to

    def _compile(self, campaign_pk: int) -> Mapping[tuple[int, str], CompiledShort]:
        if len(self._compiled) >= _REMEMBERED:
            self._compiled.clear()
        with self._db.reading() as conn:
            bodies = repository.bodies_of(conn, campaign_pk, self._channel)
        made: dict[tuple[int, str], CompiledShort] = {}
        for step, base, body in bodies:
            template = ShortTemplate.model_validate(body)
            made[step, template.variant] = CompiledShort(
                template, campaign_pk=campaign_pk, base_url=self._addresses.base_url, signer=self._addresses.signer,
                link_base=base,
            )  # fmt: skip
        self._compiled[campaign_pk] = made
        return made


def compile_campaign(conn: Any, campaign_pk: int, addresses: Addresses) -> Compiled:
    """A launched campaign's messages, compiled."""
    campaign_id, _ = repository.campaign_name(conn, campaign_pk)
    return {
        (step, template.variant): CompiledEmail(
            template, campaign_pk=campaign_pk, campaign_id=campaign_id, base_url=addresses.base_url,
            signer=addresses.signer, link_base=base, contents=attachments.contents(conn, template.attachments),
        )
        for step, base, template in repository.templates_of(conn, campaign_pk)
    }  # fmt: skip
