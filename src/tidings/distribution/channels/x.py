"""X: a post.

https://docs.x.com/x-api/posts/create-post, …/fundamentals/authentication/oauth-2-0/user-access-token (tokens live two
hours and are renewed; the renewing token changes each time), …/fundamentals/counting-characters, …/media/upload-media
and …/media/create-media-metadata (a picture is uploaded first, and its description said of it).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel, Field, SecretStr, model_validator

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.oauth1 import OAuth1Keys, authorization
from tidings.distribution.channels.pictures import Fetch, NotPostedError, fetching, picture_of, upload_refused
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import RENEW, Service, behind, body_of, text_of, usual_problems
from tidings.domain.channel import Channel
from tidings.domain.instant import Clock
from tidings.engine.clock import SystemClock
from tidings.net.client import Answer, Guard
from tidings.net.once import AnswerLostError

_BASE = "https://api.x.com"
_LARGEST, _LONGEST_ALT = 5_000_000, 1_000


def _keep_nothing(_fresh: Mapping[str, str]) -> None:
    """For a poster whose account nobody keeps."""


class XForm(BaseModel):
    """What an X account needs: a user's OAuth 2 token, or the four keys of OAuth 1.0a."""

    access_token: SecretStr = Field(
        default=SecretStr(""),
        title="OAuth 2 access token",
        description="Of a user, with tweet.write, tweet.read, users.read, and media.write for pictures",
    )
    refresh_token: SecretStr = Field(
        default=SecretStr(""),
        title="OAuth 2 refresh token",
        description="With offline.access: renews the token every two hours",
    )
    client_id: str = Field(default="", title="Client id", description="Needed to renew")
    client_secret: SecretStr = Field(
        default=SecretStr(""), title="Client secret", description="Of a confidential client"
    )
    api_key: SecretStr = Field(default=SecretStr(""), title="OAuth 1.0a API key")
    api_secret: SecretStr = Field(default=SecretStr(""), title="OAuth 1.0a API secret")
    token: SecretStr = Field(default=SecretStr(""), title="OAuth 1.0a access token")
    token_secret: SecretStr = Field(default=SecretStr(""), title="OAuth 1.0a access token secret")

    @model_validator(mode="after")
    def _one_way(self) -> XForm:
        older = (self.api_key, self.api_secret, self.token, self.token_secret)
        newer = self.access_token.get_secret_value() or self.refresh_token.get_secret_value()
        if not newer and not all(each.get_secret_value() for each in older):
            raise ValueError("give an OAuth 2 access token, or all four keys of OAuth 1.0a")
        if self.refresh_token.get_secret_value() and not self.client_id:
            raise ValueError("a refresh token needs the client id it was given to")
        return self


