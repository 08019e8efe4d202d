"""Keeps returned mail coming in, beside the sender, and tells health how that goes."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Sequence

from tidings.distribution.returns.intake import Intake
from tidings.distribution.returns.listener import Listener
from tidings.distribution.returns.pickup import fetch
from tidings.distribution.returns.source import LISTENING, Source
from tidings.domain.errors import TidingsError
from tidings.domain.instant import Clock
from tidings.store.database import Database
from tidings.store.settings import get_setting, put_setting

log = logging.getLogger("tidings.distribution.returns")
STATE_KEY = "returns"
"""The setting that says how it goes: source, at, error, remedy."""
EVERY_SECONDS = 60.0
_AFTER_FAULT_SECONDS = 300.0


class ReturnsLoop:
    """Polls a mailbox, or listens, in a thread of its own."""

    def __init__(
        self, db: Database, clock: Clock, source: Source, bounce_address: str, intake: Intake,
        every: float = EVERY_SECONDS, tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._db, self._clock, self._source, self._intake = db, clock, source, intake
        self._bounce_address, self._every, self._tls = bounce_address, every, tls
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidings-returns", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the mail in hand."""
        self._stopping.set()
        self._thread.join(45)

    def _run(self) -> None:
        if self._source.scheme in LISTENING:
            self._listen()
            return
        while not self._stopping.is_set():
            fine = self._round()
            self._stopping.wait(self._every if fine else max(self._every, _AFTER_FAULT_SECONDS))

    def _round(self) -> bool:
        try:
            while fetch(self._source, self._take_one) and not self._stopping.is_set():
                self._tell("")
        except TidingsError as error:
            log.warning("%s", error.message)
            self._tell(error.message, error.remedy)
            return False
        except Exception:
            log.exception("returned mail could not be taken")
            self._tell("a returned mail could not be recorded", "See `tidings logs`.")
            return False
        self._tell("")
        return True

    def _take_one(self, raw: bytes) -> None:
        self._intake.take(raw)

    def _take(self, raw: bytes, came_to: Sequence[str]) -> None:
        self._intake.take(raw, came_to)

    def _listen(self) -> None:
        listener = Listener(self._source, self._bounce_address, self._take, self._tls)
        try:
            listener.start()
        except TidingsError as error:
            log.error("%s", error.message)  # noqa: TRY400  # the words say it all
            self._tell(error.message, error.remedy)
            return
        try:
            while not self._stopping.is_set():
                self._tell("")
                self._stopping.wait(self._every)
        finally:
            listener.stop()

    def _tell(self, error: str, remedy: str | None = "") -> None:
        """For health; a fault here must not stop the mail."""
        state = {"source": self._source.name, "at": self._clock.now(), "error": error, "remedy": remedy or ""}
        try:
            with self._db.transaction() as conn:
                before = get_setting(conn, STATE_KEY) or {}
                if before.get("error") != error or state["at"] - before.get("at", 0) >= 1000 * EVERY_SECONDS / 2:
                    put_setting(conn, STATE_KEY, state, self._clock.now())
        except Exception:
            log.exception("the state of returned mail could not be written")
