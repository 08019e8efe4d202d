"""One client's session with the mailbox: the verbs of RFC 5321 it needs, PIPELINING, SIZE and STARTTLS.

The whole input is handled as it comes, a message's text in one piece. The next command is looked at only when the
message before is on disk, so answers keep their order and a 250 is never a hope.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tidings.distribution.mailbox.writer import Received
from tidings.domain.instant import Clock

Put = Callable[[list[Received], Callable[[bool], None]], None]
"""Stores mails, then says in the loop's thread whether they are on disk."""
SILENCE_SECONDS = 300.0
_MAX_LINE = 8192
_MAX_RECIPIENTS = 1000
_MAX_WAITING = 1 << 20
_END = b"\r\n.\r\n"
_PATH = re.compile(
    r"(?:FROM|TO):\s*<(?:@[^:>]*:)?((?:\"(?:[^\"\\]|\\.)*\"|[^\">])*)>\s*(.*)", re.IGNORECASE | re.DOTALL
)
_SIZE = re.compile(r"(?:^|\s)SIZE=(\d{1,18})(?:\s|$)", re.IGNORECASE)


@dataclass(slots=True)
class Terms:
    """What all sessions of a server share."""

    put: Put
    clock: Clock
    max_bytes: Callable[[], int]
    context: ssl.SSLContext | None
    sessions: set[MailboxSession]


