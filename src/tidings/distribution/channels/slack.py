"""Slack: a message in a channel, by an incoming webhook or by a bot.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, …/reference/methods/chat.postMessage,
chat.getPermalink, conversations.history. A bot gives the address of the post and can look for one in doubt.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, Field, SecretStr, model_validator

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import (
    RENEW,
    Service,
    behind,
    body_of,
    checking,
    text_of,
    usual_problems,
    wait_of,
)
from tidings.domain.channel import Channel
from tidings.net.client import Answer, Guard
from tidings.net.once import AnswerLostError

_BASE = "https://slack.com/api"
_TOKEN = frozenset({"not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"})
_RIGHTS = {
    "missing_scope": "Give the app the scope chat:write and install it again.",
    "not_in_channel": "Invite the bot into the channel, or give it chat:write.public.",
    "channel_not_found": "Correct the channel's id, or invite the bot into it.",
    "is_archived": "The channel is archived; choose another.",
    "restricted_action": "An administrator of the workspace forbids it.",
    "ekm_access_denied": "An administrator of the workspace forbids it.",
    "access_denied": "An administrator of the workspace forbids it.",
}
_LATER = frozenset({"ratelimited", "rate_limited", "service_unavailable", "team_added_to_org"})
_DOUBT = frozenset({"internal_error", "fatal_error", "request_timeout"})  # some of it may have succeeded
_EVENT = "tidings_posting"


class SlackForm(BaseModel):
    """What a Slack account needs: a webhook, or a bot's token and a channel."""

    webhook_url: SecretStr = Field(default=SecretStr(""), title="Webhook address")
    bot_token: SecretStr = Field(default=SecretStr(""), title="Bot token", description="xoxb-…, with chat:write")
    channel: str = Field(default="", title="Channel id, for the bot", examples=["C0123456789"])

    @model_validator(mode="after")
    def _one_way(self) -> SlackForm:
        bot = self.bot_token.get_secret_value() and self.channel
        if not self.webhook_url.get_secret_value() and not bot:
            raise ValueError("give a webhook address, or a bot token and the channel's id")
        return self


class SlackPoster:
    """Posts plain text with a bold title, and a picture where there is one."""

    name = "Slack"

    def __init__(self, form: SlackForm, guard: Guard, base: str = _BASE) -> None:
        self._webhook = form.webhook_url.get_secret_value()
        self._token = form.bot_token.get_secret_value()
        self._channel, self._base = form.channel, base
        self._service = Service("Slack", guard, secrets=(self._webhook, self._token))

    def problems(self, post: Post) -> list[str]:
        """A section of a message takes 3,000 characters."""
        return usual_problems(Channel.SLACK, post)

    def post(self, post: Post) -> Posted:
        """By the bot where there is one, else by the webhook."""
        try:
            return self._by_bot(post) if self._token else self._by_webhook(post)
        except AnswerLostError as error:
            return self._service.lost(error)

    def check(self) -> str:
        """Asks Slack whose token it is; a webhook cannot be asked."""
        if not self._token:
            return "a webhook is only proved by a message"
        body = body_of(self._service.call("POST", f"{self._base}/auth.test", headers=self._signed()))
        if not body.get("ok"):
            raise ChannelDownError(f"Slack does not accept the bot's token ({body.get('error', '')}). {RENEW}")
        return f"the bot {body.get('user', '')} of {body.get('team', '')}"

    def find(self, post: Post) -> Posted | None:
        """Among the channel's latest hundred, by the posting's key; needs channels:history."""
        if not self._token:
            return None
        params = {"channel": self._channel, "limit": "100", "include_all_metadata": "true"}
        answer = self._service.call("GET", f"{self._base}/conversations.history", params=params, headers=self._signed())
        body = body_of(answer)
        if answer.status != 200 or not body.get("ok"):
            return None
        messages = cast("list[dict[str, Any]]", body.get("messages", []))
        for message in messages:
            if message.get("metadata", {}).get("event_payload", {}).get("key") == post.key:
                return self._accepted(str(message["ts"]), self._channel, "found in the channel")
        if body.get("has_more"):
            return None
        return self._service.posted(Result.DEFERRED, "", "it is not in the channel")

    def _by_webhook(self, post: Post) -> Posted:
        answer = self._service.send("POST", self._webhook, json=self._message(post))
        if answer.status == 200 and text_of(answer).strip() == "ok":
            return self._service.posted(Result.ACCEPTED, 200, "ok")
        words = text_of(answer)
        if answer.status in {403, 404, 410}:
            raise ChannelDownError(
                f"Slack does not take messages at this webhook ({self._service.clean(words)}). "
                "Make a new one in the app's settings and enter it on the page Channels.",
                refused=True,
            )
        return self._service.refusal(answer, words)

    def _by_bot(self, post: Post) -> Posted:
        message = {
            **self._message(post), "channel": self._channel,
            "metadata": {"event_type": _EVENT, "event_payload": {"key": post.key}},
        }  # fmt: skip
        answer = self._service.send("POST", f"{self._base}/chat.postMessage", json=message, headers=self._signed())
        body = body_of(answer)
        if answer.status == 200 and body.get("ok"):
            return self._accepted(str(body["ts"]), str(body["channel"]), "ok")
        return self._refusal(answer, str(body.get("error", "")))

    def _refusal(self, answer: Answer, error: str) -> Posted:
        if not error:
            return self._service.refusal(answer, text_of(answer))
        if error in _TOKEN:
            raise ChannelDownError(f"Slack does not accept the bot's token any more ({error}). {RENEW}", refused=True)
        if error in _RIGHTS:
            raise ChannelDownError(f"Slack does not let the bot post ({error}). {_RIGHTS[error]}", refused=True)
        if error in _LATER:
            return self._service.posted(Result.DEFERRED, error, error, wait_ms=wait_of(answer.headers))
        result = Result.UNCERTAIN if error in _DOUBT else Result.FAILED
        return self._service.posted(result, error, error)

    def _accepted(self, ts: str, channel: str, words: str) -> Posted:
        return self._service.posted(Result.ACCEPTED, "ok", words, f"{channel}:{ts}", self._permalink(channel, ts))

    def _permalink(self, channel: str, ts: str) -> str:
        """The post's address; empty when Slack does not tell it now: that makes it no less posted."""
        params = {"channel": channel, "message_ts": ts}
        try:
            answer = self._service.call("GET", f"{self._base}/chat.getPermalink", params=params, headers=self._signed())
        except ChannelDownError:
            return ""
        return str(body_of(answer).get("permalink", ""))

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _message(self, post: Post) -> dict[str, Any]:
        title = f"*{_escaped(post.title)}*\n" if post.title else ""
        text = f"{title}{_escaped(post.text)}"
        if not post.image_url:
            return {"text": text}
        section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
        picture = {"type": "image", "image_url": post.image_url, "alt_text": post.image_alt or post.title or "picture"}
        return {"text": text, "blocks": [section, picture]}


def _escaped(text: str) -> str:
    """The three characters Slack reads as its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


PROVIDER = Provider(
    name="slack", title="Slack", channel=Channel.SLACK, form=SlackForm,
    poster=behind(SlackPoster), check=checking(SlackPoster),
    about="A bot with chat:write gives the address of each post; an incoming webhook only says ok. "
    "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    limits={"length": "3,000 characters a section", "rate": "one message a second and channel"},
)  # fmt: skip
