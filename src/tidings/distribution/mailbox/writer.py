"""Stores received mail in groups: one synced commit for all that arrived while the last one ran."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import insert

from tidings.distribution.mailbox.parsing import peek
from tidings.domain.ids import new_id
from tidings.domain.instant import Instant
from tidings.store.database import Database
from tidings.store.tables import mailbox_message

_GROUP = 200


@dataclass(frozen=True, slots=True)
class Received:
    """One mail for one recipient."""

    at: Instant
    mail_from: str
    rcpt_to: str
    raw: bytes


class MailboxWriter:
    """A thread that commits. The future of `put` is done when the mail is on disk, or carries why it is not."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: queue.SimpleQueue[tuple[Received, Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tidings-mailbox-writer", daemon=True)
        self._thread.start()

    def put(self, received: Received) -> Future[None]:
        """Hands a mail over."""
        future: Future[None] = Future()
        self._waiting.put((received, future))
        return future

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
            # A sender that is gone does not wait any more; its mail was not acknowledged.
            self._store([item for item in group if item is not None and item[1].set_running_or_notify_cancel()])

    def _store(self, group: list[tuple[Received, Future[None]]]) -> None:
        if not group:
            return
        try:
            rows = [_row(received) for received, _ in group]
            with self._db.transaction() as conn:
                conn.execute(insert(mailbox_message), rows)
        except Exception as error:  # the senders must hear of it, whatever it was
            for _, future in group:
                future.set_exception(error)
            return
        for _, future in group:
            future.set_result(None)


def _row(received: Received) -> dict[str, object]:
    subject, message_id = peek(received.raw)
    return {
        "id": new_id("message"), "received_at": received.at, "mail_from": received.mail_from,
        "rcpt_to": received.rcpt_to, "subject": subject, "message_id": message_id, "raw": received.raw,
        "read": False, "flags": {},
    }  # fmt: skip
