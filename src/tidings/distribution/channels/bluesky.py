"""Bluesky: a record in the account's repository (AT Protocol).

https://docs.bsky.app/docs/advanced-guides/posts (facets by byte, external embed, images),
com.atproto.server.createSession, com.atproto.repo.createRecord, getRecord and uploadBlob. The record's key is made from
the posting's, so that a repeat finds the first: a server answers an existing key with an error, after which getRecord
tells.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.pictures import Fetch, NotPostedError, fetching, picture_of, upload_refused
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import (
    Service,
    behind,
    body_of,
    checking,
    text_of,
    usual_problems,
    wait_of,
)
from tidings.domain.channel import Channel
from tidings.domain.instant import Clock
from tidings.domain.short import LINK, hashtags, shown_link
from tidings.engine.clock import SystemClock
from tidings.net.client import Guard
from tidings.net.once import AnswerLostError

_COLLECTION = "app.bsky.feed.post"
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_LARGEST = 3_000  # bytes
_LARGEST_PICTURE = 1_000_000
_FIRST, _RANGE = 1_640_995_200_000_000, 94_608_000_000_000  # microseconds: the years 2022 to 2024, surely past


class BlueskyForm(BaseModel):
    """What a Bluesky account needs."""

    server: str = Field(default="https://bsky.social", pattern=r"^https?://[^/\s]+$", title="Server (PDS)")
    handle: str = Field(min_length=3, title="Handle", examples=["northwind.bsky.social"])
    app_password: SecretStr = Field(title="App password", description="Settings → Privacy and security → App passwords")


class BlueskyPoster:
    """Posts a record under a key of its own; links and hashtags are marked by facets."""

    def __init__(self, form: BlueskyForm, guard: Guard, clock: Clock | None = None, fetch: Fetch | None = None) -> None:
        self._fetch = fetch or fetching(guard)
        self._form, self._clock = form, clock or SystemClock()
        self._password = form.app_password.get_secret_value()
        self._service = Service("Bluesky", guard, repeatable=True, secrets=(self._password,))

    @property
    def name(self) -> str:
        """The account's handle."""
        return f"@{self._form.handle}"

    def problems(self, post: Post) -> list[str]:
        """300 characters as a reader sees them, and 3,000 bytes."""
        found = usual_problems(Channel.BLUESKY, post)
        if len(post.text.encode()) > _LARGEST:
            found.append("Bluesky takes 3,000 bytes. Shorten the text.")
        return found

    def post(self, post: Post) -> Posted:
        """200 with the record's address; an answer that may mean “there already” is looked into."""
        token, did = self._session()
        wanted: dict[str, Any] = {
            "repo": did,
            "collection": _COLLECTION,
            "rkey": record_key(post.key),
            "record": self._record(post),
        }
        try:
            if post.image_url:
                wanted["record"]["embed"] = self._picture(post, token)
            answer = self._service.send(
                "POST", self._at("com.atproto.repo.createRecord"), json=wanted,
                headers={"Authorization": f"Bearer {token}"},
            )  # fmt: skip
        except NotPostedError as error:
            return error.posted
        except AnswerLostError as error:
            return self._service.lost(error)
        body = body_of(answer)
        if answer.status == 200:
            return self._accepted(post, str(body.get("uri", "")), "created")
        if answer.status in {400, 409, 500}:  # an existing key is answered with any of these, by the server's age
            found = self.find(post)
            if found is not None and found.outcome.result is Result.ACCEPTED:
                return found
        words = f"{body.get('error', '')}: {body.get('message') or text_of(answer)}"
        if body.get("error") in {"ExpiredToken", "InvalidToken"}:
            return self._service.posted(Result.DEFERRED, answer.status, words)  # the next try opens a new session
        return self._service.refusal(answer, words)

    def check(self) -> str:
        """Opens a session."""
        return f"the account {self._session()[1]}"

    def find(self, post: Post) -> Posted | None:
        """The record under the posting's key."""
        params = {"repo": self._form.handle, "collection": _COLLECTION, "rkey": record_key(post.key)}
        answer = self._service.call("GET", self._at("com.atproto.repo.getRecord"), params=params)
        body = body_of(answer)
        if answer.status == 200:
            return self._accepted(post, str(body.get("uri", "")), "the record is there")
        if body.get("error") == "RecordNotFound" or "could not locate record" in str(body.get("message", "")).lower():
            return self._service.posted(Result.DEFERRED, "", "the record is not there")
        return None

    def _session(self) -> tuple[str, str]:
        given = {"identifier": self._form.handle, "password": self._password}
        answer = self._service.call("POST", self._at("com.atproto.server.createSession"), json=given)
        body = body_of(answer)
        if answer.status == 200:
            return str(body["accessJwt"]), str(body["did"])
        words = self._service.clean(str(body.get("message") or text_of(answer)))
        if answer.status in {400, 401, 403}:
            raise ChannelDownError(
                f"Bluesky does not accept the app password ({words}). Make a new one and enter it on "
                "the page Channels.",
                refused=True,
            )
        raise ChannelDownError(
            f"Bluesky opens no session now (HTTP {answer.status}: {words})", refused=wait_of(answer.headers) > 0
        )

    def _accepted(self, post: Post, uri: str, words: str) -> Posted:
        url = f"https://bsky.app/profile/{self._form.handle}/post/{record_key(post.key)}"
        return self._service.posted(Result.ACCEPTED, 200, words, uri, url)

    def _record(self, post: Post) -> dict[str, Any]:
        at = datetime.fromtimestamp(self._clock.now() / 1_000, UTC)
        text, marks = displayed(post.text)
        record: dict[str, Any] = {
            "$type": _COLLECTION, "text": text, "langs": [post.language],
            "createdAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }  # fmt: skip
        if marks:
            record["facets"] = marks
        if post.link:
            card = {"uri": post.link, "title": post.title or post.text.splitlines()[0][:200], "description": ""}
            record["embed"] = {"$type": "app.bsky.embed.external", "external": card}
        return record

    def _picture(self, post: Post, token: str) -> dict[str, Any]:
        """The embedding of the uploaded picture, in place of the link's card; the link stands in the text."""
        picture = picture_of(post, self._service, self._fetch, most=_LARGEST_PICTURE)
        answer = self._service.call(
            "POST", self._at("com.atproto.repo.uploadBlob"), content=picture.content,
            headers={"Authorization": f"Bearer {token}", "Content-Type": picture.media_type},
        )  # fmt: skip
        body = body_of(answer)
        if answer.status != 200:
            raise upload_refused(self._service, answer, f"{body.get('error', '')}: {body.get('message', '')}")
        return {"$type": "app.bsky.embed.images", "images": [{"alt": post.image_alt, "image": body["blob"]}]}

    def _at(self, method: str) -> str:
        return f"{self._form.server}/xrpc/{method}"


def record_key(key: str) -> str:
    """A record key in the form of a TID, the same for the same posting: feeds leave out posts with another form."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:10])
    value = ((_FIRST + number % _RANGE) << 10) | (number >> 70)
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(60, -1, -5))


def displayed(text: str) -> tuple[str, list[dict[str, Any]]]:
    """The text with its addresses as they are shown, and where links and hashtags stand, in bytes of UTF-8."""
    parts: list[str] = []
    found: list[dict[str, Any]] = []
    at = 0
    for match in LINK.finditer(text):
        parts.append(text[at : match.start()])
        short = shown_link(match[0])
        found.append(_facet("".join(parts), short, {"$type": "app.bsky.richtext.facet#link", "uri": match[0]}))
        parts.append(short)
        at = match.end()
    whole = "".join([*parts, text[at:]])
    at = 0
    for tag in hashtags(whole):
        at = whole.index(tag, at)
        found.append(_facet(whole[:at], tag, {"$type": "app.bsky.richtext.facet#tag", "tag": tag[1:]}))
        at += len(tag)
    return whole, sorted(found, key=lambda facet: facet["index"]["byteStart"])


def _facet(before: str, what: str, feature: dict[str, str]) -> dict[str, Any]:
    first = len(before.encode())
    return {"index": {"byteStart": first, "byteEnd": first + len(what.encode())}, "features": [feature]}


PROVIDER = Provider(
    name="bluesky", title="Bluesky", channel=Channel.BLUESKY, form=BlueskyForm,
    poster=behind(BlueskyPoster), check=checking(BlueskyPoster),
    about="Needs an app password, not the account's own. https://docs.bsky.app/docs/get-started",
    limits={"length": "300 characters", "rate": "about 1,600 posts an hour, 11,000 a day"},
)  # fmt: skip
