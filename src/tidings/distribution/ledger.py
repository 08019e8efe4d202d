"""The delivery ledger: what makes "nothing lost, nothing sent twice by our fault" true.

A worker leases chunks with a fence. Step A, one fully synced commit per micro-batch, checks that each person may still
be written to and marks them claimed. Step B, one cheap commit per flush of all connections, writes the answers that
came and marks what goes on the wire next as attempting; it survives the process, and a power cut turns what it lost
into `uncertain`, because claimed rows carry the machine's boot. Takeover: attempting becomes uncertain, claimed
becomes planned again while the machine has not rebooted.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, exists, func, select, update

from tidings.distribution import repository, statements
from tidings.distribution.backoff import next_try
from tidings.distribution.channels.base import Outcome, Outgoing, Result
from tidings.distribution.hooks import Hooks
from tidings.distribution.owner import is_dead
from tidings.distribution.session import CheapSession
from tidings.distribution.statements import PAUSE_KEY
from tidings.domain.consent import Purpose
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import SECOND, Clock, Instant
from tidings.domain.plan import HeldBack
from tidings.store.database import Database
from tidings.store.tables import agent, campaign, chunk, delivery, event, setting

log = logging.getLogger("tidings.distribution")
D = DeliveryState
LEASE = 60 * SECOND
_RENEW = 20 * SECOND
_CHUNKS_A_STEP = 32
_TERMINAL_EVENTS = {
    D.ACCEPTED.value: EventKind.ACCEPTED, D.FAILED.value: EventKind.FAILED, D.UNCERTAIN.value: EventKind.UNCERTAIN,
}  # fmt: skip
_HELD_BACK = {
    HeldBack.NO_CONSENT: "consent is withdrawn or missing",
    HeldBack.SUPPRESSED: "the address is on the suppression list",
    HeldBack.NO_ADDRESS: "the contact was erased",
}


@dataclass(slots=True)
class Claimed:
    """One delivery in a worker's hand, with what rendering needs."""

    campaign_pk: int
    contact_pk: int
    step: int
    variant: str
    attempt: int
    chunk_no: int
    fence: int
    epoch: int
    fields: Mapping[str, Any]
    claimed_at: Instant


Sent = Claimed | Outgoing


@dataclass(slots=True)
class Lease:
    """A chunk in this worker's hand."""

    fence: int
    epoch: int
    until: Instant
    flying: int = 0
    exhausted_at: Instant = -1


@dataclass(slots=True)
class Step:
    """What one step A brought."""

    claimed: list[Claimed] = field(default_factory=list[Claimed])
    stopped: bool = False
    """Everything is paused: whatever is in hand must go back."""
    stale: set[int] = field(default_factory=set[int])
    """Campaigns paused, cancelled or changed meanwhile: what is in hand of them must go back."""


