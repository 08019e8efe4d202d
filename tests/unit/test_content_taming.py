"""HTML from elsewhere, however broken, is read or refused, and nothing left open makes the reader wait."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidings.content.importing import import_html
from tidings.content.taming import tamed, without
from tidings.content.verifier.checks.mail_programs import unsupported
from tidings.domain.blocks import Text
from tidings.domain.errors import InvalidInputError

OPEN = ("<!--", "<![", "<!x", "<?", "</", "<a ", "<a b='", "<![CDATA[", "<style>/* ", "<style>:a(", "<p style='a:")


@pytest.mark.parametrize("opening", OPEN)
def test_what_is_left_open_a_hundred_thousand_times_is_read(opening: str) -> None:
    """With the square of their number, each would take minutes."""
    source = "<p>It is bread.</p>" + (opening * 100_000)[:400_000]
    assert import_html(source).blocks[0] == Text(text="It is bread.")


@given(st.text("<>!-?/ap=\"'[]&;: \n", max_size=200))
@example("<![<![")
@example("<!doctype html")
def test_any_markup_is_read_or_refused(text: str) -> None:
    try:
        found = import_html(f"<p>It is bread.</p>{text}")
    except InvalidInputError:
        return
    assert found.blocks
    unsupported(tamed(text))


def test_comments_and_declarations_are_no_words() -> None:
    source = (
        "<!DOCTYPE html><?xml version='1'?><!--[if mso]><p>Only Outlook.</p><![endif]--><p>It is bread.</p>"
        "<![if !mso]><p>And wine.</p><![endif]>"
    )
    assert [block for block in import_html(source).blocks if isinstance(block, Text)] == [
        Text(text="It is bread."), Text(text="And wine."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("a<!-- x > -->b", "ab"), ("a<!-- x", "a"), ("a < b", "a &lt; b"), ("<p>a</p", "<p>a&lt;/p"),
        ("<p a='<!-- -->'>x</p>", "<p a=''>x</p>"), ("<P>x</P>", "<P>x</P>"),
    ],
)  # fmt: skip
def test_tamed(html: str, left: str) -> None:
    assert tamed(html) == left


def test_without_keeps_closing_tags() -> None:
    assert without("a<SCRIPT>x</Script>b", "<script", "</script") == "a</Script>b"
