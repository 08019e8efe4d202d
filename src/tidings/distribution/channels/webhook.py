"""A signed webhook, after Standard Webhooks: whoever receives it does with the posting what they like.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (headers, signature over
`id.timestamp.body`, retry schedule, 410 means “no more”). The payload is described in docs/postings.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import Service, behind, body_of, text_of, usual_problems
from tidings.domain.channel import Channel
from tidings.domain.instant import HOUR, MINUTE, SECOND, Clock
from tidings.engine.clock import SystemClock
from tidings.net.client import Guard
from tidings.net.once import AnswerLostError

SCHEDULE = (5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Waits after each try, as the specification recommends."""


class WebhookForm(BaseModel):
    """What a webhook needs."""

    url: str = Field(
        pattern=r"^https?://[^\s<>\"]+$",
        title="Address",
        description="A place in your own network: add it to TIDINGS_ALLOWED_PLACES too",
    )
    secret: SecretStr = Field(title="Secret", description="whsec_ and 24 to 64 bytes in base64; both sides know it")

    @field_validator("secret")
    @classmethod
    def _a_secret(cls, value: SecretStr) -> SecretStr:
        if not 24 <= len(key_of(value.get_secret_value())) <= 64:
            raise ValueError("must be whsec_ and 24 to 64 bytes in base64")
        return value


def key_of(secret: str) -> bytes:
    """The signing key's bytes; empty when the secret is no base64."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


class WebhookPoster:
    """Hands the posting over; the receiver drops a repeat by `webhook-id`, which is the same at every try."""

    schedule = SCHEDULE

    def __init__(self, form: WebhookForm, guard: Guard, clock: Clock | None = None) -> None:
        self._url, self._clock = form.url, clock or SystemClock()
        self._key = key_of(form.secret.get_secret_value())
        self._host = urlsplit(form.url).hostname or ""
        self._service = Service("The webhook", guard, repeatable=True, secrets=(form.secret.get_secret_value(),))

    @property
    def name(self) -> str:
        """The receiver's host."""
        return self._host

    def problems(self, post: Post) -> list[str]:
        """Nothing but an empty text."""
        return usual_problems(Channel.WEBHOOK, post)

    def post(self, post: Post) -> Posted:
        """2xx is success; an address in the answer's `url` or Location is kept as the proof."""
        now = self._clock.now()
        body, message_id = payload(post, now), f"msg_{post.key}"
        headers = {
            "Content-Type": "application/json", "webhook-id": message_id, "webhook-timestamp": str(now // 1_000),
            "webhook-signature": signature(self._key, message_id, now // 1_000, body),
        }  # fmt: skip
        try:
            answer = self._service.send("POST", self._url, content=body, headers=headers)
        except AnswerLostError as error:
            if error.status is not None and 200 <= error.status < 300:  # the status is the answer
                return self._service.posted(Result.ACCEPTED, error.status, f"taken; {error}", message_id)
            return self._service.lost(error)
        if 200 <= answer.status < 300:
            url = str(body_of(answer).get("url") or answer.headers.get("location") or "")
            proof = url if url.startswith(("https://", "http://")) else ""
            return self._service.posted(Result.ACCEPTED, answer.status, "taken", message_id, proof)
        if answer.status in {401, 403}:
            raise ChannelDownError(
                f"{self._host} does not accept the signature or the sender (HTTP {answer.status}). Check that both "
                "sides have the same secret and the right time.",
                refused=True,
            )
        if answer.status == 410:
            raise ChannelDownError(
                f"{self._host} wants no more webhooks (410). Disable the account, or set the new address.", refused=True
            )
        return self._service.refusal(answer, text_of(answer))

    def find(self, post: Post) -> Posted | None:  # noqa: ARG002  # the contract's
        """Sending it again is harmless: the receiver knows its id."""
        return self._service.posted(Result.DEFERRED, "", "it is sent again under the same webhook-id")


def payload(post: Post, now: int) -> bytes:
    """The body: type, timestamp and data, as the specification recommends."""
    at = datetime.fromtimestamp(now / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = {
        "id": post.key, "title": post.title, "text": post.text, "link": post.link, "language": post.language,
        "image_url": post.image_url, "image_alt": post.image_alt,
    }  # fmt: skip
    body = {"type": "campaign.posted", "timestamp": at, "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


PROVIDER = Provider(
    name="webhook", title="Signed webhook", channel=Channel.WEBHOOK, form=WebhookForm, poster=behind(WebhookPoster),
    about="Calls an address of yours with the posting, signed after Standard Webhooks. "
    "https://www.standardwebhooks.com",
    limits={"tries": "ten within about four days"},
)  # fmt: skip
