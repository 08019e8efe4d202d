# ruff: noqa: E501 - markup is read whole
"""Blocks to MJML. All text is escaped here; MJML is never taken from anybody.

Every padding names its four sides in pixels: mrml counts no other form when it computes the widths Outlook needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby

from tidings.content.rendering.direction import Direction, of_language, of_text, start
from tidings.content.rendering.identity import postal_line
from tidings.content.rendering.links import place
from tidings.content.rendering.palette import GROUND, INK, MUTED, Palette, palette_of
from tidings.content.rendering.rows import rows_of
from tidings.content.rendering.sheet import Row, for_some, sheet
from tidings.content.rendering.styles import FONT, WIDTH, style_sheet
from tidings.content.rendering.texts import LONGEST_WORD, closed_markup, closed_words, markup
from tidings.content.rendering.words import unsubscribe_words
from tidings.domain.blocks import (
    Block,
    Button,
    Columns,
    Divider,
    Footer,
    Heading,
    Image,
    Product,
    Quote,
    Text,
    texts_of,
)
from tidings.domain.brand import Brand, Logo
from tidings.domain.draft import Draft
from tidings.domain.message import Link

_BULLET = "• "
_ROOM = {1: LONGEST_WORD, 2: 22, 3: 16}
"""How long a word may be that stands beside so many others."""


@dataclass(frozen=True, slots=True)
class Look:
    """What all blocks of a mail share: the brand's colours, the direction it is read in, its first heading."""

    palette: Palette
    direction: Direction
    title: Heading | None = None


def mjml_of(draft: Draft, brand: Brand, links: Sequence[Link], language: str) -> str:
    """The whole MJML document of a draft."""
    look = _look(draft, brand, language)
    footers = [block for block in draft.blocks if isinstance(block, Footer)]
    return f"""<mjml lang="{closed_markup(language)}" dir="{look.direction}"><mj-head><mj-title>{_title(brand)}</mj-title>
<mj-raw><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"></mj-raw>
<mj-attributes><mj-all font-family="{FONT}" /><mj-text font-size="16px" line-height="1.6" color="{INK}" padding="0px 32px 16px 32px" />
<mj-wrapper direction="{look.direction}" /><mj-section padding="0px 0px 0px 0px" direction="{look.direction}" /><mj-column direction="{look.direction}" />
</mj-attributes><mj-style>{style_sheet(look.palette)}</mj-style></mj-head>
<mj-body width="{WIDTH}px" background-color="{GROUND}" css-class="ground"><mj-raw>{_preheader(draft.preheader)}</mj-raw>
{_header(brand, links, look.palette)}
{sheet(_rows(draft.blocks, look), look.palette.button)}
{_footer(footers, brand, links, look.palette, language)}
</mj-body></mjml>"""


def _look(draft: Draft, brand: Brand, language: str) -> Look:
    words = " ".join(text for block in draft.blocks for text in texts_of(block))
    title = next((block for block in draft.blocks if isinstance(block, Heading)), None)
    return Look(palette_of(brand.colour), of_text(words, of_language(language)), title)


def _title(brand: Brand) -> str:
    """Ends up in an attribute too, so it keeps nothing that could end one."""
    return closed_markup(brand.name.translate({ord(mark): None for mark in "\"'<>&"}))


def _preheader(text: str) -> str:
    """Hidden by size, not by white on white, which spam filters punish; the blanks keep the body out of the preview."""
    style = f"display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all;color:{INK};"
    return f'<div style="{style}">{markup(text)}{"&#8199;&#847;" * 40}</div>'


def _header(brand: Brand, links: Sequence[Link], palette: Palette) -> str:
    if brand.logo is not None:
        return _logo(brand.logo, place(len(links) - 1))
    name = closed_words(brand.name)
    link = f'<a href="{place(len(links) - 1)}" style="color:{palette.accent};text-decoration:none;">{name}</a>'
    return (
        '<mj-section padding="24px 0px 12px 0px"><mj-column><mj-text align="center" font-size="15px" font-weight="700" '
        f'padding="0px 32px 0px 32px" css-class="accent">{link}</mj-text></mj-column></mj-section>'
    )


def _logo(logo: Logo, address: str) -> str:
    """Linked to the brand's site; readers without images see its words at the size of a heading."""
    return (
        '<mj-section padding="24px 0px 12px 0px"><mj-column><mj-image align="center" font-size="18px" padding="0px 32px 0px 32px" '
        f'href="{address}" src="{closed_markup(logo.url)}" alt="{closed_markup(logo.alt)}" width="{logo.width}px" css-class="picture" />'
        "</mj-column></mj-section>"
    )


def _rows(blocks: Sequence[Block], look: Look) -> Iterator[Row]:
    """The rows of the sheet; links are numbered in the order of the blocks, as `links_of` does."""
    numbers, places = count(), {id(block): no for no, block in enumerate(blocks) if block.only is not None}
    for row in rows_of(blocks):
        match row:
            case (Columns() as columns,):
                room = _ROOM[len(columns.texts)]
                texts = [(text, _paragraphs(text, room, look)) for text in columns.texts]
                yield _beside(texts, "ink beside", look), places.get(id(columns))
            case (Product() as first, *_):
                products = [block for block in row if isinstance(block, Product)]
                cells = [(block.text, _product(block, next(numbers), look, _ROOM[len(row)])) for block in products]
                yield _beside(cells, "ink accent beside", look), places.get(id(first))
            case _:
                said = "".join(for_some(_full_width(block, numbers, look), places.get(id(block))) for block in row)
                yield f"<mj-section><mj-column>{said}</mj-column></mj-section>", None


