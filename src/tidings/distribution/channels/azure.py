"""How Azure Communication Services lets a request in: an access key (HMAC-SHA256) or a token of Entra ID.

Key: https://learn.microsoft.com/rest/api/communication/authentication; token: the OAuth 2.0 client credentials flow,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from email.utils import formatdate
from urllib.parse import quote, urlencode, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from tidings.distribution.channels import account_form as form
from tidings.distribution.channels.base import ChannelDownError
from tidings.domain.errors import ForbiddenError, UnavailableError
from tidings.net.client import Answer, Guard, HostClient, NothingLeftError, Outbound

_SCOPE = "https://communication.azure.com/.default"
_EARLY_SECONDS = 300.0


class AzureForm(form.AccountForm):
    """A Communication Services resource, and one of the two ways in."""

    endpoint: form.ApiAddress = Field(
        description="https://NAME.communication.azure.com, from the resource's page Keys."
    )
    access_key: form.OptionalSecret = Field(
        default=SecretStr(""), description="From the page Keys. Leave it out to use an app of Entra ID."
    )
    tenant_id: str = Field(default="", max_length=100, description="Entra ID: the directory's id.")
    client_id: str = Field(default="", max_length=100, description="Entra ID: the app's id.")
    client_secret: form.OptionalSecret = Field(
        default=SecretStr(""), description="Entra ID: the app's secret. The app needs the role Contributor there."
    )
    login_url: form.ApiAddress = Field(
        default="https://login.microsoftonline.com", description="Entra ID's address; others in sovereign clouds."
    )

    @field_validator("access_key")
    @classmethod
    def _is_base64(cls, value: SecretStr) -> SecretStr:
        try:
            base64.b64decode(value.get_secret_value(), validate=True)
        except binascii.Error:
            raise ValueError("it is not the key as the portal shows it (base64)") from None
        return value

    @model_validator(mode="after")
    def _one_way_in(self) -> AzureForm:
        app = (self.tenant_id, self.client_id, self.client_secret.get_secret_value())
        if not self.access_key.get_secret_value() and not all(app):
            raise ValueError("give the access key, or tenant, client and client secret of an app of Entra ID")
        return self


def signed(key: str, method: str, url: str, body: bytes, date: str) -> dict[str, str]:
    """The headers that prove the access key: date, hash of the body, and the signature over both and the address."""
    parts = urlsplit(url)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    content = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    text = f"{method}\n{path}\n{date};{parts.netloc};{content}"
    mac = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    signature = base64.b64encode(mac).decode("ascii")
    return {
        "x-ms-date": date,
        "x-ms-content-sha256": content,
        "Authorization": f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}",
    }


class AzureCredential:
    """Headers for requests to one resource; a token is fetched when needed and kept until shortly before its end."""

    def __init__(self, settings: AzureForm, guard: Guard) -> None:
        self._settings, self._guard = settings, guard
        self._token, self._until = "", 0.0

    async def headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        """What lets this request in. Raises ChannelDownError when Entra ID gives no token."""
        key = self._settings.access_key.get_secret_value()
        if key:
            return signed(key, method, url, body, formatdate(usegmt=True))
        if time.monotonic() > self._until:
            await self._fetch()
        return {"Authorization": f"Bearer {self._token}"}

    async def _fetch(self) -> None:
        url, body = _token_request(self._settings)
        client = HostClient(self._guard, url, connections=1)
        try:
            answer = await client.send("POST", url, headers=_FORM, body=body)
        except NothingLeftError as error:
            raise ChannelDownError(f"Entra ID cannot be asked for a token: {error}") from error
        except Exception as error:
            raise ChannelDownError("Entra ID did not answer") from error
        finally:
            await client.close()
        found = form.from_json(answer)
        if answer.status != 200 or "access_token" not in found:
            words = str(found.get("error_description", "")).partition("\r\n")[0] or f"HTTP {answer.status}"
            raise ChannelDownError(f"Entra ID gives no token: {words}", refused=400 <= answer.status < 500)
        self._token = str(found["access_token"])
        self._until = time.monotonic() + float(found.get("expires_in", 600)) - _EARLY_SECONDS


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _token_request(settings: AzureForm) -> tuple[str, bytes]:
    fields = {
        "client_id": settings.client_id, "client_secret": settings.client_secret.get_secret_value(), "scope": _SCOPE,
        "grant_type": "client_credentials",
    }  # fmt: skip
    return f"{settings.login_url}/{quote(settings.tenant_id)}/oauth2/v2.0/token", urlencode(fields).encode("ascii")


def ask_resource(settings: AzureForm, net: Outbound, path: str) -> Answer:
    """A harmless GET at the resource. Raises ForbiddenError and UnavailableError with the remedy."""
    import asyncio

    url = settings.endpoint + path
    try:
        headers = asyncio.run(AzureCredential(settings, net.guard).headers("GET", url, b""))
    except ChannelDownError as error:
        raise UnavailableError(f"{error}.", remedy="Check tenant, client and secret of the app.") from error
    answer = net.send("GET", url, headers=headers)
    if answer.status in {401, 403}:
        raise ForbiddenError(
            f"Azure refuses the credentials (HTTP {answer.status}).",
            remedy="Copy the key anew from the resource's page Keys, or give the app the role Contributor on it.",
        )
    if answer.status >= 500 or answer.status == 429:
        raise UnavailableError(f"Azure answers HTTP {answer.status}.", remedy="Try it again later.")
    return answer


def error_words(answer: Answer) -> str:
    """What Azure says is wrong: `error.code: error.message`."""
    found = form.from_json(answer)
    error = found.get("error") if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
    if isinstance(error, dict):
        return f"{error.get('code', '')}: {error.get('message', '')}".strip(": ")  # pyright: ignore[reportUnknownMemberType]
    return answer.body[:200].decode("utf-8", "replace") or f"HTTP {answer.status}"
