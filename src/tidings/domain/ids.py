"""Public identifiers: UUIDv7 (RFC 9562) behind a typed prefix, sortable by time of creation."""

from __future__ import annotations

import re
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_LENGTH = 26
_SHAPE = re.compile(rf"[a-z]{{2,4}}_[{_ALPHABET}]{{{_LENGTH}}}")

PREFIXES = {
    "account": "acc", "token": "tok", "brand": "brd", "claim": "clm", "contact": "con", "consent": "cns",
    "segment": "seg", "campaign": "cmp", "revision": "rev", "draft": "drf", "approval": "apr", "override": "ovr",
    "plan": "pln", "event": "evt", "decision": "dec", "recommendation": "rec", "message": "msg", "node": "nod",
    "turn": "trn", "channel": "chn", "posting": "pst", "sequence": "seq", "model": "mdl", "conversion": "cnv",
    "attachment": "att", "comment": "cmt", "suggestion": "sug", "template": "tpl", "image": "img",
}  # fmt: skip


def new_id(noun: str) -> str:
    """A new identifier for a noun of `PREFIXES`, for example `cmp_01kaf…`."""
    millis = time.time_ns() // 1_000_000
    number = (millis << 80) | (0x7 << 76) | (secrets.randbits(12) << 64) | (0b10 << 62) | secrets.randbits(62)
    letters = [_ALPHABET[(number >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5)]
    return f"{PREFIXES[noun]}_{''.join(letters)}"


def is_id(text: str, noun: str) -> bool:
    """Whether the text has the shape of an identifier of that noun."""
    return text.startswith(PREFIXES[noun] + "_") and _SHAPE.fullmatch(text) is not None
