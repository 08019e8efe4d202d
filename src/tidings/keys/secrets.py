"""The two secrets the house works with: one signs tokens, one hashes addresses."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from tidings.domain.contact import suppression_form


@dataclass(frozen=True, slots=True)
class Secrets:
    """Random, made once for an installation, kept sealed in the store; they survive a change of the master key."""

    signing_key: bytes = field(repr=False)
    """For links in messages: a link sent today must still work after the key was rotated."""
    hash_key: bytes = field(repr=False)
    """For suppression: without it the list of hashes cannot be tried against guessed addresses."""


def address_hash(secrets: Secrets, address: str) -> str:
    """What stands for an address on the suppression list: keyed BLAKE2b (RFC 7693), 128 bits, in hex."""
    return hashlib.blake2b(suppression_form(address).encode(), key=secrets.hash_key, digest_size=16).hexdigest()
