"""Amazon SES, API v2: SendEmail with the whole MIME message.

Shapes: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html, quotas
https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html; check GET /v2/email/account.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import Field, SecretStr

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.aws import AwsKeys, sign
from tidings.distribution.channels.base import ChannelDownError, Outcome, Outgoing, Result
from tidings.distribution.channels.http import HttpChannel, OneByOne, Request, retry_after
from tidings.distribution.channels.registry import Provider
from tidings.domain.channel import Channel
from tidings.domain.errors import UnavailableError
from tidings.net.client import Answer, Guard, Outbound

_REFUSED = frozenset({
    "AccountSuspendedException", "SendingPausedException", "MailFromDomainNotVerifiedException", "NotFoundException",
    "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
    "InvalidSignatureException", "ExpiredTokenException",
})  # fmt: skip
_LATER = frozenset({"TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling"})


class SesForm(form.AccountForm):
    """An account at Amazon SES in one region."""

    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="As eu-central-1.")
    access_key_id: str = Field(min_length=16, max_length=128, pattern=r"^[A-Za-z0-9]+$", title="Access key ID")
    secret_access_key: form.Secret = Field(description="Of a user with ses:SendEmail (and ses:GetAccount to check).")
    session_token: form.OptionalSecret = Field(default=SecretStr(""), description="Only with temporary keys.")
    configuration_set: str = Field(default="", max_length=64, description="It publishes bounces and complaints.")
    api_url: str = Field(default="", description="Only for a gateway of your own; empty: the region's.")


class Ses(OneByOne):
    """Its dialect."""

    name, wants_parts, repeatable = "ses", False, False

    def __init__(self, settings: SesForm) -> None:
        self._settings, self.url = settings, _url(settings)

    async def request(self, messages: Sequence[Outgoing]) -> Request:
        """The message as it is; the envelope's recipient stands beside it."""
        message = messages[0]
        body: dict[str, Any] = {
            "Destination": {"ToAddresses": [message.recipient]},
            "Content": {"Raw": {"Data": b64encode(message.body).decode("ascii")}},
        }
        if self._settings.configuration_set:
            body["ConfigurationSetName"] = self._settings.configuration_set
        raw, url = form.to_json(body), f"{self.url}/v2/email/outbound-emails"
        return Request("POST", url, _signed(self._settings, "POST", url, raw), raw)

    def outcome(self, answer: Answer) -> Outcome:
        """200 with MessageId; errors are named in a header or in the body."""
        found = form.from_json(answer)
        if answer.status == 200 and found.get("MessageId"):
            return form.accepted(self.name, str(found["MessageId"]), 200)
        kind = _kind(answer, found)
        words = f"{kind}: {found.get('message') or found.get('Message') or ''}".strip(": ")
        if kind in _LATER:
            return Outcome(Result.DEFERRED, str(answer.status), words, wait=retry_after(answer))
        if answer.status in {401, 403} or kind in _REFUSED or (kind == "MessageRejected" and "not verified" in words):
            raise ChannelDownError(f"SES refuses the account or its sender: {words}", refused=True)
        return form.failed(answer.status, words or f"HTTP {answer.status}", hard="Invalid recipient" in words)


def _kind(answer: Answer, found: Any) -> str:
    """`MessageRejected` of `MessageRejected:http://…` or `com.amazonaws#MessageRejected`."""
    text = answer.headers.get("x-amzn-errortype") or str(found.get("__type", ""))
    return text.partition(":")[0].rpartition("#")[2]


def _url(settings: SesForm) -> str:
    return settings.api_url.rstrip("/") or f"https://email.{settings.region}.amazonaws.com"


def _signed(settings: SesForm, method: str, url: str, body: bytes) -> dict[str, str]:
    secret, session = settings.secret_access_key.get_secret_value(), settings.session_token.get_secret_value()
    keys = AwsKeys(settings.access_key_id, secret, session)
    headers = {"Content-Type": "application/json"} if body else {}
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return sign(keys, settings.region, "ses", method, url, headers, body, stamp)


def _open(settings: SesForm, guard: Guard) -> HttpChannel:
    return HttpChannel(Ses(settings), guard, lanes=settings.lanes)


def _check(settings: SesForm, net: Outbound) -> str:
    url = f"{_url(settings)}/v2/email/account"
    found = form.ask(net, url, _signed(settings, "GET", url, b""), "Amazon SES")
    if not found.get("SendingEnabled", False):
        raise UnavailableError("SES has paused sending for this account.", remedy="See its reputation page at AWS.")
    if not found.get("ProductionAccessEnabled", False):
        raise UnavailableError(
            "The account is in the SES sandbox: it reaches only verified addresses.",
            remedy="Request production access in the SES console.",
        )
    quota = found.get("SendQuota", {})
    return f"{quota.get('MaxSendRate', '?')} messages a second, {quota.get('Max24HourSend', '?')} a day"


PROVIDER = Provider(
    name="ses", title="Amazon SES", channel=Channel.EMAIL, form=SesForm, open=_open, check=_check,
    about="Verify the sender's domain and leave the sandbox first. "
    "https://docs.aws.amazon.com/ses/latest/dg/send-email-raw.html",
    limits={"rate": "the account's own quota a second and a day; checking shows it", "size": "40 MB a message"},
)  # fmt: skip
