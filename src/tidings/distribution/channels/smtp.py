"""E-mail through an SMTP relay: a few connections that each keep one message on the wire, or a few if asked to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from tidings.distribution.channels.base import ChannelDownError, Feed, Outcome, Outgoing, Result
from tidings.distribution.channels.signing import SigningFeed
from tidings.distribution.dkim import DkimSigner
from tidings.distribution.relay import Relay
from tidings.distribution.smtp.connection import OfflineError, SmtpConnection, UntrustedError, connect
from tidings.distribution.smtp.events import Answered, Mail
from tidings.distribution.smtp.replies import Reply
from tidings.distribution.throttle import replies
from tidings.distribution.throttle.replies import GREYLIST_WAIT, About

_IDLE_SECONDS = 8.0
_REOPEN_SECONDS = 1.0
_TICK_SECONDS = 0.01
_CLOSING_TICKS = 3000  # 30 s
_REMEMBERED = 256


@lru_cache(maxsize=256)
def outcome_of(reply: Reply, stage: str = "dot") -> Outcome:
    """What a reply means for one message. 5.1.x says the recipient is wrong for good (RFC 3463)."""
    words = reply.text[:500]
    if reply.positive:
        return Outcome(Result.ACCEPTED, reply.shown, words)
    refusal = replies.read(reply.code, reply.enhanced, reply.text, stage)
    about = refusal.about
    if reply.transient:
        wait = refusal.wait or (GREYLIST_WAIT if about is About.GREYLIST else 0)
        return Outcome(Result.DEFERRED, reply.shown, words, about=about, wait=wait)
    if about is About.POLICY:  # the sender is meant: nobody is given up for it
        return Outcome(Result.DEFERRED, reply.shown, words, about=about)
    if about is About.SIZE:
        words = f"the message is too big for the other side: {words}"
    return Outcome(Result.FAILED, reply.shown, words, hard=about is About.RECIPIENT, about=about)


class SmtpChannel:
    """Keeps `connections` sessions with one relay open while there is mail, and closes them when there is none."""

    def __init__(
        self, relay: Relay, *, connections: int = 10, ehlo_name: str = "", signer: DkimSigner | None = None,
        closing: Callable[[Outgoing, Outcome], bool] | None = None,
    ) -> None:  # fmt: skip
        """`signer`: signs each message here. `closing`: takes a message the relay closed its connection over (421).

        Raises InvalidInputError when the relay's authority cannot be read.
        """
        self._relay, self._signer = relay, signer
        self._wanted = connections
        self._name = ehlo_name or _own_name()
        self._context: ssl.SSLContext | None = relay.tls_context()
        self._open: set[SmtpConnection] = set()
        self._idle_since: float | None = None
        self._feed: Feed | None = None
        self._opening: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._turned_away = closing
        self._closing = False
        self._accepted: dict[bytes, Outcome] = {}

    @property
    def name(self) -> str:
        """Host and port."""
        return self._relay.name

    @property
    def lanes(self) -> int:
        """Open connections."""
        return len(self._open)

    def widen(self, connections: int) -> None:
        """So many connections from now on; those that are open stay."""
        self._wanted = connections
        if self._open and len(self._open) < connections and (self._opening is None or self._opening.done()):
            self._opening = asyncio.get_running_loop().create_task(self._open_others())

    async def connect(self, feed: Feed) -> None:
        """Opens the first connection and goes on opening the others beside. Raises ChannelDownError."""
        self._feed, self._closing = self._signing(feed) if self._signer is not None else feed, False
        if self._open:
            return
        await self._open_one()
        self._opening = asyncio.get_running_loop().create_task(self._open_others())
        self._schedule_watch()

    def _signing(self, feed: Feed) -> Feed:
        """The feed with signatures; the same one again when the channel was only at rest."""
        if self._signer is None or (isinstance(self._feed, SigningFeed) and self._feed.feed is feed):
            return self._feed or feed
        return SigningFeed(feed, self._signer, self.wake, ahead=2 * self._wanted * self._relay.chunking)

    def wake(self) -> None:
        """Lets idle connections pull."""
        for connection in list(self._open):
            connection.pull()

    async def close(self) -> None:
        """Waits for what is on the wire, at most 30 s, then says QUIT; what is left after that is uncertain."""
        self._closing = True
        await self._stop_opening()
        if isinstance(self._feed, SigningFeed):
            self._feed.clear()
        if self._watch is not None:
            self._watch.cancel()
        for _ in range(_CLOSING_TICKS):
            if all(connection.machine.idle for connection in self._open):
                break
            await asyncio.sleep(_TICK_SECONDS)
        for connection in list(self._open):
            if connection.machine.idle:
                connection.quit()
            else:
                connection.abort("stopped while waiting for the relay's answer")
        for connection in list(self._open):
            await connection.closed
        if isinstance(self._feed, SigningFeed):
            self._feed.close()
            self._feed = None

    async def _stop_opening(self) -> None:
        task, self._opening = self._opening, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _open_one(self) -> None:
        lane = _SmtpLane(self)
        made: list[SmtpConnection] = []
        relay = self._relay

        def make() -> SmtpConnection:
            made.append(SmtpConnection(relay, lane, name=self._name, context=self._context))
            return made[-1]

        try:
            if relay.auth == "xoauth2":  # tokens live for an hour: each connection takes the present one
                relay = await asyncio.to_thread(relay.with_token)
            connection = await connect(relay, make, self._context)
        except ConnectionError as error:
            refused = any(c.refused for c in made) or isinstance(error, UntrustedError)
            raise ChannelDownError(
                self._shown(str(error)), refused=refused, offline=isinstance(error, OfflineError)
            ) from error
        if connection.closed.done():
            raise ChannelDownError(f"relay {self._relay.name} closed the connection", refused=connection.refused)
        self._open.add(connection)
        connection.pull()

    def _shown(self, words: str) -> str:
        return words if self._relay.name in words else f"relay {self._relay.name}: {words}"

    async def _open_others(self) -> None:
        """Up to the wanted number, at once; a relay that refuses more keeps those it allows."""
        while (missing := self._wanted - len(self._open)) > 0 and not self._closing:
            opened = await asyncio.gather(*(self._open_one() for _ in range(missing)), return_exceptions=True)
            failed = [each for each in opened if each is not None]
            for each in failed:
                if not isinstance(each, ChannelDownError):
                    raise each
            if failed:
                await asyncio.sleep(_REOPEN_SECONDS * 15)

    def _schedule_watch(self) -> None:
        loop = asyncio.get_running_loop()
        if self._watch is not None:
            self._watch.cancel()
        self._watch = loop.call_later(1.0, self._on_watch)

    def _on_watch(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self._open):
            connection.check_time(loop.time())
        if any(not connection.machine.idle for connection in self._open):
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = loop.time()
        elif loop.time() - self._idle_since > _IDLE_SECONDS:
            self._rest()
        if self._open:
            self._watch = loop.call_later(1.0, self._on_watch)

    def _rest(self) -> None:
        """Nothing to send: relays dislike silent connections."""
        self._idle_since = None
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        for connection in list(self._open):
            connection.quit()

    # What the lanes tell

    def take(self) -> Outgoing | None:
        """The feed's next message, unless the channel is closing."""
        return None if self._closing or self._feed is None else self._feed.take()

    def ask(self, message: Outgoing, go: Callable[[bool], None]) -> None:
        """Asks the feed for leave."""
        if self._feed is not None:
            self._feed.ask(message, go)

    def round(self, connection: SmtpConnection, accepted: Outgoing, reply: bytes, wanted: Outgoing) -> None:
        """Reports an acceptance and asks for the next."""
        feed, outcome = self._feed, self._accepted.get(reply)
        if feed is None:
            return
        if outcome is None:
            if len(self._accepted) >= _REMEMBERED:
                self._accepted.clear()
            words = Reply(250, reply[4:].rstrip(b"\r\n").decode("utf-8", "replace"))
            outcome = self._accepted[reply] = outcome_of(words)
        feed.report(accepted, outcome)
        feed.ask(wanted, connection.decide)

    def answered(self, message: Outgoing, answer: Answered) -> None:
        """Reports an answer. A relay that refuses the sender refuses everybody: that holds mail and fails nobody."""
        feed = self._feed
        if feed is None:
            return
        if answer.stage == "mail" and 500 <= answer.reply.code < 600 and answer.reply.code != 552:
            feed.give_back(message)
            feed.down(
                f"relay {self.name} refuses the sender: {answer.reply.code} {answer.reply.text[:200]}", refused=True
            )
        elif answer.reply.code == 421 and answer.stage != "dot":
            taken = self._turned_away is not None and self._turned_away(message, outcome_of(answer.reply, answer.stage))
            if not taken:
                feed.give_back(message)
        else:
            feed.report(message, outcome_of(answer.reply, answer.stage))

    def unsent(self, message: Outgoing) -> None:
        """It got no leave."""
        if self._feed is not None:
            self._feed.give_back(message)

    def gone(self, connection: SmtpConnection, uncertain: list[Outgoing], unsent: list[Outgoing]) -> None:
        """One connection less; when none is left, the feed is told."""
        served = connection in self._open
        self._open.discard(connection)
        feed = self._feed
        if feed is None:
            return
        for message in uncertain:
            words = "the connection was lost after the message, before the relay's answer"
            feed.report(message, Outcome(Result.UNCERTAIN, "", words))
        for message in unsent:
            feed.give_back(message)
        if self._closing or not served:  # one that never opened: whoever opens it says why
            return
        if not self._open:
            if isinstance(feed, SigningFeed):
                feed.clear()  # no lane would take what waits there
            expected = connection.stopped or not (uncertain or unsent)
            if not expected or connection.refused:
                feed.down(f"relay {self.name} closed every connection", refused=connection.refused)
        elif self._opening is None or self._opening.done():
            self._opening = asyncio.get_running_loop().create_task(self._reopen())

    async def _reopen(self) -> None:
        await asyncio.sleep(_REOPEN_SECONDS)
        await self._open_others()


