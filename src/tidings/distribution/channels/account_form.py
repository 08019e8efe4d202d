"""What the forms of all providers with an HTTP API share, and small things their files need."""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from tidings.distribution.channels.base import EmailParts, Outcome, Outgoing, Result, ShortParts
from tidings.domain.errors import ForbiddenError, UnavailableError

if TYPE_CHECKING:
    from tidings.net.client import Answer, Outbound


def _api_address(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError("it is no address such as https://api.example.com")
    return text.strip().rstrip("/")


def _secret(value: SecretStr) -> SecretStr:
    """A secret goes into a header: white space around it is a slip of the hand, other than ASCII cannot stand there."""
    text = value.get_secret_value().strip()
    if not text.isascii() or not text.isprintable():
        raise ValueError("it holds characters that no key has")
    return SecretStr(text)


def _needed(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise ValueError("it is needed")
    return value


ApiAddress = Annotated[str, AfterValidator(_api_address)]
OptionalSecret = Annotated[SecretStr, AfterValidator(_secret)]
Secret = Annotated[SecretStr, AfterValidator(_secret), AfterValidator(_needed)]


class AccountForm(BaseModel):
    """Base of a provider's form: unknown settings are mistakes; lanes and limits are everybody's."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    lanes: int = Field(default=4, ge=1, le=64, description="Requests at the same time.")
    per_minute: int = Field(default=0, ge=0, description="The most messages in a minute; 0: no limit of your own.")
    per_hour: int = Field(default=0, ge=0, description="The most messages in an hour; 0: no limit of your own.")


def email_parts(message: Outgoing) -> EmailParts:
    """The uncoded mail of a message. Raises TypeError when the channel was given another kind."""
    if not isinstance(message.parts, EmailParts):
        raise TypeError("this provider carries e-mail")
    return message.parts


def short_parts(message: Outgoing) -> ShortParts:
    """The short message. Raises TypeError when the channel was given another kind."""
    if not isinstance(message.parts, ShortParts):
        raise TypeError("this provider carries short messages")
    return message.parts


def message_key(message: Outgoing) -> uuid.UUID:
    """A name of the delivery, the same at every try: what is repeated with it has its effect once."""
    parts = message.parts
    own = parts.headers.get("Message-ID", "") if isinstance(parts, EmailParts) else message.recipient
    place = f"{own} {message.campaign_pk} {message.contact_pk} {message.step}"
    return uuid.uuid5(uuid.NAMESPACE_OID, place)


def mailbox_text(name: str, address: str) -> str:
    """`"Name" <address>` for an API that takes it as text."""
    if not name:
        return address
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def basic(user: str, password: str) -> str:
    """The Authorization header of HTTP Basic."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


def to_json(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def from_json(answer: Answer) -> Any:
    """The body as JSON, or an empty mapping where it is none."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return {}


def accepted(provider: str, reference: str, code: int | str, words: str = "") -> Outcome:
    """The provider took it."""
    return Outcome(Result.ACCEPTED, str(code), words[:500], provider=provider, reference=reference)


def failed(code: int | str, words: str, *, hard: bool = False) -> Outcome:
    """The provider refused this one message for good."""
    return Outcome(Result.FAILED, str(code), words[:500], hard=hard)


def ask(net: Outbound, url: str, headers: dict[str, str], title: str, *, ok: frozenset[int] = frozenset({200})) -> Any:
    """A harmless GET that proves credentials; its answer as JSON.

    Raises ForbiddenError when they are refused and UnavailableError when the service cannot say, with the remedy.
    """
    answer = net.send("GET", url, headers=headers)
    if answer.status in {401, 403}:
        raise ForbiddenError(
            f"{title} refuses the credentials (HTTP {answer.status}).", remedy="Enter new ones on the page Channels."
        )
    if answer.status not in ok:
        words = answer.body[:200].decode("utf-8", "replace")
        raise UnavailableError(
            f"{title} answers HTTP {answer.status}: {words}", remedy="Check the account's settings, or try later."
        )
    return from_json(answer)