class MailboxSession(asyncio.Protocol):
    """Bytes in, replies out."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._input = bytearray()
        self._replies: list[bytes] = []
        self._greeted = self._secure = self._in_data = self._too_large = False
        self._waiting = False
        """For the disk or for TLS: nothing is read from the input meanwhile."""
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._seen = 0
        self._switch: asyncio.Task[None] | None = None
        self.heard_at = self._loop.time()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self._transport = cast("asyncio.Transport", transport)
        self._terms.sessions.add(self)
        self._transport.write(b"220 mailbox.localhost Tidings mailbox\r\n")

    def data_received(self, data: bytes) -> None:
        """The client speaks."""
        self.heard_at = self._loop.time()
        self._input += data
        if not self._waiting:
            self._work()
        elif len(self._input) > _MAX_WAITING and self._transport is not None:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio calls it so
        """The client went; what was not acknowledged is not ours."""
        self._terms.sessions.discard(self)
        self._transport = None

    def close(self) -> None:
        """Ends it at once."""
        if self._transport is not None:
            self._transport.abort()

    # How it works

    def _work(self) -> None:
        """Everything that can be done with what came; one write for all the answers."""
        while not self._waiting and self._transport is not None:
            if not (self._take_data() if self._in_data else self._take_line()):
                break
        self._answer()

    def _answer(self) -> None:
        replies, self._replies = self._replies, []
        if replies and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"\r\n".join([*replies, b""]))

    def _say(self, reply: str) -> None:
        self._replies.append(reply.encode("utf-8", "replace"))

    def _take_line(self) -> bool:
        end = self._input.find(b"\n")
        if end < 0 or end > _MAX_LINE:
            if len(self._input) > _MAX_LINE:
                self._say("500 5.5.6 Error: line too long")
                self._leave()
            return False
        line = self._input[:end].rstrip(b"\r").decode("utf-8", "surrogateescape")
        verb, _, rest = line.strip().partition(" ")
        verb = verb.upper()
        if verb == "DATA" and not rest:
            self._input[: end + 1] = b"\r\n"  # the text begins at a line's start: so its end can be looked for as one
            self._begin_data()
        else:
            del self._input[: end + 1]
            self._obey(verb, rest.strip())
        return True

    def _obey(self, verb: str, rest: str) -> None:  # noqa: C901  # one line for each verb
        match verb:
            case "EHLO" if rest:
                self._reset()
                self._greeted = True
                self._features()
            case "HELO" if rest:
                self._reset()
                self._greeted = True
                self._say("250 mailbox.localhost")
            case "MAIL":
                self._mail(rest)
            case "RCPT":
                self._rcpt(rest)
            case "RSET":
                self._reset()
                self._say("250 2.0.0 OK")
            case "NOOP":
                self._say("250 2.0.0 OK")
            case "VRFY":
                self._say("252 2.1.5 Cannot verify, but will take the message")
            case "QUIT":
                self._say("221 2.0.0 Bye")
                self._leave()
            case "STARTTLS" if not rest and self._terms.context is not None and not self._secure:
                self._say("220 2.0.0 Ready to start TLS")
                self._encrypt(self._terms.context)
            case "EHLO" | "HELO" | "DATA" | "STARTTLS":
                self._say("501 5.5.4 Syntax error in parameters")
            case _:
                self._say(f"500 5.5.2 Error: command {verb[:40]!a} not recognized")

    def _features(self) -> None:
        tls = ["STARTTLS"] if self._terms.context is not None and not self._secure else []
        words = [f"SIZE {self._terms.max_bytes()}", "8BITMIME", "SMTPUTF8", *tls, "PIPELINING", "ENHANCEDSTATUSCODES"]
        lines = ["mailbox.localhost", *words]
        for each in lines[:-1]:
            self._say(f"250-{each}")
        self._say(f"250 {lines[-1]}")

    def _reset(self) -> None:
        self._sender, self._recipients = None, []

    def _mail(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        size = _SIZE.search(path[2]) if path else None
        if not self._greeted:
            self._say("503 5.5.1 Error: send HELO first")
        elif path is None or not rest.upper().startswith("FROM"):
            self._say("501 5.5.4 Syntax: MAIL FROM:<address>")
        elif self._sender is not None:
            self._say("503 5.5.1 Error: nested MAIL command")
        elif size is not None and int(size[1]) > self._terms.max_bytes():
            self._say("552 5.3.4 Error: message size exceeds fixed maximum message size")
        else:
            self._sender = path[1]
            self._say("250 2.1.0 OK")

    def _rcpt(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        if self._sender is None:
            self._say("503 5.5.1 Error: need MAIL command")
        elif path is None or not rest.upper().startswith("TO") or not path[1]:
            self._say("501 5.5.4 Syntax: RCPT TO:<address>")
        elif len(self._recipients) >= _MAX_RECIPIENTS:
            self._say("452 4.5.3 Error: too many recipients")
        else:
            self._recipients.append(path[1])
            self._say("250 2.1.5 OK")

    def _begin_data(self) -> None:
        if not self._recipients:
            del self._input[:2]
            self._say("503 Error: need RCPT command")
            return
        self._in_data, self._too_large, self._seen = True, False, 0
        self._say("354 End data with <CR><LF>.<CR><LF>")

    def _take_data(self) -> bool:
        """The text up to its final dot; a dot after a bare line feed ends nothing (SMTP smuggling)."""
        data = self._input
        end = data.find(_END, self._seen)
        if end < 0:
            if len(data) > self._terms.max_bytes() + len(_END):
                self._too_large = True
                del data[: -len(_END)]
            self._seen = max(0, len(data) - len(_END) + 1)
            return False
        text = bytes(data[: end + 2])
        del data[: end + len(_END)]
        self._in_data = False
        if self._too_large or len(text) - 2 > self._terms.max_bytes():
            self._say("552 5.3.4 The message is too large")
            self._reset()
        else:
            self._store(text.replace(b"\r\n..", b"\r\n.")[2:])
        return True

    def _store(self, raw: bytes) -> None:
        now, sender = self._terms.clock.now(), _clean(self._sender or "")
        mails = [Received(now, sender, _clean(recipient), raw) for recipient in self._recipients]
        self._reset()
        self._waiting = True
        self._answer()
        self._terms.put(mails, self._stored)

    def _stored(self, kept: bool) -> None:
        self._say("250 2.0.0 Stored" if kept else "451 4.3.0 The message could not be stored; try again later")
        self._go_on()

    def _go_on(self) -> None:
        self._waiting = False
        self.heard_at = self._loop.time()
        if self._transport is not None:
            self._transport.resume_reading()
            self._work()

    def _leave(self) -> None:
        self._answer()
        self._input.clear()
        if self._transport is not None:
            self._transport.close()
            self._waiting = True

    def _encrypt(self, context: ssl.SSLContext) -> None:
        """What came before the handshake is forgotten: it would be an injection (CVE-2011-0411)."""
        self._answer()
        self._waiting = True
        self._input.clear()
        self._switch = self._loop.create_task(self._handshake(context))

    async def _handshake(self, context: ssl.SSLContext) -> None:
        transport = self._transport
        if transport is None:
            return
        try:
            self._transport = await self._loop.start_tls(transport, self, context, server_side=True)
        except (OSError, ssl.SSLError):
            transport.abort()
            return
        self._greeted, self._secure = False, True
        self._reset()
        self._go_on()


def _clean(address: str) -> str:
    return address.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
