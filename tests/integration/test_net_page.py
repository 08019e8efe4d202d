"""Reading one page from a real server on the loopback: limits, redirects, and no way to where one may not go."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tidings.domain.errors import ForbiddenError, InvalidInputError, UnavailableError
from tidings.net.addresses import AddressRule
from tidings.net.client import Guard
from tidings.net.page import read_page

SEEN: list[dict[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        SEEN.append(dict(self.headers))
        ways = {
            "/loop": "/loop",
            "/moved": "/page",
            "/inside": "http://169.254.169.254/latest",
            "/file": "file:///etc/passwd",
        }
        if self.path in ways:
            self._head(302, {"Location": ways[self.path], "Set-Cookie": "a=b"})
        elif self.path == "/page":
            body = b"<p>Our bread is baked here.</p>"
            self._head(200, {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))})
            self.wfile.write(body)
        elif self.path == "/slow":
            self._head(200, {"Content-Type": "text/plain"})
            for _ in range(40):
                try:
                    self.wfile.write(b"x" * 100)
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)
        else:
            self._head(404, {})

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def guard(place: str) -> Guard:
    return Guard(AddressRule(allowed=frozenset({place})))


def test_a_page_is_read_and_a_redirect_followed_without_a_cookie(guard: Guard, place: str) -> None:
    SEEN.clear()
    page = read_page(guard, f"http://{place}/moved")
    assert (page.url, page.media_type) == (f"http://{place}/page", "text/html")
    assert b"baked here" in page.body
    assert not any("cookie" in {name.lower() for name in headers} for headers in SEEN)


def test_a_redirect_is_judged_like_any_address(guard: Guard, place: str) -> None:
    with pytest.raises(ForbiddenError):
        read_page(guard, f"http://{place}/inside")
    with pytest.raises(InvalidInputError, match="not an address"):
        read_page(guard, f"http://{place}/file")
    with pytest.raises(UnavailableError, match="on and on"):
        read_page(guard, f"http://{place}/loop")


def test_time_and_size_have_limits(guard: Guard, place: str) -> None:
    with pytest.raises(UnavailableError, match="too long"):
        read_page(guard, f"http://{place}/slow", seconds=0.2)
    with pytest.raises(UnavailableError, match="larger"):
        read_page(guard, f"http://{place}/slow", most_bytes=150)
    with pytest.raises(UnavailableError, match="status 404"):
        read_page(guard, f"http://{place}/nothing")


def test_a_private_address_is_refused_before_anything_is_asked(place: str) -> None:
    SEEN.clear()
    with pytest.raises(ForbiddenError):
        read_page(Guard(), f"http://{place}/page")
    assert SEEN == []
