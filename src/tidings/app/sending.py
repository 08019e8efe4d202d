"""Builds the sender of a worker process: its channel, its ledger, and what other rooms do for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from tidings.agents.state import load
from tidings.app.wiring import own_mailbox, signer_of, tls_of
from tidings.audience.browsers import forget
from tidings.audience.confirming import may_ask
from tidings.audience.repository import fields_for_push, fields_for_sms, merge_fields
from tidings.audience.selection import may_send, may_track
from tidings.distribution.accounts.limits import limit_of
from tidings.distribution.accounts.schemas import Account
from tidings.distribution.agent import DistributionAgent
from tidings.distribution.channels.base import Channel as Way
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.hooks import Hooks
from tidings.distribution.late import LateRule, settle_late
from tidings.distribution.ledger import Ledger
from tidings.distribution.owner import owner_name
from tidings.distribution.pool import RelayPool
from tidings.distribution.postings.worker import PostingHooks, PostingWorker
from tidings.distribution.relay import Relay, parse_relays
from tidings.distribution.returns.guard import Guard
from tidings.distribution.returns.source import parse_bounce_address
from tidings.distribution.templates import Addresses, ShortTemplates, Templates
from tidings.distribution.throttle.distance import Distance
from tidings.distribution.throttle.line_up import LineUp
from tidings.distribution.throttle.lookup import Lookup
from tidings.distribution.throttle.repository import forget_other_relays
from tidings.distribution.throttle.shares import Shares
from tidings.distribution.throttle.throttle import Throttle
from tidings.distribution.throttle.turns import OwnTurns, SharedTurns, Together, Turns
from tidings.distribution.tokens import TokenSigner
from tidings.distribution.worker import Worker
from tidings.domain.actor import AgentName
from tidings.domain.channel import Channel
from tidings.domain.consent import SuppressionReason
from tidings.domain.errors import UnavailableError
from tidings.domain.instant import DAY, Instant
from tidings.engine.process import boot_id, host
from tidings.events.alike import append_alike
from tidings.events.log import append
from tidings.scheduling.masks import next_allowed
from tidings.scheduling.policy import policy_from
from tidings.scheduling.zones import guess, instant_at, local
from tidings.store.among import among, keys, rows, together
from tidings.store.tables import campaign, contact

if TYPE_CHECKING:
    from tidings.app.wiring import House

_EMAIL = "email"
"""Under this name the setting “Messages per hour” is kept; no relay is called so, because each has a port."""


def build_sender(house: House) -> Worker:
    """The sender of e-mail by the Distribution agent's settings at this moment: an account's, else the relay's.

    Raises UnavailableError where there is neither, and the built-in mailbox is another machine's.
    """
    account = account_of(house, Channel.EMAIL)
    if account is not None:
        return build_account_sender(house, account)
    apart = not (house.db.is_sqlite or (tls_of(house.settings) / "ca.pem").exists())
    if apart and house.relay == own_mailbox(house.settings):
        raise UnavailableError(
            f"The worker on {host()} has no relay, and the built-in mailbox is on the machine that serves the pages.",
            remedy="Set TIDINGS_RELAY for every worker; see docs/growing.md.",
        )
    with house.db.reading() as conn:
        config = load(conn, AgentName.DISTRIBUTION).config
    relays = parse_relays(house.relay)
    names = ", ".join(relay.name for relay in relays)
    agent = DistributionAgent(
        house.db, house.clock, house.services.activity.note, relay=names, connections=config["connections"]
    )
    guard = Guard(house.services.distribution.hold, house.services.activity.note)
    hooks = Hooks(
        may_send=may_send, may_ask=may_ask, merge_fields=merge_fields, append_events=append,
        append_alike=append_alike, must_wait=must_wait, may_track=may_track,
        on_hard=partial(_suppress, house), on_first=agent.starting, on_finished=house.run.finished,
        on_refused=guard.look_now_and_then,
        on_back=partial(_late, agent),
    )  # fmt: skip
    owner = owner_name()
    way = _way_out(house, relays, agent, config["connections"], owner)
    ledger = Ledger(
        house.db, house.clock, hooks, owner=owner, boot_id=boot_id(house.db), relay=relays[0].name,
        gate=way.throttle,
    )  # fmt: skip
    return Worker(
        house.db, house.clock, ledger, way.channel, addresses_of(house), agent, lanes=config["connections"],
        max_per_hour=_in_all(relays, config["max_per_hour"]), line_up=way.line,
        turns=_turns(house, _EMAIL, config["max_per_hour"]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _WayOut:
    """A channel with what says whose turn it is and who must wait."""

    channel: Way
    line: LineUp
    throttle: Throttle | None = None


def _way_out(house: House, relays: Sequence[Relay], agent: DistributionAgent, connections: int, owner: str) -> _WayOut:
    """The pool of configured relays; the built-in mailbox needs neither a throttle nor a breaker."""
    signer = signer_of(house.settings)
    if not house.settings.relay:
        with house.db.transaction() as conn:  # what was learnt of relays that are configured no more
            forget_other_relays(conn, [])
        return _WayOut(SmtpChannel(relays[0], connections=connections, signer=signer), LineUp())
    throttle = Throttle(
        house.clock, relays, rules=_rules, alerts=agent, shares=None if house.db.is_sqlite else Shares(house.db, owner),
        lookup=Lookup(house.db, house.clock, house.settings.nameserver),
    )  # fmt: skip
    line = LineUp(throttle)
    throttle.waiting = line.waiting
    pool = RelayPool(
        relays, throttle, line, house.clock, connections=connections, signer=signer, watcher=agent,
        turns_of=lambda relay: _turns(house, relay.name, relay.per_hour),
    )  # fmt: skip
    return _WayOut(pool, line, throttle)


def _in_all(relays: Sequence[Relay], configured: int) -> int:
    """Messages an hour by all relays together; 0 for no limit. So no more is claimed than they take."""
    together = sum(relay.per_hour for relay in relays) if all(relay.per_hour for relay in relays) else 0
    return min((limit for limit in (configured, together) if limit), default=0)


def _turns(house: House, name: str, per_hour: int) -> Turns | None:
    """What keeps a limit an hour, together with the other senders of this database; None when there is no limit."""
    if not per_hour:
        return None
    return OwnTurns(per_hour) if house.db.is_sqlite else SharedTurns(house.db, name, Distance(per_hour))


def _rules(conn: Connection) -> tuple[Sequence[str], Sequence[str]]:
    """What the Distribution agent is configured to: changes to provider groups, and relays that warm up."""
    config = load(conn, AgentName.DISTRIBUTION).config
    return config["provider_groups"], config["warm_up"]


def _late(agent: DistributionAgent, conn: Connection, channel: Channel, now: Instant) -> int:
    """Deliveries too late after an interruption, by each campaign's policy, else the Distribution agent's."""
    config = load(conn, AgentName.DISTRIBUTION).config
    rule = LateRule(config["late"], config["late_after_hours"])
    found = settle_late(conn, now, channel, rule, partial(next_chances, channel=channel))
    for settled in found:
        agent.late(conn, settled)
    return sum(settled.number for settled in found)


def next_chances(
    conn: Connection, missed: Mapping[int, Instant], now: Instant, channel: Channel = Channel.EMAIL
) -> Mapping[int, Instant]:
    """The same local hour of the next day on which it is not past and not quiet for the channel."""
    rules = policy_from(load(conn, AgentName.SCHEDULING).config)
    quiet = rules.quiet_of((channel.value,))
    dialect = conn.dialect.name
    query = together(dialect, contact.c.pk, contact.c.time_zone, contact.c.country)
    query = query.where(among(dialect, contact.c.pk, "people"))
    then: dict[int, Instant] = {}
    for pk, zone, country in rows(conn, query, {"people": keys(conn, list(missed))}):
        shown = guess(zone, country, rules.fallback_zone).shown
        wall = local(shown, missed[pk]).replace(tzinfo=None)
        days = max(1, (now - missed[pk]) // DAY)
        at = instant_at(shown, wall + timedelta(days=days))
        at = at if at > now else instant_at(shown, wall + timedelta(days=days + 1))
        then[pk] = next_allowed(zone, country, at, quiet, rules.fallback_zone) or at
    return then


def build_postings(house: House) -> PostingWorker:
    """What posts where a campaign is said once for everybody."""
    hooks = PostingHooks(house.services.activity.note, house.run.finished)
    return PostingWorker(house.db, house.clock, house.run.postings, house.services.channels, hooks)


def account_of(house: House, channel: Channel) -> Account | None:
    """The account by which a personal channel's messages leave: the enabled one of highest priority."""
    with house.db.reading() as conn:
        return next(iter(house.services.channels.usable(conn, channel)), None)


