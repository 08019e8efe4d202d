"""Bytes written past the transport keep their order with those that go through it, and none is lost or doubled."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.distribution.sender_thread import loop_factory
from tidings.distribution.smtp.quick import QuickWriter

_LOOPS = [asyncio.new_event_loop, loop_factory() or asyncio.new_event_loop]
_Make = Callable[[], asyncio.AbstractEventLoop]


async def _transport(sock: socket.socket) -> asyncio.Transport:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(asyncio.Protocol, sock=sock)
    return transport


def _narrow_pair() -> tuple[socket.socket, socket.socket]:
    """Two ends that hold a few kB between them, so that hardly any write is taken whole."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            end.setsockopt(socket.SOL_SOCKET, option, 4096)
    return ours, theirs


def _body(size: int, number: int) -> bytes:
    return bytes((number * 7 + place // 251) % 251 for place in range(size))


_WRITES = st.lists(
    st.tuples(st.sampled_from(["quick", "transport", "rest"]), st.integers(0, 40_000), st.integers(0, 300)), max_size=12
)


@pytest.mark.parametrize("make", _LOOPS, ids=["asyncio", "as the sender"])
@given(writes=_WRITES)
@settings(max_examples=40, deadline=None)
def test_everything_arrives_once_and_in_order(make: _Make, writes: list[tuple[str, int, int]]) -> None:
    """Whatever the receiver takes at a time, and whichever way each piece goes."""

    async def main() -> tuple[bytes, bytes]:
        ours, theirs = _narrow_pair()
        transport, sent, got = await _transport(ours), bytearray(), bytearray()
        writer = QuickWriter(transport)

        async def receive() -> None:
            while piece := await asyncio.get_running_loop().sock_recv(theirs, 3000):
                got.extend(piece)

        reading: asyncio.Task[None] | None = None
        for number, (how, size, more) in enumerate(writes):
            pieces = (_body(size, number), _body(more, number + 1))
            if how == "rest":  # the receiver catches up meanwhile
                reading = reading or asyncio.create_task(receive())
                await asyncio.sleep(0)
                continue
            sent += b"".join(pieces)
            if how == "quick":
                writer.write(pieces)
            else:
                transport.write(b"".join(pieces))
        reading = reading or asyncio.create_task(receive())
        transport.close()
        await asyncio.wait_for(reading, 20)
        theirs.close()
        return bytes(sent), bytes(got)

    with asyncio.Runner(loop_factory=make) as runner:
        sent, got = runner.run(main())
    assert got == sent


@pytest.mark.parametrize("make", _LOOPS, ids=["asyncio", "as the sender"])
def test_a_broken_connection_is_told_by_the_transport(make: _Make) -> None:
    """The other end is gone: the protocol hears of it as of any write, and nothing is raised."""

    async def main() -> bool:
        ours, theirs = socket.socketpair()
        lost = asyncio.get_running_loop().create_future()

        class Watching(asyncio.Protocol):
            def connection_lost(self, exc: Exception | None) -> None:
                lost.set_result(True)

        transport, _ = await asyncio.get_running_loop().create_connection(Watching, sock=ours)
        writer = QuickWriter(transport)
        theirs.close()
        writer.write((b"into the void", b"\r\n"))
        told = await asyncio.wait_for(lost, 10)
        writer.write((b"once more", b"\r\n"))  # nothing happens, and another's socket is not written to
        return told

    with asyncio.Runner(loop_factory=make) as runner:
        assert runner.run(main())


def test_what_is_to_be_encrypted_is_never_written_as_it_is() -> None:
    """Under TLS the socket belongs to the transport alone."""
    transport = _Encrypted()
    QuickWriter(cast("asyncio.Transport", transport)).write((b"a", b"b"))
    assert transport.through == [b"a", b"b"]


class _Encrypted:
    def __init__(self) -> None:
        self.through: list[bytes] = []

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str) -> object:
        return {"sslcontext": object(), "socket": _MustNotBeTouched()}[name]

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.through += pieces


class _MustNotBeTouched:
    def fileno(self) -> int:
        raise AssertionError("the plain socket was asked for")
