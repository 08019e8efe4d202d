"""Builds the sender of a worker process: its channel, its ledger, and what other rooms do for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from tidings.agents.state import load
from tidings.app.wiring import signer_of
from tidings.audience.repository import merge_fields
from tidings.audience.selection import may_send
from tidings.distribution.agent import DistributionAgent
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.hooks import Hooks
from tidings.distribution.ledger import Ledger
from tidings.distribution.owner import owner_name
from tidings.distribution.postings.worker import PostingHooks, PostingWorker
from tidings.distribution.relay import parse_relay
from tidings.distribution.returns.source import parse_bounce_address
from tidings.distribution.templates import Addresses
from tidings.distribution.tokens import TokenSigner
from tidings.distribution.worker import Worker
from tidings.domain.actor import AgentName
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
    """The sender by the Distribution agent's settings at this moment."""
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
    returns_to = parse_bounce_address(house.settings.bounce_address) if house.settings.bounce_address else ""
    addresses = Addresses(house.settings.base_url, TokenSigner(house.secrets.signing_key), returns_to)
    return Worker(
        house.db, house.clock, ledger, channel, addresses, agent, lanes=config["connections"],
        max_per_hour=config["max_per_hour"],
    )  # fmt: skip


def build_postings(house: House) -> PostingWorker:
    """What posts where a campaign is said once for everybody."""
    hooks = PostingHooks(house.services.activity.note, house.run.finished)
    return PostingWorker(house.db, house.clock, house.run.postings, house.services.channels, hooks)


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


def _suppress(house: House, conn: Connection, contact_pk: int, words: str) -> None:
    """The address does not exist: it is not written to again."""
    house.services.audience.unsubscribe(
        conn, contact_pk, None, f"relay: {words}"[:200], reason=SuppressionReason.BOUNCED
    )
