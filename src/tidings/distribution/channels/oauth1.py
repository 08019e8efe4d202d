"""Signs a request after OAuth 1.0a (RFC 5849, HMAC-SHA1), for X's older kind of keys. A JSON body is not signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import quote

from tidings.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class OAuth1Keys:
    """The application's and the account's keys."""

    api_key: str
    api_secret: str
    token: str
    token_secret: str


def authorization(keys: OAuth1Keys, method: str, url: str, at: Instant, nonce: str = "") -> str:
    """The Authorization header of a request without query and form."""
    fields = {
        "oauth_consumer_key": keys.api_key, "oauth_nonce": nonce or secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": str(at // 1_000), "oauth_token": keys.token,
        "oauth_version": "1.0",
    }  # fmt: skip
    listed = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(fields.items()))
    base = "&".join([method.upper(), _quoted(url), _quoted(listed)])
    key = f"{_quoted(keys.api_secret)}&{_quoted(keys.token_secret)}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    signed = {**fields, "oauth_signature": base64.b64encode(digest).decode()}
    return "OAuth " + ", ".join(f'{_quoted(name)}="{_quoted(value)}"' for name, value in sorted(signed.items()))


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")
