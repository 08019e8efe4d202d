"""Reads one public page or file: a few redirects, each judged anew, a limit in bytes and one in time. Runs nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx2

from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.net.client import Guard, GuardedTransport

MOST_BYTES = 4_000_000
SECONDS = 20.0
_HOPS = 3
_TIMEOUT = httpx2.Timeout(8.0, connect=5.0)
_ASKED = {"User-Agent": "tidings", "Accept": "text/html, text/plain, text/markdown, application/pdf;q=0.9"}
_REMEDY = "Check the address, or paste the text."


@dataclass(frozen=True, slots=True)
class Page:
    """What stood at the address in the end. `media_type` is what the server calls it, without parameters."""

    url: str
    media_type: str
    body: bytes


def read_page(guard: Guard, url: str, *, seconds: float = SECONDS, most_bytes: int = MOST_BYTES) -> Page:
    """The page at a public https address.

    Raises ForbiddenError for an address that is not public, InvalidInputError for one that is none, UnavailableError
    when it does not answer well in time or is too large. No cookies are kept and nothing about the reader is told.
    """
    until = time.monotonic() + seconds
    with httpx2.Client(
        transport=GuardedTransport(guard), timeout=_TIMEOUT, follow_redirects=False, trust_env=False, headers=_ASKED
    ) as client:
        for _ in range(_HOPS + 1):
            found = _read_once(client, url, until, most_bytes)
            if isinstance(found, Page):
                return found
            url = found
            client.cookies.clear()
    raise UnavailableError("The page sends its readers on and on.", remedy=_REMEDY)


def _read_once(client: httpx2.Client, url: str, until: float, most_bytes: int) -> Page | str:
    """The page, or the address it sends its readers to."""
    if not url.casefold().startswith(("https://", "http://")):
        raise InvalidInputError(f"{url!r} is not an address on the web.", remedy=_REMEDY, field="url")
    try:
        with client.stream("GET", url) as response:
            if response.is_redirect:
                return urljoin(url, response.headers["location"])
            if response.status_code != 200:
                raise UnavailableError(f"The page answers with status {response.status_code}.", remedy=_REMEDY)
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Page(url, kind, _read_within(response, until, most_bytes))
    except httpx2.InvalidURL as error:
        raise InvalidInputError(f"{url!r} is not an address on the web.", remedy=_REMEDY, field="url") from error
    except httpx2.HTTPError as error:
        raise UnavailableError("The page does not answer.", remedy=_REMEDY) from error


def _read_within(response: httpx2.Response, until: float, most_bytes: int) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > most_bytes:
            raise UnavailableError(f"The page is larger than {most_bytes // 1_000_000} MB.", remedy=_REMEDY)
        if time.monotonic() > until:
            raise UnavailableError("The page takes too long.", remedy=_REMEDY)
    return bytes(body)
