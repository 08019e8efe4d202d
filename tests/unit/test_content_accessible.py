"""Everybody can read a mail: every block, light and dark, every language, any colour a brand may have."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.content_material import brand
from tests.unit.mail_bed import EVERY_BLOCK, chromium, closed, rendered
from tests.unit.test_content_mail_programs import BRANDS

from tidings.content.rendering.palette import READABLE
from tidings.domain.blocks import Block, Button, Columns, Divider, Footer, Heading, Image, Product, Quote, Text
from tidings.domain.brand import Brand

HEBREW: tuple[Block, ...] = (
    Heading(text="חדש על המדפים"),
    Text(text='שלום {{ contact.first_name | default: "לך" }},\nשלושה דברים הגיעו.\n• קערות\n• ספלים'),
    Image(url="https://napf.example.com/a.png", alt="קערה על שולחן", width=600),
    Columns(texts=("פתוח בימי שני.", "סגור בימי ראשון.")),
    Heading(text="בחנות"),
    Divider(),
    Product(name="קערה", text="הקערה עשויה חימר.", url="https://napf.example.com/1"),
    Product(name="ספל", text="הספל עשוי חימר.", url="https://napf.example.com/2"),
    Quote(text="הוא לא עוזב את השולחן שלי.", source="מרים, חיפה"),
    Button(label="לכל הכלים", url="https://napf.example.com/all"),
    Text(text="Made in Graz, Austria."),
    Footer(text="קיבלת את זה כי נרשמת בחנות שלנו."),
)
LANGUAGES = ("en", "de-AT", "fr", "es", "ja", "ar", "he")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def messages() -> Iterator[tuple[Brand, str, tuple[Block, ...]]]:
    """All blocks with every brand in every language, and each block alone, brands and languages taking turns."""
    for of, language in itertools.product(BRANDS.values(), LANGUAGES):
        yield of, language, HEBREW if language == "he" else EVERY_BLOCK
    for block, of, language in zip(
        (*EVERY_BLOCK, *HEBREW), itertools.cycle(BRANDS.values()), itertools.cycle(LANGUAGES), strict=False
    ):
        yield of, language, (block,)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_block_brand_or_language(scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with chromium() as browser:
        page = browser.new_page(color_scheme=scheme, viewport={"width": 390, "height": 900})
        for of, language, blocks in messages():
            page.set_content(closed(rendered(*blocks, of=of, language=language).html))
            rules = (
                {}
                if any(isinstance(block, Heading) for block in blocks)
                else {"page-has-heading-one": {"enabled": False}}
            )
            found = Axe().run(page, options={"runOnly": RULES, "rules": rules}).response["violations"]
            where = language, [block.kind for block in blocks]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], where
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, where


CONTRASTS = """() => {
  const lit = part => (part /= 255) <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4;
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => .2126 * lit(r) + .7152 * lit(g) + .0722 * lit(b);
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    if (!node.data.trim() || !node.parentElement.checkVisibility()) continue;
    let at = node.parentElement, ground = [0, 0, 0, 0];
    for (; at && ground.length == 4 && !ground[3]; at = at.parentElement)
      ground = rgb(getComputedStyle(at).backgroundColor);
    const one = luminance(rgb(getComputedStyle(node.parentElement).color)), other = luminance(ground);
    found.push([(Math.max(one, other) + .05) / (Math.min(one, other) + .05), node.data.trim()]);
  }
  return found;
}"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_any_brands_colour(scheme: str) -> None:
    with chromium() as browser:
        page = browser.new_page(color_scheme=scheme)

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(st.tuples(*[st.integers(0, 255)] * 3))
        def readable(channels: tuple[int, int, int]) -> None:
            colour = "#{:02x}{:02x}{:02x}".format(*channels)
            page.set_content(closed(rendered(*EVERY_BLOCK, of=brand("Napf", colour=colour)).html))
            found = page.evaluate(CONTRASTS)
            assert {"See all", "Unsubscribe", "New on our shelves", "Bowl"} <= {words for _, words in found}
            assert [(round(ratio, 2), words) for ratio, words in found if ratio < READABLE] == []

        readable()


def test_only_the_first_heading_is_the_mails_title() -> None:
    html = rendered(Heading(text="First"), Text(text="It is new."), Heading(text="First"), Heading(text="Third")).html
    assert re.findall(r"<(h\d)[^>]*>(\w+)<", html) == [("h1", "First"), ("h2", "First"), ("h2", "Third")]


@pytest.mark.browser
def test_a_mail_in_hebrew_begins_at_the_right() -> None:
    with chromium() as browser:
        page: Any = browser.new_page(viewport={"width": 600, "height": 900})
        page.set_content(closed(rendered(*HEBREW, language="he").html, name="Maria"))
        box = {words: page.get_by_text(words).first.bounding_box() for words in ("פתוח", "סגור", "לכל הכלים")}
        turned = page.evaluate("getComputedStyle(document.querySelector('.ink div')).textAlign")
        english = page.evaluate(
            "(() => { const at = [...document.querySelectorAll('[dir=ltr]')].pop();"
            " return [at.textContent, getComputedStyle(at).direction, getComputedStyle(at).textAlign]; })()"
        )
    assert box["פתוח"]["x"] > box["סגור"]["x"]  # the first column stands at the right
    assert box["לכל הכלים"]["x"] > 300
    assert turned == "right"
    assert english == ["Made in Graz, Austria.", "ltr", "left"]
