"""Twilio's status callbacks and answers to text messages, signed over address and parameters.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from tidings.distribution.reports.base import (
    Batch,
    Context,
    Happening,
    RefusedError,
    Reported,
    Request,
    made_id,
)
from tidings.distribution.reports.proof import same

_H = Happening
_KINDS = {
    "accepted": _H.QUEUED, "scheduled": _H.QUEUED, "queued": _H.QUEUED, "sending": _H.SENT, "sent": _H.SENT,
    "delivered": _H.DELIVERED, "read": _H.OPENED, "undelivered": _H.BOUNCED, "failed": _H.BOUNCED,
    "canceled": _H.REJECTED, "received": _H.INBOUND, "receiving": _H.INBOUND,
}  # fmt: skip
# https://www.twilio.com/docs/api/errors: the number takes no messages, or never did.
_PERMANENT = frozenset({"30005", "30006", "21211", "21614"})
_STOPPED = "21610"
_STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
_EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


class Twilio:
    """The reader."""

    keys: ClassVar[Mapping[str, str]] = {
        "auth_token": "the auth token of the account, which signs its requests even where an API key sends",
        "secret": "the same, where the account sends with it",
    }

    def read(self, request: Request, secret: Mapping[str, str], _context: Context) -> Batch:
        """One status, or what somebody answered."""
        fields = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=200)
        token = secret.get("auth_token", "") or secret.get("secret", "")
        if not token:
            raise RefusedError("the account has no auth_token, so that nothing can be checked")
        given = request.headers.get("x-twilio-signature", "")
        fits = [same(given, signature(token, url, fields)) for url in _spellings(request.url)]
        if not any(fits):
            raise RefusedError("the signature is wrong")
        return Batch((_reported(dict(fields)),), answer=_EMPTY, content_type="text/xml")


def signature(token: str, url: str, fields: list[tuple[str, str]]) -> str:
    """HMAC-SHA1 over the address and each different parameter in the order of names, name and value joined."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def _spellings(url: str) -> list[str]:
    """The address with and without its port: Twilio signs either."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return [parts._replace(netloc=host).geturl(), parts._replace(netloc=f"{host}:{port}").geturl()]


def _reported(fields: dict[str, str]) -> Reported:
    sid = fields.get("MessageSid") or fields.get("SmsSid") or fields.get("SmsMessageSid", "")
    status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
    error = fields.get("ErrorCode", "")
    kind = _KINDS.get(status, Happening.UNKNOWN)
    inbound = kind is Happening.INBOUND or ("Body" in fields and "MessageStatus" not in fields)
    if inbound:
        stops = fields.get("OptOutType", "").upper() == "STOP" or fields.get("Body", "").strip().lower() in _STOP
        kind = Happening.UNSUBSCRIBED if stops else Happening.INBOUND
    if error == _STOPPED:
        kind = Happening.REJECTED
    return Reported(
        f"{sid}:{status}:{error}" if sid else made_id(*sorted(fields.items())),
        kind,
        status or "message",
        fields,
        None,
        fields.get("From" if inbound else "To", ""),
        (sid,) if sid and not inbound else (),
        code=error,
        words=f"error {error} {fields.get('ErrorMessage', '')}".strip() if error else "",
        permanent=error in _PERMANENT,
        suppressed="unsubscribed" if error == _STOPPED else "",
        channel="sms",
    )
