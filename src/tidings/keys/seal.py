"""Sealing of bytes: unreadable and unchangeable without the key, and bound to the place they belong to."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tidings.domain.errors import StoreLockedError

_HEADER = b"TS1"  # format 1: AES-256-GCM (NIST SP 800-38D), random 96-bit nonce
_NONCE = 12


def seal(key: bytes, plaintext: bytes, *, context: str) -> bytes:
    """Seals for one context: header, nonce, ciphertext with tag. Opens only under the same key and context."""
    nonce = os.urandom(_NONCE)
    return _HEADER + nonce + AESGCM(key).encrypt(nonce, plaintext, _HEADER + context.encode())


def unseal(key: bytes, sealed: bytes, *, context: str) -> bytes:
    """Opens what `seal` made. Raises StoreLockedError when key, context or a single bit differ."""
    start = len(_HEADER) + _NONCE
    try:
        if not sealed.startswith(_HEADER) or len(sealed) < start:
            raise InvalidTag
        return AESGCM(key).decrypt(sealed[len(_HEADER) : start], sealed[start:], _HEADER + context.encode())
    except InvalidTag:
        raise StoreLockedError(
            f"What is sealed for {context} cannot be opened: another key, or it was changed.",
            remedy="Give the key this installation was made with.",
        ) from None
