"""Signature Version 4, by which Amazon lets a request in.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """Whose request it is. `session` is the token of temporary keys."""

    key_id: str
    secret: str = field(repr=False)
    session: str = field(default="", repr=False)


def sign(
    keys: AwsKeys, region: str, service: str, method: str, url: str, headers: Mapping[str, str], body: bytes, stamp: str
) -> dict[str, str]:
    """The headers with date and Authorization. `stamp` is the instant as 20260302T100000Z."""
    parts = urlsplit(url)
    sent = {**headers, "X-Amz-Date": stamp}
    if keys.session:
        sent["X-Amz-Security-Token"] = keys.session
    named = {"host": parts.netloc, **{name.lower(): " ".join(value.split()) for name, value in sent.items()}}
    names = ";".join(sorted(named))
    canonical = "\n".join([
        method, quote(parts.path or "/", safe="/-_.~"), _query(parts.query),
        *(f"{name}:{named[name]}" for name in sorted(named)), "", names, hashlib.sha256(body).hexdigest(),
    ])  # fmt: skip
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{keys.secret}".encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    sent["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return sent


def _query(query: str) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(query, True))
    return "&".join(f"{name}={value}" for name, value in pairs)