class _SmtpLane:
    """Translates between mails of a connection and messages of the feed."""

    def __init__(self, channel: SmtpChannel) -> None:
        self._channel = channel
        self._carried: Counter[str] = Counter()
        self._full = False
        """As many of one provider as a connection may carry: it ends as soon as nothing is under way."""

    def next_mail(self) -> Mail | None:
        message = None if self._full else self._channel.take()
        if message is not None and message.most:
            self._carried[message.group] += 1
            self._full = self._carried[message.group] >= message.most
        return message

    def need_go(self, connection: SmtpConnection, mail: Mail) -> None:
        self._channel.ask(_message(mail), connection.decide)

    def round(self, connection: SmtpConnection, accepted: Mail, reply: bytes, wanted: Mail) -> None:
        self._channel.round(connection, _message(accepted), reply, _message(wanted))

    def answered(self, connection: SmtpConnection, answer: Answered) -> None:
        self._channel.answered(_message(answer.mail), answer)
        if self._full and connection.machine.idle:
            connection.quit()

    def unsent(self, mail: Mail) -> None:
        self._channel.unsent(_message(mail))

    def gone(self, connection: SmtpConnection, uncertain: list[Mail], unsent: list[Mail]) -> None:
        self._channel.gone(
            connection, [_message(mail) for mail in uncertain], [_message(mail) for mail in unsent]
        )  # fmt: skip


def _message(mail: Mail) -> Outgoing:
    if not isinstance(mail, Outgoing):
        raise TypeError("a lane only carries messages of its feed")
    return mail


def _own_name() -> str:
    """A host name fit for EHLO; an address literal when the machine has none (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    return name if name.isascii() and "." in name else "[127.0.0.1]"
