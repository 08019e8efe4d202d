"""What web push needs of cryptography: the message sealed for one browser, and who sends it.

Message encryption RFC 8291 over aes128gcm (RFC 8188); VAPID RFC 8292, a JWT signed with ES256 (RFC 7518, 3.4).
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_RECORD = 4096
_CURVE = ec.SECP256R1()


def to_url_safe(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def from_url_safe(text: str) -> bytes:
    """The bytes again. Raises ValueError for what is none."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_private_key() -> str:
    """A key of one's own for VAPID, as 32 bytes in base64url."""
    return to_url_safe(ec.generate_private_key(_CURVE).private_numbers().private_value.to_bytes(32, "big"))


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """The key of that text. Raises ValueError for what is none."""
    raw = from_url_safe(text)
    if len(raw) != 32:
        raise ValueError("a VAPID key has 32 bytes")
    return ec.derive_private_key(int.from_bytes(raw, "big"), _CURVE)


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half as browsers take it: 65 bytes, uncompressed."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypted(
    text: bytes, p256dh: str, auth: str, *, sender: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """The body for one browser; `sender` and `salt` are new for each message, given only to check the RFC's example.

    Raises ValueError when the browser's keys are none, or the text is too long for one record.
    """
    theirs, secret = from_url_safe(p256dh), from_url_safe(auth)
    if len(secret) != 16:
        raise ValueError("the subscription's secret has not 16 bytes")
    if len(text) > _RECORD - 17 - 86:
        raise ValueError("the notification is longer than push services take")
    key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, theirs)
    sender, salt = sender or ec.generate_private_key(_CURVE), salt or os.urandom(16)
    ours = public_bytes(sender)
    shared = sender.exchange(ec.ECDH(), key)
    material = _hkdf(secret, shared, b"WebPush: info\0" + theirs + ours, 32)
    content = _hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(content).encrypt(nonce, text + b"\x02", None)
    return salt + _RECORD.to_bytes(4, "big") + bytes([len(ours)]) + ours + sealed


def _hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)


def vapid_header(key: ec.EllipticCurvePrivateKey, endpoint: str, subject: str, until: int) -> str:
    """The Authorization header for one push service; `until` in seconds since 1970, at most 24 hours ahead."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": until, "sub": subject}
    text = ".".join(
        to_url_safe(json.dumps(part, separators=(",", ":")).encode())
        for part in ({"typ": "JWT", "alg": "ES256"}, claims)
    )
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    signature = to_url_safe(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={text}.{signature}, k={to_url_safe(public_bytes(key))}"
