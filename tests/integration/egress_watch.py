"""Everything that leaves the process: each request's bytes, each connection made, each line to a child."""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import httpx2
import pytest

from tidings.llm.llama import model as llama


@dataclass
class Watch:
    """What left, and where to. `reached` are the ports of this machine and other hosts that were connected to."""

    left: list[bytes] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    on: bool = True

    @property
    def all(self) -> bytes:
        return b"\n".join(self.left)


_watching: list[Watch] = []


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watching and isinstance(arguments[1], tuple):
        _watching[-1].reached.add(f"{arguments[1][0]}:{arguments[1][1]}")


sys.addaudithook(_heard)  # cannot be taken out again; it is deaf while nobody watches


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Watches below every guard: what is seen here is on its way."""
    watch = Watch()
    plain, coroutine = httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    told = llama._Child.ask

    def noted(request: httpx2.Request) -> None:
        head = f"{request.method} {request.url}\n".encode()
        watch.left.append(head + b"\n".join(b": ".join(pair) for pair in request.headers.raw) + b"\n" + request.read())

    def handle(self: Any, request: httpx2.Request) -> Any:
        noted(request)
        return plain(self, request)

    async def handle_async(self: Any, request: httpx2.Request) -> Any:
        await request.aread()
        noted(request)
        return await coroutine(self, request)

    def ask(self: Any, request: dict[str, Any], seconds: float) -> Any:
        watch.left.append(json.dumps(request).encode())
        return told(self, request, seconds)

    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", handle)
    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", handle_async)
    monkeypatch.setattr(llama._Child, "ask", ask)
    _watching.append(watch)
    try:
        yield watch
    finally:
        _watching.remove(watch)


def forms_of(canary: str) -> set[bytes]:
    """The canary as it could be spelled on the wire."""
    raw = canary.encode()
    found = {raw, json.dumps(canary)[1:-1].encode(), quote(canary).encode(), quote_plus(canary).encode()}
    found |= {html.escape(canary).encode(), quopri.encodestring(raw), raw.hex().encode(), canary.encode("utf-16-le")}
    for shift in range(3):  # base64 looks otherwise at each of three places; its ends depend on what stands beside
        inner = base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift] :].rstrip(b"=")[:-1]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def leaks(sent: bytes, canaries: tuple[str, ...]) -> list[str]:
    """The canaries in it, however spelled."""
    text = sent.decode("utf-8", "replace")
    unfolded = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    soft = text.replace("=\r\n", "").replace("=\n", "")
    readings = (text, unfolded, unquote_plus(unfolded), html.unescape(unfolded), soft)
    return [
        canary
        for canary in canaries
        if any(form in sent for form in forms_of(canary))
        or any(canary.casefold() in reading.casefold() for reading in readings)
    ]
