"""Drives one SMTP session over asyncio: bytes to and from the machine, TLS, time limits."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import Protocol, cast

from tidings.distribution.relay import Relay
from tidings.distribution.smtp.chunking import Chunking
from tidings.distribution.smtp.events import Answered, Broken, Mail, NeedGo, Ready, StartTls
from tidings.distribution.smtp.machine import SmtpMachine

OPENING_SECONDS = 30.0
COMMAND_SECONDS = 120.0
CLOSING_SECONDS = 10.0
ACCEPTANCE_SECONDS = 600.0  # RFC 5321, 4.5.3.2.6: a server may need ten minutes after the final dot


_NO_NETWORK = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTUNREACH, errno.EHOSTDOWN})


class OfflineError(ConnectionError):
    """Not even the relay's name or network can be reached: it may be this machine that has no network."""


class UntrustedError(ConnectionError):
    """The relay's certificate is not valid: trying at once again makes no sense."""


class Lane(Protocol):
    """Whom a connection serves."""

    def next_mail(self) -> Mail | None:
        """The next mail to offer."""
        ...

    def need_go(self, connection: SmtpConnection, mail: Mail) -> None:
        """The server waits for the body."""
        ...

    def round(self, connection: SmtpConnection, accepted: Mail, reply: bytes, wanted: Mail) -> None:
        """Both at once: a mail was accepted with this reply, and the server waits for the next one's body."""
        ...

    def answered(self, connection: SmtpConnection, answer: Answered) -> None:
        """The server's word."""
        ...

    def unsent(self, mail: Mail) -> None:
        """It got no leave; the connection goes on."""
        ...

    def gone(self, connection: SmtpConnection, uncertain: list[Mail], unsent: list[Mail]) -> None:
        """The connection is over."""
        ...


