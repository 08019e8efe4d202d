"""Hands a few messages to the relay outside any campaign, by the channel that sends campaigns, and waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing, Result
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.domain.errors import UnavailableError

if TYPE_CHECKING:
    from tidings.distribution.dkim import DkimSigner
    from tidings.distribution.relay import Relay

SECONDS = 60.0
HandOver = Callable[[Sequence[Outgoing]], list[Outcome]]
"""Sends messages now and tells what the relay said to each, in order. Raises UnavailableError."""


class _Once:
    """A feed of these messages and no others; each is tried once."""

    def __init__(self, messages: Sequence[Outgoing]) -> None:
        self._waiting = list(messages)
        self._open = len(self._waiting)
        self.said: dict[int, Outcome] = {}
        self.done = asyncio.Event()

    def take(self) -> Outgoing | None:
        """The next one."""
        return self._waiting.pop(0) if self._waiting else None

    def ask(self, message: Outgoing, go: Callable[[bool], None]) -> None:
        """Nobody else could send it."""
        del message
        go(True)

    def report(self, message: Outgoing, outcome: Outcome) -> None:
        """What became of it."""
        self.said[id(message)] = outcome
        self._open -= 1
        if self._open <= 0:
            self.done.set()

    def give_back(self, message: Outgoing) -> None:
        """It did not leave."""
        self.report(message, Outcome(Result.DEFERRED, "", "the relay did not take it now"))

    def down(self, words: str, *, refused: bool) -> None:
        """The relay is gone: what is left does not leave."""
        del refused
        for message in self._waiting:
            self.said[id(message)] = Outcome(Result.DEFERRED, "", words)
        self._waiting.clear()
        self.done.set()


async def _sent(relay: Relay, signer: DkimSigner | None, messages: Sequence[Outgoing]) -> list[Outcome]:
    feed, channel = _Once(messages), SmtpChannel(relay, connections=1, signer=signer)
    try:
        await channel.connect(feed)
        async with asyncio.timeout(SECONDS):
            await feed.done.wait()
    except ChannelDownError as error:
        raise UnavailableError(f"The test could not be sent: {error}.", remedy="Check the relay.") from error
    except TimeoutError:
        pass  # those without an answer are told so
    finally:
        await channel.close()
    nothing = Outcome(Result.UNCERTAIN, "", "the relay did not answer")
    return [feed.said.get(id(message), nothing) for message in messages]


def hand_over(relay: Callable[[], Relay], signer: Callable[[], DkimSigner | None]) -> HandOver:
    """Sends by this relay. The settings are read when the first test is sent."""

    def send(messages: Sequence[Outgoing]) -> list[Outcome]:
        return asyncio.run(_sent(relay(), signer(), messages))

    return send
