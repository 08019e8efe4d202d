"""Notifications in the browser by any push service: no account anywhere, only a key of one's own.

Protocol RFC 8030, encryption RFC 8291, identification RFC 8292. A person may have several browsers; one delivery goes
to each, and is accepted when one push service took it. A browser that is gone (404, 410) is forgotten.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.base import Outcome, Outgoing, Result, ShortParts
from tidings.distribution.channels.http import Caller, HttpChannel, OneByOne, Request, by_status
from tidings.distribution.channels.push_crypto import (
    encrypted,
    new_private_key,
    private_key,
    public_bytes,
    to_url_safe,
    vapid_header,
)
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.net.client import Answer, AnswerLostError, Guard, NothingLeftError

_TOKEN_SECONDS = 12 * 3600
_GONE = frozenset({404, 410})


class WebPushForm(form.AccountForm):
    """Who we are to push services. Without a private key, one is made; a new key would lose every subscription."""

    subject: str = Field(
        pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$",
        description="Where a push service reaches you: mailto:you@example.com or a page.",
    )
    private_key: form.OptionalSecret = Field(
        default=SecretStr(""), title="VAPID private key", description="Leave it empty: one is made for you."
    )
    public_key: str = Field(default="", title="VAPID public key", description="Follows from the private one.")
    keep_hours: int = Field(default=24, ge=0, le=672, description="How long a message waits for a sleeping browser.")

    @model_validator(mode="after")
    def _pair(self) -> WebPushForm:
        if not self.private_key.get_secret_value():
            self.private_key = SecretStr(new_private_key())
        try:
            key = private_key(self.private_key.get_secret_value())
        except ValueError:
            raise ValueError("the private key is no VAPID key: 32 bytes in base64url") from None
        self.public_key = to_url_safe(public_bytes(key))
        return self


def _nobody(_endpoints: Sequence[str]) -> None:
    """Forgets nothing: for a channel that stands alone."""


class WebPush(OneByOne):
    """Its dialect. `forget` is told, in another thread, the endpoints of browsers that are gone."""

    name, url, wants_parts, repeatable = "webpush", "", True, False

    def __init__(self, settings: WebPushForm) -> None:
        self._settings, self._key = settings, private_key(settings.private_key.get_secret_value())
        self.forget: Callable[[Sequence[str]], None] = _nobody
        self._headers: dict[str, tuple[float, str]] = {}

    async def exchange(self, messages: Sequence[Outgoing], client: Caller) -> list[Outcome]:
        """One request for each of the person's browsers."""
        message = messages[0]
        parts = form.short_parts(message)
        gone: list[str] = []
        outcomes: list[Outcome] = []
        for subscription in parts.subscriptions:
            outcome = await self._send(message, parts, subscription, client)
            outcomes.append(outcome)
            if outcome.hard:
                gone.append(subscription["endpoint"])
        if gone:
            await asyncio.to_thread(self.forget, gone)
        return [_together(outcomes)]

    async def _send(
        self, message: Outgoing, parts: ShortParts, subscription: Mapping[str, str], client: Caller
    ) -> Outcome:
        try:
            request = self._request(message, parts, subscription)
        except (ValueError, KeyError) as error:
            return form.failed("", f"the subscription cannot be used: {error}", hard=True)
        try:
            answer = await client.send(request.method, request.url, headers=request.headers, body=request.body)
        except NothingLeftError as error:
            return Outcome(Result.DEFERRED, "", str(error))
        except AnswerLostError as error:
            return Outcome(Result.UNCERTAIN, "", f"{error}; it may have been taken")
        return by_status(answer, repeatable=False) or self.outcome(answer)

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """The request for the first of the person's browsers."""
        parts = form.short_parts(messages[0])
        return self._request(messages[0], parts, parts.subscriptions[0])

    def _request(self, message: Outgoing, parts: ShortParts, subscription: Mapping[str, str]) -> Request:
        shown = {
            "title": parts.title, "body": parts.text, "url": parts.link, "image": parts.image_url,
            "lang": parts.language, "tag": form.message_key(message).hex,
        }  # fmt: skip
        body = encrypted(form.to_json(shown), subscription["p256dh"], subscription["auth"])
        headers = {
            "Authorization": self._identity(subscription["endpoint"]), "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream", "TTL": str(self._settings.keep_hours * 3600),
            "Urgency": "normal", "Topic": form.message_key(message).hex[:32],
        }  # fmt: skip
        return Request("POST", subscription["endpoint"], headers, body)

    def _identity(self, endpoint: str) -> str:
        """Signed once for each push service, and kept for half its life."""
        place, now = urlsplit(endpoint).netloc, time.time()
        until, header = self._headers.get(place, (0.0, ""))
        if now > until - _TOKEN_SECONDS / 2:
            until = now + _TOKEN_SECONDS
            header = vapid_header(self._key, endpoint, self._settings.subject, int(until))
            if len(self._headers) > 1000:
                self._headers.clear()
            self._headers[place] = until, header
        return header

    def outcome(self, answer: Answer) -> Outcome:
        """201 with the message's address."""
        if answer.status in {200, 201, 202}:
            return form.accepted(self.name, answer.headers.get("location", ""), answer.status)
        if answer.status in _GONE:
            why = answer.body[:200].decode("utf-8", "replace")
            return form.failed(answer.status, f"the browser is no longer subscribed {why}".strip(), hard=True)
        words = answer.body[:200].decode("utf-8", "replace") or f"HTTP {answer.status}"
        return form.failed(answer.status, words)


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    """What the answers of several browsers mean for the one delivery: the best of them, and no hasty repetition."""
    for result in (Result.ACCEPTED, Result.UNCERTAIN, Result.DEFERRED):
        for outcome in outcomes:
            if outcome.result is result:
                return outcome
    return outcomes[0] if outcomes else form.failed("", "no browser is subscribed")


def _open(settings: WebPushForm, guard: Guard) -> HttpChannel:
    return HttpChannel(WebPush(settings), guard, lanes=settings.lanes)


PROVIDER = Provider(
    name="webpush", title="Web push", channel=Channel.PUSH, form=WebPushForm, open=_open,
    about="People subscribe by a link in their browser; every push service of every browser works. "
    "https://www.rfc-editor.org/rfc/rfc8030",
    limits={"size": "about 4 kB a notification, encrypted"},
)  # fmt: skip
