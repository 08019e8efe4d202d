"""Stores received mail in groups: one synced commit for all that arrived while the last one ran."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import insert

from tidings.distribution.mailbox.parsing import peek
from tidings.domain.ids import new_id
from tidings.domain.instant import Instant
from tidings.store.database import Database
from tidings.store.tables import mailbox_message

log = logging.getLogger("tidings.distribution.mailbox")
_GROUP = 200


@dataclass(frozen=True, slots=True)
class Received:
    """One mail for one recipient."""

    at: Instant
    mail_from: str
    rcpt_to: str
    raw: bytes


Done = Callable[[bool], None]
_Waiting = tuple[list[Received], Done]


class MailboxWriter:
    """A thread that commits. `tell` runs something in the thread of those who wait for it."""

    def __init__(self, db: Database, tell: Callable[[Callable[[], None]], object]) -> None:
        self._db, self._tell = db, tell
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tidings-mailbox-writer", daemon=True)
        self._thread.start()

    def put(self, mails: list[Received], done: Done) -> None:
        """Hands mails over; `done` is told whether they are on disk."""
        self._waiting.put((mails, done))

    def close(self) -> None:
        """Writes what waits and ends."""
        self._waiting.put(None)
        self._thread.join(30)

    def _run(self) -> None:
        ending = False
        while not ending:
            group = [self._waiting.get()]
            while len(group) < _GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            ending = None in group
            self._store([item for item in group if item is not None])

    def _store(self, group: list[_Waiting]) -> None:
        if not group:
            return
        kept = True
        try:
            rows = [_row(received) for mails, _ in group for received in mails]
            with self._db.transaction() as conn:
                conn.execute(insert(mailbox_message), rows)
        except Exception:  # the senders must hear of it, whatever it was
            log.exception("%d messages could not be stored", len(group))
            kept = False

        def tell() -> None:
            for _, done in group:
                done(kept)

        self._tell(tell)


def _row(received: Received) -> dict[str, object]:
    subject, message_id = peek(received.raw)
    return {
        "id": new_id("message"), "received_at": received.at, "mail_from": received.mail_from,
        "rcpt_to": received.rcpt_to, "subject": subject, "message_id": message_id, "raw": received.raw,
        "read": False, "flags": {},
    }  # fmt: skip
