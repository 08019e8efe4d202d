"""A request that has an effect: whoever answers late, byte by byte or without end is cut off, and that is said."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tidings.net.addresses import AddressRule
from tidings.net.client import MOST_BYTES
from tidings.net.guard import Guard
from tidings.net.once import AnswerLostError, OnceClient

Answering = Callable[[socket.socket, threading.Event], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


def take_whole(connection: socket.socket) -> None:
    """The request with its body: what is not read when a connection closes resets it."""
    taken, whole = b"", None
    while whole is None or len(taken) < whole:
        piece = connection.recv(65_536)
        if not piece:
            return
        taken += piece
        head, end, _ = taken.partition(b"\r\n\r\n")
        if end and whole is None:
            length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
            whole = len(head) + len(end) + int(length.partition(b":")[2])


@contextlib.contextmanager
def receiver(answering: Answering) -> Iterator[str]:
    """Takes each request whole and answers it as told, until the test is over."""
    over, threads = threading.Event(), list[threading.Thread]()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)

    def one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            take_whole(connection)
            answering(connection, over)

    def accept() -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=one, args=(connection,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    over.set()
    for thread in (accepting, *threads):
        thread.join(5)
    listener.close()


def silent(_connection: socket.socket, over: threading.Event) -> None:
    """Takes the request and says nothing."""
    over.wait(30)


def dripping(first: bytes) -> Answering:
    """Something at once, then a byte every so often."""

    def answer(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        for byte in b"x" * 1_000:
            if over.wait(0.02):
                return
            connection.sendall(bytes([byte]))

    return answer


def endless(connection: socket.socket, over: threading.Event) -> None:
    """Far more than anybody reads."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
    piece = b"x" * 100_000
    for _ in range(100):
        if over.is_set():
            return
        connection.sendall(piece)


def client(seconds: float) -> OnceClient:
    return OnceClient(Guard(AddressRule(allowed=frozenset({"127.0.0.1"}))), seconds=seconds)


@pytest.mark.parametrize("answering", [silent, dripping(b"HTTP/1.1 200 OK\r\nX: "), dripping(HEAD)])
def test_who_does_not_come_to_an_end_is_cut_off(answering: Answering) -> None:
    late = pytest.raises(AnswerLostError, match=r"127\.0\.0\.1 did not answer in time")
    with receiver(answering) as url, contextlib.closing(client(1.0)) as asking, late:
        asking.call("POST", url, content=b"{}")


def test_what_the_head_said_is_known_though_the_rest_was_lost() -> None:
    for answering, status in ((dripping(HEAD), 200), (silent, None)):
        with receiver(answering) as url, contextlib.closing(client(1.0)) as asking:
            with pytest.raises(AnswerLostError) as lost:
                asking.call("POST", url, content=b"{}")
            assert lost.value.status == status


def test_a_long_answer_is_read_so_far_and_counts() -> None:
    with receiver(endless) as url, contextlib.closing(client(30.0)) as asking:
        answer = asking.call("POST", url, content=b"{}")
    assert answer.status == 200
    assert MOST_BYTES <= len(answer.body) < MOST_BYTES + 1_000_000


def test_whoever_answers_in_time_leaves_nothing_behind() -> None:
    def well(connection: socket.socket, _over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok")

    before = threading.active_count()
    with receiver(well) as url, contextlib.closing(client(30.0)) as asking:
        for _ in range(5):
            assert asking.call("POST", url, content=b"{}").body == b"ok"
    assert threading.active_count() <= before + 1, "no timer waits on"
