"""Columns and products stand side by side: on a desktop, in Outlook's tables, and one below the other on a phone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mail_bed import EVERY_BLOCK, as_outlook_reads, chromium, closed, product, rendered

from tidings.content.rendering.rows import MOST_BESIDE, rows_of
from tidings.content.rendering.styles import WIDTH
from tidings.domain.blocks import Block, Button, Columns, Divider, Footer, Heading, Product, Text
from tidings.domain.readers import Readers

AUSTRIANS = Readers(field="country", op="is", value="AT")
OTHERS = Readers(field="country", op="is_not", value="AT")
BLOCKS = st.lists(st.sampled_from(EVERY_BLOCK), max_size=14)


@given(BLOCKS)
def test_rows_keep_every_block_in_its_order(blocks: list[Block]) -> None:
    rows = list(rows_of(blocks))
    shown = [block for block in blocks if not isinstance(block, Footer)]
    while shown and isinstance(shown[-1], Divider):
        shown.pop()
    assert list(chain.from_iterable(rows)) == shown
    assert all(rows)
    assert all(len(row) == 1 for row in rows if isinstance(row[0], Columns))
    for row in rows:
        kinds = {isinstance(block, Product) for block in row}
        assert len(kinds) == 1
        assert kinds == {False} or len(row) <= MOST_BESIDE


@pytest.mark.parametrize(("number", "sizes"), [(1, [1]), (2, [2]), (3, [3]), (4, [2, 2]), (5, [3, 2]), (7, [3, 2, 2])])
def test_products_are_shared_out_evenly(number: int, sizes: list[int]) -> None:
    assert [len(row) for row in rows_of([product("a" * no) for no in range(1, number + 1)])] == sizes


def test_a_button_or_a_line_parts_products() -> None:
    button = Button(label="Go", url="https://napf.example.com")
    rows = list(rows_of([product("a"), button, product("b"), Divider(), product("c"), product("d")]))
    assert [len(row) for row in rows] == [1, 1, 1, 1, 2]


@given(BLOCKS)
def test_links_in_the_html_lead_where_the_table_says(blocks: list[Block]) -> None:
    template = rendered(*blocks)
    linked = re.findall(r'href="\{\{ links\[(\d+)\] \}\}"[^>]*>\s*([^<]*)', template.html)
    labels = {link.no: link.label for link in template.links}
    assert [labels[int(number)] for number, _ in linked] == [label.strip() for _, label in linked]
    assert {int(number) for number, _ in linked} == set(labels)


class Tables(HTMLParser):
    """Whether tags close in order, and the columns' widths of each row that gives them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[float]] = []
        self._rows: list[list[float]] = []
        self.pictures: list[int] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in {"br", "wbr", "img", "meta", "link", "hr"}:
            self.open.append(tag)
        if tag == "img":
            self.pictures.append(int(given["width"]))
        if tag == "tr":
            self._rows.append([])
        column = re.match(r"vertical-align:top;width:([\d.]+)px", given.get("style", ""))
        if tag == "td" and column:
            self._rows[-1].append(float(column[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "tr":
            self.rows.append(self._rows.pop())


def test_outlook_gets_tables_that_fit_the_sheet() -> None:
    tables = Tables(as_outlook_reads(rendered(*EVERY_BLOCK).html))
    assert tables.open == []
    beside = [[round(width) for width in row] for row in tables.rows if len(row) > 1]
    assert beside == [[268, 268], [179, 179, 179], [179, 179, 179]]
    assert all(sum(row) <= WIDTH for row in tables.rows)
    assert tables.pictures == [WIDTH - 64, 120]  # Outlook knows no max-width, so the attribute must fit


def test_the_text_gives_columns_one_after_the_other() -> None:
    text = rendered(Columns(texts=("Left one.", "Middle one.", "Right one.")), product("Bowl"), product("Cup")).text
    assert "Left one.\n\nMiddle one.\n\nRight one.\n\nBowl\nBowl is made of clay.\n{{ links[0] }}\n\nCup" in text


@given(BLOCKS, st.lists(st.sampled_from([None, AUSTRIANS, OTHERS]), min_size=14, max_size=14))
def test_blocks_for_some_readers_leave_whole_tables_for_everybody(
    blocks: list[Block], readers: list[Readers | None]
) -> None:
    some = [
        block if isinstance(block, Footer) else block.model_copy(update={"only": only})
        for block, only in zip(blocks, readers, strict=False)
    ]
    html = rendered(*some).html
    assert "for some" not in html
    for country in ("AT", "DE"):
        read = re.sub(
            r"\{% if contact\.country (==|!=) \"AT\" %\}(.*?)\{% endif %\}",
            lambda found: found[2] if (found[1] == "==") is (country == "AT") else "",  # noqa: B023
            html, flags=re.DOTALL,
        )  # fmt: skip
        assert "{%" not in read
        assert Tables(as_outlook_reads(read)).open == []
        assert Tables(read).open == []


def test_products_for_other_readers_stand_in_another_row() -> None:
    bowl, cup = product("Bowl").model_copy(update={"only": AUSTRIANS}), product("Cup")
    assert list(rows_of([bowl, cup])) == [(bowl,), (cup,)]
    assert list(rows_of([bowl, bowl])) == [(bowl, bowl)]


@pytest.mark.browser
def test_columns_stand_beside_each_other_where_there_is_room() -> None:
    html = closed(
        rendered(
            Heading(text="Open"), Columns(texts=("Leftmost", "Centre", "Rightmost")), product("Bowl"), product("Cup"),
            Text(text="End"),
        ).html
    )  # fmt: skip
    with chromium() as browser:
        places: dict[int, dict[str, dict[str, float]]] = {}
        for width in (600, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.set_content(html)
            places[width] = {
                words: page.get_by_text(words, exact=True).first.bounding_box()
                for words in ("Leftmost", "Centre", "Rightmost", "Bowl", "Cup")
            }
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide, narrow = places[600], places[390]
    assert wide["Leftmost"]["y"] == wide["Centre"]["y"] == wide["Rightmost"]["y"]
    assert wide["Leftmost"]["x"] < wide["Centre"]["x"] < wide["Rightmost"]["x"]
    assert wide["Bowl"]["y"] == wide["Cup"]["y"]
    assert narrow["Leftmost"]["y"] < narrow["Centre"]["y"] < narrow["Rightmost"]["y"] < narrow["Bowl"]["y"]
    assert len({place["x"] for place in narrow.values()}) == 1
