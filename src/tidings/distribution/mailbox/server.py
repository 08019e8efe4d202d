"""The mailbox's SMTP server: takes every mail it is given, encrypts on the way, and answers 250 after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable

from tidings.distribution.mailbox.session import SILENCE_SECONDS, MailboxSession, Terms
from tidings.distribution.mailbox.writer import MailboxWriter
from tidings.distribution.sender_thread import loop_factory
from tidings.domain.errors import UnavailableError
from tidings.domain.instant import Clock
from tidings.store.database import Database

MAX_BYTES = 25 * 1024 * 1024
_LOOK_SECONDS = 30.0


class MailboxServer:
    """Listens in a thread of its own. `start` returns when it listens; `port` says where."""

    def __init__(
        self, db: Database, clock: Clock, host: str = "127.0.0.1", port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        """With a context of TLS it offers STARTTLS."""
        self._db, self._clock = db, clock
        self._host, self.port = host, port
        self._context = context
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ended = asyncio.Event()
        self._error: OSError | None = None

    async def start(self) -> None:
        """Raises UnavailableError when the port is taken."""
        await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """Stops listening; what was answered 250 is on disk."""
        await asyncio.to_thread(self._stop)

    def _start(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready.set,), name="tidings-mailbox", daemon=True)
        self._thread.start()
        ready.wait(30)
        if self._error is not None:
            self._thread.join()
            raise UnavailableError(
                f"The mailbox cannot listen on {self._host}:{self.port}: {self._error.strerror}.",
                remedy="Stop the program that uses this port, or choose another.",
            )

    def _stop(self) -> None:
        if self._loop is not None and self._thread is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(30)
            self._thread = None

    def _run(self, ready: Callable[[], object]) -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()

        def tell(what: Callable[[], None]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(what)

        writer = MailboxWriter(self._db, tell)
        terms = Terms(writer.put, self._clock, lambda: MAX_BYTES, self._context, set())
        try:
            server = await loop.create_server(lambda: MailboxSession(terms), self._host, self.port)
        except OSError as error:
            self._error = error
            writer.close()
            ready()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._loop, self._ended = loop, asyncio.Event()
        ready()
        try:
            while not self._ended.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _LOOK_SECONDS)
                _drop_silent(terms, loop.time())
        finally:
            server.close()
            for session in list(terms.sessions):
                session.close()
            await asyncio.to_thread(writer.close)


def _drop_silent(terms: Terms, now: float) -> None:
    for session in list(terms.sessions):
        if now - session.heard_at > SILENCE_SECONDS:
            session.close()
