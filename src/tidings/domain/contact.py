"""A contact: a person who may hear from us, and how their address is compared and hidden."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from dataclasses import dataclass, field

from tidings.domain.instant import Instant

# Deliberately narrower than RFC 5321: what real mail systems take, and nothing a header could be broken with.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\uffff-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\uffff-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9\u0080-\uffff]([A-Za-z0-9\u0080-\uffff-]{0,61}[A-Za-z0-9\u0080-\uffff])?")


@dataclass(frozen=True, slots=True)
class Contact:
    """One person. `pk` is this node's number for the row and never leaves it; `id` is the public name."""

    pk: int
    id: str
    email: str
    first_name: str = ""
    last_name: str = ""
    locale: str = "en"
    country: str = ""
    time_zone: str = ""
    """IANA name; empty when unknown, and then the plan says which zone it assumed."""
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    created_at: Instant = 0


def normalise_address(text: str) -> str | None:
    """The address as it is stored and compared: trimmed, domain in lower case; None when it is not one."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local.encode()) > 64 or len(domain) > 253 or not _LOCAL.fullmatch(local):
        return None
    labels = domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        return None
    return f"{local}@{domain.lower()}"


def suppression_form(address: str) -> str:
    """The form under which suppression compares: whole address folded, so no spelling slips past a no."""
    local, at, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    with contextlib.suppress(UnicodeError):  # else it is not a domain that mail could go to
        domain = domain if domain.isascii() else domain.encode("idna").decode()
    return f"{local}{at}{domain}".casefold()


def mask_address(address: str) -> str:
    """`a…@example.com`: what logs and people without `contacts:read_pii` see."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}" if at else "…"
