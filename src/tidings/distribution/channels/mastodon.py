"""Mastodon and what speaks its API: a status.

https://docs.joinmastodon.org/methods/statuses/#create (Idempotency-Key: the same key within an hour gives the first
status again), …/methods/media/#v2 (a picture is uploaded first; 202 and 206 while it is worked on),
…/methods/accounts/#statuses, …/user/posting/#links (an address counts as 23 characters).
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import Any, Literal, cast

from pydantic import BaseModel, Field, SecretStr

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.pictures import (
    Fetch,
    NotPostedError,
    fetching,
    multipart,
    picture_of,
    upload_refused,
)
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import Service, behind, body_of, checking, text_of, usual_problems
from tidings.domain.channel import Channel
from tidings.net.client import Answer, Guard
from tidings.net.once import AnswerLostError

_LOOKED_AT = "40"
_LARGEST, _LOOKS = 8_000_000, 10


class MastodonForm(BaseModel):
    """What a Mastodon account needs."""

    server: str = Field(pattern=r"^https?://[^/\s]+$", title="Server", examples=["https://mastodon.social"])
    access_token: SecretStr = Field(
        title="Access token", description="Preferences → Development → New application, with write:statuses, "
        "write:media, read:statuses, read:accounts",
    )  # fmt: skip
    visibility: Literal["public", "unlisted"] = Field(default="public", title="Who sees it")
    max_characters: int = Field(default=500, ge=100, le=100_000, title="Characters the server takes")


class MastodonPoster:
    """Posts a status; asking again with the same key is harmless, and the account's own statuses tell what is there."""

    def __init__(
        self, form: MastodonForm, guard: Guard, fetch: Fetch | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._fetch, self._sleep = fetch or fetching(guard), sleep
        self._form = form
        self._token = form.access_token.get_secret_value()
        self._service = Service("Mastodon", guard, repeatable=True, secrets=(self._token,))

    @property
    def name(self) -> str:
        """The server's name."""
        return self._form.server.partition("://")[2]

    def problems(self, post: Post) -> list[str]:
        """As many characters as the server takes, an address as 23."""
        return usual_problems(Channel.MASTODON, post, most=self._form.max_characters)

    def post(self, post: Post) -> Posted:
        """200 with the status, whose `url` is the proof."""
        status: dict[str, Any] = {
            "status": post.text, "visibility": self._form.visibility, "language": post.language.partition("-")[0],
        }  # fmt: skip
        headers = {**self._signed(), "Idempotency-Key": post.key}
        try:
            if post.image_url:
                status["media_ids"] = [self._upload(post)]
            answer = self._service.send("POST", f"{self._form.server}/api/v1/statuses", json=status, headers=headers)
        except NotPostedError as error:
            return error.posted
        except AnswerLostError as error:
            return self._service.lost(error)
        if answer.status == 200:
            return self._accepted(body_of(answer), "posted")
        return self._service.refusal(answer, str(body_of(answer).get("error") or text_of(answer)))

    def _upload(self, post: Post) -> str:
        """The picture's id, once the server has worked on it. Raises NotPostedError."""
        picture = picture_of(post, self._service, self._fetch, most=_LARGEST)
        kind, content = multipart({"description": post.image_alt}, "file", picture)
        answer = self._service.call(
            "POST", f"{self._form.server}/api/v2/media", content=content,
            headers={**self._signed(), "Content-Type": kind},
        )  # fmt: skip
        name = str(body_of(answer).get("id", ""))
        for _ in range(_LOOKS):
            if answer.status not in {202, 206}:
                break
            self._sleep(1.0)
            answer = self._get(f"/api/v1/media/{name}")
        if answer.status in {202, 206}:
            raise NotPostedError(self._service.posted(Result.DEFERRED, answer.status, "the picture is not ready yet"))
        if answer.status != 200:
            raise upload_refused(self._service, answer, str(body_of(answer).get("error") or text_of(answer)))
        return name

    def check(self) -> str:
        """Asks the server whose token it is."""
        answer = self._get("/api/v1/accounts/verify_credentials")
        if answer.status != 200:
            self._service.refusal(answer, str(body_of(answer).get("error") or text_of(answer)))
            raise ChannelDownError(f"{self.name} does not tell whose token it is (HTTP {answer.status}).")
        return f"the account {body_of(answer).get('acct', '')}"

    def find(self, post: Post) -> Posted | None:
        """Among the account's latest statuses, by their words."""
        who = body_of(self._get("/api/v1/accounts/verify_credentials")).get("id")
        if not who:
            return None
        answer = self._get(f"/api/v1/accounts/{who}/statuses", limit=_LOOKED_AT, exclude_reblogs="true")
        if answer.status != 200:
            return None
        wanted = _bare(post.text)
        for status in cast("list[dict[str, Any]]", answer.json()):
            if _bare(_plain(str(status.get("content", "")))) == wanted:
                return self._accepted(status, "found among the account's posts")
        return self._service.posted(Result.DEFERRED, "", "it is not among the account's posts")

    def _get(self, path: str, **params: str) -> Answer:
        return self._service.call("GET", f"{self._form.server}{path}", params=params, headers=self._signed())

    def _accepted(self, status: dict[str, Any], words: str) -> Posted:
        return self._service.posted(
            Result.ACCEPTED, 200, words, str(status.get("id", "")), str(status.get("url") or status.get("uri") or "")
        )

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


def _plain(content: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br\s*/?>|</p>", "\n", content)))


def _bare(text: str) -> str:
    return "".join(text.split())


PROVIDER = Provider(
    name="mastodon", title="Mastodon", channel=Channel.MASTODON, form=MastodonForm,
    poster=behind(MastodonPoster), check=checking(MastodonPoster),
    about="Needs an application of the account with write:statuses, write:media, read:statuses and read:accounts. "
    "https://docs.joinmastodon.org/methods/statuses/",
    limits={"length": "500 characters unless the server says otherwise; an address counts as 23"},
)  # fmt: skip
