"""The breaker and the look into what is sent."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Collection
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.domain.contact import suppression_form
from tidings.domain.errors import ForbiddenError, UnavailableError
from tidings.net.addresses import AddressRule
from tidings.net.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker
from tidings.net.client import AnswerLostError, Guard, HostClient, ManyHosts, NothingLeftError
from tidings.net.egress import EgressScan, hashes_known

CONTACTS = {"ada@example.com", "o'neil@example.org", "grün@beispiel.de"}


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.enter("api")
        breaker.failed("api")


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(Time())
    fail(breaker, FAILURES - 1)
    breaker.succeeded("api")
    fail(breaker, FAILURES)
    with pytest.raises(UnavailableError, match="tried again in 30 seconds"):
        breaker.enter("api")
    breaker.enter("another")


def test_after_the_pause_one_may_try_and_decides_for_all() -> None:
    time = Time()
    breaker = Breaker(time)
    fail(breaker, FAILURES)
    time.now = FIRST_PAUSE + 1
    assert not breaker.is_open("api")
    breaker.enter("api")
    with pytest.raises(UnavailableError):
        breaker.enter("api")  # the first is still trying
    breaker.failed("api")
    time.now += FIRST_PAUSE + 1
    assert breaker.is_open("api")  # twice as long now
    time.now += FIRST_PAUSE
    breaker.enter("api")
    breaker.succeeded("api")
    breaker.enter("api")
    breaker.enter("api")


@given(st.lists(st.booleans(), max_size=60))
def test_a_pause_never_grows_beyond_its_limit(outcomes: list[bool]) -> None:
    time = Time()
    breaker = Breaker(time)
    for good in outcomes:
        time.now += LONGEST_PAUSE + 1
        breaker.enter("api")
        (breaker.succeeded if good else breaker.failed)("api")
    time.now += LONGEST_PAUSE + 1
    breaker.enter("api")


def scan() -> EgressScan:
    def any_of(hashes: Collection[str]) -> bool:
        return any(value in {hash_of(address) for address in CONTACTS} for value in hashes)

    def hash_of(address: str) -> str:
        return f"hash of {suppression_form(address)}"

    return EgressScan(hashes_known(hash_of, any_of), canaries=["kestrel-4711"])


@pytest.mark.parametrize("contact", sorted(CONTACTS))
@pytest.mark.parametrize(
    "wrap",
    [
        lambda address: address,
        lambda address: f"Dear <{address.upper()}>, hello.",
        lambda address: f"written to {address}.",
        lambda address: json.dumps({"messages": [{"content": f"to '{address}'"}]}),
        lambda address: json.dumps({"to": address.replace("@", "\u0040")}).replace("@", "\\u0040"),
        lambda address: f"https://x.example/?to={quote(address, safe='')}",
        lambda address: address.replace("@", "&#64;"),
        lambda address: f"mailto:{address}?subject=x",
        lambda address: f"a={address}&b=1",
    ],
)
def test_a_contacts_address_is_found_however_it_is_wrapped(contact: str, wrap: object) -> None:
    assert callable(wrap)
    with pytest.raises(ForbiddenError, match="contact data") as caught:
        scan().check(wrap(contact).encode())
    assert contact not in str(caught.value)


def test_a_planted_canary_is_found() -> None:
    with pytest.raises(ForbiddenError):
        scan().check(b'{"text": "the KESTREL-4711 file"}')


def test_other_peoples_addresses_and_plain_texts_pass() -> None:
    scan().check(b"")
    scan().check(b'{"text": "Write to hello@bakery.example for a place."}')
    scan().check(base64.b64encode(bytes(range(256))))


@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_into(body: bytes) -> None:
    scan().check(body)


async def test_a_kept_client_serves_one_host_and_tells_what_left_from_what_did_not() -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                seen.append(head.split(b" ")[1])
                if seen[-1] == b"/cut":
                    break
                await reader.readexactly(1 if b"content-length: 1" in head.lower() else 0)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    connections: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.get_running_loop().create_task(talk(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    guard = Guard(AddressRule(allowed=frozenset({"127.0.0.1"})))
    client = HostClient(guard, url, connections=2)
    await client.reach()
    for _ in range(3):
        assert (await client.send("POST", f"{url}/a", headers={}, body=b"x")).body == b"ok"
    assert len(connections) <= 2  # the bare one of `reach`, and one that was kept
    for elsewhere in ("http://127.0.0.1:1/a", "http://localhost/a", url.replace("http:", "https:")):
        with pytest.raises(NothingLeftError):
            await client.send("POST", elsewhere, headers={}, body=b"")
    with pytest.raises(AnswerLostError):
        await client.send("POST", f"{url}/cut", headers={}, body=b"")
    await client.close()
    many = ManyHosts(guard)
    assert (await many.send("GET", f"{url}/b", headers={}, body=b"")).status == 200
    with pytest.raises(NothingLeftError, match="public"):
        await ManyHosts(Guard()).send("GET", f"{url}/b", headers={}, body=b"")
    await many.close()
    server.close()
    with pytest.raises(NothingLeftError):
        await HostClient(guard, url, connections=1).reach()
    for task in connections:
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
    await asyncio.sleep(0.01)
