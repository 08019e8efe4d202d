"""What our mails use, most mail programs know; what most do not, the mail does without: proved by taking it away."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.content_material import brand
from tests.unit.mail_bed import EVERY_BLOCK, chromium, closed, rendered

from tidings.content.importing import import_html
from tidings.content.rendering.features import features_of
from tidings.content.rendering.support import Level, Support, Use, support_of
from tidings.content.verifier.checks.mail_programs import INSTEAD, outside_majority, unsupported
from tidings.domain.blocks import Block, Columns, Heading, Text, texts_of
from tidings.domain.brand import Brand, Logo

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
BRANDS = {
    "plain": brand("Napf"),
    "logo": brand("Napf", logo=Logo(url="https://napf.example.com/l.png", alt="Napf", width=180), colour="#ffee00"),
    "said": brand("Sicher & Co", disclaimers={"email": "Sicher & Co is a company.\nRegister 1."}, colour="#000000"),
}
SHEETS = re.compile(r"<style.*?</style>", re.DOTALL)


def without(pattern: str, instead: str = "") -> Callable[[str], str]:
    """Takes away what a mail program does not know."""
    return lambda html: re.sub(pattern, instead, html, flags=re.DOTALL)


TAKEN_AWAY: dict[str, Callable[[str], str]] = {
    "css-at-media": without(SHEETS.pattern),
    "css-at-media-prefers-color-scheme": without(r"@media \(prefers-color-scheme.*?\n\}\n", "\n"),
    "html-meta-color-scheme": without(r'<meta name="(?:supported-)?color-schemes?"[^>]*>'),
    "css-color-scheme": without(r":root \{.*?\}"),
    "css-selector-attribute": without(r"\[data-ogsc\][^{}]*\{[^{}]*\}"),
    "css-important": without(r"[^;{}]+!important;?"),
    "css-word-break": without(r"word-break:[^;\"]*;?"),
    "css-overflow": without(r"overflow:[^;\"]*;?"),
    "css-cursor": without(r"cursor:[^;\"]*;?"),
    "html-target": without(r' target="_blank"'),
    "html-body": without(r"<body[^>]*>", "<body>"),
}
"""By caniemail's name: the mail as a program shows it that does not know the feature."""


def every_form() -> Iterator[tuple[str, Brand, str, tuple[Block, ...]]]:
    """Every block alone, all together and none, by brand and language."""
    messages = [*((block,) for block in EVERY_BLOCK), EVERY_BLOCK, (), (Text(text=LONG), Heading(text=LONG))]
    for (name, of), language, blocks in itertools.product(BRANDS.items(), ("en", "de", "ar"), messages):
        yield name, of, language, blocks


def test_every_feature_in_use_is_known_or_has_a_fallback() -> None:
    used: set[str] = set()
    for name, of, language, blocks in every_form():
        for use, support in outside_majority(rendered(*blocks, of=of, language=language).html).items():
            assert support.feature, f"{use} ({name}) is not in the table"
            used.add(support.feature)
    assert used == set(TAKEN_AWAY)  # each is proved below, and nothing is proved that is not in use
    assert used <= set(INSTEAD)


WHOLE = """() => {
  const seen = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    if (!node.data.trim() || node.parentElement.closest('style')) continue;
    const range = document.createRange(); range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 2) continue;
      let clipped = box.left < 0 || box.right > innerWidth;
      for (let at = node.parentElement; at; at = at.parentElement)
        if (getComputedStyle(at).overflowX == 'hidden' && at.getBoundingClientRect().right < box.right - 1)
          clipped = true;
      if (clipped) return {clipped: node.data, seen: ''};
    }
    if (range.getBoundingClientRect().width) seen.push(node.data);
  }
  return {clipped: '', seen: seen.join(' ').replace(/\\s+/g, ' ')};
}"""


def look(page: Any, html: str) -> tuple[dict[str, str], bool]:
    page.set_content(html)
    return page.evaluate(WHOLE), page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.browser