class Ledger:
    """One worker's hold on the ledger. All calls from one thread."""

    def __init__(self, db: Database, clock: Clock, hooks: Hooks, *, owner: str, boot_id: str, relay: str) -> None:
        self._db, self._clock, self._hooks = db, clock, hooks
        self._owner, self._boot, self._relay = owner, boot_id, relay
        self._cheap = CheapSession(db)
        self._leases: dict[tuple[int, int], Lease] = {}
        self._events: list[Event] = []
        self._hard: list[tuple[int, str]] = []
        self._chance = random.Random()  # noqa: S311  # spreads retries, guards nothing

    @property
    def owner(self) -> str:
        """This worker's name."""
        return self._owner

    def close(self) -> None:
        """Returns its connection."""
        self._cheap.close()

    # Step A

    def step(self, want: int) -> Step:
        """Publishes what happened, gives up chunks that have nothing due, and claims up to `want` deliveries.

        One fully synced commit. After it each claimed delivery was allowed by consent, suppression and hour.
        """
        now = self._clock.now()
        step = Step()
        with self._remembering(), self._db.transaction() as conn:
            self._publish(conn)
            step.stopped = self._is_stopped(conn)
            step.stale = self._drop_stale(conn)
            self._release_exhausted(conn, now)
            if not step.stopped and want > 0:
                self._lease(conn, now)
                step.claimed = self._claim(conn, now, want)
        for each in step.claimed:
            self._leases[each.campaign_pk, each.chunk_no].flying += 1
        return step

    @contextmanager
    def _remembering(self) -> Generator[None]:
        """What a transaction that failed did not write is still to be written: leases and events stay as they were."""
        leases = {key: replace(lease) for key, lease in self._leases.items()}
        events, hard = list(self._events), list(self._hard)
        try:
            yield
        except BaseException:
            self._leases, self._events, self._hard = leases, events, hard
            raise

    def _publish(self, conn: Connection) -> None:
        """Events of answers that are in the ledger already; what a kill leaves out, the takeover adds."""
        events, self._events = self._events, []
        hard, self._hard = self._hard, []
        self._hooks.append_events(conn, events)
        for contact_pk, words in hard:
            self._hooks.on_hard(conn, contact_pk, words)

    @property
    def unpublished(self) -> int:
        """Events that wait for the next step."""
        return len(self._events)

    def _is_stopped(self, conn: Connection) -> bool:
        """The kill switch, or the agent paused by a person."""
        switch = select(setting.c.key).where(setting.c.key == PAUSE_KEY)
        paused = select(agent.c.name).where(agent.c.name == "distribution", agent.c.paused.is_(True))
        return conn.execute(switch).first() is not None or conn.execute(paused).first() is not None

    def _drop_stale(self, conn: Connection) -> set[int]:
        """Gives back idle leases of campaigns that were paused, cancelled or changed, and names those campaigns."""
        campaigns = {key[0] for key in self._leases}
        if not campaigns:
            return set()
        query = select(campaign.c.pk, campaign.c.epoch).where(campaign.c.pk.in_(campaigns), repository.sendable())
        good: dict[int, int] = {row.pk: row.epoch for row in conn.execute(query)}
        stale = [key for key, lease in self._leases.items() if good.get(key[0], -1) != lease.epoch]
        self._release(conn, [key for key in stale if self._leases[key].flying == 0])
        return {key[0] for key in stale}

    def _release_exhausted(self, conn: Connection, now: Instant) -> None:
        keys = [key for key, lease in self._leases.items() if lease.flying == 0 and lease.exhausted_at >= 0]
        self._release(conn, keys)
        renew = [key for key, lease in self._leases.items() if lease.until - now < LEASE - _RENEW]
        for pk, no in renew:
            mine = (chunk.c.campaign_pk == pk) & (chunk.c.no == no) & (chunk.c.fence == self._leases[pk, no].fence)
            if conn.execute(update(chunk).where(mine).values(lease_until=now + LEASE)).rowcount:
                self._leases[pk, no].until = now + LEASE

    def _release(self, conn: Connection, keys: Iterable[tuple[int, int]]) -> None:
        """Chunks go back: done when nothing is open, else due when their first row is."""
        finished: set[int] = set()
        for pk, no in keys:
            lease = self._leases.pop((pk, no))
            due = self._next_due(conn, pk, no)
            values: dict[str, Any] = {"owner": "", "lease_until": None, "state": "open" if due is not None else "done"}
            if due is not None:
                values["next_due_at"] = due
            mine = (chunk.c.campaign_pk == pk) & (chunk.c.no == no) & (chunk.c.fence == lease.fence)
            if conn.execute(update(chunk).where(mine).values(**values)).rowcount and due is None:
                finished.add(pk)
        for pk in sorted(finished):
            self._finish(conn, pk)

    def _next_due(self, conn: Connection, campaign_pk: int, no: int) -> Instant | None:
        """When the chunk's first open row is due; None when all are terminal. Nothing of it is in hand any more."""
        of_chunk = (delivery.c.campaign_pk == campaign_pk) & (delivery.c.chunk_no == no)
        query = (
            select(delivery.c.state, func.min(delivery.c.due_at).label("due"))
            .where(of_chunk)
            .group_by(delivery.c.state)
        )
        first: dict[str, Instant] = {row.state: row.due for row in conn.execute(query)}
        if D.CLAIMED.value in first or D.ATTEMPTING.value in first:
            log.error("chunk %d of campaign %d had rows in hand that nobody held", no, campaign_pk)
            for now_is, becomes in ((D.CLAIMED, D.PLANNED), (D.ATTEMPTING, D.UNCERTAIN)):
                held = of_chunk & (delivery.c.state == now_is.value)
                conn.execute(update(delivery).where(held).values(state=becomes.value))
        waiting = [due for state, due in first.items() if state in {*repository.WAITING, D.CLAIMED.value}]
        return min(waiting, default=None)

    def _finish(self, conn: Connection, campaign_pk: int) -> None:
        rest = select(chunk.c.no).where(chunk.c.campaign_pk == campaign_pk, chunk.c.state != "done").limit(1)
        if conn.execute(rest).first() is None:
            self._hooks.on_finished(conn, campaign_pk)

    def _lease(self, conn: Connection, now: Instant) -> None:
        """Takes chunks with something due, the longest waiting first."""
        room = _CHUNKS_A_STEP - sum(1 for lease in self._leases.values() if lease.exhausted_at < 0)
        if room <= 0:
            return
        query = (
            select(chunk.c.campaign_pk, chunk.c.no, chunk.c.fence, campaign.c.epoch)
            .join(campaign, campaign.c.pk == chunk.c.campaign_pk)
            .where(chunk.c.state == "open", chunk.c.next_due_at <= now, repository.sendable())
            .order_by(chunk.c.next_due_at, chunk.c.campaign_pk, chunk.c.no)
            .limit(min(room, 4))
            .with_for_update(of=chunk, skip_locked=True)
        )
        for pk, no, fence, epoch in conn.execute(query).all():
            if fence == 0 and no == 0:
                self._hooks.on_first(conn, pk)
            conn.execute(
                update(chunk)
                .where(chunk.c.campaign_pk == pk, chunk.c.no == no)
                .values(state="leased", owner=self._owner, fence=fence + 1, boot_id=self._boot, lease_until=now + LEASE)
            )
            self._leases[pk, no] = Lease(fence + 1, epoch, now + LEASE)

    def _claim(self, conn: Connection, now: Instant, want: int) -> list[Claimed]:
        claimed: list[Claimed] = []
        for (pk, no), lease in self._leases.items():
            if lease.exhausted_at >= 0:
                continue
            room = want - len(claimed)
            if room <= 0:
                break
            rows = conn.execute(statements.DUE, {"campaign": pk, "chunk": no, "now": now, "room": room}).all()
            if len(rows) < room:
                lease.exhausted_at = now
            claimed += self._allowed(conn, pk, no, lease, rows, now)
        if claimed:
            conn.execute(
                statements.CLAIM,
                [{"campaign": c.campaign_pk, "person": c.contact_pk, "of_step": c.step} for c in claimed],
            )
        return claimed

    def _allowed(
        self, conn: Connection, pk: int, no: int, lease: Lease, rows: Sequence[Any], now: Instant
    ) -> list[Claimed]:
        """Those who may be written to at this very moment; the others are settled or put off."""
        if not rows:
            return []
        people = [row.contact_pk for row in rows]
        verdicts = self._hooks.may_send(conn, people, Purpose.MARKETING_EMAIL, repository.CHANNEL, now)
        waits = self._hooks.must_wait(conn, pk, people, now)
        fields = self._hooks.merge_fields(conn, people)
        good: list[Claimed] = []
        refused: list[dict[str, Any]] = []
        for row in rows:
            person = row.contact_pk
            verdict = verdicts.get(person, HeldBack.NO_ADDRESS)
            if verdict is not None or person not in fields:
                words = _HELD_BACK.get(verdict or HeldBack.NO_ADDRESS, str(verdict))
                refused.append(
                    {"campaign": pk, "person": person, "of_step": row.step, "new_state": D.SUPPRESSED.value,
                     "new_at": now, "new_reason": words}
                )  # fmt: skip
            elif person in waits:
                _put_off(conn, pk, person, row.step, waits[person])
            else:
                place = (pk, person, row.step, row.variant, row.attempt, no)
                good.append(Claimed(*place, lease.fence, lease.epoch, fields[person], now))
        if refused:
            conn.execute(repository.SET_STATE, refused)
        return good

    # Step B

    def flush(self, answers: Sequence[tuple[Sent, Outcome]], asked: Sequence[Sent], back: Sequence[Sent]) -> list[bool]:
        """Writes answers, gives back what did not leave, and marks what goes on the wire; one cheap commit.

        Returns for each of `asked` whether it may leave. Answers to attempts that were taken over still count.
        """
        now = self._clock.now()
        with self._remembering(), self._cheap.transaction() as cheap:
            if answers:
                self._write_answers(cheap, answers, now)
            if back:
                cheap.many(statements.GIVE_BACK, [(b.campaign_pk, b.contact_pk, b.step, b.fence) for b in back])
            allowed = self._mark(cheap, asked) if asked else []
        for message, _ in answers:
            self._land(message)
        for message in back:
            self._land(message)
        return allowed

    def _land(self, message: Sent) -> None:
        lease = self._leases.get((message.campaign_pk, message.chunk_no))
        if lease is not None and lease.fence == message.fence:
            lease.flying -= 1

    def _write_answers(self, cheap: CheapSession, answers: Sequence[tuple[Sent, Outcome]], now: Instant) -> None:
        final: list[tuple[Any, ...]] = []
        deferred: list[tuple[Any, ...]] = []
        attempts: list[tuple[Any, ...]] = []
        for message, outcome in answers:
            number = message.attempt + 1
            key = (message.campaign_pk, message.contact_pk, message.step)
            state, words = outcome.result.value, outcome.words
            again = next_try(number, now, self._chance) if outcome.result is Result.DEFERRED else None
            if outcome.result is Result.DEFERRED and again is None:
                state, words = D.FAILED.value, f"given up after {number} tries; the last answer: {words}"
            if again is not None:
                deferred.append((now, outcome.code, words, again, number, *key, message.fence))
            else:
                final.append((state, now, outcome.code, words, number, *key))
            if outcome.result is not Result.ACCEPTED:
                who = (self._relay, self._owner)
                attempts.append((*key[:2], repository.CHANNEL, key[2], number, now, state, outcome.code, words, *who))
            self._note(message, outcome, state, now)
        if final:
            cheap.many(statements.ANSWER, final)
        if deferred:
            cheap.many(statements.DEFER, deferred)
        if attempts:
            cheap.many(statements.ATTEMPT, attempts)

    def _note(self, message: Sent, outcome: Outcome, state: str, now: Instant) -> None:
        detail = {"code": outcome.code} if outcome.code and state != D.ACCEPTED.value else {}
        if outcome.hard:
            detail["hard"] = "yes"
            self._hard.append((message.contact_pk, outcome.words))
        self._events.append(
            Event(
                EventKind(state), now, message.campaign_pk, message.contact_pk, repository.CHANNEL, message.step,
                message.variant, detail=detail,
            )
        )  # fmt: skip

    def _mark(self, cheap: CheapSession, asked: Sequence[Sent]) -> list[bool]:
        """Attempting, for those whose campaign still runs unchanged and whose fence holds."""
        pairs = {(message.campaign_pk, message.epoch) for message in asked}
        good = {pair for pair in pairs if cheap.one(statements.GATE, pair) is not None}
        going = [message for message in asked if (message.campaign_pk, message.epoch) in good]
        rows = [(m.campaign_pk, m.contact_pk, m.step, m.fence) for m in going]
        if rows and cheap.many(statements.ATTEMPTING, rows) == len(rows):
            marked = set(rows)
        else:  # somebody cancelled, or took a chunk over: find out which, on the few that are in doubt
            marked = {row for row in rows if cheap.one(statements.IS_ATTEMPTING, row) is not None}
        return [(m.campaign_pk, m.contact_pk, m.step, m.fence) in marked for m in asked]

    # Beside the steps

    def something_due(self) -> bool:
        """Whether there is anything to send for which a connection is worth opening."""
        if any(lease.exhausted_at < 0 for lease in self._leases.values()):
            return True
        with self._db.reading() as conn:
            return repository.something_due(conn, self._clock.now()) and not self._is_stopped(conn)

    def hold_due(self, reason: str) -> int:
        """What should go out and cannot is held, visibly."""
        with self._db.transaction() as conn:
            return repository.hold_due(conn, self._clock.now(), reason)

    def release_held(self) -> int:
        """The way out works again."""
        with self._db.transaction() as conn:
            return repository.release_held(conn)

    def leave(self) -> None:
        """Gives every chunk back; nothing of this worker is on the wire any more."""
        with self._remembering(), self._db.transaction() as conn:
            self._publish(conn)
            self._release(conn, list(self._leases))

    def take_over(self) -> Counter[str]:
        """Frees chunks of workers that are dead or silent; says how many deliveries became what."""
        now = self._clock.now()
        with self._db.transaction() as conn:
            query = (
                select(chunk)
                .where(chunk.c.state == "leased", chunk.c.owner != self._owner)
                .with_for_update(skip_locked=True)
            )
            gone = [row for row in conn.execute(query) if (row.lease_until or 0) < now or is_dead(row.owner)]
            became: Counter[str] = Counter()
            for row in gone:
                became += self._take(conn, row, now)
        return became

    def _take(self, conn: Connection, row: Any, now: Instant) -> Counter[str]:
        of_chunk = (delivery.c.campaign_pk == row.campaign_pk) & (delivery.c.chunk_no == row.no)
        doubtful = [D.ATTEMPTING.value]
        if row.boot_id != self._boot:  # what was written cheaply may be lost: a claimed row may have been sent
            doubtful.append(D.CLAIMED.value)
        words = "the sender stopped before the relay's answer was recorded"
        uncertain = conn.execute(
            update(delivery)
            .where(of_chunk, delivery.c.state.in_(doubtful))
            .values(state=D.UNCERTAIN.value, at=now, reason=words)
        ).rowcount
        planned = conn.execute(
            update(delivery).where(of_chunk, delivery.c.state == D.CLAIMED.value).values(state=D.PLANNED.value)
        ).rowcount
        conn.execute(
            update(chunk)
            .where(chunk.c.campaign_pk == row.campaign_pk, chunk.c.no == row.no)
            .values(state="open", owner="", fence=row.fence + 1, lease_until=None, next_due_at=now)
        )
        self._publish_missing(conn, row.campaign_pk, row.no)
        return Counter({"uncertain": uncertain, "planned": planned})

    def _publish_missing(self, conn: Connection, campaign_pk: int, no: int) -> None:
        """Events the dead worker had no time for, from the rows of its chunk."""
        told = exists().where(
            event.c.campaign_pk == delivery.c.campaign_pk, event.c.contact_pk == delivery.c.contact_pk,
            event.c.step == delivery.c.step, event.c.kind == delivery.c.state,
        )  # fmt: skip
        rows = conn.execute(
            select(delivery).where(
                delivery.c.campaign_pk == campaign_pk, delivery.c.chunk_no == no,
                delivery.c.state.in_(list(_TERMINAL_EVENTS)), ~told,
            )
        ).all()  # fmt: skip
        events = [
            Event(_TERMINAL_EVENTS[r.state], r.at, campaign_pk, r.contact_pk, r.channel, r.step, r.variant)
            for r in rows
        ]
        self._hooks.append_events(conn, events)


def _put_off(conn: Connection, campaign_pk: int, contact_pk: int, step: int, until: Instant) -> None:
    conn.execute(
        update(delivery)
        .where(
            delivery.c.campaign_pk == campaign_pk, delivery.c.contact_pk == contact_pk,
            delivery.c.channel == repository.CHANNEL, delivery.c.step == step,
        )
        .values(due_at=until, state=D.PLANNED.value, reason="waits for the person's quiet hours to end")
    )  # fmt: skip
