"""Writes to a plain connection while Python's other threads go on.

An event loop's transport holds the interpreter's lock while the system takes the bytes, which on one machine includes
the receiver's part of the way: a third of a sender's time, in which the ledger's thread could not work. The system's
own call lets go of the lock. What it does not take at once goes through the transport, as everything did before.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence


class QuickWriter:
    """Writes to one transport in the order of the calls, whichever way each goes."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._fd = _plain_socket(transport)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Writes a few pieces, one after the other; to a connection that is over it writes nothing."""
        transport = self._transport
        if transport.is_closing():
            return
        if self._fd < 0 or transport.get_write_buffer_size():
            transport.writelines(pieces)
            return
        try:
            sent = os.writev(self._fd, pieces)
        except OSError:  # full, or broken: the transport waits, or ends the connection
            transport.writelines(pieces)
            return
        for place, piece in enumerate(pieces):
            if sent < len(piece):
                transport.writelines([memoryview(piece)[sent:], *pieces[place + 1 :]])  # a body may be large
                return
            sent -= len(piece)


def _plain_socket(transport: asyncio.Transport) -> int:
    """The transport's socket, if what is written to it goes out as it is; else -1."""
    if not hasattr(os, "writev") or transport.get_extra_info("sslcontext") is not None:
        return -1
    own = transport.get_extra_info("socket")
    return own.fileno() if own is not None else -1
