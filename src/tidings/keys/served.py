"""The certificate that a running server shows: renewed before it ends, without a connection being dropped.

A handshake that begins later gets the newer certificate; what is open goes on under the one it began with.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable

from tidings.keys.certificates import TlsFiles

log = logging.getLogger("tidings.keys")
LOOK_SECONDS = 3600.0


def server_context(tls: TlsFiles) -> ssl.SSLContext:
    """A server's side of TLS with the installation's own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(tls.certificate), str(tls.private_key), password=tls.password)
    return context


class ServedCertificate:
    """Keeps the contexts of this process's servers up to date; `attach` each of them once."""

    def __init__(self, files: Callable[[], TlsFiles]) -> None:
        """`files` gives the pair on disk, and renews it there when it ends soon. Raises what that raises."""
        self._files = files
        self.tls = files()
        self._shown = self.tls.certificate.read_bytes()
        self._newer: ssl.SSLContext | None = None

    def attach(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """The same context, which from now on answers with the newest certificate."""
        context.sni_callback = self._answer  # asked at each handshake, also of clients that name no server
        return context

    def look(self) -> bool:
        """Whether there is a newer certificate now. One that cannot be used changes nothing and is logged."""
        try:
            files = self._files()
            found = files.certificate.read_bytes()
            if found == self._shown:
                return False
            self._newer = server_context(files)
        except (OSError, ValueError):  # an SSLError is an OSError
            log.exception("the certificate cannot be renewed; the one before it is served on")
            return False
        self._shown = found
        log.info("serves a newer certificate")
        return True

    async def keep(self, seconds: float = LOOK_SECONDS) -> None:
        """Looks every so often, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.look)

    def _answer(self, handshake: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _first: ssl.SSLContext) -> None:
        if self._newer is not None:
            handshake.context = self._newer
