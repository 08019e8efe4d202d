"""Any text in any block: the mail stays whole, its lines stay short, every word arrives in HTML and text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.content_material import brand
from tests.unit.mail_bed import EVERY_BLOCK, draft_with, rendered

from tidings.content.rendering.short import render_short
from tidings.distribution.compile import Addressee, CompiledEmail
from tidings.distribution.tokens import TokenSigner
from tidings.domain.blocks import Block, Button, Columns, Footer, Heading, Image, Product, Quote, Text
from tidings.domain.brand import Brand
from tidings.domain.channel import Channel
from tidings.domain.message import EmailTemplate

NAUGHTY = Path(__file__).parents[3] / "shared/data/torture/naughty-strings/blns.json"
URL = "https://napf.example.com/a"
BLOCKS: dict[str, Callable[[str], Block]] = {
    "heading": lambda text: Heading(text=text),
    "text": lambda text: Text(text=text),
    "item": lambda text: Text(text=f"First:\n• {text}"),
    "alt": lambda text: Image(url=URL, alt=text.replace("\ud800", "") or "-"),
    "column": lambda text: Columns(texts=("Left.", text, "Right.")),
    "name": lambda text: Product(name=text, text="It is round.", url=URL),
    "about": lambda text: Product(name="Bowl", text=text, url=URL),
    "quote": lambda text: Quote(text=text, source="Maria"),
    "source": lambda text: Quote(text="It is good.", source=text),
    "button": lambda text: Button(label=text, url=URL),
    "footer": lambda text: Footer(text=text),
}
OWN = (
    "👩‍👩‍👧‍👦" * 20, "🏳️‍🌈🇦🇹👍🏿" * 15, "مرحبا بكم في متجرنا", "שלום לכולם, 3 דברים חדשים", "\u202eאבג abc\u202c",
    "x" * 998, "ü" * 998, "word " * 200, "a\0b\x07c", "\ud800", "{{ contact.first_name }}", "{{ {% raw %} {# #}",
    '{{ contact.first_name | default: "there" }}', "é" * 40, "e\u0301" * 40, "ก็" * 60, "漢字" * 50,
    "</td></table><!-- -->", "<![endif]-->", "<!--[if mso]>", "]]>", "&amp;&lt;", "\u2028\u2029", ".\r\n.\r\n", " ", "",
    "\nFrom: a@b.example\n\nx", "\t", "a" * 31 + "<b>" * 30, "-- ", "=C3=A9" * 20,
)  # fmt: skip
ANY = st.text(max_size=200) | st.text("ab<>&\"'{}%#|-=.[]!• \n\t\0\u202eשü👍🏿\u200d\u0301", max_size=200)
_GONE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff\ufffe\uffff\u2060]")
_KNOWN_TAGS = frozenset(re.findall(r"<([a-z]\w*)", rendered(*EVERY_BLOCK).html)) | {"h2", "wbr"}
SIGNER = TokenSigner(b"s" * 32)


class Page(HTMLParser):
    """The words somebody reads, pictures' words among them; fails where tags do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _KNOWN_TAGS, tag
        assert {name for name, _ in attrs} & {"onclick", "onerror", "onload", "onmouseover"} == set()
        self.words += "" if tag in {"wbr", "span"} else " "
        self.words += next((value or "" for name, value in attrs if name == "alt"), "")
        if tag not in {"br", "wbr", "img", "meta", "link", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.words += " " if tag in {"ul", "td"} else ""

    def handle_data(self, data: str) -> None:
        self.words += "" if self.open[-1:] == ["style"] else data


def said(text: str) -> str:
    """A text as it can be told from another by reading."""
    return " ".join(_GONE.sub("", text).replace("•", " ").split())


def sent(template: EmailTemplate, name: str) -> tuple[str, str]:
    """Text and HTML as they arrive with one person, whose name this is; every line on the wire is looked at."""
    compiled = CompiledEmail(template, campaign_pk=7, campaign_id="cmp_x", base_url="https://t.example", signer=SIGNER)
    raw = compiled.render(Addressee(42, 0, {"email": "ada@example.com", "first_name": name}), 1_772_445_600_000)[1]
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    found = {
        part.get_content_type(): part.get_payload(decode=True).decode()
        for part in message_from_bytes(raw, policy=policy.default).walk()
        if not part.is_multipart()
    }
    return found["text/plain"], found["text/html"]


def check(place: str, text: str, name: str = "Maria", of: Brand | None = None) -> None:
    block = BLOCKS[place](text)
    template = rendered(Text(text="Before."), block, Text(text="After."), of=of)
    plain, html = sent(template, name)
    page = said(Page(html).words)
    expected = said(text)
    if "{{" not in text:  # an open place is filled in, or stands there with its braces parted
        assert "".join(expected.split()) in "".join(page.split()), place
        assert expected in page or _GONE.search(text), place  # some that are gone parted lines
        assert "".join(expected.split()) in "".join(said(plain).split()), place
    assert all(words in page and words in said(plain) for words in ("Before.", "After.", "Unsubscribe")), place


@pytest.mark.parametrize("place", BLOCKS)
def test_hard_texts_arrive_whole(place: str) -> None:
    for text in OWN:
        check(place, text)


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the folder of naughty strings is not here")
@pytest.mark.parametrize("place", BLOCKS)
def test_naughty_strings_arrive_whole(place: str) -> None:
    texts = json.loads(NAUGHTY.read_text("utf-8"))
    assert len(texts) > 400
    for text in texts:
        check(place, text)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(BLOCKS)), ANY, st.text(max_size=80))
