"""Tokens: small, signed, and good for one purpose only."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.distribution.tokens import LENGTH, NARROW, Token, TokenPurpose, TokenSigner

SIGNER = TokenSigner(b"k" * 32)
TOKENS = st.builds(
    Token,
    purpose=st.sampled_from(TokenPurpose),
    campaign_pk=st.integers(0, (1 << 28) - 1),
    contact_pk=st.integers(0, (1 << 34) - 1),
    step=st.integers(0, 63),
    link=st.integers(0, 1023),
)


@given(token=TOKENS)
def test_what_goes_in_comes_out(token: Token) -> None:
    text = SIGNER.make(token)
    assert len(text) == LENGTH
    assert set(text) <= set(string.ascii_letters + string.digits + "-_")
    assert SIGNER.read(text, token.purpose) == token


@given(token=TOKENS, place=st.integers(0, LENGTH - 1), letter=st.sampled_from(string.ascii_letters + "-_"))
def test_any_change_but_that_of_a_clicks_link_is_refused(token: Token, place: int, letter: str) -> None:
    text = SIGNER.make(token)
    changed = text[:place] + letter + text[place + 1 :]
    read = SIGNER.read(changed, token.purpose)
    if changed != text and read is not None:  # where else the same person may go is the campaign's own link table
        assert token.purpose is TokenPurpose.CLICK
        assert read == token._replace(link=read.link)


@given(token=TOKENS)
def test_tokens_that_share_a_persons_hash_are_the_ones_made_one_by_one(token: Token) -> None:
    pk, step = token.contact_pk % NARROW, token.step
    click, out = SIGNER.tails(token.campaign_pk, pk, step)
    head = SIGNER.head(TokenPurpose.CLICK, token.campaign_pk, step, token.link)
    assert head + click == SIGNER.token(TokenPurpose.CLICK, token.campaign_pk, pk, step, token.link)
    head = SIGNER.head(TokenPurpose.UNSUBSCRIBE, token.campaign_pk, step, 0)
    assert head + out == SIGNER.token(TokenPurpose.UNSUBSCRIBE, token.campaign_pk, pk, step, 0)
    assert click != out


def test_tokens_of_earlier_versions_hold() -> None:
    click = "QAAAAHAEAAAAKr7HvZSA1Bwj"
    out = "gAAAAHAAAAAAKl_j3l_J9hmJ"
    assert SIGNER.read(click, TokenPurpose.CLICK) == Token(TokenPurpose.CLICK, 7, 42, 0, 1)
    assert SIGNER.read(out, TokenPurpose.UNSUBSCRIBE) == Token(TokenPurpose.UNSUBSCRIBE, 7, 42)


@given(token=TOKENS)
def test_a_token_is_good_for_its_purpose_and_installation_only(token: Token) -> None:
    text = SIGNER.make(token)
    other = TokenPurpose.CLICK if token.purpose is TokenPurpose.UNSUBSCRIBE else TokenPurpose.UNSUBSCRIBE
    assert SIGNER.read(text, other) is None
    assert TokenSigner(b"z" * 32).read(text, token.purpose) is None


@given(text=st.text(max_size=40))
def test_nonsense_is_refused_quietly(text: str) -> None:
    assert SIGNER.read(text, TokenPurpose.CLICK) is None


def test_numbers_that_do_not_fit_are_refused_when_made() -> None:
    with pytest.raises(ValueError, match="campaign_pk"):
        SIGNER.make(Token(TokenPurpose.CLICK, 1 << 28, 1))
