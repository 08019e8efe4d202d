"""The copy on paper: every word that is for everybody, addresses one can type, and nothing of the mail it was."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.content_material import brand, briefs
from tests.unit.mail_bed import EVERY_BLOCK, chromium, draft_with
from tests.unit.test_content_accessible import HEBREW, RULES
from tests.unit.test_content_rendering import Reader, draft_of
from tests.unit.test_content_torture import ANY, BLOCKS, NAUGHTY, OWN, said

from tidings.content.rendering.printed import printed, readable_address
from tidings.domain.blocks import Button, Footer, Heading, Text, texts_of
from tidings.domain.brief import Brief
from tidings.domain.readers import Readers

FIRST_NAME = '{{ contact.first_name | default: "there" }}'


def words_of(*blocks: object, **changes: object) -> str:
    return Reader(printed(draft_with(*blocks), brand("Napf", **changes))).text  # type: ignore[arg-type]


def test_every_block_is_there_once() -> None:
    page = words_of(*EVERY_BLOCK)
    lines = [
        line.strip("• ")
        for block in EVERY_BLOCK
        if not isinstance(block, Footer) and block.kind != "image"
        for text in texts_of(block)
        for line in text.splitlines()
        if "{{" not in line
    ]
    assert [line for line in lines if line.casefold() not in page.casefold()] == []
    assert "See all: napf.example.com/all" in page
    assert "You get this because" not in page
    assert page.endswith("Napf, Mill Street 1, 12345 Millbrook napf.example.com")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Hello {FIRST_NAME},", ""),
        (f"Liebe Grüße an {FIRST_NAME}!\nEs ist neu.", "Es ist neu."),
        (f"It is there, {FIRST_NAME}, for you and for all of us.", "It is there, there, for you and for all of us."),
        (f"Hello {FIRST_NAME},\nthree things arrived.", "Three things arrived."),
        ("It is round. If anything is unclear, just reply to this e-mail.", "It is round."),
        ("Das Brot ist da. Antworten Sie einfach auf diese E-Mail.", "Das Brot ist da."),
        ("Le pain est là. Répondez à cet e-mail.", "Le pain est là."),
        ("• Bowls\nand\n• Cups", "Bowls and Cups"),
    ],
)  # fmt: skip
def test_what_only_a_mail_says_is_left_out(text: str, shown: str) -> None:
    assert words_of(Heading(text="Title"), Text(text=text)).split("Title ", 1)[1].startswith(f"{shown} Napf".strip())


@pytest.mark.parametrize(
    ("url", "typed"),
    [
        ("https://napf.example.com/", "napf.example.com"),
        ("https://napf.example.com/all/?utm_source=mail&colour=red", "napf.example.com/all?colour=red"),
        ("http://www.napf.example.com:8080/a", "www.napf.example.com:8080/a"),
    ],
)
def test_addresses_can_be_typed(url: str, typed: str) -> None:
    assert readable_address(url) == typed
    assert f"Go: {typed}" in words_of(Button(label="Go", url=url))


def test_the_subject_is_the_title_where_there_is_no_heading() -> None:
    assert "<h1>News</h1>" in printed(draft_with(Text(text="It is new.")), brand("Napf"))
    page = printed(
        draft_with(Heading(text="One"), Heading(text="One")), brand("Napf", disclaimers={"all": "Register 1."})
    )
    assert re.findall(r"<(h\d)>(\w+)<", page) == [("h1", "One"), ("h2", "One")]
    assert "Register 1." in page


@pytest.mark.parametrize("given_brief", briefs(), ids=lambda item: item.name)
def test_every_campaign_can_be_printed(given_brief: Brief) -> None:
    page = Reader(printed(draft_of(given_brief), brand(given_brief.brand))).text
    assert given_brief.facts[0].sentence.rstrip(".") in page
    assert not re.search(r"\{\{|\be-mail\b|unsubscribe|https?://|\bthere,", page, re.IGNORECASE)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(BLOCKS)), ANY)
def test_any_text_can_be_printed(place: str, text: str) -> None:
    page = words_of(BLOCKS[place](text), Text(text="The end."))
    assert "The end." in page
    assert "\0" not in page


@pytest.mark.skipif(not NAUGHTY.exists(), reason="the folder of naughty strings is not here")
def test_naughty_strings_are_only_words() -> None:
    for text in (*OWN, *json.loads(Path(NAUGHTY).read_text("utf-8"))):
        page = Reader(printed(draft_with(Heading(text=text)), brand("Napf")))
        assert {tag for tag, _ in page.tags} <= {
            "html",
            "head",
            "meta",
            "title",
            "style",
            "body",
            "header",
            "main",
            "h1",
            "footer",
            "p",
        }
        assert "{{" in text or "".join(said(text).split()) in "".join(said(page.text).split())


def test_paper_knows_nobody_and_names_the_brand_once() -> None:
    page = words_of(
        Text(text="It costs 39 euros.", only=Readers(field="country", op="is", value="AT")),
        Text(text="It is baked in Vienna.", only=Readers(field="country", op="is_not", value="AT")),
        postal_address="Napf, 12 Mill Lane",
    )
    assert "39 euros" not in page
    assert "It is baked in Vienna." in page
    assert "Napf, 12 Mill Lane" in page
    assert "Napf, Napf" not in page


@pytest.mark.browser
def test_axe_finds_nothing_on_the_page() -> None:
    from axe_playwright_python.sync_playwright import Axe

    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 900})
        for blocks, language in ((EVERY_BLOCK, "en"), (HEBREW, "he")):
            page.set_content(printed(draft_with(*blocks), brand("Napf"), language=language))
            found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_a_browser_prints_it_on_one_sheet() -> None:
    with chromium() as browser:
        page = browser.new_page(color_scheme="dark")
        page.set_content(printed(draft_of(briefs()[0]), brand(briefs()[0].brand)))
        sheet = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True)))
        words = " ".join(sheet.pages[0].extract_text().split())
        assert len(sheet.pages) == 1
        assert "3 December at 18:00" in words
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.set_content(printed(draft_with(*HEBREW), brand("Napf"), language="he"))
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
