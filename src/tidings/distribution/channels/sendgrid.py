"""Twilio SendGrid: Mail Send v3, one whole message in each request.

Shapes: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send, errors
https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors, key check GET /v3/scopes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing
from tidings.distribution.channels.http import HttpChannel, OneByOne, Request
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.net.client import Answer, Guard, Outbound


class SendGridForm(form.AccountForm):
    """An account at SendGrid."""

    api_key: form.Secret = Field(title="API key", description="With the right Mail Send; it begins with SG.")
    api_url: form.ApiAddress = Field(
        default="https://api.sendgrid.com", description="https://api.eu.sendgrid.com for a subuser in the EU."
    )


class SendGrid(OneByOne):
    """Its dialect."""

    name, wants_parts, repeatable = "sendgrid", True, False

    def __init__(self, settings: SendGridForm) -> None:
        self._settings, self.url = settings, settings.api_url
        self._headers = {**_auth(settings), "Content-Type": "application/json"}

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """One message."""
        return Request("POST", f"{self.url}/v3/mail/send", self._headers, form.to_json(_body(messages[0])))

    def outcome(self, answer: Answer) -> Outcome:
        """202 with X-Message-Id; errors name the field that is wrong."""
        if answer.status == 202:
            return form.accepted(self.name, answer.headers.get("x-message-id", ""), 202)
        errors: list[dict[str, Any]] = form.from_json(answer).get("errors") or [{}]
        words = "; ".join(str(error.get("message", "")) for error in errors) or f"HTTP {answer.status}"
        field = str(errors[0].get("field") or "")
        if answer.status in {401, 403} or field.startswith("from"):
            raise ChannelDownError(f"SendGrid refuses the account or its sender: {words}", refused=True)
        wrong_address = field.startswith("personalizations") and field.endswith(("to", "email"))
        return form.failed(answer.status, words, hard=wrong_address)


def _body(message: Outgoing) -> dict[str, Any]:
    parts = form.email_parts(message)
    body: dict[str, Any] = {
        "personalizations": [{"to": [{"email": parts.to}]}],
        "from": {"email": parts.from_address, "name": parts.from_name},
        "subject": parts.subject,
        "content": [{"type": "text/plain", "value": parts.text}, {"type": "text/html", "value": parts.html}],
        "headers": dict(parts.headers),
        # Links are ours already, and opens are counted only where a person allowed it.
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False}, "open_tracking": {"enable": False},
        },
    }  # fmt: skip
    if parts.reply_to:
        body["reply_to"] = {"email": parts.reply_to}
    return body


def _auth(settings: SendGridForm) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.api_key.get_secret_value()}"}


def _open(settings: SendGridForm, guard: Guard) -> HttpChannel:
    return HttpChannel(SendGrid(settings), guard, lanes=settings.lanes)


def _check(settings: SendGridForm, net: Outbound) -> str:
    found = form.ask(net, f"{settings.api_url}/v3/scopes", _auth(settings), "SendGrid")
    if "mail.send" not in found.get("scopes", ()):
        from tidings.domain.errors import ForbiddenError

        raise ForbiddenError("The key may not send mail.", remedy="Give it the right Mail Send in SendGrid's settings.")
    return "the key may send mail"


PROVIDER = Provider(
    name="sendgrid", title="SendGrid", channel=Channel.EMAIL, form=SendGridForm, open=_open, check=_check,
    carries_files=False,
    about="Verify the sender's domain first. https://www.twilio.com/docs/sendgrid/for-developers/sending-email",
    limits={"size": "30 MB a message", "requests": "600 a minute are documented for other calls; sending has none"},
)  # fmt: skip
