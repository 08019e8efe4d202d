"""The senders of a worker process: one for each personal channel that has a way out, changed when its account is."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from tidings.agents.state import load
from tidings.app.sending import account_of, build_account_sender, build_sender
from tidings.distribution.accounts import repository
from tidings.distribution.no_way import note_way
from tidings.distribution.worker import Worker
from tidings.domain.actor import AgentName
from tidings.domain.channel import Channel
from tidings.domain.errors import TidingsError, UnavailableError

if TYPE_CHECKING:
    from tidings.app.wiring import House

log = logging.getLogger("tidings.app")
_LOOK_SECONDS = 2.0
_CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.PUSH)


class Senders:
    """E-mail always leaves by something: an account, the relay, or the built-in mailbox. The others need an account."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._working: dict[Channel, tuple[str, Worker]] = {}
        self._stopping = asyncio.Event()
        self.waits = False
        """Whether the database is waited for."""

    async def run(self) -> None:
        """Sends until `stop`; raises what ended a sender if that was a fault."""
        try:
            while not self._stopping.is_set():
                await self._look()
                try:
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._stopping.wait()
                except TimeoutError:
                    continue
        finally:
            await self._end_all()

    @property
    def silent_for(self) -> float:
        """Seconds since the quietest of the senders gave a sign of life."""
        return max((worker.silent_for for _, worker in [*self._working.values()]), default=0.0)

    @property
    def ways(self) -> dict[Channel, str]:
        """The channels that have a sender, each with what it was built from."""
        return {channel: mark for channel, (mark, _) in self._working.items()}

    async def stop(self) -> None:
        """Lets what is on the wire finish, and gives the rest back."""
        self._stopping.set()

    async def _look(self) -> None:
        """Gives each channel the sender it should have. A database that is away is waited for, as the senders do."""
        try:
            marks = await asyncio.to_thread(self._marks)
            for channel in _CHANNELS:
                await self._tend(channel, marks[channel])
        except (OperationalError, UnavailableError) as error:
            if not self.waits:
                log.warning("waiting for the database: %s", error)
            self.waits = True
            return
        if self.waits:
            log.info("the database answers again")
        self.waits = False

    async def _tend(self, channel: Channel, mark: str) -> None:
        known = self._working.get(channel)
        if known is not None:
            if known[1].failed is not None:
                del self._working[channel]  # if it was the database, the next look makes another
                raise known[1].failed
            if known[0] == mark:
                return
            log.info("the way out of %s changes", channel.value)
            await known[1].stop()
            del self._working[channel]
        if not mark:
            return
        try:
            worker = await asyncio.to_thread(self._build, channel)
        except TidingsError as error:  # a way out that cannot be opened must not stop the others; health says why
            if await asyncio.to_thread(self._note, channel, error):
                log.warning("nothing can be sent by %s: %s", channel.value, error)
            return
        await asyncio.to_thread(self._note, channel, None)
        if worker is not None:
            worker.start()
            self._working[channel] = mark, worker

    def _marks(self) -> dict[Channel, str]:
        """Which account each channel uses, and when it was last changed; for mail without one, that it is the relay's.

        What a sender of mail is built with from the Distribution agent's settings belongs to it.
        """
        with self._house.db.reading() as conn:
            found = repository.in_use(conn, _CHANNELS)
            config = load(conn, AgentName.DISTRIBUTION).config
        marks = {channel: found.get(channel.value, "") for channel in _CHANNELS}
        mail = marks[Channel.EMAIL] or "relay"
        marks[Channel.EMAIL] = f"{mail} {config['connections']} {config['max_per_hour']}"
        return marks

    def _build(self, channel: Channel) -> Worker | None:
        if channel is Channel.EMAIL:
            return build_sender(self._house)
        account = account_of(self._house, channel)
        return build_account_sender(self._house, account) if account is not None else None

    def _note(self, channel: Channel, error: TidingsError | None) -> bool:
        with self._house.db.transaction() as conn:
            return note_way(conn, channel.value, error, self._house.clock.now())

    async def _end_all(self) -> None:
        await asyncio.gather(*(worker.stop() for _, worker in self._working.values()))
        self._working.clear()
