"""DKIM keys in the DNS (RFC 6376, 3.6; RFC 8463): there, strong enough, and the one mail is signed with."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from tidings.distribution.dns.resolver import Resolver
from tidings.distribution.findings import Area, Grade, PreflightFinding, txt_record

_WEAK, _GOOD = 1024, 2048  # bits of RSA: below the first nobody verifies (RFC 8301), below the second it is weak


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector to look at; `record` is what it must say where Tidings signs itself, else empty."""

    name: str
    record: str = ""


def check_dkim(resolver: Resolver, domain: str, selectors: Sequence[Selector]) -> list[PreflightFinding]:
    """The findings, one a selector. Raises DnsUnreachableError."""
    if not selectors:
        words = "the relay signs, and its selector is not known here"
        remedy = "Set TIDINGS_DKIM_SELECTOR to the selector your relay signs with, or let Tidings sign: TIDINGS_DKIM."
        return [PreflightFinding(Area.DOMAIN, "DKIM", Grade.NOT_CHECKED, words, remedy, domain)]
    return [_check(resolver, domain, selector) for selector in selectors]


_Judged = tuple[Grade, str, str]


def _check(resolver: Resolver, domain: str, selector: Selector) -> PreflightFinding:
    name = f"{selector.name}._domainkey.{domain}"
    texts = [_tags(text) for text in resolver.txt(name)]
    keys = [tags for tags in texts if "p" in tags]
    grade, message, remedy = _found(name, keys, selector) or _judged(name, keys[0], selector)
    record = txt_record(name, selector.record) if selector.record and grade is not Grade.OK else ""
    return PreflightFinding(Area.DOMAIN, "DKIM", grade, message, remedy, domain, record)


def _found(name: str, keys: Sequence[dict[str, str]], selector: Selector) -> _Judged | None:
    """What is wrong before looking at the key; None when there is exactly one, and the right one."""
    if not keys:
        remedy = "this record" if selector.record else "the record your relay's operator shows for this selector"
        return Grade.ERROR, f"there is no key at {name}", f"Publish {remedy}."
    if len(keys) > 1:
        return Grade.ERROR, f"there are {len(keys)} keys at {name}; receivers may take either", "Leave one."
    public = _joined(keys[0]["p"])
    if not public:
        return Grade.ERROR, f"the key at {name} is revoked (an empty `p`)", "Publish a new key."
    if selector.record and public != _joined(_tags(selector.record)["p"]):
        return Grade.ERROR, f"the key at {name} is not the one mail is signed with", "Publish this one in its place."
    return None


def _judged(name: str, tags: dict[str, str], selector: Selector) -> _Judged:
    kind, bits = _strength(tags.get("k", "rsa").lower(), _joined(tags["p"]))
    if bits == 0:
        return Grade.ERROR, f"the key at {name} cannot be read", "Publish it anew."
    if kind == "rsa" and bits < _GOOD:
        grade = Grade.ERROR if bits < _WEAK else Grade.WARNING
        return grade, f"the RSA key at {name} has {bits} bits", "Make one of 2048 bits."
    if "y" in tags.get("t", "").lower().split(":"):
        words = f"the key at {name} is marked as a test (`t=y`); receivers may ignore its signatures"
        return Grade.WARNING, words, "Remove `t=y`."
    shown = f"RSA of {bits} bits" if kind == "rsa" else "Ed25519"
    return Grade.OK, f"{selector.name}: {shown}{', the one mail is signed with' if selector.record else ''}", ""


def _joined(text: str) -> str:
    return "".join(text.split())


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _strength(kind: str, public: str) -> tuple[str, int]:
    """The kind of a key and its bits; 0 for one that cannot be read."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        raw = base64.b64decode(public, validate=True)
        if kind == "ed25519":
            return kind, 256 if len(raw) == 32 else 0
        key = load_der_public_key(raw)
    except (ValueError, binascii.Error):
        return kind, 0
    return kind, key.key_size if isinstance(key, RSAPublicKey) else 0
