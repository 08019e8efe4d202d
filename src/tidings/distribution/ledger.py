"""The delivery ledger: what makes "nothing lost, nothing sent twice by our fault" true.

A worker leases chunks with a fence. Step A, one fully synced commit per micro-batch, writes the answers that came,
checks that each of the next people may still be written to, and marks them claimed. Step B, at every flush of all
connections, keeps account of what goes on the wire (`onwire.py`): it survives the process, and a power cut turns what
it lost into `uncertain`, because claimed rows carry the machine's boot. Takeover: what was on the wire becomes
uncertain, claimed becomes planned again while the machine has not rebooted.

A step may run in another thread than the flushes beside it: `begin` and `finish` are called by the sending thread,
`carry_out` works on what `begin` has put aside.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, update

from tidings.distribution import outcomes, repository, statements
from tidings.distribution.channels.base import Outcome, Outgoing
from tidings.distribution.hooks import Hooks
from tidings.distribution.leases import Lease, Leases
from tidings.distribution.onwire import FileOnWire, OnWire, RowsOnWire, UnansweredError, write_back
from tidings.distribution.outcomes import Answers
from tidings.distribution.session import Session, Statements, brief_transaction
from tidings.distribution.takeover import Takeover
from tidings.distribution.throttle.gate import Gate, Wait
from tidings.distribution.throttle.repository import PUT_OFF
from tidings.domain.channel import Channel
from tidings.domain.consent import marketing_purpose
from tidings.domain.delivery import DeliveryState
from tidings.domain.instant import Clock, Instant
from tidings.domain.plan import HeldBack
from tidings.events.alike import Alike
from tidings.store.database import Database
from tidings.store.tables import delivery

D = DeliveryState
_LOOK_AT_MOST = 5000  # rows in one step, of which most may have to wait
_REMEMBERED = 1000
_HELD_BACK = {
    HeldBack.NO_CONSENT: "consent is withdrawn or missing",
    HeldBack.SUPPRESSED: "the address is on the suppression list",
    HeldBack.NO_ADDRESS: "the contact was erased",
    HeldBack.CONFIRMED: "the consent is confirmed already",
    HeldBack.PAUSED: "the person asked for a pause, and it is not over",
}


@dataclass(slots=True)
class Step:
    """What one step A brought."""

    claimed: list[Outgoing] = field(default_factory=list[Outgoing])
    stopped: bool = False
    """Everything is paused: whatever is in hand must go back."""
    stale: set[int] = field(default_factory=set[int])
    """Campaigns paused, cancelled or changed meanwhile: what is in hand of them must go back."""
    more: bool = False
    """There may be more that is due now."""
    held: int = 0
    """How many deliveries are newly held because the way out does not work."""


@dataclass(slots=True)
class Work:
    """One step A: what it is to write and to claim, and then what it brought."""

    want: int
    answers: Answers
    back: list[Outgoing]
    leases: Leases
    hold: str = ""
    """Why nothing can go out: what is due is then held, visibly."""
    step: Step = field(default_factory=Step)


class Ledger:
    """One worker's hold on the ledger, for one channel."""

    def __init__(
        self, db: Database, clock: Clock, hooks: Hooks, *, owner: str, boot_id: str, relay: str,
        channel: Channel = Channel.EMAIL, gate: Gate | None = None,
    ) -> None:  # fmt: skip
        """`gate` says who must wait although they are due; see `throttle/`."""
        self._db, self._clock, self._hooks = db, clock, hooks
        self._owner, self._relay, self._gate = owner, relay, gate
        session = Session(db)
        of = self._of = statements.of_channel(channel)
        self._wire: OnWire = FileOnWire(session, of, owner) if db.is_sqlite else RowsOnWire(session, of, relay, owner)
        self._takeover = Takeover(db, hooks, self._wire, of, owner=owner, boot_id=boot_id)
        self._leases = Leases(channel, owner, boot_id, hooks)
        self._answers = Answers()
        self._back: list[Outgoing] = []
        self._tracks: dict[tuple[int, int, str], bool] = {}
        self._confirms: dict[int, bool] = {}
        self._chance = random.Random()  # noqa: S311  # spreads retries, guards nothing

    @property
    def channel(self) -> Channel:
        """The one whose deliveries it sends."""
        return self._of.channel

    @property
    def owner(self) -> str:
        """This worker's name."""
        return self._owner

    def close(self) -> None:
        """Returns its connection."""
        self._wire.close()

    # Step A

    def step(self, want: int) -> Step:
        """Writes what happened, gives up chunks that have nothing due, and claims up to `want` deliveries.

        One fully synced commit. After it each claimed delivery was allowed by consent, suppression and hour.
        """
        work = self.begin(want)
        try:
            self.carry_out(work)
        except BaseException:
            self.undo(work)
            raise
        return self.finish(work)

    def begin(self, want: int, hold: str = "") -> Work:
        """Puts aside what the next step writes. Only one step at a time."""
        work = Work(want, self._answers, self._back, self._leases.copy(), hold)
        self._answers, self._back = Answers(), []
        self._wire.begin()
        return work

    def carry_out(self, work: Work) -> None:
        """The step's one transaction; in whatever thread."""
        now, leases, step = self._clock.now(), work.leases, work.step
        with brief_transaction(self._db) as conn:
            self._write(conn, work)
            if self._gate is not None:
                self._gate.sync(conn, now)
            if work.hold:
                step.held = repository.hold_due(conn, now, work.hold, self._of.channel)
            step.stopped = self._is_stopped(conn)
            step.stale = leases.drop_stale(conn, now)
            leases.release_exhausted(conn, now)
            leases.look_again(now)
            if not step.stopped and work.want > 0:
                more = leases.take(conn, now)
                step.claimed = self._claim(conn, leases, now, work.want)
                step.more = more or any(True for _ in leases.usable())
            if self._gate is not None:
                self._gate.end_step(conn, now)

    def finish(self, work: Work) -> Step:
        """The transaction was committed."""
        self._leases = work.leases
        self._wire.settled()
        self._wire.expect(work.step.claimed)
        if self._gate is not None:
            self._gate.done(work.back, [each.message for each in work.answers.others])
        return work.step

    def undo(self, work: Work) -> None:
        """The transaction failed: what it was to write waits for the next step."""
        work.answers.join(self._answers)
        self._answers, self._back = work.answers, work.back + self._back
        self._wire.undo()
        if self._gate is not None:
            self._gate.undone()

    def _write(self, conn: Connection, work: Work) -> None:
        """Answers and their events; what a kill leaves out, the takeover adds."""
        answers, sql = work.answers, Statements.within(conn)
        if sql.is_sqlite:  # on PostgreSQL the flush has done it
            outcomes.write_others(sql, self._of, answers.others, self._relay, self._owner)
            outcomes.write_references(sql, self._of, answers.references)
            write_back(sql, self._of, work.back)
        for (campaign_pk, no, fence), number in answers.landed.items():
            work.leases.land((campaign_pk, no), fence, number)
        for message in work.back:
            work.leases.land((message.campaign_pk, message.chunk_no), message.fence, back=True)
        events = outcomes.events_of(answers.others, self._of.channel)
        for kind, batch in answers.alike(self._of.channel):
            if sql.is_sqlite:
                outcomes.write_accepted(sql, self._of, kind, batch.people)
                self._append(conn, batch)
            else:  # counts are added in one order: two senders that did it batch by batch would wait in a circle
                events = [*batch.events(), *events]
        self._hooks.append_events(conn, events)
        for each in answers.others:
            if each.outcome.hard:
                self._hooks.on_hard(conn, each.message.contact_pk, each.outcome.words)
        for campaign_pk in {each.message.campaign_pk for each in answers.others if each.outcome.hard}:
            self._hooks.on_refused(conn, campaign_pk, self._clock.now())

    def _append(self, conn: Connection, batch: Alike) -> None:
        if self._hooks.append_alike is not None:
            self._hooks.append_alike(conn, batch)
        else:
            self._hooks.append_events(conn, batch.events())

    @property
    def unpublished(self) -> int:
        """Answers and returns that wait for the next step, and one for what the throttle has to write."""
        waiting = len(self._answers.landed) + len(self._back)
        return waiting + (self._gate is not None and self._gate.unsaved)

    def _is_stopped(self, conn: Connection) -> bool:
        return Statements.within(conn).one(statements.STOPPED) is not None

    def _claim(self, conn: Connection, leases: Leases, now: Instant, want: int) -> list[Outgoing]:
        sql, claimed, looked = Statements.within(conn), list[Outgoing](), 0
        for (pk, no), lease in leases.usable():
            while (room := want - len(claimed)) > 0 and lease.exhausted_at < 0 and looked < _LOOK_AT_MOST:
                rows = _due(sql, (pk, no, now, room))
                if len(rows) < room:
                    lease.exhausted_at = now
                good = self._allowed(conn, pk, no, lease, rows, now)
                looked += len(rows)
                lease.flying += len(good)
                claimed += good
                self._mark_claimed(sql, good)
            if room <= 0 or looked >= _LOOK_AT_MOST:
                break
        return claimed

    def _mark_claimed(self, sql: Statements, claimed: Sequence[Outgoing]) -> None:
        alike: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for each in claimed:
            alike[each.campaign_pk, each.step].append(each.contact_pk)
        for (campaign_pk, step), people in alike.items():
            values = json.dumps(people) if sql.is_sqlite else people
            sql.run(self._of.claim[sql.is_sqlite], (campaign_pk, step, values))

    def _allowed(
        self, conn: Connection, pk: int, no: int, lease: Lease, rows: Sequence[Sequence[Any]], now: Instant
    ) -> list[Outgoing]:
        """Those who may be written to at this very moment; the others are settled or put off."""
        if not rows:
            return []
        people, channel = [int(row[0]) for row in rows], self._of.channel
        may = self._hooks.may_ask if self._asks_to_confirm(conn, pk) else self._hooks.may_send
        verdicts = may(conn, people, marketing_purpose(channel), channel.value, now)
        waits = self._hooks.must_wait(conn, pk, people, now)
        fields = self._hooks.merge_fields(conn, people)
        which = {(pk, row[1], row[2]) for row in rows}
        tracked = self._hooks.may_track(conn, people, now) if self._tracks_opens(conn, which) else frozenset[int]()
        if not (waits or tracked or any(verdicts.values())) and len(fields) == len(people) == len(verdicts):
            everybody = [
                Outgoing(pk, person, step, variant, attempt, no, lease.fence, lease.epoch, fields[person], now)
                for person, step, variant, attempt in rows
            ]
            return self._past_the_gate(conn, pk, everybody, now)
        good: list[Outgoing] = []
        refused: list[dict[str, Any]] = []
        for person, step, variant, attempt in rows:
            verdict = verdicts.get(person, HeldBack.NO_ADDRESS)
            known = fields.get(person)
            if verdict is not None or known is None:
                words = _HELD_BACK.get(verdict or HeldBack.NO_ADDRESS, str(verdict))
                refused.append(
                    {"campaign": pk, "person": person, "of_channel": channel.value, "of_step": step,
                     "new_state": D.SUPPRESSED.value, "new_at": now, "new_reason": words}
                )  # fmt: skip
            elif person in waits:
                _put_off(conn, (pk, person, channel.value, step), waits[person])
            else:
                good.append(
                    Outgoing(
                        pk, person, step, variant, attempt, no, lease.fence, lease.epoch, known, now,
                        opens=person in tracked,
                    )
                )  # fmt: skip
        if refused:
            conn.execute(repository.SET_STATE, refused)
        return self._past_the_gate(conn, pk, good, now)

    def _asks_to_confirm(self, conn: Connection, campaign_pk: int) -> bool:
        """Whether the campaign's mail asks to confirm a consent; a campaign never changes in that."""
        known = self._confirms.get(campaign_pk)
        if known is None:
            if len(self._confirms) > _REMEMBERED:
                self._confirms.clear()
            known = self._confirms[campaign_pk] = repository.asks_to_confirm(conn, campaign_pk)
        return known

    def _past_the_gate(self, conn: Connection, pk: int, good: list[Outgoing], now: Instant) -> list[Outgoing]:
        """Those whose provider takes mail now; the others are put off."""
        if self._gate is None or not good or not self._gate.asks:
            return good
        due = [(each.contact_pk, str(each.fields.get("email") or "")) for each in good]
        waits = self._gate.hold_back(conn, pk, due, now)
        if not waits:
            return good
        waiting = [each for each in good if each.contact_pk in waits]
        conn.execute(PUT_OFF, [_put_off_row(each, self._of.channel, waits[each.contact_pk]) for each in waiting])
        return [each for each in good if each.contact_pk not in waits]

    def _tracks_opens(self, conn: Connection, which: set[tuple[int, int, str]]) -> bool:
        """Whether opens of any of these messages are to be seen at all: campaign, step and variant of each.

        A message never changes, but a sequence that runs gets others.
        """
        for campaign_pk in {each[0] for each in which if each not in self._tracks}:
            if len(self._tracks) > _REMEMBERED:
                self._tracks.clear()
            self._tracks |= dict.fromkeys(which, False)
            for step, _, template in repository.templates_of(conn, campaign_pk):
                self._tracks[campaign_pk, step, template.variant] = template.track_opens
        return any(self._tracks[each] for each in which)

    # Step B

    def flush(
        self, answers: Sequence[tuple[Outgoing, Outcome]], asked: Sequence[Outgoing], back: Sequence[Outgoing]
    ) -> list[bool]:
        """Keeps account of answers, of what did not leave, and of what goes on the wire now.

        Returns for each of `asked` whether it may leave. Answers to attempts that were taken over still count.
        Raises UnansweredError when only the question failed; after any other error nothing is kept.
        """
        decided = Answers()
        decided.decide(answers, self._clock.now(), self._chance)
        try:
            allowed = self._wire.flush(decided, back, asked)
        except UnansweredError:
            self._keep(decided, back)
            raise
        self._keep(decided, back)
        return allowed

    def _keep(self, decided: Answers, back: Sequence[Outgoing]) -> None:
        """What the next step writes."""
        self._answers.join(decided)
        self._back += back

    # Beside the steps

    def something_due(self) -> bool:
        """Whether there is anything to send for which a connection is worth opening."""
        if any(True for _ in self._leases.usable()):
            return True
        with self._db.reading() as conn:
            return repository.something_due(conn, self._clock.now(), self._of.channel) and not self._is_stopped(conn)

    def release_held(self) -> int:
        """The way out works again: what was held of its channel is planned, if it is not too late by now."""
        now = self._clock.now()
        with brief_transaction(self._db) as conn:
            self._hooks.on_back(conn, self._of.channel, now)
            return repository.release_held(conn, channel=self._of.channel, due_by=now)

    def leave(self) -> None:
        """Gives every chunk back; nothing of this worker is on the wire any more."""
        work = self.begin(0)
        try:
            with brief_transaction(self._db) as conn:
                self._write(conn, work)
                work.leases.release_all(conn, self._clock.now())
                if self._gate is not None:
                    self._gate.leave(conn, self._clock.now())
        except BaseException:
            self.undo(work)
            raise
        self.finish(work)

    def take_over(self) -> Counter[str]:
        """Frees chunks of workers that are dead or silent; says how many deliveries became what."""
        return self._takeover.run(self._clock.now())


def _due(sql: Statements, values: tuple[int, ...]) -> Sequence[Sequence[Any]]:
    if sql.is_sqlite:
        return json.loads(sql.one(statements.DUE[True], values)[0])
    return sql.all(statements.DUE[False], values)


def _put_off(conn: Connection, key: tuple[int, int, str, int], until: Instant) -> None:
    campaign_pk, contact_pk, channel, step = key
    conn.execute(
        update(delivery)
        .where(
            delivery.c.campaign_pk == campaign_pk, delivery.c.contact_pk == contact_pk,
            delivery.c.channel == channel, delivery.c.step == step,
        )
        .values(due_at=until, state=D.PLANNED.value, reason="waits for the person's quiet hours to end")
    )  # fmt: skip


def _put_off_row(message: Outgoing, channel: Channel, wait: Wait) -> dict[str, Any]:
    state = D.HELD if wait.held else D.PLANNED
    return {
        "campaign": message.campaign_pk, "person": message.contact_pk, "of_channel": channel.value,
        "of_step": message.step, "until": wait.until, "new_state": state.value, "new_reason": wait.reason,
    }  # fmt: skip
