# ruff: noqa: E501 - markup is read whole
"""Blocks to MJML. All text is escaped here; MJML is never taken from anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tidings.content.rendering.identity import postal_line
from tidings.content.rendering.links import place
from tidings.content.rendering.palette import GROUND, INK, MUTED, PAPER, Palette, palette_of
from tidings.content.rendering.styles import FONT, style_sheet
from tidings.content.rendering.texts import closed_markup, markup
from tidings.content.rendering.words import unsubscribe_words
from tidings.domain.blocks import Block, Button, Columns, Divider, Footer, Heading, Image, Product, Quote, Text
from tidings.domain.brand import Brand, Logo
from tidings.domain.draft import Draft
from tidings.domain.message import Link


def mjml_of(draft: Draft, brand: Brand, links: Sequence[Link], language: str) -> str:
    """The whole MJML document of a draft."""
    palette = palette_of(brand.colour)
    footers = [block for block in draft.blocks if isinstance(block, Footer)]
    return f"""<mjml lang="{closed_markup(language)}"><mj-head><mj-title>{_title(brand)}</mj-title>
<mj-raw><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"></mj-raw>
<mj-attributes><mj-all font-family="{FONT}" /><mj-text font-size="16px" line-height="1.6" color="{INK}" padding="0 32px 16px" />
<mj-section padding="0" /></mj-attributes><mj-style>{style_sheet(palette)}</mj-style></mj-head>
<mj-body width="600px" background-color="{GROUND}" css-class="ground"><mj-raw>{_preheader(draft.preheader)}</mj-raw>
{_header(brand, links, palette)}
<mj-wrapper padding="0 12px"><mj-section background-color="{PAPER}" css-class="paper" padding="32px 0 16px" border-radius="12px" border-top="4px solid {palette.button}"><mj-column>
{"".join(_blocks(draft.blocks, palette))}
</mj-column></mj-section></mj-wrapper>
{_footer(footers, brand, links, palette, language)}
</mj-body></mjml>"""


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
    name = closed_markup(brand.name)
    link = f'<a href="{place(len(links) - 1)}" style="color:{palette.accent};text-decoration:none;">{name}</a>'
    return (
        '<mj-section padding="24px 0 12px"><mj-column><mj-text align="center" font-size="15px" font-weight="700" '
        f'padding="0 32px" css-class="accent">{link}</mj-text></mj-column></mj-section>'
    )


def _logo(logo: Logo, address: str) -> str:
    """Linked to the brand's site; readers without images see its words at the size of a heading."""
    return (
        '<mj-section padding="24px 0 12px"><mj-column><mj-image align="center" font-size="18px" padding="0 32px" '
        f'href="{address}" src="{closed_markup(logo.url)}" alt="{closed_markup(logo.alt)}" width="{logo.width}px" />'
        "</mj-column></mj-section>"
    )


def _blocks(blocks: Sequence[Block], palette: Palette) -> Iterator[str]:
    number = 0
    last = max((no for no, block in enumerate(blocks) if not isinstance(block, Divider | Footer)), default=0)
    for position, block in enumerate(blocks):
        if block.only is not None and not isinstance(block, Footer):
            yield f"<mj-raw>{mark_of(position)}</mj-raw>"
        match block:
            case Button():
                yield _button(block, number, palette)
                number += 1
            case Product():
                yield _product(block, number, palette)
                number += 1
            case Divider():
                if position < last:  # the footer stands outside the sheet, a line before it would part nothing
                    yield '<mj-divider border-width="1px" border-color="#dfe2e8" padding="8px 32px 24px" css-class="line" />'
            case Footer():
                continue
            case _:
                yield _words(block, palette)
        if block.only is not None:
            yield f"<mj-raw>{END_MARK}</mj-raw>"


END_MARK = "<!--for all-->"


def mark_of(position: int) -> str:
    """Stands for the condition of a block until styles are inlined, which would move Liquid's tags out of tables."""
    return f"<!--for some {position}-->"


def _words(block: Heading | Text | Image | Columns | Quote, palette: Palette) -> str:
    match block:
        case Heading():
            return (
                '<mj-text font-size="28px" line-height="1.25" font-weight="700" padding="0 32px 20px" css-class="ink heading">'
                f'<h1 style="margin:0;font-size:inherit;line-height:inherit;font-weight:inherit;">{markup(block.text)}</h1></mj-text>'
            )
        case Text():
            return f'<mj-text css-class="ink">{paragraph(block.text)}</mj-text>'
        case Image():
            return f'<mj-image src="{closed_markup(block.url)}" alt="{closed_markup(block.alt)}" width="{block.width}px" padding="0 32px 16px" />'
        case Columns():
            return "".join(f'<mj-text css-class="ink">{paragraph(text)}</mj-text>' for text in block.texts)
        case Quote():
            quoted = f'“{markup(block.text)}”<br /><span style="font-size:14px;">{markup(block.source)}</span>'
            style = f"border-left:3px solid {palette.accent};padding:2px 0 2px 16px;font-style:italic;"
            return f'<mj-text css-class="ink" padding="4px 32px 20px"><div class="quoted" style="{style}">{quoted}</div></mj-text>'


def paragraph(text: str) -> str:
    """Lines become lines; lines that begin with a bullet become a list."""
    lines = [line for line in text.splitlines() if not line.startswith("• ")]
    items = [line.removeprefix("• ") for line in text.splitlines() if line.startswith("• ")]
    shown = "<br />".join(markup(line) for line in lines)
    if not items:
        return shown
    listed = "".join(f'<li style="margin:0 0 6px;">{markup(item)}</li>' for item in items)
    return f'{shown}<ul style="margin:8px 0 0;padding-left:22px;">{listed}</ul>'


def _button(block: Button, number: int, palette: Palette) -> str:
    return (
        f'<mj-button href="{place(number)}" background-color="{palette.button}" color="{palette.on_button}" font-size="17px" '
        'font-weight="700" border-radius="8px" inner-padding="14px 30px" padding="8px 32px 26px" align="left" css-class="button">'
        f"{closed_markup(block.label)}</mj-button>"
    )


def _product(block: Product, number: int, palette: Palette) -> str:
    link = f'<a href="{place(number)}" style="color:{palette.accent};font-weight:700;">{closed_markup(block.name)}</a>'
    return f'<mj-text css-class="ink accent">{link}<br />{markup(block.text)}</mj-text>'


def _footer(
    footers: Sequence[Footer], brand: Brand, links: Sequence[Link], palette: Palette, language: str
) -> str:  # fmt: skip
    small = [paragraph(footer.text) for footer in footers]
    if disclaimer := brand.disclaimer("email"):
        small.append("<br />".join(closed_markup(line) for line in disclaimer.splitlines()))
    said = "<br />".join(small)
    site = f'<a href="{place(len(links) - 1)}" style="color:{palette.accent};">{closed_markup(brand.name)}</a>'
    leave = f'<a href="{{{{ unsubscribe_url }}}}" style="color:{palette.accent};text-decoration:underline;">{unsubscribe_words(language)}</a>'
    address = markup(postal_line(brand))
    text = f'<mj-text font-size="13px" line-height="1.6" color="{MUTED}" align="center" padding="0 32px 8px" css-class="muted">'
    return (
        f'<mj-section padding="20px 0 32px"><mj-column>{f"{text}{said}</mj-text>" if said else ""}'
        f"{text}{site} · {address}</mj-text>{text}{leave}</mj-text></mj-column></mj-section>"
    )
