"""Whether an answer asks for no more mail: honoured by itself only when nobody could read it otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.distribution.returns.wishes import Wish, own_words, wish_of


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Bread", "STOP"), ("Re: Bread", "Stop.\n"), ("AW: Brot", "Abmelden!\n\n> Frisches Brot jeden Morgen"),
        ("Unsubscribe", ""), ("unsubscribe", "unsubscribe"), ("STOP", "\n-- \nAnn Able"),
        ("Re: x", "please unsubscribe"),
        ("Re: x", "Unsubscribe me please"), ("RE: Pain", "Désabonner\n\nLe 2 mars 2026, Northwind a écrit :\n> Pain"),
        ("Re: Pan", "BAJA"), ("Re: x", "配信停止"), ("Re: x", "Stop\r\n\r\nFrom: Northwind\r\nSubject: Bread"),
    ],
)  # fmt: skip
def test_clear(subject: str, text: str) -> None:
    assert wish_of(subject, text) is Wish.CLEAR


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Bread", "Please stop sending me two of each."), ("Re: Bread", "Stop\nI love it, one more please"),
        ("Re: Bread", "Take me off your list."), ("Re: Brot", "Bitte keine weiteren E-Mails an diese Adresse."),
        ("unsubscribe", "How do I do that?"), ("Re: x", "Can I unsubscribe my mother?"),
        ("Re: x", "Je ne veux ne plus recevoir vos messages"),
    ],
)  # fmt: skip
def test_perhaps(subject: str, text: str) -> None:
    assert wish_of(subject, text) is Wish.MAYBE


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Stop wasting bread", "Two loaves, please."), ("Re: Unsubscribe", "What a funny subject!"),
        ("Re: Bread", "Nonstop great!"), ("Re: x", "Thanks!\n\n> To unsubscribe click here"), ("", ""),
        ("Re: x", "Thanks\n\nOn Mon, 2 Mar 2026 at 10:00, Northwind wrote:\nunsubscribe"),
    ],
)  # fmt: skip
def test_nothing_of_the_kind(subject: str, text: str) -> None:
    assert wish_of(subject, text) is Wish.NONE


@given(st.text(max_size=300), st.text(max_size=2_000))
def test_nothing_makes_it_raise(subject: str, text: str) -> None:
    wish_of(subject, text)
    assert own_words(text) in text
