"""The contract of every provider's reports. To add one: write `reports/<name>.py` and name it in `registry.py`.

A reader checks that a request comes from the provider before it looks into it, and says in our words (Anymail's
vocabulary) what it tells; the provider's own event is kept beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, cast

from tidings.domain.instant import Instant

_FAR = 10**14  # in the year 5138
Record = Mapping[str, Any]


class Happening(StrEnum):
    """What can be told, after Anymail's normalised event types."""

    QUEUED = "queued"
    SENT = "sent"
    REJECTED = "rejected"  # the provider would not send it
    FAILED = "failed"  # it could not
    BOUNCED = "bounced"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    AUTORESPONDED = "autoresponded"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    INBOUND = "inbound"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `headers` have lower-case names; `url` is the public address with its query."""

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises UnreadableError when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise UnreadableError("the body is no JSON") from error


@dataclass(frozen=True, slots=True)
class Reported:
    """One event in our words. `id` is the provider's own name for it, or made of what makes it the only one."""

    id: str
    kind: Happening
    native: str
    body: Record
    at: Instant | None = None
    recipient: str = ""
    references: tuple[str, ...] = ()
    """What the provider calls the message."""
    message_ids: tuple[str, ...] = ()
    """Message-IDs, which may be ours."""
    tokens: tuple[str, ...] = ()
    """Texts we gave with the message (custom arguments, tags): one may be the delivery's signed token."""
    code: str = ""
    words: str = ""
    permanent: bool = False
    """The provider says that it will not write to the address again."""
    suppressed: str = ""
    """Why the provider itself no longer sends there: bounced, complained, unsubscribed; empty: it did not say so."""
    channel: str = "email"
    machine: float = 0.0
    url: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a request holds. `nonce` may be used once only; `answer` is what the provider waits for in the body."""

    events: tuple[Reported, ...] = ()
    nonce: str = ""
    answer: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


Fetch = Callable[[str], bytes]
"""GET of a public https address through the guarded client. Raises UnavailableError."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a reader may need besides the request."""

    now: Instant
    fetch: Fetch


class Reader(Protocol):
    """One provider."""

    @property
    def keys(self) -> Mapping[str, str]:
        """Names of the account's secrets the reader may use, each with what it is, for people."""
        ...

    def read(self, request: Request, secret: Mapping[str, str], context: Context) -> Batch:
        """What the request tells. Raises RefusedError when it is not the provider's, UnreadableError when it is
        not understood; UnavailableError when what is needed to check it cannot be had now."""
        ...


class RefusedError(Exception):
    """The request does not prove that it comes from the provider. The words are for our log, never for the caller."""


class UnreadableError(Exception):
    """It comes from the provider, and yet it is not what the provider documents."""


def records(value: object) -> list[dict[str, Any]]:
    """The JSON objects in a list, or the one object; anything else is left out."""
    found = cast("list[object]", value) if isinstance(value, list) else [value]
    return [cast("dict[str, Any]", each) for each in found if isinstance(each, dict)]


def record(value: object) -> dict[str, Any]:
    """The JSON object, or the first in a list; an empty one when there is none."""
    found = records(value)
    return found[0] if found else {}


def part(of: Record, name: str) -> dict[str, Any]:
    """An object inside an object; empty when there is none."""
    value = of.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def text(of: Record, *names: str) -> str:
    """The first of the named values that is a text or a number and not empty."""
    for name in names:
        value = of.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
            return str(value)[:4000]
    return ""


def texts(values: object) -> tuple[str, ...]:
    """The short texts in a list, in an object's values, or in either of these inside; for tags and custom data."""
    found: list[str] = []
    pending: list[object] = [values]
    while pending and len(found) < 50:
        value = pending.pop(0)
        if isinstance(value, str):
            found.append(value[:200])
        elif isinstance(value, list):
            pending += cast("list[object]", value)[:50]
        elif isinstance(value, dict):
            pending += list(cast("dict[object, object]", value).values())[:50]
    return tuple(found)


def instant(value: object) -> Instant | None:
    """An ISO time or seconds since 1970 as milliseconds; None when it is neither."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        if isinstance(value, int | float) or (isinstance(value, str) and value.replace(".", "", 1).isdigit()):
            return _plausible(int(float(value) * 1000))
        when = datetime.fromisoformat(_six_digits(str(value)))
        return _plausible(int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return None


def _plausible(ms: int) -> Instant | None:
    return ms if 0 < ms < _FAR else None


def _six_digits(value: str) -> str:
    """Services write up to nine digits of a second; Python reads six."""
    head, dot, tail = value.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}{dot}{tail[: min(digits, 6)]}{tail[digits:]}" if dot else value


def made_id(*parts: object) -> str:
    """A name for an event whose provider gives it none: the same for the same event."""
    packed = "\x1f".join(str(each) for each in parts).encode()
    return hashlib.blake2b(packed, digest_size=16).hexdigest()


def bare(ids: Iterable[str]) -> tuple[str, ...]:
    """Message-IDs without their angle brackets."""
    return tuple(dict.fromkeys(each.strip().strip("<>") for each in ids if each.strip().strip("<>")))
