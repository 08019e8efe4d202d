"""The last question before a body leaves, and the record that it did, as cheap as the database allows.

On SQLite the record is a file beside the database (`flight.py`) and answers wait for the next step's commit. On
PostgreSQL, where another machine may take over, both are rows, in one commit per flush that is not synced.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Sequence
from typing import Protocol

from tidings.distribution import outcomes, statements
from tidings.distribution.channels.base import Outgoing
from tidings.distribution.flight import FlightFile, FlightLog
from tidings.distribution.outcomes import Settled
from tidings.distribution.session import Session, Statements
from tidings.distribution.statements import ChannelSql

log = logging.getLogger("tidings.distribution")


class UnansweredError(Exception):
    """Answers and returns are recorded, but whether the next may leave could not be asked: ask again."""


class OnWire(Protocol):
    """How one worker keeps account between two steps. Called by the sending thread alone."""

    def flush(self, settled: Sequence[Settled], back: Sequence[Outgoing], asked: Sequence[Outgoing]) -> list[bool]:
        """Records answers and returns; says for each of `asked`, recorded as leaving, whether it may.

        Raises UnansweredError when only the question failed. After any other error nothing is recorded.
        """
        ...

    def settled(self, waiting: Sequence[Settled]) -> None:
        """A step has committed all answers but those that wait."""
        ...

    def others(self) -> list[FlightLog]:
        """What other workers left behind outside the database."""
        ...

    def close(self) -> None:
        """Nothing is on the wire any more."""
        ...


class FileOnWire:
    """SQLite: a line in a file, then the campaign's state and the chunk's fence, looked at when anything changed.

    Whether somebody said no since the claim is looked at each time.
    """

    def __init__(self, session: Session, of: ChannelSql, owner: str) -> None:
        self._session, self._of = session, of
        self._file = FlightFile(session.file(), owner, of.channel)
        self._version = -1
        self._open: dict[tuple[int, int, int, int], bool] = {}

    def flush(self, settled: Sequence[Settled], back: Sequence[Outgoing], asked: Sequence[Outgoing]) -> list[bool]:
        """The record comes before the question: who takes over changes the fence before reading the file."""
        try:
            self._file.note([(each.message, each.outcome) for each in settled], back, asked)
        except OSError:
            log.exception("what goes on the wire cannot be written down, so nothing goes")
            return [False] * len(asked)
        if not asked:
            return []
        try:
            allowed = self._allowed(asked)
        except Exception as error:
            self._take_back(asked)
            raise UnansweredError from error
        if not all(allowed):
            self._take_back([m for m, yes in zip(asked, allowed, strict=True) if not yes])
        return allowed

    def _take_back(self, messages: Sequence[Outgoing]) -> None:
        with contextlib.suppress(OSError):  # then they will seem to have left, which repeats nothing
            self._file.note([], messages, [])

    def _allowed(self, asked: Sequence[Outgoing]) -> list[bool]:
        version = self._session.version()
        if version != self._version:
            self._version = version
            self._open.clear()
        answers: list[bool] = []
        for m in asked:
            key = (m.campaign_pk, m.epoch, m.chunk_no, m.fence)
            known = self._open.get(key)
            if known is None:
                known = self._open[key] = self._may_leave(*key)
            answers.append(known)
        if True in answers:
            people = json.dumps([m.contact_pk for m in asked])
            willing = set(json.loads(self._session.one(self._of.may_still, (people,))[0]))
            return [yes and m.contact_pk in willing for m, yes in zip(asked, answers, strict=True)]
        return answers

    def _may_leave(self, campaign_pk: int, epoch: int, chunk_no: int, fence: int) -> bool:
        one = self._session.one
        return (
            one(statements.GATE, (campaign_pk, epoch)) is not None
            and one(statements.HELD, (campaign_pk, chunk_no, fence)) is not None
        )

    def settled(self, waiting: Sequence[Settled]) -> None:
        """The file is begun anew when it has grown, and goes when nothing is left to say."""
        self._file.settled([(each.message, each.outcome) for each in waiting])

    def others(self) -> list[FlightLog]:
        """The other workers' files."""
        return self._file.others()

    def close(self) -> None:
        """Removes the file if all its messages came to an end."""
        self._file.close()
        self._session.close()


class RowsOnWire:
    """PostgreSQL: rows change at each flush, in one commit that survives the process."""

    def __init__(self, session: Session, of: ChannelSql, relay: str, owner: str) -> None:
        self._session, self._of, self._relay, self._owner = session, of, relay, owner

    def flush(self, settled: Sequence[Settled], back: Sequence[Outgoing], asked: Sequence[Outgoing]) -> list[bool]:
        """Answers to attempts that were taken over still count."""
        session = self._session
        with session.transaction():
            outcomes.write(session, self._of, settled, self._relay, self._owner)
            write_back(session, self._of, back)
            return self._mark(asked)

    def _mark(self, asked: Sequence[Outgoing]) -> list[bool]:
        """Attempting, for those whose campaign still runs unchanged and whose fence holds."""
        session = self._session
        pairs = {(message.campaign_pk, message.epoch) for message in asked}
        good = {pair for pair in pairs if session.one(statements.GATE, pair) is not None}
        going = [message for message in asked if (message.campaign_pk, message.epoch) in good]
        rows = [(m.campaign_pk, m.contact_pk, m.step, m.fence) for m in going]
        if rows and session.many(self._of.attempting, rows) == len(rows):
            marked = set(rows)
        else:  # somebody cancelled, or took a chunk over: find out which, on the few that are in doubt
            marked = {row for row in rows if session.one(self._of.is_attempting, row) is not None}
        return [(m.campaign_pk, m.contact_pk, m.step, m.fence) in marked for m in asked]

    def settled(self, waiting: Sequence[Settled]) -> None:
        """Nothing is kept elsewhere."""

    def others(self) -> list[FlightLog]:
        """All there is to know is in the database."""
        return []

    def close(self) -> None:
        """Returns the connection."""
        self._session.close()


def write_back(sql: Statements, of: ChannelSql, back: Sequence[Outgoing]) -> None:
    """What was claimed and did not leave is planned again."""
    if back:
        sql.many(of.give_back, [(b.campaign_pk, b.contact_pk, b.step, b.fence) for b in back])
