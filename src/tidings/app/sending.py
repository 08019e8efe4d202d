"""Builds the sender of a worker process: its channel, its ledger, and what other rooms do for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from tidings.agents.state import load
from tidings.app.wiring import signer_of
from tidings.audience.browsers import forget
from tidings.audience.repository import fields_for_push, fields_for_sms, merge_fields
from tidings.audience.selection import may_send
from tidings.distribution.accounts.schemas import Account
from tidings.distribution.accounts.trial import open_way
from tidings.distribution.agent import DistributionAgent
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.channels.webpush import WebPush
from tidings.distribution.hooks import Hooks
from tidings.distribution.ledger import Ledger
from tidings.distribution.owner import owner_name
from tidings.distribution.relay import parse_relay
from tidings.distribution.returns.source import parse_bounce_address
from tidings.distribution.templates import Addresses, ShortTemplates, Templates
from tidings.distribution.tokens import TokenSigner
from tidings.distribution.worker import Worker
from tidings.domain.actor import AgentName
from tidings.domain.channel import Channel
from tidings.domain.consent import SuppressionReason
from tidings.domain.instant import Instant
from tidings.engine.process import boot_id
from tidings.events.log import append
from tidings.scheduling.masks import next_allowed
from tidings.scheduling.policy import policy_from
from tidings.store.among import among, keys, rows, together
from tidings.store.tables import campaign, contact

if TYPE_CHECKING:
    from tidings.app.wiring import House


def build_sender(house: House) -> Worker:
    """The sender of e-mail by the Distribution agent's settings at this moment: an account's, else the relay's."""
    account = account_of(house, Channel.EMAIL)
    if account is not None:
        return build_account_sender(house, account)
    with house.db.reading() as conn:
        config = load(conn, AgentName.DISTRIBUTION).config
    relay = parse_relay(house.relay)
    agent = DistributionAgent(
        house.db, house.clock, house.services.activity.note, relay=relay.name, connections=config["connections"]
    )
    hooks = Hooks(
        may_send=may_send, merge_fields=merge_fields, append_events=append, must_wait=must_wait,
        on_hard=partial(_suppress, house), on_first=agent.starting, on_finished=house.run.finished,
    )  # fmt: skip
    ledger = Ledger(house.db, house.clock, hooks, owner=owner_name(), boot_id=boot_id(house.db), relay=relay.name)
    channel = SmtpChannel(relay, connections=config["connections"], signer=signer_of(house.settings))
    return Worker(
        house.db, house.clock, ledger, channel, addresses_of(house), agent, lanes=config["connections"],
        max_per_hour=config["max_per_hour"],
    )  # fmt: skip


def account_of(house: House, channel: Channel) -> Account | None:
    """The account by which a personal channel's messages leave: the enabled one of highest priority."""
    with house.db.reading() as conn:
        return next(iter(house.services.channels.usable(conn, channel)), None)


def addresses_of(house: House) -> Addresses:
    """What messages need besides their template."""
    returns_to = parse_bounce_address(house.settings.bounce_address) if house.settings.bounce_address else ""
    return Addresses(house.settings.base_url, TokenSigner(house.secrets.signing_key), returns_to)


def build_account_sender(house: House, account: Account) -> Worker:
    """The sender of one personal channel through an account at a provider. Raises InvalidInputError for a posting."""
    way = open_way(account, house.services.channels.guard)
    of = Channel(account.channel)
    with house.db.reading() as conn:
        config = load(conn, AgentName.DISTRIBUTION).config
    agent = AccountObserver(
        house.db, house.clock, house.services.activity.note, relay=way.name, connections=way.room,
        told=partial(house.services.channels.trouble, account.id),
    )  # fmt: skip
    way.on_works = partial(house.services.channels.trouble, account.id, "")
    if isinstance(way.provider, WebPush):
        way.provider.forget = partial(_forget, house)
    hooks = Hooks(
        may_send=may_send, merge_fields=_FIELDS[of], append_events=append, must_wait=must_wait,
        on_hard=partial(_suppress, house, channel=of), on_first=agent.starting, on_finished=house.run.finished,
    )  # fmt: skip
    ledger = Ledger(
        house.db, house.clock, hooks, owner=owner_name(),
        boot_id=boot_id(house.db), relay=way.name, channel=of,
    )  # fmt: skip
    addresses = addresses_of(house)
    templates = (
        Templates(house.db, addresses, parts=way.wants_parts)
        if of is Channel.EMAIL
        else ShortTemplates(house.db, addresses, of)
    )
    return Worker(
        house.db, house.clock, ledger, way, addresses, agent, lanes=way.room,
        max_per_hour=config["max_per_hour"] if of is Channel.EMAIL else 0, templates=templates,
    )  # fmt: skip


_FIELDS = {Channel.EMAIL: merge_fields, Channel.SMS: fields_for_sms, Channel.PUSH: fields_for_push}


class AccountObserver(DistributionAgent):
    """Records what the agent decides, and keeps an account's problem beside it."""

    def __init__(self, *given: Any, told: Callable[[str], None], **named: Any) -> None:
        super().__init__(*given, **named)
        self._told = told

    def holding(self, reason: str, held: int) -> None:
        """The way out does not work; the page Channels shows why."""
        self._told(f"{reason}. Check the account, then its key; what waits goes out by itself.")
        super().holding(reason, held)

    def going_on(self, held: int) -> None:
        """It works again."""
        self._told("")
        super().going_on(held)


def _forget(house: House, endpoints: Sequence[str]) -> None:
    with house.db.transaction() as conn:
        forget(conn, endpoints)


def must_wait(conn: Connection, campaign_pk: int, people: Sequence[int], now: Instant) -> Mapping[int, Instant]:
    """People whose own hour is quiet at this moment, with the next instant that is not.

    A campaign that a person sent at once overrides quiet hours; that override is recorded with it.
    """
    policy = conn.execute(select(campaign.c.policy).where(campaign.c.pk == campaign_pk)).scalar_one()
    if policy.get("send_now"):
        return {}
    rules = policy_from(load(conn, AgentName.SCHEDULING).config)
    dialect = conn.dialect.name
    query = together(dialect, contact.c.pk, contact.c.time_zone, contact.c.country)
    query = query.where(among(dialect, contact.c.pk, "people"))
    answers: dict[tuple[str, str], Instant | None] = {}
    waiting: dict[int, Instant] = {}
    for pk, zone, country in rows(conn, query, {"people": keys(conn, people)}):
        place = (zone, country)
        if place not in answers:
            answers[place] = next_allowed(zone, country, now, rules.quiet, rules.fallback_zone)
        then = answers[place]
        if then is not None and then > now:
            waiting[pk] = then
    return waiting


def _suppress(house: House, conn: Connection, contact_pk: int, words: str, channel: Channel = Channel.EMAIL) -> None:
    """The address or number does not exist: it is not written to again. A browser that is gone is only forgotten."""
    if channel is not Channel.PUSH:
        house.services.audience.unsubscribe(
            conn, contact_pk, None, f"relay: {words}"[:200], SuppressionReason.BOUNCED, channel.value
        )
