"""Mailgun: messages as raw MIME, in the US or the EU.

Shapes: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages (messages.mime),
answers https://documentation.mailgun.com/docs/mailgun/api-reference/api-overview; check GET /v4/domains/{domain}.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing
from tidings.distribution.channels.http import HttpChannel, OneByOne, Request
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.net.client import Answer, Guard, Outbound

_REGIONS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}


class MailgunForm(form.AccountForm):
    """A sending domain at Mailgun."""

    domain: str = Field(min_length=3, max_length=253, description="The sending domain, as mg.example.com.")
    api_key: form.Secret = Field(title="API key", description="A sending key of the domain is enough to send.")
    region: Literal["us", "eu"] = Field(default="us", description="Where the domain was created.")
    api_url: str = Field(default="", description="Only for a gateway of your own; empty: the region's.")


class Mailgun(OneByOne):
    """Its dialect."""

    name, wants_parts, repeatable = "mailgun", False, False

    def __init__(self, settings: MailgunForm) -> None:
        self._settings, self.url = settings, _url(settings)

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """The envelope's recipient and the whole message as a file of a form."""
        message, boundary = messages[0], secrets.token_hex(16)
        fields = {"to": message.recipient, "o:tracking": "no"}
        body = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        )
        body += (
            (
                f'--{boundary}\r\nContent-Disposition: form-data; name="message"; filename="message.mime"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n"
            ).encode()
            + message.body
            + f"\r\n--{boundary}--\r\n".encode()
        )
        headers = {**_auth(self._settings), "Content-Type": f"multipart/form-data; boundary={boundary}"}
        return Request("POST", f"{self.url}/v3/{quote(self._settings.domain)}/messages.mime", headers, body)

    def outcome(self, answer: Answer) -> Outcome:
        """200 with an id; 400 with a message; 401 and 403 are the key, 404 the domain."""
        found = form.from_json(answer)
        words = str(found.get("message", "")) or answer.body[:200].decode("utf-8", "replace")
        if answer.status == 200 and found.get("id"):
            return form.accepted(self.name, str(found["id"]).strip("<>"), 200, words)
        if answer.status in {401, 402, 403, 404}:
            raise ChannelDownError(f"Mailgun refuses the account: {words}", refused=True)
        wrong_address = answer.status == 400 and "'to' parameter is not a valid address" in words
        return form.failed(answer.status, words, hard=wrong_address)


def _url(settings: MailgunForm) -> str:
    return settings.api_url.rstrip("/") or _REGIONS[settings.region]


def _auth(settings: MailgunForm) -> dict[str, str]:
    return {"Authorization": form.basic("api", settings.api_key.get_secret_value())}


def _open(settings: MailgunForm, guard: Guard) -> HttpChannel:
    return HttpChannel(Mailgun(settings), guard, lanes=settings.lanes)


def _check(settings: MailgunForm, net: Outbound) -> str:
    found = form.ask(net, f"{_url(settings)}/v4/domains/{quote(settings.domain)}", _auth(settings), "Mailgun")
    state = str(found.get("domain", {}).get("state", "unknown"))
    if state != "active":
        from tidings.domain.errors import UnavailableError

        raise UnavailableError(
            f"The domain {settings.domain} is {state} at Mailgun.", remedy="Verify its DNS records there."
        )
    return f"the key works and {settings.domain} is active"


PROVIDER = Provider(
    name="mailgun", title="Mailgun", channel=Channel.EMAIL, form=MailgunForm, open=_open, check=_check,
    about="Checking needs an account key; a sending key can only be proved by a test message. "
    "https://documentation.mailgun.com/docs/mailgun/user-manual/domains",
    limits={"size": "25 MB a message", "first days": "100 messages an hour until the account is verified"},
)  # fmt: skip
