"""Receives returned mail by SMTP: for our return addresses only, and with 250 only after the commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tidings.distribution.returns.source import Source
from tidings.domain.errors import UnavailableError

log = logging.getLogger("tidings.distribution.returns")
MAX_BYTES = 5 * 1024 * 1024

Take = Callable[[bytes, Sequence[str]], object]


class Listener:
    """An SMTP server in a thread of its own."""

    def __init__(self, source: Source, bounce_address: str, take: Take) -> None:
        handler = _Handler(bounce_address.lower(), take)
        self._name = source.name
        self._controller = Controller(
            handler, hostname=source.host, port=source.port, ready_timeout=10, server_hostname="returns.localhost",
            ident="Tidings returns", data_size_limit=MAX_BYTES, enable_SMTPUTF8=True, timeout=120,
        )  # fmt: skip

    def start(self) -> None:
        """Raises UnavailableError when the port cannot be had."""
        try:
            self._controller.start()
        except (OSError, TimeoutError) as error:
            raise UnavailableError(
                f"Returned mail cannot be received at {self._name}: {error}.",
                remedy="Choose a port in TIDINGS_RETURNS that is free and that this user may open.",
            ) from error

    def stop(self) -> None:
        """Stops listening."""
        self._controller.stop(no_assert=True)


class _Handler:
    def __init__(self, bounce_address: str, take: Take) -> None:
        self._local, _, self._domain = bounce_address.partition("@")
        self._take = take

    async def handle_RCPT(  # noqa: N802  # aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Our return addresses and no others: this server relays nothing."""
        local, _, domain = address.lower().rpartition("@")
        if domain != self._domain or local.partition("+")[0] != self._local:
            return "550 5.1.1 Only returned mail is taken here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Takes the mail; 451 when it cannot be recorded, so that the other side keeps it."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode("utf-8", "surrogateescape")
        try:
            await asyncio.to_thread(self._take, raw, [str(each) for each in envelope.rcpt_tos])
        except Exception:
            log.exception("a returned mail could not be recorded")
            return "451 4.3.0 It could not be recorded; try again later"
        return "250 2.0.0 Taken"
