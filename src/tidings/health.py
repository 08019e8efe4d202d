"""Says truthfully how the house is: each part with its status and, where it is not well, the remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, func, select

from tidings.distribution.no_way import no_way
from tidings.domain.actor import AgentName
from tidings.domain.channel import Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.errors import TidingsError
from tidings.domain.instant import DAY, MINUTE, SECOND, Clock, Instant, to_datetime
from tidings.engine.heartbeat import alive_roles, silent_executors
from tidings.store.settings import get_setting
from tidings.store.tables import agent, campaign, channel_account, delivery, relay_state, throttle_state

if TYPE_CHECKING:
    from tidings.distribution.service import DistributionService
    from tidings.llm.configured import ModelLook
    from tidings.store.database import Database

Status = Literal["ok", "warn", "fail"]
ALIVE_FOR = 15 * SECOND
LATE_AFTER = 5 * MINUTE
RETURNS_LATE_AFTER = 10 * MINUTE
RETENTION = "retention"
"""Under which the daily run says what it did."""
RETENTION_LATE_AFTER = 2 * DAY
DISK_WARN, DISK_FAIL = 1 << 30, 100 << 20  # bytes free


@dataclass(frozen=True, slots=True)
class HealthItem:
    """One part of the house."""

    name: str
    status: Status
    message: str
    remedy: str = ""


class HealthService:
    """Checks every part; none of the checks changes anything."""

    def __init__(
        self, db: Database, clock: Clock, data_dir: Path, distribution: DistributionService,
        facts: Mapping[str, str], model: Callable[[], ModelLook] | None = None,
    ) -> None:  # fmt: skip
        self.db = db
        self.clock = clock
        self.data_dir = data_dir
        self.distribution = distribution
        self.facts = facts
        self.model = model

    def check(self) -> list[HealthItem]:
        """Every part, in a fixed order. A check that itself fails is a failure of its part."""
        parts: tuple[tuple[str, Callable[[Connection], list[HealthItem]]], ...] = (
            ("database", self._database), ("agents", self._agents), ("sending", self._sending),
            ("relays", self._relays), ("mailbox providers", self._providers),
            ("queue", self._queue), ("channels", self._channels), ("returned mail", self._returns),
            ("retention", self._retention), ("disk", self._disk), ("sync", self._sync),
        )  # fmt: skip
        return [item for name, part in parts for item in self._look(name, part)] + self._model()

    def _look(self, name: str, part: Callable[[Connection], list[HealthItem]]) -> list[HealthItem]:
        try:
            with self.db.reading() as conn:
                return part(conn)
        except TidingsError as error:
            return [HealthItem(name, "fail", error.message, error.remedy)]
        except Exception as error:  # whatever a part throws is what we are here to say
            return [HealthItem(name, "fail", f"{type(error).__name__} while checking", "See `tidings logs`.")]

    def ready(self) -> bool:
        """Whether the faces can serve: the database answers. Anybody may ask, so it costs one small query."""
        try:
            with self.db.reading() as conn:
                conn.execute(select(agent.c.name).limit(1))
        except Exception:
            return False
        return True

    def _database(self, conn: Connection) -> list[HealthItem]:
        people = conn.execute(select(func.count()).select_from(campaign)).scalar_one()
        kind = "encrypted file" if self.db.is_sqlite else "PostgreSQL (its disk encryption is the platform's)"
        return [HealthItem("database", "ok", f"{kind}, {people} campaign{'' if people == 1 else 's'}")]

    def _agents(self, conn: Connection) -> list[HealthItem]:
        now = self.clock.now()
        beats = alive_roles(conn, now)
        paused = set(conn.execute(select(agent.c.name).where(agent.c.paused)).scalars())
        found: list[HealthItem] = []
        for name in AgentName:
            beat = beats.get(name.value)
            if beat is None or now - beat > ALIVE_FOR:
                remedy = f"Start it: tidings worker --agent {name.value} (`tidings up` starts all four)."
                found.append(HealthItem(f"{name.value} agent", "fail", "no worker runs it", remedy))
            elif name.value in paused:
                found.append(HealthItem(f"{name.value} agent", "warn", "paused by a person", "Resume it on its page."))
            else:
                found.append(HealthItem(f"{name.value} agent", "ok", f"last heard {(now - beat) // SECOND} s ago"))
        return found + self._silent(conn, now)

    def _silent(self, conn: Connection, now: Instant) -> list[HealthItem]:
        """Workers that stopped without saying so while others do their work: it goes on, only slower."""
        remedy = "Start it again on its machine; others do its work meanwhile. It is forgotten after a day."
        return [
            HealthItem(name, "warn", f"nothing heard for {_lasting(now - beat)}; it did not stop by itself", remedy)
            for name, beat in silent_executors(conn, now).items()
        ]

    def _sending(self, conn: Connection) -> list[HealthItem]:
        stopped = self.distribution.all_paused(conn)
        if stopped is not None:
            by = stopped.get("by", "a person")
            return [HealthItem("sending", "warn", f"all sending is paused by {by}", "tidings sending resume")]
        if stuck := no_way(conn):
            return [
                HealthItem("sending", "fail", f"no {kind}: {why['words']}", why["remedy"])
                for kind, why in stuck.items()
            ]
        held = conn.execute(
            select(campaign.c.name, delivery.c.reason)
            .join(delivery, delivery.c.campaign_pk == campaign.c.pk)
            .where(
                campaign.c.state == "sending", campaign.c.paused_at.is_(None),
                delivery.c.state == DeliveryState.HELD.value, delivery.c.due_at <= self.clock.now(),
            )
            .limit(1)
        ).first()  # fmt: skip
        if held is not None:
            remedy = "Check the relay and its password; what is held goes out by itself once the relay takes it."
            if held.reason.startswith("no network"):
                remedy = "Connect this machine to a network; nothing else is to be done."
            return [HealthItem("sending", "fail", f"“{held.name}” is held: {held.reason}", remedy)]
        return [HealthItem("sending", "ok", self._way_out(conn))]

    def _way_out(self, conn: Connection) -> str:
        """By what mail leaves: an account at a provider before the relay."""
        of_mail = channel_account.c.channel == Channel.EMAIL.value
        query = select(channel_account.c.name, channel_account.c.provider).where(of_mail, channel_account.c.enabled)
        order = (channel_account.c.priority.desc(), channel_account.c.created_at, channel_account.c.id)
        account = conn.execute(query.order_by(*order).limit(1)).first()
        return f"account “{account.name}” ({account.provider})" if account else self.facts.get("relay", "")

    def _channels(self, conn: Connection) -> list[HealthItem]:
        """The accounts at providers; where there are none, nothing is said."""
        query = select(channel_account.c.name, channel_account.c.problem).where(channel_account.c.enabled)
        accounts = conn.execute(query.order_by(channel_account.c.name)).all()
        if not accounts:
            return []
        broken = [account for account in accounts if account.problem]
        if broken:
            more = f" ({len(broken) - 1} more)" if len(broken) > 1 else ""
            remedy = "See the page Channels, or: tidings channel list"
            return [HealthItem("channels", "fail", f"“{broken[0].name}”{more}: {broken[0].problem}", remedy)]
        return [HealthItem("channels", "ok", f"{len(accounts)} account{'' if len(accounts) == 1 else 's'} set up")]

    def _relays(self, conn: Connection) -> list[HealthItem]:
        """Each relay that is not used now; nothing where all work."""
        found: list[HealthItem] = []
        for row in conn.execute(select(relay_state).where(relay_state.c.state.in_(["paused", "resting"]))):
            paused = row.state == "paused"
            remedy = row.remedy if paused else "It is tried again by itself; what is due goes by the others, or waits."
            name = f"relay {row.name}"
            words = row.words.removeprefix(f"{name}: ")
            found.append(HealthItem(name, "fail" if paused else "warn", words, remedy))
        return found

    def _providers(self, conn: Connection) -> list[HealthItem]:
        """Each provider whose mail is held."""
        held = select(throttle_state).where(throttle_state.c.hold_until > self.clock.now())
        found: list[HealthItem] = []
        for row in conn.execute(held):
            refused = row.kind == "policy"
            remedy = (
                "Put SPF, DKIM and DMARC in order (`tidings doctor`), then lift the hold: tidings sending lift"
                if refused
                else "Nothing to do: it goes on by itself, slower."
            )
            found.append(HealthItem(f"mail to {row.title}", "fail" if refused else "warn", row.reason, remedy))
        return found

    def _queue(self, conn: Connection) -> list[HealthItem]:
        waiting = [state.value for state in (DeliveryState.PLANNED, DeliveryState.HELD, DeliveryState.DEFERRED)]
        query = (
            select(func.count(), func.min(delivery.c.due_at))
            .join(campaign, campaign.c.pk == delivery.c.campaign_pk)
            .where(
                delivery.c.state.in_(waiting),
                delivery.c.due_at < self.clock.now() - LATE_AFTER,
                campaign.c.state == "sending",
                campaign.c.paused_at.is_(None),
            )
        )
        late, oldest = conn.execute(query).one()
        if not late:
            return [HealthItem("queue", "ok", "nothing is late")]
        minutes = (self.clock.now() - oldest) // MINUTE
        remedy = "See the reason on the campaign's deliveries; `tidings doctor` checks relay and worker."
        return [HealthItem("queue", "warn", f"{late} deliveries are late, the oldest by {minutes} min", remedy)]

    def _returns(self, conn: Connection) -> list[HealthItem]:
        source = self.facts.get("returned mail", "")
        if not source:
            words = "not configured; bounces and complaints are not seen"
            if self.facts.get("relay", "").startswith("relay "):
                remedy = "Set TIDINGS_BOUNCE_ADDRESS and TIDINGS_RETURNS; see docs/returns.md."
                return [HealthItem("returned mail", "warn", words, remedy)]
            return [HealthItem("returned mail", "ok", words)]
        state = get_setting(conn, "returns") or {}
        if state.get("error"):
            return [HealthItem("returned mail", "fail", str(state["error"]), str(state.get("remedy", "")))]
        if self.clock.now() - int(state.get("at", 0)) > RETURNS_LATE_AFTER:
            remedy = "The Distribution agent's worker fetches it: tidings worker --agent distribution"
            return [HealthItem("returned mail", "warn", f"{source} was not looked at lately", remedy)]
        return [HealthItem("returned mail", "ok", source)]

    def _retention(self, conn: Connection) -> list[HealthItem]:
        """How long details are kept, and whether that is kept up with."""
        keep = self.facts.get("retention", "")
        if not keep:
            return []
        state = get_setting(conn, RETENTION) or {}
        if state.get("error"):
            words = f"what is old could not be removed ({state['error']})"
            return [HealthItem("retention", "fail", words, "See `tidings logs`; it is tried again every day.")]
        at = int(state.get("at", 0))
        if at and self.clock.now() - at > RETENTION_LATE_AFTER:
            remedy = "The Distribution agent's worker does it: tidings worker --agent distribution"
            since = to_datetime(at).date()
            return [HealthItem("retention", "warn", f"nothing was looked at since {since}; kept: {keep}", remedy)]
        emptied = sum(state.get("counts", {}).values())
        done = f"; {emptied:,} emptied on {to_datetime(at).date()}" if at else ""
        return [HealthItem("retention", "ok", f"kept: {keep}{done}")]

    def _disk(self, _conn: Connection) -> list[HealthItem]:
        free = shutil.disk_usage(self.data_dir).free
        remedy = f"Free some space on the disk of {self.data_dir}; nothing is lost meanwhile."
        status: Status = "fail" if free < DISK_FAIL else "warn" if free < DISK_WARN else "ok"
        return [HealthItem("disk", status, f"{free / (1 << 30):.1f} GiB free", "" if status == "ok" else remedy)]

    def _sync(self, _conn: Connection) -> list[HealthItem]:
        return [HealthItem("sync", "ok", self.facts.get("sync", "not configured"))]

    def _model(self) -> list[HealthItem]:
        """The language model, asked outside of any transaction: it may take two seconds."""
        if self.model is None:
            return [HealthItem("language model", "ok", "not configured; the Composer writes")]
        try:
            seen = self.model()
        except TidingsError as error:
            return [HealthItem("language model", "warn", error.message, error.remedy)]
        return [HealthItem("language model", seen.status, seen.message, seen.remedy)]


def _lasting(milliseconds: int) -> str:
    return f"{milliseconds // MINUTE} min" if milliseconds >= MINUTE else f"{milliseconds // SECOND} s"
