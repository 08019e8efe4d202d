"""E-mail by Azure Communication Services, API version 2025-09-01.

Shapes: Azure/azure-rest-api-specs, specification/communication/data-plane/Email/stable/2025-09-01. A send is answered
202 with an operation that is never polled per message: Event Grid reports what became of it
(https://learn.microsoft.com/azure/event-grid/communication-services-email-events), by the operation's id. Only where
the answer to a send was lost is the operation looked up, once: if it is there, the message was taken.
Limits: https://learn.microsoft.com/azure/communication-services/concepts/service-limits#email
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.azure import AzureCredential, AzureForm, ask_resource, error_words
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing, Result
from tidings.distribution.channels.http import Caller, HttpChannel, OneByOne, Request, by_status
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.net.client import Answer, AnswerLostError, Guard, NothingLeftError, Outbound

_VERSION = "api-version=2025-09-01"
# Of the headers a mail may bring, those the service passes on; it sets the language by itself.
_PASSED = ("Message-ID", "List-Id", "Feedback-ID", "List-Unsubscribe", "List-Unsubscribe-Post")
_SENDER = ("DomainNotLinked", "InvalidSenderUserName", "EmailDroppedAllRecipientsSuppressed")


class AcsEmailForm(AzureForm):
    """E-mail through a resource; its limits are those of a custom domain until Microsoft raises them."""

    per_minute: int = Field(default=30, ge=0, description="What the resource is allowed in a minute; 0: no limit.")
    per_hour: int = Field(default=100, ge=0, description="What the resource is allowed in an hour; 0: no limit.")


class AcsEmail(OneByOne):
    """Its dialect."""

    name, wants_parts, repeatable = "acs_email", True, False

    def __init__(self, settings: AcsEmailForm, guard: Guard) -> None:
        self.url, self._credential = settings.endpoint, AzureCredential(settings, guard)

    async def exchange(self, messages: Sequence[Outgoing], client: Caller) -> list[Outcome]:
        """Sends one message; where it is in doubt whether it was taken, asks for its operation."""
        if messages[0].attempt:  # an earlier try may have been taken after all
            known = await self._look(messages[0], client, "tried before")
            if known.result is not Result.DEFERRED:
                return [known]
        request = await self.request(messages)
        try:
            answer = await client.send(request.method, request.url, headers=request.headers, body=request.body)
        except AnswerLostError as error:
            return [await self._look(messages[0], client, str(error))]
        if answer.status in {500, 502, 504}:
            return [await self._look(messages[0], client, f"HTTP {answer.status}")]
        settled = by_status(answer, repeatable=False)
        return [settled or self.outcome(answer)]

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """The Operation-Id is derived from the delivery: the same at every try."""
        message = messages[0]
        url, body = f"{self.url}/emails:send?{_VERSION}", form.to_json(_body(message))
        headers = await self._credential.headers("POST", url, body)
        headers |= {"Content-Type": "application/json", "Operation-Id": str(form.message_key(message))}
        return Request("POST", url, headers, body)

    async def _look(self, message: Outgoing, client: Caller, why: str) -> Outcome:
        operation = str(form.message_key(message))
        url = f"{self.url}/emails/operations/{operation}?{_VERSION}"
        try:
            answer = await client.send("GET", url, headers=await self._credential.headers("GET", url, b""), body=b"")
        except (AnswerLostError, NothingLeftError, ChannelDownError):
            return Outcome(Result.UNCERTAIN, "", f"{why}; it may have been taken")
        if answer.status == 200:
            return form.accepted(self.name, operation, 202, "its answer was lost; its operation is there")
        if answer.status == 404:
            return Outcome(Result.DEFERRED, "404", f"{why}; the service does not know it")
        return Outcome(Result.UNCERTAIN, "", f"{why}; it may have been taken")

    def outcome(self, answer: Answer) -> Outcome:
        """202 with the operation; errors with a code."""
        if answer.status == 202:
            operation = str(form.from_json(answer).get("id", ""))
            return form.accepted(self.name, operation, 202)
        words = error_words(answer)
        if answer.status in {401, 403, 404} or any(code in words for code in _SENDER[:2]):
            raise ChannelDownError(f"Azure refuses the resource or its sender: {words}", refused=True)
        suppressed = _SENDER[2] in words
        return form.failed(answer.status, words, hard=suppressed or "recipients.to" in words.lower())


def _body(message: Outgoing) -> dict[str, Any]:
    parts = form.email_parts(message)
    body: dict[str, Any] = {
        "senderAddress": parts.from_address,
        "recipients": {"to": [{"address": parts.to}]},
        "content": {"subject": parts.subject, "plainText": parts.text, "html": parts.html},
        "headers": {name: parts.headers[name] for name in _PASSED if name in parts.headers},
        "userEngagementTrackingDisabled": True,  # links are ours already
    }
    if parts.reply_to:
        body["replyTo"] = [{"address": parts.reply_to}]
    return body


def _open(settings: AcsEmailForm, guard: Guard) -> HttpChannel:
    return HttpChannel(AcsEmail(settings, guard), guard, lanes=settings.lanes)


def _check(settings: AcsEmailForm, net: Outbound) -> str:
    """Asks for an operation that never was: 404 says that the credentials were let in."""
    ask_resource(settings, net, f"/emails/operations/{uuid.uuid4()}?{_VERSION}")
    return "the resource lets the credentials in"


PROVIDER = Provider(
    name="acs_email", title="Azure Communication Services e-mail", channel=Channel.EMAIL, form=AcsEmailForm, open=_open,
    check=_check,
    carries_files=False,
    about="Connect a verified domain to the resource, and set the sender's name at its MailFrom address: it is not "
    "sent with the message. For reports, subscribe Event Grid. "
    "https://learn.microsoft.com/azure/communication-services/concepts/email/email-overview",
    limits={
        "rate": "30 messages a minute and 100 an hour for a custom domain, until Microsoft raises it on request",
        "size": "10 MB a request",
    },
)  # fmt: skip
