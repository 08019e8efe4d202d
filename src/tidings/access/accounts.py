"""What an account is, and how the credentials that stand for it are compared."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.contact import normalise_address
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Instant

TOKEN_PREFIX = "tid_"  # noqa: S105 - a prefix, so that scanners find tokens in places they should not be
MIN_PASSWORD, MAX_PASSWORD = 12, 1024


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. `brands` empty means every brand."""

    id: str
    email: str
    name: str
    role: Role
    brands: tuple[str, ...]
    active: bool
    sample: bool
    has_password: bool
    created_at: Instant

    @classmethod
    def of(cls, row: Any) -> Account:
        """The account of a row of the table."""
        return cls(
            id=row.id, email=row.email, name=row.name, role=Role(row.role), brands=tuple(row.brands),
            active=row.active, sample=row.sample, has_password=bool(row.password_hash), created_at=row.created_at,
        )  # fmt: skip

    def actor(self, scopes: frozenset[str] | None = None, token: str = "") -> Actor:
        """The account as an actor. An account with the role `service` is a program, not a person."""
        kind = ActorKind.SYSTEM if self.role is Role.SERVICE else ActorKind.PERSON
        return Actor(kind, self.id, self.name, self.role, frozenset(self.brands), scopes, token)


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as it can be listed: never the secret."""

    id: str
    account_id: str
    name: str
    scopes: tuple[str, ...]
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None


def sign_in_name(email: str) -> str | None:
    """The form under which accounts are stored and found: case does not matter; None when it is no address."""
    address = normalise_address(email)
    return address.casefold() if address else None


def new_secret(prefix: str = "") -> str:
    """256 random bits, safe in an address and a header."""
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """What is stored of a session, link or token. One round is enough: there is nothing in 256 bits to guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def password_bytes(password: str) -> bytes:
    """What is hashed: one spelling of each character (NFC), for keyboards differ; cut where no password reaches."""
    return unicodedata.normalize("NFC", password[:MAX_PASSWORD]).encode("utf-8", "surrogatepass")


def check_password(password: str, email: str) -> None:
    """Raises InvalidInputError for one that is too short or too easily guessed (NIST SP 800-63B, 3.1.1)."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidInputError(
            f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.",
            remedy="Four or five words that do not belong together are easy to remember.",
            field="password",
        )
    if len(set(password)) < 5 or password.casefold() in {email, email.partition("@")[0]}:
        raise InvalidInputError("That password is too easily guessed.", remedy="Choose another one.", field="password")