@example("heading", "x", "a" * 2000)
@example("text", '{{ contact.first_name | default: "there" }}', "<b>" * 400)
def test_any_text_in_any_block_for_anybody(place: str, text: str, name: str) -> None:
    check(place, text, name)


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=120).filter(str.strip), st.text(max_size=120))
def test_any_brand_has_its_mail(name: str, words: str) -> None:
    of = brand("Napf").model_copy(
        update={"name": name, "postal_address": f"{words}\nGraz", "disclaimers": {"email": words}}
    )
    check("text", "It is new.", of=of)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(BLOCKS)), ANY), max_size=6), st.sampled_from(Channel))
def test_any_text_has_its_short_form(texts: list[tuple[str, str]], channel: Channel) -> None:
    blocks = [BLOCKS[place](text) for place, text in texts]
    draft = draft_with(*blocks).model_copy(update={"channel": channel.value})
    short = render_short(draft, brand("Napf")).text
    kept = "".join(short.split())
    assert "\0" not in kept
    for place, text in texts:
        shown = place not in {"alt", "button"} and channel is not Channel.SMS and "{" not in text
        assert not shown or "".join(_GONE.sub("", text).split()) in kept


def test_lines_of_text_are_short_with_merge_fields_too() -> None:
    field = '{{ contact.first_name | default: "there" }}'
    text = rendered(Text(text=f"Hello {field}, " + "this is a word and another one, " * 20)).text
    lines = [line.replace(field, "there") for line in text.splitlines() if "links[" not in line]
    assert max(len(line) for line in lines) <= 72
    assert text.count(field) == 1


def test_lines_keep_their_order_around_a_list() -> None:
    template = rendered(Text(text="First:\n• a\n• b\nThen:\n• c\nLast."))
    assert "First: a b Then: c Last." in said(Page(template.html).words)
    assert template.html.count("<ul") == 2
    assert "First:\n• a\n• b\nThen:\n• c\nLast." in template.text


def test_long_headings_are_wrapped_and_underlined() -> None:
    first, second, rule = rendered(Heading(text="A heading of many words " * 4)).text.splitlines()[:3]
    assert rule == "=" * max(len(first), len(second))
    assert max(len(first), len(second)) <= 72


@pytest.mark.parametrize(
    ("word", "broken"),
    [("ab" * 20, True), ("👩‍👩‍👧‍👦" * 20, True), ("ก็" * 60, False), ("漢字" * 50, False), ("a" * 30, False)],
)
def test_long_words_break_between_signs_only(word: str, broken: bool) -> None:
    html = rendered(Text(text=word)).html
    pieces = re.split(
        "<wbr ?/?>", next(part for part in re.findall(r">([^<]*(?:<wbr ?/?>[^<]*)*)<", html) if word[:3] in part)
    )
    assert "".join(pieces) == word
    assert (len(pieces) > 1) is broken
    assert not any(piece.startswith(("\u200d", "\ufe0f")) or piece.endswith("\u200d") for piece in pieces)
