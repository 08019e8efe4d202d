"""Resend: one message in each request, with an idempotency key.

Shapes: https://resend.com/docs/api-reference/emails/send-email, errors https://resend.com/docs/api-reference/errors,
keys https://resend.com/docs/dashboard/emails/idempotency-keys; check GET /domains.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing, Result
from tidings.distribution.channels.http import HttpChannel, OneByOne, Request
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.domain.errors import ForbiddenError, UnavailableError
from tidings.net.client import Answer, Guard, Outbound

_ACCOUNT = frozenset({"missing_api_key", "restricted_api_key", "invalid_api_key", "invalid_access"})


class ResendForm(form.AccountForm):
    """An account at Resend."""

    api_key: form.Secret = Field(title="API key", description="It begins with re_; sending access is enough.")
    api_url: form.ApiAddress = Field(default="https://api.resend.com", description="Only for a gateway of your own.")
    lanes: int = Field(default=2, ge=1, le=64, description="Requests at the same time.")


class Resend(OneByOne):
    """Its dialect."""

    name, wants_parts, repeatable = "resend", True, True

    def __init__(self, settings: ResendForm) -> None:
        self._settings, self.url = settings, settings.api_url

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """The same key at every repetition, so that the service sends once (within 24 hours)."""
        message = messages[0]
        headers = {
            **_auth(self._settings), "Content-Type": "application/json",
            "Idempotency-Key": f"tidings/{form.message_key(message)}",
        }  # fmt: skip
        return Request("POST", f"{self.url}/emails", headers, form.to_json(_body(message)))

    def outcome(self, answer: Answer) -> Outcome:
        """200 with an id; every error has a name."""
        found: dict[str, Any] = form.from_json(answer)
        if answer.status == 200 and found.get("id"):
            return form.accepted(self.name, str(found["id"]), 200)
        name, words = str(found.get("name", "")), str(found.get("message", "")) or f"HTTP {answer.status}"
        if name == "concurrent_idempotent_requests":  # the first one has not ended yet
            return Outcome(Result.DEFERRED, str(answer.status), words)
        if answer.status in {401, 403} or name in _ACCOUNT or name == "invalid_from_address":
            raise ChannelDownError(f"Resend refuses the account or its sender: {words}", refused=True)
        return form.failed(answer.status, words, hard="`to`" in words)


def _body(message: Outgoing) -> dict[str, Any]:
    parts = form.email_parts(message)
    body: dict[str, Any] = {
        "from": form.mailbox_text(parts.from_name, parts.from_address),
        "to": [parts.to],
        "subject": parts.subject,
        "html": parts.html,
        "text": parts.text,
        "headers": dict(parts.headers),
    }
    if parts.reply_to:
        body["reply_to"] = parts.reply_to
    return body


def _auth(settings: ResendForm) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"}


def _open(settings: ResendForm, guard: Guard) -> HttpChannel:
    return HttpChannel(Resend(settings), guard, lanes=settings.lanes)


def _check(settings: ResendForm, net: Outbound) -> str:
    """A key that may only send answers 401 `restricted_api_key` here, which proves it as well."""
    answer = net.send("GET", f"{settings.api_url}/domains", headers=_auth(settings))
    found = form.from_json(answer)
    if answer.status == 401 and found.get("name") == "restricted_api_key":
        return "the key may send, and nothing else"
    if answer.status in {400, 401, 403}:
        raise ForbiddenError("Resend refuses the key.", remedy="Make a new one at https://resend.com/api-keys.")
    if answer.status != 200:
        raise UnavailableError(f"Resend answers HTTP {answer.status}.", remedy="Try it again later.")
    verified = [each["name"] for each in found.get("data", ()) if each.get("status") == "verified"]
    if not verified:
        raise UnavailableError(
            "No domain of the account is verified.", remedy="Verify it at https://resend.com/domains."
        )
    return f"the key works; verified: {', '.join(verified)}"


PROVIDER = Provider(
    name="resend", title="Resend", channel=Channel.EMAIL, form=ResendForm, open=_open, check=_check,
    carries_files=False,
    about="Verify the sender's domain first. https://resend.com/docs/dashboard/domains/introduction",
    limits={"requests": "2 a second unless they raise it; 429 with Retry-After", "size": "40 MB a message"},
)  # fmt: skip
