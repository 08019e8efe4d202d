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
from tidings.distribution.outcomes import Answers
from tidings.distribution.session import Session, Statements
from tidings.distribution.statements import ChannelSql

log = logging.getLogger("tidings.distribution")


class UnansweredError(Exception):
    """Answers and returns are recorded, but whether the next may leave could not be asked: ask again."""


class OnWire(Protocol):
    """How one worker keeps account between two steps. Called by the sending thread alone."""

    def flush(self, answers: Answers, back: Sequence[Outgoing], asked: Sequence[Outgoing]) -> list[bool]:
        """Records answers and returns; says for each of `asked`, recorded as leaving, whether it may.

        Raises UnansweredError when only the question failed. After any other error nothing is recorded.
        """
        ...

    def expect(self, claimed: Sequence[Outgoing]) -> None:
        """These will be asked about soon."""
        ...

    def begin(self) -> None:
        """A step begins that will commit all answers there are now."""
        ...

    def settled(self) -> None:
        """It did."""
        ...

    def undo(self) -> None:
        """It did not."""
        ...

    def others(self) -> list[FlightLog]:
        """What other workers left behind outside the database."""
        ...

    def close(self) -> None:
        """Nothing is on the wire any more."""
        ...


class FileOnWire:
    """SQLite: a line in a file, then the campaign's state and the chunk's fence, looked at when anything changed.

    So is whether somebody said no since the claim.
    """

    def __init__(self, session: Session, of: ChannelSql, owner: str) -> None:
        self._session, self._of = session, of
        self._file = FlightFile(session.file(), owner, of.channel)
        self._version = -1
        self._ahead: set[int] = set()
        self._willing: set[int] = set()
        self._open: dict[tuple[int, int, int, int], bool] = {}

    def flush(self, answers: Answers, back: Sequence[Outgoing], asked: Sequence[Outgoing]) -> list[bool]:
        """The record comes before the question: who takes over changes the fence before reading the file."""
        try:
            self._file.note(answers.told, back, asked)
        except OSError:
            log.exception("what goes on the wire cannot be written down, so nothing goes")
            return [False] * len(asked)
        if back or answers.others:  # some are answered without ever having been asked about
            self._ahead.difference_update([each.contact_pk for each in back])
            self._ahead.difference_update([each.message.contact_pk for each in answers.others])
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
        people = [m.contact_pk for m in asked]
        self._ahead.difference_update(people)
        version = self._session.version()
        if version != self._version:
            self._version = version
            self._open.clear()
            self._willing = self._may_still([*people, *self._ahead])
        elif not self._willing.issuperset(people):
            self._willing |= self._may_still([*people, *self._ahead])
        answers: list[bool] = []
        for m in asked:
            key = (m.campaign_pk, m.epoch, m.chunk_no, m.fence)
            known = self._open.get(key)
            if known is None:
                known = self._open[key] = self._may_leave(*key)
            answers.append(known)
        return [yes and pk in self._willing for pk, yes in zip(people, answers, strict=True)]

    def _may_still(self, people: Sequence[int]) -> set[int]:
        return set(json.loads(self._session.one(self._of.may_still, (json.dumps(people),))[0]))

    def _may_leave(self, campaign_pk: int, epoch: int, chunk_no: int, fence: int) -> bool:
        one = self._session.one
        return (
            one(statements.GATE, (campaign_pk, epoch)) is not None
            and one(statements.HELD, (campaign_pk, chunk_no, fence)) is not None
        )

    def expect(self, claimed: Sequence[Outgoing]) -> None:
        """When anything changes, they are looked at together: one question for all instead of one a flush."""
        self._ahead.update([each.contact_pk for each in claimed])

    def begin(self) -> None:
        """What is answered from now on stays in the file."""
        self._file.begin()

    def settled(self) -> None:
        """The file is begun anew when it has grown, and goes when nothing is left to say."""
        self._file.settled()

    def undo(self) -> None:
        """All of it stays."""
        self._file.undo()

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

    def flush(self, answers: Answers, back: Sequence[Outgoing], asked: Sequence[Outgoing]) -> list[bool]:
        """Answers to attempts that were taken over still count."""
        session = self._session
        with session.transaction():
            for kind, rows in answers.accepted.items():
                outcomes.write_accepted(session, self._of, kind, rows)
            outcomes.write_others(session, self._of, answers.others, self._relay, self._owner)
            outcomes.write_references(session, self._of, answers.references)
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

    def expect(self, claimed: Sequence[Outgoing]) -> None:
        """Each is looked at when it is marked."""

    def begin(self) -> None:
        """Nothing is kept elsewhere."""

    def settled(self) -> None:
        """Nothing is kept elsewhere."""

    def undo(self) -> None:
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