class SmtpConnection(asyncio.Protocol):
    """One connection. `opened` completes when mails can be offered, or fails with ConnectionError and words."""

    def __init__(self, relay: Relay, lane: Lane, *, name: str, context: ssl.SSLContext | None) -> None:
        self._relay, self._lane, self._context = relay, lane, context
        self.machine = SmtpMachine(
            name=name, tls=relay.tls, user=relay.user, password=relay.password, auth=relay.auth, chunking=relay.chunking
        )
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.refused = False
        self.stopped = False
        """Dropped by us because its mail must not leave any more."""
        self._words = ""
        self._transport: asyncio.Transport | None = None
        self._switching = False
        self._busy_since = self._loop.time()
        self._hold_tls: asyncio.Task[None] | None = None
        self._wanted: Mail | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP (or TLS) connection stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """The server speaks."""
        if self._switching:  # bytes before the handshake would be an injection (CVE-2011-0411)
            self._fail("the relay sent plain text after STARTTLS")
            return
        if b"\n" in data:  # a server that sends one byte a second has not answered
            self._busy_since = self._loop.time()
        usual = self.machine.usual(data)
        if usual is not None:
            accepted, reply, self._wanted = usual
            self._lane.round(self, accepted, reply, self._wanted)
            return
        self._write(self.machine.feed(data))
        self._work()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over; what was on the wire is uncertain, the rest goes back."""
        words = self._words or (str(exc) if exc else "") or "the relay closed the connection"
        uncertain, unsent = self.machine.lost()
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(words))
            self.opened.exception()  # it may be that nobody waits any more
        if not self.closed.done():
            self.closed.set_result(None)
            self._lane.gone(self, uncertain, unsent)

    # What the lane's owner calls

    def pull(self) -> None:
        """Offers mails while the machine wants some."""
        while self.machine.wants_mail and (mail := self._lane.next_mail()) is not None:
            self._write(self.machine.offer(mail))
            self._drain_answers()

    def decide(self, allowed: bool) -> None:
        """Whether the mail that the server waits for may leave; with several on the way, the one asked for longest."""
        if self.machine.chunks is not None:
            self._decide_next(self.machine.chunks, allowed)
            return
        mail, self._wanted = self._wanted, None
        if allowed and mail is not None:
            self.go(mail)
        elif not allowed:
            self.stopped = True
            self.abort("stopped")  # after 354 this is the only way not to send

    def _decide_next(self, chunks: Chunking, allowed: bool) -> None:
        mail = chunks.first_asked  # leave comes in the order it was asked for
        if mail is None or self.machine.closed:
            return
        if not allowed or chunks.closing:  # nothing of it has left, so those on the way need not suffer
            chunks.withdraw(mail)
            self._lane.unsent(mail)
            return
        self._busy_since = self._loop.time()
        pieces = self.machine.go_in_pieces(mail)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(pieces)
        self.pull()

    def go(self, mail: Mail) -> None:
        """Writes the body, and the next envelope with it."""
        machine, transport = self.machine, self._transport
        if machine.closed:
            return
        self._busy_since = self._loop.time()
        following = self._lane.next_mail()
        pieces = machine.go_in_pieces(mail, following)
        if transport is not None and not transport.is_closing():
            transport.writelines(pieces)
        if machine.events:
            self._drain_answers()
        if following is not None and machine.wants_mail:  # it was too large; take another
            self.pull()

    def abort(self, words: str = "") -> None:
        """Drops the connection at once; a body not wholly written cannot be accepted by the server."""
        self._words = words
        if self._transport is not None:
            self._transport.abort()

    def quit(self) -> None:
        """Ends an idle session politely."""
        if self.machine.ready and not self.machine.closed:
            self._write(self.machine.quit())
        if self._transport is not None:
            self._transport.close()

    def check_time(self, now: float) -> None:
        """Gives up on a server that has been silent for too long."""
        if not self.machine.ready:
            limit = OPENING_SECONDS
        elif self.machine.idle:
            return
        elif self.machine.chunks is not None and self.machine.chunks.closing:
            if now - self._busy_since > CLOSING_SECONDS:
                self.machine.chunks.give_up()
                self.abort("the relay said 421 and did not close the connection")
            return
        else:
            limit = ACCEPTANCE_SECONDS if self.machine.awaiting_acceptance else COMMAND_SECONDS
        if now - self._busy_since > limit:
            self.abort(f"the relay did not answer for {limit:.0f} s")

    # How it works

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _work(self) -> None:
        self._drain_answers()
        if self.machine.wants_mail:
            self.pull()

    def _drain_answers(self) -> None:
        events = self.machine.events
        while events:
            event = events.popleft()
            match event:
                case Answered():
                    self._lane.answered(self, event)
                case NeedGo(mail):
                    self._wanted = mail
                    self._lane.need_go(self, mail)
                case Ready():
                    if not self.opened.done():
                        self.opened.set_result(None)
                case StartTls():
                    self._switching = True
                    self._hold_tls = self._loop.create_task(self._encrypt())
                case Broken(words, refused):
                    self.refused = refused
                    self._fail(words)

    async def _encrypt(self) -> None:
        transport = self._transport
        if transport is None or self._context is None:
            return
        try:
            secure = await self._loop.start_tls(
                transport, self, self._context, server_hostname=self._relay.host, ssl_handshake_timeout=OPENING_SECONDS
            )
        except (OSError, ssl.SSLError) as error:
            self.refused = isinstance(error, ssl.SSLCertVerificationError)
            self._fail(f"encryption failed: {tls_words(error)}")
            return
        if secure is None:
            self._fail("the relay closed the connection")
            return
        self._transport = secure
        self._switching = False
        self._write(self.machine.tls_done())

    def _fail(self, words: str) -> None:
        self._words = words
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(words))
            self.opened.exception()
        if self._transport is not None:
            self._transport.abort()


def tls_words(error: BaseException) -> str:
    """Why an encrypted connection failed, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the relay's certificate is not valid: {error.verify_message}"
    return str(error) or type(error).__name__


Opener = Callable[[], SmtpConnection]


async def connect(relay: Relay, make: Opener, context: ssl.SSLContext | None) -> SmtpConnection:
    """Opens a session, ready for mail. Raises ConnectionError with words for people."""
    loop = asyncio.get_running_loop()
    tls = context if relay.tls == "implicit" else None
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            _, connection = await loop.create_connection(make, relay.host, relay.port, ssl=tls)
    except TimeoutError:
        raise ConnectionError(f"relay not reachable: {relay.name} did not answer") from None
    except ssl.SSLError as error:
        kind = UntrustedError if isinstance(error, ssl.SSLCertVerificationError) else ConnectionError
        raise kind(f"encryption failed: {tls_words(error)}") from error
    except socket.gaierror as error:
        raise OfflineError(f"relay not reachable: {relay.name} (no such host, or no network)") from error
    except OSError as error:
        words = f"relay not reachable: {relay.name} ({error.strerror or type(error).__name__})"
        raise (OfflineError if error.errno in _NO_NETWORK else ConnectionError)(words) from error
    try:
        async with asyncio.timeout(OPENING_SECONDS):
            await asyncio.shield(connection.opened)
    except TimeoutError:
        connection.abort()
        raise ConnectionError(f"relay not reachable: {relay.name} did not greet in time") from None
    except BaseException:
        connection.abort()  # cancelled, or the relay said no: either way nobody else will close it
        raise
    return connection
