"""The mailbox's SMTP server: takes every mail it is given, encrypts on the way, and answers 250 after the commit."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import threading
from collections.abc import Callable
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tidings.distribution.mailbox.writer import MailboxWriter, Received
from tidings.domain.errors import UnavailableError
from tidings.domain.instant import Clock
from tidings.keys.certificates import TlsFiles
from tidings.store.database import Database

log = logging.getLogger("tidings.distribution.mailbox")
MAX_BYTES = 25 * 1024 * 1024


_PLAIN_PATH = re.compile(r"\s*<([A-Za-z0-9._+=-]+@[A-Za-z0-9.-]+)>(.*)")
_END = b"\r\n.\r\n"


class _QuickSMTP(SMTP):
    """aiosmtpd with DATA read in one piece; line by line it takes a millisecond of work for every mail."""

    line_length_limit = MAX_BYTES  # the reader's buffer; a message's lines may be as long as they are

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  # aiosmtpd finds it by this name
        """Reads up to the final dot; a dot after a bare line feed ends nothing (SMTP smuggling)."""
        session, envelope = self.session, self.envelope
        if arg or session is None or envelope is None or not session.host_name or not envelope.rcpt_tos:
            await super().smtp_DATA(arg)  # which answers with the right error
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._read_message()
        if content is None or len(content) > MAX_BYTES:
            status: Any = "552 5.3.4 The message is too large"
        else:
            envelope.content = content
            status = await self._call_handler_hook("DATA")  # pyright: ignore[reportUnknownMemberType]  # untyped
        self._set_post_data_state()
        await self.push(status)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address of `<…>` and what follows; anything unusual is left to the thorough parser."""
        plain = _PLAIN_PATH.match(arg)
        if plain is None:
            return super()._getaddr(arg)
        return plain[1], plain[2].strip()

    async def _read_message(self) -> bytes | None:
        """The message without dot-stuffing; None when it is too large."""
        reader, too_large = self._reader, False
        data = await reader.readuntil(b"\r")
        if data == b".\r":
            data += await reader.readexactly(1)
            if data == b".\r\n":
                return b""
        while not data.endswith(_END):
            try:
                data += await reader.readuntil(b"\n.\r\n")
            except asyncio.LimitOverrunError as error:
                too_large = True
                data = (data + await reader.read(error.consumed))[-len(_END) :]
        if too_large:
            return None
        data = data[:-3].replace(b"\r\n..", b"\r\n.")
        return data[1:] if data.startswith(b"..") else data


class _Handler:
    """What aiosmtpd asks: whether to take, and what to answer."""

    def __init__(self, writer: MailboxWriter, clock: Clock) -> None:
        self._writer, self._clock = writer, clock

    async def handle_EHLO(  # noqa: N802  # aiosmtpd finds it by this name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Commands are read one by one from a buffer, so a client may send them together (RFC 2920)."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Stores the message for each recipient; 451 when it cannot be stored, so that nothing is lost."""
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content or "").encode("utf-8", "surrogateescape")
        now = self._clock.now()
        stored = [
            self._writer.put(Received(now, str(envelope.mail_from or ""), str(recipient), raw))
            for recipient in envelope.rcpt_tos
        ]
        try:
            await asyncio.gather(*(asyncio.wrap_future(each) for each in stored))
        except Exception:
            log.exception("a message could not be stored")
            return "451 4.3.0 The message could not be stored; try again later"
        return "250 2.0.0 Stored"


class MailboxServer:
    """Listens in a thread of its own. `start` returns when it listens; `port` says where."""

    def __init__(
        self, db: Database, clock: Clock, host: str = "127.0.0.1", port: int = 0, tls: TlsFiles | None = None
    ) -> None:
        self._db, self._clock = db, clock
        self._host, self.port = host, port
        self._context = server_context(tls) if tls is not None else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
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
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(30)
            self._thread = None

    def _run(self, ready: Callable[[], object]) -> None:
        loop = asyncio.SelectorEventLoop()  # aiosmtpd's STARTTLS reaches into asyncio's own transports
        asyncio.set_event_loop(loop)
        writer = MailboxWriter(self._db)
        handler = _Handler(writer, self._clock)

        def protocol() -> Any:
            return _QuickSMTP(
                handler, loop=loop, hostname="mailbox.localhost", ident="Tidings mailbox",
                data_size_limit=MAX_BYTES, tls_context=self._context, enable_SMTPUTF8=True, timeout=300,
            )  # fmt: skip

        try:
            server = loop.run_until_complete(loop.create_server(protocol, self._host, self.port))
        except OSError as error:
            self._error = error
            writer.close()
            loop.close()
            ready()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._loop = loop
        ready()
        try:
            loop.run_forever()
            server.close()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        finally:
            writer.close()
            loop.close()


def server_context(tls: TlsFiles) -> ssl.SSLContext:
    """A server's side of TLS with the installation's own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(tls.certificate), str(tls.private_key), password=tls.password)
    return context
