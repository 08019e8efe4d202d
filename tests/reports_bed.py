"""Requests as providers sign them: by code of our own that shares nothing with what checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from tidings.distribution.reports.base import Context, Request
from tidings.domain.errors import UnavailableError

NOW = 1_772_445_600_000
URL = "https://mail.northwind.example/hooks/x/chn_1"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses"


def request(
    body: bytes | object, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None,
    url: str = URL, method: str = "POST",
) -> Request:  # fmt: skip
    """A request; what is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method, url, query or {}, {name.lower(): value for name, value in (headers or {}).items()}, raw)


def context(now: int = NOW, pages: Mapping[str, bytes] | None = None) -> Context:
    """Where only these pages can be fetched."""

    def fetch(url: str) -> bytes:
        if url not in (pages or {}):
            raise UnavailableError(f"{url} does not answer.")
        return (pages or {})[url]

    return Context(now, fetch)


def svix(secret: str, body: bytes, *, event_id: str = "msg_1", at: int = NOW, prefix: str = "svix") -> dict[str, str]:
    """Headers of Standard Webhooks."""
    key = base64.b64decode(secret[6:])
    stamp = str(at // 1000)
    mac = hmac.new(key, b".".join([event_id.encode(), stamp.encode(), body]), "sha256").digest()
    return {
        f"{prefix}-id": event_id, f"{prefix}-timestamp": stamp,
        f"{prefix}-signature": "v1," + base64.b64encode(mac).decode(),
    }  # fmt: skip


def mailgun(key: str, event: dict[str, Any], *, token: str = "a" * 50, at: int = NOW) -> bytes:
    """A signed body."""
    stamp = str(at // 1000)
    mac = hmac.new(key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    return json.dumps(
        {"signature": {"timestamp": stamp, "token": token, "signature": mac}, "event-data": event}
    ).encode()


class SendGridSigner:
    """A key pair as SendGrid makes one."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        der = self._key.public_key().public_bytes(serialization.Encoding.DER, spki)
        self.public = base64.b64encode(der).decode()

    def headers(self, body: bytes, stamp: str = "1772445600") -> dict[str, str]:
        """Of one request."""
        signature = self._key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        }


class SnsSigner:
    """A certificate as SNS has one, and messages signed with it."""

    def __init__(self, name: str = "sns.amazonaws.com") -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        at = datetime.fromtimestamp(NOW / 1000, UTC)
        made = (
            x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(self._key.public_key())
            .serial_number(7).not_valid_before(at - timedelta(days=30)).not_valid_after(at + timedelta(days=300))
            .sign(self._key, hashes.SHA256())
        )  # fmt: skip
        self.pem = made.public_bytes(serialization.Encoding.PEM)

    def message(self, kind: str = "Notification", version: str = "2", **fields: str) -> dict[str, str]:
        """One message of ours; the string to sign is written out as the documentation has it."""
        body = {
            "Type": kind, "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": TOPIC,
            "Timestamp": "2026-03-02T10:00:00.000Z", "SignatureVersion": version, "SigningCertURL": CERTIFICATE,
            **fields,
        }  # fmt: skip
        if kind == "Notification":
            order = [
                "Message",
                "MessageId",
                *(["Subject"] if "Subject" in body else []),
                "Timestamp",
                "TopicArn",
                "Type",
            ]
        else:
            order = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        signed = "".join(f"{each}\n{body[each]}\n" for each in order).encode()
        digest = hashes.SHA256() if version == "2" else hashes.SHA1()
        body["Signature"] = base64.b64encode(self._key.sign(signed, padding.PKCS1v15(), digest)).decode()
        return body


class EntraSigner:
    """A tenant's signing key, and tokens it makes."""

    TENANT = "11111111-2222-3333-4444-555555555555"
    KEYS = f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA", "kid": "k1", "n": _b64(numbers.n.to_bytes(256, "big")),
            "e": _b64(numbers.e.to_bytes(3, "big")),
        }  # fmt: skip
        self.page = json.dumps({"keys": [key]}).encode()

    def token(self, audience: str, **claims: object) -> str:
        """A token of Event Grid's application for ten minutes."""
        told = {
            "iss": f"https://sts.windows.net/{self.TENANT}/", "aud": audience, "nbf": NOW // 1000 - 60,
            "exp": NOW // 1000 + 600, "appid": "4962773b-9cdb-44cf-a8bf-237846a00ab7", **claims,
        }  # fmt: skip
        head = _b64(json.dumps({"alg": "RS256", "kid": "k1"}).encode())
        signed = f"{head}.{_b64(json.dumps(told).encode())}"
        return f"{signed}.{_b64(self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
