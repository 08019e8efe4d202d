"""Stands between a feed and a channel and signs each message in two threads, so that the loop never waits for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tidings.distribution.channels.base import Feed, Outcome, Outgoing
from tidings.distribution.dkim import DkimSigner

_THREADS = 2


class SigningFeed:
    """A feed whose messages are signed. It takes a few ahead; `clear` gives back what has not left."""

    def __init__(self, feed: Feed, signer: DkimSigner, wake: Callable[[], None], *, ahead: int) -> None:
        self.feed = feed
        self._signer, self._wake, self._ahead = signer, wake, ahead
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="tidings-dkim")
        self._signing: set[Outgoing] = set()
        self._ready: deque[Outgoing] = deque()

    def take(self) -> Outgoing | None:
        """A signed message; None while the next ones are being signed."""
        loop = asyncio.get_running_loop()
        while len(self._signing) + len(self._ready) < self._ahead and (message := self.feed.take()) is not None:
            self._signing.add(message)
            domain = message.sender.rpartition("@")[2].lower()
            work = loop.run_in_executor(self._pool, self._signer.sign, message.body, domain)
            work.add_done_callback(partial(self._signed, message))
        return self._ready.popleft() if self._ready else None

    def _signed(self, message: Outgoing, work: asyncio.Future[bytes]) -> None:
        if message not in self._signing:  # given back meanwhile
            if not work.cancelled():
                work.exception()
            return
        self._signing.discard(message)
        error = work.exception()
        if error is not None:
            self.feed.give_back(message)
            self.down(f"a message could not be signed by DKIM: {type(error).__name__}", refused=True)
            return
        message.body = work.result()
        self._ready.append(message)
        self._wake()

    def clear(self) -> None:
        """Gives back what waits here."""
        for message in [*self._ready, *self._signing]:
            self.feed.give_back(message)
        self._ready.clear()
        self._signing.clear()

    def close(self) -> None:
        """Gives back what waits, and ends the threads."""
        self.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def ask(self, message: Outgoing, go: Callable[[bool], None]) -> None:
        """See `Feed`."""
        self.feed.ask(message, go)

    def report(self, message: Outgoing, outcome: Outcome) -> None:
        """See `Feed`."""
        self.feed.report(message, outcome)

    def give_back(self, message: Outgoing) -> None:
        """See `Feed`; the message is made anew when its turn comes again."""
        self.feed.give_back(message)

    def down(self, words: str, *, refused: bool) -> None:
        """See `Feed`; nothing may be left behind here, for no lane would take it."""
        self.clear()
        self.feed.down(words, refused=refused)