class XPoster:
    """Posts text and a picture; a token that has run out is renewed once, and the new pair is kept at once."""

    name = "X"

    def __init__(
        self, form: XForm, guard: Guard, base: str = _BASE, clock: Clock | None = None, fetch: Fetch | None = None
    ) -> None:
        self._fetch = fetch or fetching(guard)
        self.keep: Callable[[Mapping[str, str]], None] = _keep_nothing
        self._base, self._clock, self._client_id = base, clock or SystemClock(), form.client_id
        self._access, self._refresh = form.access_token.get_secret_value(), form.refresh_token.get_secret_value()
        self._client_secret = form.client_secret.get_secret_value()
        older = [each.get_secret_value() for each in (form.api_key, form.api_secret, form.token, form.token_secret)]
        self._keys = OAuth1Keys(*older) if all(older) and not (self._access or self._refresh) else None
        known = [each for each in (self._access, self._refresh, self._client_secret, *older) if each]
        self._service = Service("X", guard, secrets=known)

    def problems(self, post: Post) -> list[str]:
        """280 by X's own way of counting."""
        return usual_problems(Channel.X, post)

    def post(self, post: Post) -> Posted:
        """201 with the post's id."""
        if not self._access and self._refresh:
            self._renew()
        body: dict[str, Any] = {"text": post.text}
        try:
            if post.image_url:
                body["media"] = {"media_ids": [self._upload(post)]}
            answer = self._ask(self._service.send, "/2/tweets", body)
        except NotPostedError as error:
            return error.posted
        except AnswerLostError as error:
            return self._service.lost(error)
        body = body_of(answer)
        if answer.status == 201:
            name = str(body.get("data", {}).get("id", ""))
            return self._service.posted(Result.ACCEPTED, 201, "created", name, f"https://x.com/i/web/status/{name}")
        words = _words(body) or text_of(answer)
        if answer.status == 403 and "duplicate" in words.lower():
            return self._service.posted(Result.FAILED, 403, words)
        return self._service.refusal(answer, words)

    def find(self, post: Post) -> Posted | None:  # noqa: ARG002  # the contract's
        """Reading posts is not part of X's free access."""
        return None

    def _upload(self, post: Post) -> str:
        """The picture's id, once its description is said of it. Raises NotPostedError."""
        picture = picture_of(post, self._service, self._fetch, most=_LARGEST, types="jpeg png webp")
        given = {
            "media": base64.b64encode(picture.content).decode(), "media_category": "tweet_image",
            "media_type": picture.media_type,
        }  # fmt: skip
        name = str(self._beforehand("/2/media/upload", given).get("data", {}).get("id", ""))
        if post.image_alt:
            told = {"alt_text": {"text": post.image_alt[:_LONGEST_ALT]}}
            self._beforehand("/2/media/metadata", {"id": name, "metadata": told})
        return name

    def _beforehand(self, path: str, given: dict[str, Any]) -> dict[str, Any]:
        """A request that nobody sees the effect of. Raises NotPostedError."""
        answer = self._ask(self._service.call, path, given)
        body = body_of(answer)
        if answer.status not in {200, 201}:
            raise upload_refused(self._service, answer, _words(body) or text_of(answer))
        return body

    def _ask(self, send: Callable[..., Answer], path: str, given: dict[str, Any]) -> Answer:
        """One request; a second one where the first was refused with the token, so that asking again is safe."""
        answer = send("POST", f"{self._base}{path}", json=given, headers=self._signed(path))
        if answer.status == 401 and self._refresh:
            self._renew()
            answer = send("POST", f"{self._base}{path}", json=given, headers=self._signed(path))
        return answer

    def _signed(self, path: str) -> dict[str, str]:
        url, now = f"{self._base}{path}", self._clock.now()
        said = authorization(self._keys, "POST", url, now) if self._keys else f"Bearer {self._access}"
        return {"Authorization": said}

    def _renew(self) -> None:
        """A new pair of tokens; the old refresh token is void from now on."""
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh, "client_id": self._client_id}
        headers: dict[str, str] = {}
        if self._client_secret:
            pair = base64.b64encode(f"{self._client_id}:{self._client_secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        answer = self._service.call("POST", f"{self._base}/2/oauth2/token", form=form, headers=headers)
        body = body_of(answer)
        if answer.status != 200 or not body.get("access_token"):
            words = self._service.clean(str(body.get("error_description") or body.get("error") or answer.status))
            raise ChannelDownError(f"X does not renew the access token ({words}). {RENEW}", refused=True)
        self._access = str(body["access_token"])
        self._refresh = str(body.get("refresh_token") or self._refresh)
        self._service.secrets = (*self._service.secrets, self._access, self._refresh)
        self.keep({"access_token": self._access, "refresh_token": self._refresh})


def _words(body: dict[str, Any]) -> str:
    """X's detail, with the first of its errors where it names one."""
    detail = str(body.get("detail") or body.get("title") or "")
    errors = cast("list[dict[str, Any]]", body.get("errors") or [])
    first = str(errors[0].get("message") or errors[0].get("detail") or "") if errors else ""
    return f"{first} {detail}".strip()


PROVIDER = Provider(
    name="x", title="X", channel=Channel.X, form=XForm, poster=behind(XPoster),
    about="Needs an app with read and write for the user (OAuth 2 with offline.access, or OAuth 1.0a keys). "
    "https://docs.x.com/x-api/posts/create-post",
    limits={"length": "280 characters as X counts; an address counts as 23", "rate": "by the plan of the app"},
)  # fmt: skip