def test_a_mail_is_whole_without_what_most_programs_do_not_know() -> None:
    from axe_playwright_python.sync_playwright import Axe

    blocks = (*EVERY_BLOCK, Text(text=f"A {LONG} came.", kind="text"), Columns(texts=(LONG, "Right", LONG)))
    html = closed(rendered(*blocks, of=BRANDS["said"]).html)
    words = [line.strip("• ") for block in blocks for text in texts_of(block) for line in text.splitlines()]
    with chromium() as browser:
        for scheme, width in itertools.product(("light", "dark"), (600, 390)):
            page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
            for feature, take_away in TAKEN_AWAY.items():
                left = take_away(html)
                assert left != html, feature
                found, fits = look(page, left)
                where = f"{feature}, {scheme}, {width}"
                assert fits, where
                assert not found["clipped"], where
                assert "What is new" not in found["seen"], where  # the preheader stays hidden
                joined = found["seen"].replace(" ", "")
                pictures = {"A bowl on a table", "A small cup"}
                assert all(
                    line.replace(" ", "") in joined for line in words if "{{" not in line and line not in pictures
                ), where
                if width == 600:
                    violations = Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
                    assert [violation["nodes"][0]["html"] for violation in violations] == [], where
            page.close()


def test_light_colours_and_the_sheet_do_not_hang_on_style_sheets() -> None:
    bare = SHEETS.sub("", rendered(*EVERY_BLOCK).html)
    assert "!important" not in bare
    assert "prefers-color-scheme" not in bare
    assert 'bgcolor="#ffffff"' in bare  # Outlook's table
    assert re.search(r'<div class="ground"[^>]*background-color: ?#f2f3f6', bare)
    assert set(re.findall(r'target="([^"]*)"', bare)) == {"_blank"}
    assert set(re.findall(r"cursor: ?(\w+)", bare)) == {"auto"}


# The reader of features, and the facts


@pytest.mark.parametrize(
    ("html", "kind", "name"),
    [
        ('<p style="display:GRID;gap:1px">', "value", "display:grid"),
        ('<p style="background:linear-gradient(#fff,#000)">', "function", "linear-gradient()"),
        ("<style>@media (hover){a:hover{color:red}}</style>", "at-rule", "@media (hover)"),
        ("<style>@media (hover){a:hover{color:red}}</style>", "selector", ":hover"),
        ("<style>@font-face{font-family:x;src:url(x)} p{}</style>", "at-rule", "@font-face"),
        ("<style>@import url('x.css'); p > a {top:0}</style>", "selector", "child >"),
        ("<style>@import url('x.css'); p > a {top:0}</style>", "property", "top"),
        ("<style>/* } */ .a.b #c [x=y] { z-index: 1 !important }</style>", "selector", "attribute []"),
        ("<style>/* } */ .a.b #c [x=y] { z-index: 1 !important }</style>", "value", "!important"),
        ("<style>.a.b{}</style>", "selector", "chaining"),
        ('<video src="x">', "element", "video"),
        ("<img srcset='a 1x'>", "attribute", "srcset"),
    ],
)  # fmt: skip
def test_features_are_read(html: str, kind: str, name: str) -> None:
    assert Use(kind, name) in features_of(html)
    assert support_of(Use(kind, name)) is not None


def test_what_is_quoted_or_commented_is_not_a_feature() -> None:
    found = features_of("<style>/* display:grid */ p::after{content:'position:fixed; var(--x)'}</style>")
    assert {use.name for use in found if use.kind in {"value", "function"}} == set()
    assert Use("property", "position") not in found


@given(st.text(alphabet="@{}()<>styleda/*;:#.[]='\" -!\n", max_size=400))
def test_no_style_breaks_the_reader(text: str) -> None:
    features_of(f"<style>{text}</style><p style='{text}'>{text}")


def test_rules_in_rules_without_end_are_read_only_so_deep() -> None:
    assert Use("at-rule", "@media") in features_of("<style>" + "@media print{" * 60_000 + "</style>")
    assert Use("at-rule", "@media") in features_of("<style>" + "@media print{" * 6_000 + "}" * 6_000 + "</style>")


@pytest.mark.parametrize(
    ("counts", "level"),
    [((6, 0, 5), Level.YES), ((5, 1, 5), Level.PARTLY), ((5, 0, 5), Level.NO), ((0, 0, 0), Level.YES)],
)
def test_the_level_is_the_majoritys(counts: tuple[int, int, int], level: Level) -> None:
    assert Support("x", *counts).level is level


def test_an_import_names_what_most_programs_do_not_show_and_what_stands_for_it() -> None:
    found = import_html(
        '<style>@font-face{font-family:x}</style><h1 style="position:fixed">Come</h1><video src="x"></video><p>Hi.</p>'
    ).findings
    said = {finding.quote: finding for finding in found}
    assert {"video", "@font-face", "position"} <= set(said)
    assert said["video"].message == ("Few mail programs support <video>: 8 of 41 in full (html-video).")
    assert said["video"].remedy == INSTEAD["html-video"]
    assert all(finding.severity == "info" and finding.remedy for finding in found)
    assert unsupported("<h1>Come</h1><p>It is bread.</p>") == ()
