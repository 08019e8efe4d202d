"""Puts the sender together: relay, ledger, agent and worker, with what the other rooms do for it."""

from __future__ import annotations

from sqlalchemy import Connection

from tidings.agents.state import load
from tidings.distribution.agent import DistributionAgent, Note
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.ledger import Hooks, Ledger, MustWait, OnCampaign, OnHard, nobody_waits
from tidings.distribution.owner import owner_name
from tidings.distribution.relay import parse_relay
from tidings.distribution.tokens import TokenSigner
from tidings.distribution.worker import Addresses, Worker
from tidings.domain.actor import AgentName
from tidings.domain.instant import Clock
from tidings.engine.process import boot_id
from tidings.keys.secrets import Secrets
from tidings.store.database import Database


def build_sender(
    db: Database, clock: Clock, secrets: Secrets, *, relay: str, base_url: str, note: Note,
    on_finished: OnCampaign, must_wait: MustWait = nobody_waits, on_hard: OnHard | None = None,
) -> Worker:  # fmt: skip
    """The sender of this installation; `run` or `start` it.

    `relay` is a URL as in `relay.py`; `on_finished` is called in the transaction that made a campaign's last delivery
    terminal; `must_wait` says whose hour does not allow it now. Without `on_hard`, a recipient that does not exist is
    put on the suppression list. Raises InvalidInputError when the relay cannot be used.
    """
    from tidings.audience.repository import merge_fields
    from tidings.audience.selection import may_send
    from tidings.events.log import append

    target = parse_relay(relay)
    with db.reading() as conn:
        config = load(conn, AgentName.DISTRIBUTION).config
    lanes = int(config["connections"])
    agent = DistributionAgent(db, clock, note, relay=target.name, connections=lanes)
    hooks = Hooks(
        may_send=may_send, merge_fields=merge_fields, append_events=append, must_wait=must_wait,
        on_hard=on_hard or _suppressor(clock, secrets), on_first=agent.starting, on_finished=on_finished,
    )  # fmt: skip
    ledger = Ledger(db, clock, hooks, owner=owner_name(), boot_id=boot_id(db), relay=target.name)
    channel = SmtpChannel(target, connections=lanes)
    addresses = Addresses(base_url, TokenSigner(secrets.signing_key))
    return Worker(
        db, clock, ledger, channel, addresses, agent, lanes=lanes, max_per_hour=int(config.get("max_per_hour", 0))
    )


def _suppressor(clock: Clock, secrets: Secrets) -> OnHard:
    """Puts the address of a contact on the suppression list, reason: bounced."""
    from tidings.audience.suppression import suppress_address
    from tidings.domain.consent import SuppressionReason
    from tidings.store.tables import contact

    def suppress(conn: Connection, contact_pk: int, words: str) -> None:
        email = conn.execute(contact.select().where(contact.c.pk == contact_pk)).one_or_none()
        if email is not None:
            suppress_address(
                conn, secrets, email.email, reason=SuppressionReason.BOUNCED, source=f"relay: {words[:100]}",
                at=clock.now(),
            )  # fmt: skip

    return suppress