def addresses_of(house: House) -> Addresses:
    """What messages need besides their template."""
    returns_to = parse_bounce_address(house.settings.bounce_address) if house.settings.bounce_address else ""
    return Addresses(house.settings.links_url, TokenSigner(house.secrets.signing_key), returns_to)


def build_account_sender(house: House, account: Account) -> Worker:
    """The sender of one personal channel through an account at a provider. Raises InvalidInputError for a posting."""
    from tidings.distribution.accounts.trial import open_way  # the HTTP client is heavy, and the relay needs none
    from tidings.distribution.channels.webpush import WebPush

    way = open_way(account, house.services.channels.guard)
    of = Channel(account.channel)
    with house.db.reading() as conn:
        config = load(conn, AgentName.DISTRIBUTION).config
    agent = AccountObserver(
        house.db, house.clock, house.services.activity.note, relay=way.name, connections=way.room,
        told=partial(house.services.channels.trouble, account.id),
    )  # fmt: skip
    way.on_works = partial(house.services.channels.trouble, account.id, "")
    limit = limit_of(house.db, house.clock, account)
    line = LineUp(limit)
    limit.waiting, way.on_busy = line.__len__, limit.busy
    if isinstance(way.provider, WebPush):
        way.provider.forget = partial(_forget, house)
    hooks = Hooks(
        may_send=may_send, may_ask=may_ask, merge_fields=_FIELDS[of], append_events=append,
        must_wait=partial(must_wait, channel=of),
        append_alike=append_alike, may_track=may_track, on_back=partial(_late, agent),
        on_hard=partial(_suppress, house, channel=of), on_first=agent.starting, on_finished=house.run.finished,
    )  # fmt: skip
    ledger = Ledger(
        house.db, house.clock, hooks, owner=owner_name(),
        boot_id=boot_id(house.db), relay=way.name, channel=of, gate=limit,
    )  # fmt: skip
    addresses, most = addresses_of(house), config["max_per_hour"] if of is Channel.EMAIL else 0
    templates = (
        Templates(house.db, addresses, parts=way.wants_parts)
        if of is Channel.EMAIL
        else ShortTemplates(house.db, addresses, of)
    )
    hourly = _turns(house, _EMAIL, most)
    return Worker(
        house.db, house.clock, ledger, way, addresses, agent, lanes=way.room, max_per_hour=most, templates=templates,
        line_up=line, turns=limit if hourly is None else Together(hourly, limit),
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


def must_wait(
    conn: Connection, campaign_pk: int, people: Sequence[int], now: Instant, channel: Channel = Channel.EMAIL
) -> Mapping[int, Instant]:
    """People whose own hour is quiet for the channel at this moment, with the next instant that is not.

    A campaign that a person sent at once overrides quiet hours; that override is recorded with it.
    """
    policy = conn.execute(select(campaign.c.policy).where(campaign.c.pk == campaign_pk)).scalar_one()
    if policy.get("send_now"):
        return {}
    rules = policy_from(load(conn, AgentName.SCHEDULING).config)
    quiet = rules.quiet_of((channel.value,))
    dialect = conn.dialect.name
    query = together(dialect, contact.c.pk, contact.c.time_zone, contact.c.country)
    query = query.where(among(dialect, contact.c.pk, "people"))
    answers: dict[tuple[str, str], Instant | None] = {}
    waiting: dict[int, Instant] = {}
    for pk, zone, country in rows(conn, query, {"people": keys(conn, people)}):
        place = (zone, country)
        if place not in answers:
            answers[place] = next_allowed(zone, country, now, quiet, rules.fallback_zone)
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
