"""DKIM signatures made here (RFC 6376; Ed25519 by RFC 8463), for relays that do not sign. Off unless it is set.

relaxed/relaxed; `From` is signed once more than it stands there, so that nobody can add a second one on the way.
RSA-2048 takes 0.3 ms and leaves the interpreter free meanwhile: sign in a small pool of threads, not on the loop.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tidings.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

EXAMPLE = "TIDINGS_DKIM=mail2026:/etc/tidings/dkim.pem"
_SIGNED = (
    "from", "from", "reply-to", "to", "subject", "date", "message-id", "mime-version", "content-type",
    "content-transfer-encoding", "content-language", "list-id", "list-unsubscribe", "list-unsubscribe-post",
    "feedback-id",
)  # fmt: skip
"""RFC 6376, 5.4.1, and what RFC 8058 wants covered; a name that is not in the message is left out, `from` apart."""
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_SPACES = re.compile(rb"[ \t]+")
_SPACE_AT_END = re.compile(rb"[ \t]+(?=\r\n|\Z)")
_FIELD = re.compile(rb"\r\n(?![ \t])")


@dataclass(frozen=True, slots=True)
class DkimKey:
    """One selector with its private key."""

    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        """As the signature names it."""
        return "rsa-sha256" if hasattr(self.private, "key_size") else "ed25519-sha256"

    @property
    def record(self) -> str:
        """The text of the TXT record at `<selector>._domainkey.<domain>`."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        if self.algorithm == "rsa-sha256":
            raw = self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return f"v=DKIM1; k=rsa; p={base64.b64encode(raw).decode()}"
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}"

    def sign(self, data: bytes) -> bytes:
        """The signature over canonical bytes."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256

        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(data, PKCS1v15(), SHA256())
        return self.private.sign(hashlib.sha256(data).digest())


class DkimSigner:
    """Signs with every key it has. Safe to use from several threads."""

    def __init__(self, keys: Sequence[DkimKey]) -> None:
        self.keys = tuple(keys)

    def sign(self, message: bytes, domain: str) -> bytes:
        """The message with one DKIM-Signature per key in front; `domain` is that of its From."""
        head, separator, body = message.partition(b"\r\n\r\n")
        fields = _fields(head)
        digest = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
        now = int(time.time())
        signatures = [_signature(key, fields, digest, domain, now) for key in self.keys]
        return b"".join(signatures) + head + separator + body


def _fields(head: bytes) -> dict[str, list[bytes]]:
    """Canonical header fields by name, in their order (3.4.2)."""
    found: dict[str, list[bytes]] = {}
    for field in _FIELD.split(head):
        name, _, value = field.partition(b":")
        key = name.strip().lower()
        found.setdefault(key.decode("latin-1"), []).append(key + b":" + _relaxed(value))
    return found


def _relaxed(value: bytes) -> bytes:
    return _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" \t")


def _relaxed_body(body: bytes) -> bytes:
    """3.4.4: runs of spaces become one, those at a line's end none, empty lines at the end go."""
    text = _SPACES.sub(b" ", _SPACE_AT_END.sub(b"", body)).rstrip(b"\r\n")
    return text + b"\r\n" if text else b""


def _signature(key: DkimKey, fields: dict[str, list[bytes]], digest: str, domain: str, now: int) -> bytes:
    names = [name for name in _SIGNED if name in fields]
    left = {name: list(values) for name, values in fields.items()}
    # From the last to the first (5.4.2); one that is named too often adds nothing, which forbids another.
    signed = [left[name].pop() + b"\r\n" for name in names if left[name]]
    header = (
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed; d={domain};\r\n"
        f" s={key.selector}; t={now};\r\n h={_folded(names)};\r\n bh={digest};\r\n b="
    ).encode("ascii")
    name, _, value = header.partition(b":")
    data = b"".join(signed) + name.lower() + b":" + _relaxed(value)
    made = base64.b64encode(key.sign(data))
    return header + b"\r\n ".join(made[at : at + 72] for at in range(0, len(made), 72)) + b"\r\n"


def _folded(names: Sequence[str]) -> str:
    half = (len(names) + 1) // 2
    return ":".join(names[:half]) + (":\r\n  " + ":".join(names[half:]) if names[half:] else "")


def parse_dkim(text: str) -> DkimSigner:
    """The signer of `selector:/path/key.pem`, a second one after a comma. Raises InvalidInputError with the reason."""
    keys = [_key(part.strip()) for part in text.split(",") if part.strip()]
    if not keys or len({key.selector for key in keys}) != len(keys):
        raise _wrong("each key needs a selector of its own")
    return DkimSigner(keys)


def _key(part: str) -> DkimKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    selector, _, path = part.partition(":")
    if not _SELECTOR.fullmatch(selector) or not path:
        raise _wrong(f"{part.partition(':')[0][:40]!r} is not a selector with a file after it")
    try:
        private = load_pem_private_key(Path(path).expanduser().read_bytes(), None)
    except OSError as error:
        raise _wrong(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _wrong(f"{path} holds no private key without a passphrase") from error
    if isinstance(private, Ed25519PrivateKey):
        return DkimKey(selector, private)
    if not isinstance(private, RSAPrivateKey) or private.key_size < 1024:
        raise _wrong(f"{path} holds neither an RSA key of 1024 bits or more nor an Ed25519 key")
    return DkimKey(selector, private)


def _wrong(why: str) -> InvalidInputError:
    return InvalidInputError(
        f"The DKIM setting cannot be used: {why}.", remedy=f"Write it like this: {EXAMPLE}", field="dkim"
    )