def _beside(texts: Sequence[tuple[str, str]], css_class: str, look: Look) -> str:
    """Texts, each with its markup, side by side, one below the other on a phone; each keeps the sheet's edge alone."""
    size = "15px" if len(texts) > 2 else "16px"  # long words have little room in a third
    given = f'css-class="{css_class}" font-size="{size}" padding="0px 12px 16px 12px"'
    columns = "".join(f"<mj-column>{_said(text, markup, given, look)}</mj-column>" for text, markup in texts)
    return f'<mj-section padding="0px 20px 0px 20px">{columns}</mj-section>'


def _said(text: str, markup: str, given: str, look: Look) -> str:
    """The markup of a text, from the side its own letters begin at."""
    way = of_text(text, look.direction)
    turned = markup if way == look.direction else f'<div dir="{way}">{markup}</div>'
    return f'<mj-text align="{start(way)}" {given}>{turned}</mj-text>'


def _full_width(block: Block, numbers: Iterator[int], look: Look) -> str:
    match block:
        case Button():
            return _button(block, next(numbers), look)
        case Divider():
            return (
                '<mj-divider border-width="1px" border-color="#dfe2e8" padding="8px 32px 24px 32px" css-class="line" />'
            )
        case Heading() | Text() | Image() | Quote():
            return _words(block, look)
        case Columns() | Product() | Footer():
            return ""  # they stand in rows of their own, or below the sheet


def _words(block: Heading | Text | Image | Quote, look: Look) -> str:
    match block:
        case Heading():
            return _heading(block, look)
        case Text():
            return _said(block.text, _paragraphs(block.text, LONGEST_WORD, look), 'css-class="ink"', look)
        case Image():
            return f'<mj-image src="{closed_markup(block.url)}" alt="{closed_markup(block.alt)}" width="{block.width}px" padding="0px 32px 16px 32px" css-class="picture" />'
        case Quote():
            quoted = f'“{markup(block.text)}”<br /><span style="font-size:14px;">{markup(block.source)}</span>'
            side = start(of_text(block.text, look.direction))
            inner = "2px 16px 2px 0" if side == "right" else "2px 0 2px 16px"
            style = f"border-{side}:3px solid {look.palette.accent};padding:{inner};font-style:italic;"
            shown = f'<div class="quoted" style="{style}">{quoted}</div>'
            return _said(block.text, shown, 'css-class="ink" padding="4px 32px 20px 32px"', look)


def _heading(block: Heading, look: Look) -> str:
    """The first is the mail's title; those that follow stand below it in rank and size."""
    tag, size, css_class = ("h1", "28px", "ink heading") if block is look.title else ("h2", "21px", "ink")
    style = "margin:0;font-size:inherit;line-height:inherit;font-weight:inherit;"
    given = (
        f'font-size="{size}" line-height="1.25" font-weight="700" padding="0px 32px 20px 32px" css-class="{css_class}"'
    )
    return _said(block.text, f'<{tag} style="{style}">{markup(block.text, _ROOM[2])}</{tag}>', given, look)


def _paragraphs(text: str, longest: int, look: Look) -> str:
    return paragraph(text, longest, of_text(text, look.direction))


def paragraph(text: str, longest: int = LONGEST_WORD, direction: Direction = "ltr") -> str:
    """Lines become lines; lines that follow one another and begin with a bullet become a list."""
    parts: list[str] = []
    for listed, run in groupby(text.splitlines(), lambda line: line.startswith(_BULLET)):
        lines = [markup(line.removeprefix(_BULLET), longest) for line in run]
        parts.append(_list(lines, direction) if listed else "<br />".join(lines))
    return "".join(parts)


def _list(items: Sequence[str], direction: Direction) -> str:
    listed = "".join(f'<li style="margin:0 0 6px;">{item}</li>' for item in items)
    return f'<ul style="margin:8px 0 0;padding:0;padding-{start(direction)}:22px;">{listed}</ul>'


def _button(block: Button, number: int, look: Look) -> str:
    return (
        f'<mj-button href="{place(number)}" background-color="{look.palette.button}" color="{look.palette.on_button}" font-size="17px" '
        'font-weight="700" border-radius="8px" inner-padding="14px 30px 14px 30px" padding="8px 32px 26px 32px" align="{start(look.direction)}" css-class="button">'
        f"{closed_words(block.label, _ROOM[2])}</mj-button>"
    )


def _product(block: Product, number: int, look: Look, room: int) -> str:
    link = f'<a href="{place(number)}" style="color:{look.palette.accent};font-weight:700;">{closed_words(block.name, room)}</a>'
    return f"{link}<br />{_paragraphs(block.text, room, look)}"


def _footer(
    footers: Sequence[Footer], brand: Brand, links: Sequence[Link], palette: Palette, language: str
) -> str:  # fmt: skip
    small = [paragraph(footer.text) for footer in footers]
    if disclaimer := brand.disclaimer("email"):
        small.append("<br />".join(closed_words(line) for line in disclaimer.splitlines()))
    said = "<br />".join(small)
    site = f'<a href="{place(len(links) - 1)}" style="color:{palette.accent};">{closed_words(brand.name)}</a>'
    leave = f'<a href="{{{{ unsubscribe_url }}}}" style="color:{palette.accent};text-decoration:underline;">{unsubscribe_words(language)}</a>'
    address = markup(postal_line(brand))
    text = f'<mj-text font-size="13px" line-height="1.6" color="{MUTED}" align="center" padding="0px 32px 8px 32px" css-class="muted">'
    return (
        f'<mj-section padding="20px 0px 32px 0px"><mj-column>{f"{text}{said}</mj-text>" if said else ""}'
        f"{text}{site} · {address}</mj-text>{text}{leave}</mj-text></mj-column></mj-section>"
    )
