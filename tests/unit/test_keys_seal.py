"""Sealing, and the keyed hash of addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.domain.errors import StoreLockedError
from tidings.keys.seal import seal, unseal
from tidings.keys.secrets import Secrets, address_hash

KEY = bytes(range(32))


@given(st.binary(max_size=300), st.text(max_size=20))
def test_what_is_sealed_opens_again(plain: bytes, context: str) -> None:
    sealed = seal(KEY, plain, context=context)
    assert unseal(KEY, sealed, context=context) == plain
    assert len(plain) < 4 or plain not in sealed
    assert seal(KEY, plain, context=context) != sealed


@given(st.binary(max_size=50), st.data())
def test_a_single_changed_bit_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, plain, context="c"))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << (at % 8)
    with pytest.raises(StoreLockedError):
        unseal(KEY, bytes(sealed), context="c")


@given(st.binary(max_size=60))
def test_nonsense_does_not_open(nonsense: bytes) -> None:
    with pytest.raises(StoreLockedError):
        unseal(KEY, nonsense, context="c")


def test_another_key_and_another_place_do_not_open() -> None:
    sealed = seal(KEY, b"x", context="here")
    for key, context in ((bytes(32), "here"), (KEY, "there"), (KEY, "")):
        with pytest.raises(StoreLockedError):
            unseal(key, sealed, context=context)
    for cut in range(len(sealed)):
        with pytest.raises(StoreLockedError):
            unseal(KEY, sealed[:cut], context="here")


def test_a_hash_follows_the_spelling_of_no_address_and_needs_the_key(secrets: Secrets) -> None:
    hashed = address_hash(secrets, " Ada.Lovelace@EXAMPLE.com ")
    assert hashed == address_hash(secrets, "ada.lovelace@example.com")
    assert len(hashed) == 32
    assert hashed != address_hash(Secrets(b"s" * 32, b"x" * 32), "ada.lovelace@example.com")
    assert hashed != address_hash(secrets, "ada.lovelace@example.org")
    assert "ssss" not in repr(secrets)
    assert "hhhh" not in repr(secrets)
