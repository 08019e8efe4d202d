"""A sender's life: a thread of its own with an event loop, started, woken and stopped from any other."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
import threading
import time
from collections.abc import Callable

log = logging.getLogger("tidings.distribution")
_STOP_SECONDS = 45.0
_GC_OBJECTS = 20_000
_SIGN_SECONDS = 1.0
_LOOK_SECONDS = 90.0  # a connection may take 30 s to open, 30 s to greet and 20 s to get a token


class SenderThread:
    """Runs `_main` until it ends by itself or is asked to."""

    def __init__(self) -> None:
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self.failed: BaseException | None = None
        """What ended the loop, if it ended by a fault."""
        self._sign = self._looked = self._sign_from = 0.0

    async def _main(self) -> None:
        """The work; ends soon after `_stopping` is true and `_wake` is set."""
        raise NotImplementedError

    async def run(self) -> None:
        """Sends until `stop`, in a thread of its own; raises what ended the thread if that was a fault."""
        self.start()
        try:
            await asyncio.to_thread(self._ended.wait)
        finally:
            self._ask_to_stop()
            await asyncio.to_thread(self._join)
        if self.failed is not None:
            raise self.failed

    async def stop(self) -> None:
        """Lets what is on the wire finish, gives the rest back, and ends the thread."""
        self._ask_to_stop()
        await asyncio.to_thread(self._join)

    def start(self) -> None:
        """Begins to send, in a thread of its own, on uvloop where there is one."""
        self._ended.clear()
        self._thread = threading.Thread(target=self._run_thread, name="tidings-sender", daemon=True)
        self._thread.start()

    def stop_and_wait(self) -> None:
        """`stop` for callers without a loop."""
        self._ask_to_stop()
        self._join()

    def _ask_to_stop(self) -> None:
        self._stopping = True
        self.wake()

    def _join(self) -> None:
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    @property
    def silent_for(self) -> float:
        """Seconds since the loop last gave a sign of life; 0 while it does not run.

        Opening a connection may take a look its time, so a look counts only after that.
        """
        if not self.alive or not self._sign:
            return 0.0
        now = time.monotonic()
        return max(now - self._sign, now - max(self._looked, self._sign_from) - _LOOK_SECONDS, 0.0)

    def _beat(self) -> None:
        self._sign = time.monotonic()
        if self._loop is not None and not self._stopping:
            self._loop.call_later(_SIGN_SECONDS, self._beat)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """There is something new to look at. May be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it may close between the two
                self._loop.call_soon_threadsafe(self._wake.set)

    def _run_thread(self) -> None:
        usual = gc.get_threshold()
        gc.set_threshold(max(usual[0], _GC_OBJECTS), *usual[1:])  # a batch in hand is no garbage: looking costs a tenth
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                self._loop = runner.get_loop()
                self._wake = asyncio.Event()
                self._sign_from = time.monotonic()
                self._loop.call_soon(self._beat)
                runner.run(self._main())
        except BaseException as error:  # the thread's end must be known to health, whatever caused it
            self.failed = error
            log.exception("the sender stopped")
        finally:
            gc.set_threshold(*usual)
            self._ended.set()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loops where they exist."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
