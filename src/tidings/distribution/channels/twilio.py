"""Text messages by Twilio: Messages.json of the API 2010-04-01.

Shapes: https://www.twilio.com/docs/messaging/api/message-resource, errors https://www.twilio.com/docs/api/errors;
check GET /2010-04-01/Accounts/{sid}.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from pydantic import Field, field_validator

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing, Result
from tidings.distribution.channels.http import HttpChannel, OneByOne, Request
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.domain.errors import UnavailableError
from tidings.net.client import Answer, Guard, Outbound

# The number is none, no mobile's, cannot be reached, or its owner has answered STOP.
_WRONG_NUMBER = frozenset({21211, 21214, 21217, 21610, 21612, 21614})
_SENDER = frozenset({20003, 20005, 21212, 21603, 21606, 21611, 21659, 21660, 21701, 21703, 30002})
_LATER = frozenset({20429, 30001, 14107})


class TwilioForm(form.AccountForm):
    """An account at Twilio, or at a service that speaks like it."""

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", title="Account SID")
    key_sid: str = Field(
        default="", pattern=r"^(SK[0-9a-fA-F]{32})?$", title="API key SID",
        description="Of an API key, which is better than the account's own token; empty: the token.",
    )  # fmt: skip
    secret: form.Secret = Field(title="Secret or auth token", description="The API key's secret, or the auth token.")
    sender: str = Field(
        title="From", pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|MG[0-9a-fA-F]{32}|[A-Za-z0-9 ]{1,11})$",
        description="A number as +18005550100, a short code, a sender id, or a messaging service (MG…).",
    )  # fmt: skip
    status_callback: str = Field(
        default="", description="The address of this installation that Twilio tells what became of a message."
    )
    api_url: form.ApiAddress = Field(default="https://api.twilio.com", description="Of a region, or a service alike.")

    @field_validator("status_callback")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("it is no address such as https://mail.example.com/…")
        return value


class Twilio(OneByOne):
    """Its dialect."""

    name, wants_parts, repeatable = "twilio", True, False

    def __init__(self, settings: TwilioForm) -> None:
        self._settings, self.url = settings, settings.api_url
        self._headers = {**_auth(settings), "Content-Type": "application/x-www-form-urlencoded"}

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """One text to one number."""
        parts, sender = form.short_parts(messages[0]), self._settings.sender
        fields = {"To": parts.to, "Body": parts.text}
        fields["MessagingServiceSid" if sender.startswith("MG") and len(sender) == 34 else "From"] = sender
        if self._settings.status_callback:
            fields["StatusCallback"] = self._settings.status_callback
        url = f"{self.url}/2010-04-01/Accounts/{self._settings.account_sid}/Messages.json"
        return Request("POST", url, self._headers, urlencode(fields).encode("ascii"))

    def outcome(self, answer: Answer) -> Outcome:
        """201 with a sid; errors have a number."""
        found = form.from_json(answer)
        if answer.status == 201 and found.get("sid"):
            return form.accepted(self.name, str(found["sid"]), 201, str(found.get("status", "")))
        code, words = int(found.get("code") or 0), str(found.get("message", "")) or f"HTTP {answer.status}"
        if code in _LATER:
            return Outcome(Result.DEFERRED, str(code), words)
        if answer.status in {401, 403} or code in _SENDER:
            raise ChannelDownError(f"Twilio refuses the account or its sender: {words}", refused=True)
        return form.failed(code or answer.status, words, hard=code in _WRONG_NUMBER)


def _auth(settings: TwilioForm) -> dict[str, str]:
    return {"Authorization": form.basic(settings.key_sid or settings.account_sid, settings.secret.get_secret_value())}


def _open(settings: TwilioForm, guard: Guard) -> HttpChannel:
    return HttpChannel(Twilio(settings), guard, lanes=settings.lanes)


def _check(settings: TwilioForm, net: Outbound) -> str:
    url = f"{settings.api_url}/2010-04-01/Accounts/{settings.account_sid}.json"
    found = form.ask(net, url, _auth(settings), "Twilio")
    if found.get("status") != "active":
        raise UnavailableError(
            f"The account is {found.get('status', 'unknown')} at Twilio.", remedy="See the console of Twilio."
        )
    return "the account is active"


PROVIDER = Provider(
    name="twilio", title="Twilio", channel=Channel.SMS, form=TwilioForm, open=_open, check=_check,
    about="Register the sender where a country asks for it (A2P 10DLC in the United States). "
    "https://www.twilio.com/docs/messaging/api/message-resource",
    limits={"rate": "by sender: 1 a second for a long code, 100 for a short code", "text": "1,600 characters"},
)  # fmt: skip
