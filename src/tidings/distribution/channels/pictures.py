"""A posting's picture, fetched from its address to be uploaded to services that take no address.

Nothing is posted before the picture is there: whatever goes wrong until then says so, and is no doubt.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.remote import Service
from tidings.net.client import Answer, Guard

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"),
)  # fmt: skip
_REMEDY = "Correct `picture` in the brief, or post without it."


@dataclass(frozen=True, slots=True)
class Picture:
    """The file, and what it is: `image/jpeg`, `image/png`, `image/webp` or `image/gif`."""

    content: bytes
    media_type: str


Fetch = Callable[[str], Answer]
"""The answer at an address. Raises ChannelDownError when there is none."""


class NotPostedError(Exception):
    """What became of a posting that ended before anything was posted."""

    def __init__(self, posted: Posted) -> None:
        super().__init__(posted.outcome.said)
        self.posted = posted


def fetching(guard: Guard) -> Fetch:
    """From public addresses only, as the guard says."""
    service = Service("The picture", guard)
    return lambda url: service.call("GET", url)


def picture_of(post: Post, service: Service, fetch: Fetch, *, most: int, types: str = "jpeg png webp gif") -> Picture:
    """The posting's picture, of at most so many bytes. Raises NotPostedError, with the remedy."""

    def wrong(words: str, result: Result = Result.FAILED) -> NotPostedError:
        return NotPostedError(service.posted(result, "", words))

    try:
        answer = fetch(post.image_url)
    except ChannelDownError as error:
        if error.refused:  # an address that may not be asked; the account itself is in order
            raise wrong(f"The picture cannot be fetched: {error}. {_REMEDY}") from error
        raise wrong(f"{error}; it is tried again", Result.DEFERRED) from error
    if answer.status >= 500 or answer.status in {408, 429}:
        raise wrong(f"The picture cannot be fetched now (HTTP {answer.status}); it is tried again", Result.DEFERRED)
    if answer.status != 200:
        raise wrong(f"There is no picture at its address (HTTP {answer.status}). {_REMEDY}")
    kind = media_type(answer.body)
    if kind.removeprefix("image/") not in types.split():
        raise wrong(f"{service.title} takes {types.replace(' ', ', ')}; the picture is none of these. {_REMEDY}")
    if len(answer.body) > most:
        raise wrong(f"{service.title} takes pictures of {most / 1e6:g} MB; this one is larger. Make it smaller.")
    return Picture(answer.body, kind)


def multipart(fields: Mapping[str, str], name: str, picture: Picture) -> tuple[str, bytes]:
    """The content type and the body of a form with a file (RFC 7578)."""
    boundary = f"tidings-{secrets.token_hex(16)}"
    kind = picture.media_type
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{text}\r\n'.encode()
        for field, text in fields.items()
    ]
    named = f'name="{name}"; filename="picture.{kind.removeprefix("image/")}"'
    head = f"--{boundary}\r\nContent-Disposition: form-data; {named}\r\nContent-Type: {kind}\r\n\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", b"".join(
        [*parts, head, picture.content, f"\r\n--{boundary}--\r\n".encode()]
    )


def media_type(content: bytes) -> str:
    """By its first bytes, whatever its name or server says; empty for what is none of the four kinds."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _STARTS if content.startswith(start)), "")


def upload_refused(service: Service, answer: Answer, words: str) -> NotPostedError:
    """A service that does not take the picture: nothing was posted. Raises ChannelDownError as `refusal` does."""
    posted = service.refusal(answer, f"the picture was not taken: {words}")
    if posted.outcome.result is Result.UNCERTAIN:
        posted = service.posted(Result.DEFERRED, answer.status, words)
    return NotPostedError(posted)
