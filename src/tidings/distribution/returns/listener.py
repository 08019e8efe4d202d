"""Receives returned mail by SMTP or LMTP: for our return addresses only, and with 250 only after the commit."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from tidings.distribution.returns.source import Source
from tidings.domain.errors import UnavailableError

log = logging.getLogger("tidings.distribution.returns")
MAX_BYTES = 5 * 1024 * 1024
MAX_RECIPIENTS = 100
MAX_CONNECTIONS = 50
MAX_A_MINUTE = 3_000
"""Mails taken in one minute; more are asked to come again, so that a flood does not starve the rest."""
_BUSY = b"421 4.7.0 Too many connections; try again later\r\n"

Take = Callable[[bytes, Sequence[str]], object]


class Listener:
    """A server in a thread of its own. With `tls` it offers STARTTLS; nothing it takes is relayed anywhere."""

    def __init__(
        self, source: Source, bounce_address: str, take: Take, tls: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        lmtp = source.scheme == "lmtp"
        handler = _Handler(bounce_address.lower(), take, lmtp=lmtp, monotonic=monotonic)
        self._name = source.name
        self._controller = _Controller(
            handler, hostname=source.host, port=source.port, ready_timeout=10, server_hostname="returns.localhost",
            ident="Tidings returns", data_size_limit=MAX_BYTES, enable_SMTPUTF8=True, timeout=120, tls_context=tls,
        )  # fmt: skip
        self._controller.kind = _lmtp if lmtp else _smtp

    def start(self) -> None:
        """Raises UnavailableError when the port cannot be had."""
        try:
            self._controller.start()
        except (OSError, TimeoutError) as error:
            self._controller.give_up()
            raise UnavailableError(
                f"Returned mail cannot be received at {self._name}: {error}.",
                remedy="Choose a port in TIDINGS_RETURNS that is free and that this user may open.",
            ) from error

    def stop(self) -> None:
        """Stops listening."""
        self._controller.stop(no_assert=True)


class _Controller(Controller):
    """Makes servers that count their connections together."""

    kind: Callable[..., SMTP]

    def __init__(self, handler: object, **given: Any) -> None:
        super().__init__(handler, **given)  # pyright: ignore[reportUnknownMemberType]  # aiosmtpd leaves it untyped
        self._open: set[object] = set()

    def give_up(self) -> None:
        """Closes what a start that failed has opened."""
        thread = self._thread
        if thread is not None:
            thread.join(10)
        if not self.loop.is_running():
            self.loop.close()

    def factory(self) -> SMTP:
        return self.kind(self.handler, self._open, **self.SMTP_kwargs)


class _Counted(SMTP):
    """Turns a connection away when there are too many."""

    def __init__(self, handler: object, opened: set[object], **given: Any) -> None:
        super().__init__(handler, **given)
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # After STARTTLS the same server is given its encrypted transport here.
        if self not in self._opened and len(self._opened) >= MAX_CONNECTIONS:
            if isinstance(transport, asyncio.WriteTransport):
                transport.write(_BUSY)
            transport.close()
            return
        self._opened.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._opened:
            self._opened.discard(self)
            super().connection_lost(error)


class _CountedLmtp(LMTP, _Counted):
    """The same for LMTP."""


_smtp, _lmtp = _Counted, _CountedLmtp


class _Handler:
    def __init__(self, bounce_address: str, take: Take, *, lmtp: bool, monotonic: Callable[[], float]) -> None:
        self._local, _, self._domain = bounce_address.partition("@")
        self._take, self._lmtp, self._monotonic = take, lmtp, monotonic
        self._taken: deque[float] = deque()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Our return addresses and no others: this server relays nothing."""
        local, _, domain = address.lower().rpartition("@")
        if domain != self._domain or local.partition("+")[0] != self._local:
            return "550 5.1.1 Only returned mail is taken here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Takes the mail; 451 when it cannot be recorded, so that the other side keeps it. LMTP: a line for each."""
        answer = await self._record(envelope)
        return "\r\n".join([answer] * len(envelope.rcpt_tos)) if self._lmtp else answer

    async def _record(self, envelope: Envelope) -> str:
        if self._is_flooded():
            return "451 4.7.0 Too much mail at once; try again later"
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode("utf-8", "surrogateescape")
        try:
            await asyncio.to_thread(self._take, raw, [str(each) for each in envelope.rcpt_tos])
        except Exception:
            log.exception("a returned mail could not be recorded")
            return "451 4.3.0 It could not be recorded; try again later"
        return "250 2.0.0 Taken"

    def _is_flooded(self) -> bool:
        now = self._monotonic()
        while self._taken and self._taken[0] < now - 60:
            self._taken.popleft()
        self._taken.append(now)
        if len(self._taken) > MAX_A_MINUTE:
            self._taken.pop()
            return True
        return False
