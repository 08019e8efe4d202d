"""Amazon SNS: that a message comes from it, and that a subscription is wanted.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509.oid import NameOID

from tidings.distribution.reports.base import Fetch, RefusedError, text
from tidings.domain.instant import Instant

_HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?")
_NAME = re.compile(r"sns(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_MOST = 16


class Certificates:
    """Certificates SNS signs with, each fetched once. Only SNS's own hosts are asked."""

    def __init__(self) -> None:
        self._held: dict[str, x509.Certificate] = {}
        self._lock = threading.Lock()

    def get(self, url: str, fetch: Fetch, now: Instant) -> x509.Certificate:
        """The certificate at an address. Raises RefusedError when it is not SNS's, or not valid at that instant."""
        if not is_own(url) or not urlsplit(url).path.endswith(".pem"):
            raise RefusedError("the certificate is not at an address of SNS")
        with self._lock:
            held = self._held.get(url)
        if held is None:
            held = _parse(fetch(url))
            with self._lock:
                if len(self._held) >= _MOST:
                    self._held.clear()
                self._held[url] = held
        when = datetime.fromtimestamp(now / 1000, UTC)
        if not held.not_valid_before_utc <= when <= held.not_valid_after_utc:
            raise RefusedError("the certificate is not valid now")
        return held


def is_own(url: str) -> bool:
    """Whether an address is one of SNS's own, over https."""
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(_HOST.fullmatch(parts.netloc.lower()))


def _parse(pem: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise RefusedError("what lies at the address is no certificate") from error
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not any(_NAME.fullmatch(str(name.value)) for name in names):
        raise RefusedError("the certificate is not SNS's")
    return certificate


def verify(message: dict[str, Any], certificate: x509.Certificate) -> None:
    """Checks the signature over the message's own fields. Raises RefusedError."""
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise RefusedError("the certificate's key is of an unknown kind")
    algorithm = {"1": SHA1(), "2": SHA256()}.get(text(message, "SignatureVersion"))  # noqa: S303  # SNS's default is 1
    if algorithm is None:
        raise RefusedError("the signature is of an unknown version")
    try:
        signature = base64.b64decode(text(message, "Signature"), validate=True)
        key.verify(signature, signed_text(message), PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise RefusedError("the signature is wrong") from error


def signed_text(message: dict[str, Any]) -> bytes:
    """What is signed: names and values in the order of names, one a line; what is absent is left out."""
    names = _NOTIFICATION if message.get("Type") == "Notification" else _SUBSCRIPTION
    lines = [f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None]
    return "".join(lines).encode()
