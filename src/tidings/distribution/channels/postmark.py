"""Postmark: batches of whole messages, through a message stream.

Shapes: https://postmarkapp.com/developer/api/email-api (single and batch), error codes
https://postmarkapp.com/developer/api/overview#error-codes, check GET /server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing, Result
from tidings.distribution.channels.http import HttpChannel, Request
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.net.client import Answer, Guard, Outbound

_INACTIVE, _INVALID = 406, 300
# The token, the sender or the account as a whole: no message of the account would pass.
_ACCOUNT = frozenset({10, 400, 401, 405, 412, 413, 1221, 1226, 1235})
_LATER = frozenset({100, 429})


class PostmarkForm(form.AccountForm):
    """A server at Postmark."""

    server_token: form.Secret = Field(description="Of the server, from its page API Tokens.")
    stream: str = Field(
        default="broadcast", min_length=1, max_length=60,
        description="The message stream's id. Marketing must go by one of the type Broadcast.",
    )  # fmt: skip
    batch: int = Field(
        default=50, ge=1, le=500, description="Messages in a request; if its answer is lost, all are in doubt."
    )
    api_url: form.ApiAddress = Field(default="https://api.postmarkapp.com", description="Only for a gateway.")


class Postmark:
    """Its dialect."""

    name, wants_parts, repeatable = "postmark", True, False

    def __init__(self, settings: PostmarkForm) -> None:
        self._settings, self.url, self.batch = settings, settings.api_url, settings.batch
        self._headers = {**_auth(settings), "Content-Type": "application/json"}

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """All messages as one list."""
        body = form.to_json([_body(message, self._settings.stream) for message in messages])
        return Request("POST", f"{self.url}/email/batch", self._headers, body)

    def outcomes(self, number: int, answer: Answer) -> list[Outcome]:
        """One answer for each message, in their order; HTTP 200 also where some were refused."""
        found = form.from_json(answer)
        if answer.status == 200 and isinstance(found, list):
            rows: list[Mapping[str, Any]] = found  # pyright: ignore[reportUnknownVariableType]
            if len(rows) == number:
                return _of_rows(self.name, rows)
        words = str(found.get("Message", "")) if isinstance(found, dict) else ""  # pyright: ignore[reportUnknownArgumentType,reportUnknownMemberType]
        if answer.status in {401, 403, 422}:
            raise ChannelDownError(f"Postmark refuses the account: {words or answer.status}", refused=True)
        return [form.failed(answer.status, words or f"HTTP {answer.status}")] * number


def _of_rows(name: str, rows: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """Raises ChannelDownError when the account is the trouble and nothing at all was taken."""
    trouble = [row for row in rows if row.get("ErrorCode") in _ACCOUNT]
    if len(trouble) == len(rows):
        raise ChannelDownError(f"Postmark refuses the sender or account: {trouble[0].get('Message')}", refused=True)
    return [_of_row(name, row) for row in rows]


def _of_row(name: str, row: Mapping[str, Any]) -> Outcome:
    code, words = int(row.get("ErrorCode", -1)), str(row.get("Message", ""))
    if code == 0:
        return form.accepted(name, str(row.get("MessageID", "")), 200, words)
    if code in _LATER or code in _ACCOUNT:
        return Outcome(Result.DEFERRED, str(code), words)
    wrong_address = code == _INACTIVE or (code == _INVALID and "'To'" in words)
    return form.failed(code, words, hard=wrong_address)


def _body(message: Outgoing, stream: str) -> dict[str, Any]:
    parts = form.email_parts(message)
    body: dict[str, Any] = {
        "From": form.mailbox_text(parts.from_name, parts.from_address),
        "To": parts.to,
        "Subject": parts.subject,
        "TextBody": parts.text,
        "HtmlBody": parts.html,
        # Without X-PM-KeepID the service replaces the Message-ID with its own.
        "Headers": [{"Name": name, "Value": value} for name, value in {**parts.headers, "X-PM-KeepID": "true"}.items()],
        "MessageStream": stream,
        "TrackOpens": False,
        "TrackLinks": "None",
    }
    if parts.reply_to:
        body["ReplyTo"] = parts.reply_to
    return body


def _auth(settings: PostmarkForm) -> dict[str, str]:
    return {"X-Postmark-Server-Token": settings.server_token.get_secret_value(), "Accept": "application/json"}


def _open(settings: PostmarkForm, guard: Guard) -> HttpChannel:
    return HttpChannel(Postmark(settings), guard, lanes=settings.lanes)


def _check(settings: PostmarkForm, net: Outbound) -> str:
    found = form.ask(net, f"{settings.api_url}/server", _auth(settings), "Postmark")
    return f"the token is that of the server {found.get('Name', '')}".strip()


PROVIDER = Provider(
    name="postmark", title="Postmark", channel=Channel.EMAIL, form=PostmarkForm, open=_open, check=_check,
    carries_files=False,
    about="Make a message stream of the type Broadcast for marketing. https://postmarkapp.com/developer/api/email-api",
    limits={"size": "10 MB a message", "batch": "500 messages and 50 MB a request"},
)  # fmt: skip
