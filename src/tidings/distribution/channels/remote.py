"""What posters at a remote service share: one guarded client, and what an answer's status means for a posting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from json import loads
from typing import Any, Protocol, TypeVar, cast

from tidings.distribution.channels.base import ChannelDownError, Outcome, Result
from tidings.distribution.channels.posting import Post, Posted, Poster
from tidings.domain.channel import Channel
from tidings.domain.errors import ForbiddenError, InvalidInputError, UnavailableError
from tidings.domain.short import hashtags, rule_of
from tidings.engine.clock import SystemClock
from tidings.net.client import Answer, Guard, Outbound
from tidings.net.once import AnswerLostError, NotSentError, OnceClient

RENEW = "Renew it on the page Channels."
_Form = TypeVar("_Form")
_LONGEST_WORDS = 300
_LONGEST_WAIT = 6 * 3_600


@lru_cache(maxsize=8)
def _client_of(guard: Guard) -> OnceClient:
    """One client for all posters behind one guard: making its TLS context takes longer than a posting."""
    return OnceClient(guard)


@dataclass
class Service:
    """One service under one account: sends its requests and says what its refusals mean. `secrets` never get out.

    `repeatable` says that the service itself takes the same post only once, so that asking again is harmless.
    """

    title: str
    guard: Guard
    repeatable: bool = False
    secrets: Collection[str] = ()

    def __post_init__(self) -> None:
        self._client = _client_of(self.guard)

    def call(self, method: str, url: str, **how: Any) -> Answer:
        """One request whose effect, if any, is harmless. Raises ChannelDownError whenever there is no answer."""
        try:
            return self.send(method, url, **how)
        except AnswerLostError as error:
            raise ChannelDownError(f"{self.title} does not answer: {error}") from error

    def send(self, method: str, url: str, **how: Any) -> Answer:
        """The request that posts. Raises AnswerLostError when it may have arrived, ChannelDownError when not."""
        try:
            return self._client.call(method, url, **how)
        except NotSentError as error:
            raise ChannelDownError(f"{self.title} cannot be reached: {error}") from error
        except (ForbiddenError, InvalidInputError) as error:
            raise ChannelDownError(f"{self.title}: {self.clean(str(error))}", refused=True) from error

    def lost(self, error: AnswerLostError) -> Posted:
        """The posting is in doubt."""
        return self.posted(Result.UNCERTAIN, "", f"{error} after the posting was handed over")

    def posted(
        self, result: Result, code: str | int, words: str, provider_id: str = "", url: str = "", wait_ms: int = 0
    ) -> Posted:
        """A result with the service's words."""
        return Posted(Outcome(result, str(code), self.clean(words)), provider_id, url, wait_ms)

    def refusal(self, answer: Answer, words: str, *, down: Collection[int] = (401, 403, 404, 410)) -> Posted:
        """What an answer that is no success means. Raises ChannelDownError for a status that concerns the account."""
        status = answer.status
        said = self.clean(words) or f"HTTP {status}"
        if status in down:
            raise ChannelDownError(self.refused(status, said), refused=True)
        if 300 <= status < 400:
            raise ChannelDownError(f"{self.title} has moved; set its new address.", refused=True)
        if status in {408, 425, 429, 503}:
            return self.posted(Result.DEFERRED, status, said, wait_ms=wait_of(answer.headers))
        if status >= 500:
            if self.repeatable:
                return self.posted(Result.DEFERRED, status, said, wait_ms=wait_of(answer.headers))
            return self.posted(Result.UNCERTAIN, status, f"{said}: it may have been posted all the same")
        return self.posted(Result.FAILED, status, said)

    def refused(self, status: int, said: str) -> str:
        """Words for an account that does not get in, with the remedy."""
        if status == 401:
            return f"{self.title} does not accept the access token any more ({said}). {RENEW}"
        if status == 403:
            return (
                f"{self.title} does not let this account post ({said}). Give it the rights named in docs/postings.md."
            )
        return f"{self.title} does not know the address or the account ({said}). Correct it on the page Channels."

    def clean(self, words: str) -> str:
        """One line, short, without any secret that a service may repeat."""
        text = " ".join(words.split())
        for secret in self.secrets:
            if len(secret) >= 6:
                text = text.replace(secret, "…")
        return text[:_LONGEST_WORDS]


class Checked(Poster, Protocol):
    """A poster that can prove its account without posting."""

    def check(self) -> str:
        """What was proved, in words. Raises ChannelDownError."""
        ...


def behind(make: Callable[[_Form, Guard], Poster]) -> Callable[[_Form, Outbound], Poster]:
    """A poster's class as the registry wants it: behind the house's guard."""
    return lambda form, outbound: make(form, outbound.guard)


def checking(make: Callable[[_Form, Guard], Checked]) -> Callable[[_Form, Outbound], str]:
    """The check of a poster's class as the registry wants it."""

    def check(form: _Form, outbound: Outbound) -> str:
        try:
            return make(form, outbound.guard).check()
        except ChannelDownError as error:
            raise UnavailableError(str(error)) from error

    return check


def wait_of(headers: Mapping[str, str]) -> int:
    """Milliseconds a service asks to be left alone: Retry-After, else its own reset header; 0 when it does not say."""
    after = headers.get("retry-after", "")
    seconds: float = 0
    if after.isdigit():
        seconds = int(after)
    elif after:
        seconds = _until_date(after)
    else:
        for name in ("x-rate-limit-reset", "ratelimit-reset", "x-ratelimit-reset"):
            if headers.get(name):
                seconds = _until(headers[name])
                break
    return round(max(0.0, min(seconds, _LONGEST_WAIT)) * 1_000)


def _now() -> float:
    return SystemClock().now() / 1_000


def _until(value: str) -> float:
    """Seconds until an instant given as Unix time or ISO 8601."""
    if value.isdigit():
        return int(value) - _now() if int(value) > 10**8 else float(value)
    from datetime import datetime

    try:
        return datetime.fromisoformat(value).timestamp() - _now()
    except ValueError:
        return 0


def _until_date(value: str) -> float:
    try:
        return parsedate_to_datetime(value).timestamp() - _now()
    except ValueError:
        return 0


def body_of(answer: Answer) -> dict[str, Any]:
    """The answer as a JSON object; empty when it is none."""
    try:
        found = loads(answer.body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def text_of(answer: Answer) -> str:
    """The answer's words, whatever they are."""
    return answer.body[:2_000].decode(errors="replace")


def usual_problems(channel: Channel, post: Post, *, most: int = 0) -> list[str]:
    """What the channel's rule forbids, in words with the remedy. `most` replaces the rule's length."""
    rule = rule_of(channel)
    limit = most or rule.most
    length = rule.measure(post.text)
    found: list[str] = []
    if length > limit:
        found.append(f"{rule.title} takes {limit:,} {rule.unit}; this has {length:,}. Shorten it.")
    if not post.text.strip():
        found.append("There is no text. Write one.")
    if rule.needs_image and not post.image_url:
        found.append(f"{rule.title} needs a picture. Add one to the draft.")
    if channel is Channel.INSTAGRAM and len(hashtags(post.text)) > rule.hashtags:
        found.append(f"{rule.title} takes {rule.hashtags} hashtags. Remove some.")
    return found
