"""Text messages by Azure Communication Services, API version 2021-03-07.

Shapes: Azure/azure-rest-api-specs, specification/communication/data-plane/Sms/stable/2021-03-07. Each recipient
carries a repeatability id, so a request whose answer was lost is safely sent again. Delivery reports come by Event
Grid, by the message's id. Limits: https://learn.microsoft.com/azure/communication-services/concepts/service-limits#sms
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import formatdate
from typing import Any

from pydantic import Field

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.azure import AzureCredential, AzureForm, ask_resource, error_words
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing, Result
from tidings.distribution.channels.http import HttpChannel, OneByOne, Request
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.net.client import Answer, Guard, Outbound

_LATER = frozenset({408, 429, 500, 502, 503, 504})


class AcsSmsForm(AzureForm):
    """Text messages through a resource."""

    sender: str = Field(
        title="From", pattern=r"^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11})$",
        description="A number of the resource as +18005550100, a short code, or an alphanumeric sender id.",
    )  # fmt: skip


class AcsSms(OneByOne):
    """Its dialect."""

    name, wants_parts, repeatable = "acs_sms", True, True

    def __init__(self, settings: AcsSmsForm, guard: Guard) -> None:
        self.url, self._settings = settings.endpoint, settings
        self._credential = AzureCredential(settings, guard)

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """One text to one number: the API takes a hundred numbers, but each person's text is their own."""
        message = messages[0]
        parts = form.short_parts(message)
        recipient = {
            "to": parts.to, "repeatabilityRequestId": str(form.message_key(message)),
            "repeatabilityFirstSent": formatdate(usegmt=True),
        }  # fmt: skip
        body = form.to_json({
            "from": self._settings.sender, "smsRecipients": [recipient], "message": parts.text,
            "smsSendOptions": {"enableDeliveryReport": True},
        })  # fmt: skip
        url = f"{self.url}/sms?api-version=2021-03-07"
        headers = await self._credential.headers("POST", url, body)
        return Request("POST", url, {**headers, "Content-Type": "application/json"}, body)

    def outcome(self, answer: Answer) -> Outcome:
        """202 with one row for each recipient, which has a status of its own."""
        found = form.from_json(answer)
        if answer.status == 202 and found.get("value"):
            return _of_row(self.name, found["value"][0])
        if answer.status in {401, 403, 404}:
            raise ChannelDownError(f"Azure refuses the resource: {error_words(answer)}", refused=True)
        return form.failed(answer.status, error_words(answer))


def _of_row(name: str, row: Mapping[str, Any]) -> Outcome:
    code, words = int(row.get("httpStatusCode", 0)), str(row.get("errorMessage") or "")
    if row.get("successful"):
        return form.accepted(name, str(row.get("messageId", "")), code)
    if code in {401, 403}:
        raise ChannelDownError(f"Azure refuses the sender: {words or code}", refused=True)
    if code in _LATER:
        return Outcome(Result.DEFERRED, str(code), words)
    return form.failed(code, words or f"HTTP {code}", hard=code == 400)


def _open(settings: AcsSmsForm, guard: Guard) -> HttpChannel:
    return HttpChannel(AcsSms(settings, guard), guard, lanes=settings.lanes)


def _check(settings: AcsSmsForm, net: Outbound) -> str:
    """Lists the numbers of the resource; a short code or a sender id stands elsewhere."""
    from tidings.domain.errors import UnavailableError

    answer = ask_resource(settings, net, "/phoneNumbers?api-version=2022-12-01")
    numbers = [each.get("phoneNumber") for each in form.from_json(answer).get("phoneNumbers", ())]
    if settings.sender.startswith("+") and settings.sender not in numbers:
        raise UnavailableError(
            f"The resource has no number {settings.sender}.", remedy="Buy it there, or write one that it has."
        )
    return "the resource lets the credentials in"


PROVIDER = Provider(
    name="acs_sms", title="Azure Communication Services SMS", channel=Channel.SMS, form=AcsSmsForm, open=_open,
    check=_check,
    about="The resource needs a number with SMS. For reports and answers (STOP), subscribe Event Grid. "
    "https://learn.microsoft.com/azure/communication-services/concepts/sms/concepts",
    limits={"rate": "200 messages a minute for a toll-free number", "text": "2,048 characters"},
)  # fmt: skip
