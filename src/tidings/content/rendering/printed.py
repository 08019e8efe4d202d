# ruff: noqa: E501 - styles are read whole
"""The copy as a page to print or to set: addresses that can be read, nobody's name, nothing that only a mail has."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from urllib.parse import parse_qsl, urlencode, urlsplit

from tidings.content.rendering.direction import of_language, of_text
from tidings.content.rendering.identity import postal_line
from tidings.content.rendering.palette import palette_of
from tidings.content.rendering.rows import rows_of
from tidings.content.rendering.styles import FONT
from tidings.content.rendering.texts import FIELD, closed, default_of
from tidings.content.sentences import capitalised, sentences, words
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
from tidings.domain.brand import Brand
from tidings.domain.draft import Draft

_BULLET = "• "
_OF_THE_MAIL = re.compile(
    r"\bthis (?:e-?mail|mail|message|newsletter)\b|\bunsubscribe\b|\bdiese[rsnm]? (?:E-?Mail|Nachricht|Mail)\b"
    r"|\b(?:cet e-?mail|ce (?:mail|message|courriel))\b|\beste (?:correo|e-?mail|mensaje)\b|\b(?:click|klicken Sie|cliquez)\b",
    re.IGNORECASE,
)
_LONGEST_GREETING = 3


def printed(draft: Draft, brand: Brand, *, language: str = "") -> str:
    """A page of HTML with styles for paper. Greetings by name and sentences about the mail itself are left out.

    So are blocks for some readers, unless they are for readers of whom nothing is known: paper knows nobody.
    """
    blocks = [block for block in draft.blocks if block.only is None or block.only.hold({})]
    said = [text for block in blocks if not isinstance(block, Footer) for text in texts_of(block)]
    brand = brand.speaking(language or draft.language)
    spoken = language or brand.locale
    way = of_text(" ".join(said), of_language(spoken))
    title = next((block for block in blocks if isinstance(block, Heading)), None)
    head = "" if title is not None else f"<h1>{_plain(draft.subject)}</h1>"
    body = head + "".join(_row(row, title) for row in rows_of(blocks))
    return (
        f'<!doctype html><html lang="{html.escape(spoken)}" dir="{way}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{_plain(draft.subject)}</title>'
        f"<style>{_styles(brand)}</style></head><body>{_masthead(brand)}<main>{body}</main>{_imprint(brand)}</body></html>"
    )


def readable_address(url: str) -> str:
    """The address as somebody types it: without its scheme and without what only counts where readers come from."""
    parts = urlsplit(url)
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not name.startswith("utm_")
    ]
    query = f"?{urlencode(kept)}" if kept else ""
    return f"{parts.netloc}{parts.path.rstrip('/')}{query}"


def _styles(brand: Brand) -> str:
    accent = palette_of(brand.colour).accent
    return (
        "@page{margin:20mm}:root{color-scheme:light}"
        f"body{{font:11pt/1.5 {FONT};color:#000;background:#fff;max-width:170mm;margin:0 auto;padding:6mm;overflow-wrap:anywhere;hyphens:auto}}"
        "@media print{body{padding:0;max-width:none}}"
        f"header,footer{{font-size:9pt}}header{{font-weight:700;border-bottom:2pt solid {accent};padding-bottom:3mm;margin-bottom:8mm}}"
        "footer{border-top:.5pt solid #000;margin-top:10mm;padding-top:3mm}footer p{margin:0 0 1mm}"
        "h1{font-size:24pt;line-height:1.2;margin:0 0 5mm}h2{font-size:15pt;line-height:1.25;margin:7mm 0 3mm}"
        "p,ul,blockquote,.beside,img{margin:0 0 4mm}h1,h2{break-after:avoid}"
        "p,li,blockquote,img,.beside{break-inside:avoid}p{orphans:3;widows:3}img{max-width:100%;height:auto;display:block}"
        ".beside{display:flex;gap:8mm}.beside>div{flex:1;min-width:0}.beside p{margin:0 0 1mm}.call{font-size:13pt;font-weight:700}"
        f"blockquote{{border-inline-start:2pt solid {accent};padding-inline-start:4mm;font-style:italic}}"
        "hr{border:0;border-top:.5pt solid #999;margin:6mm 0}"
    )  # fmt: skip


def _masthead(brand: Brand) -> str:
    if brand.logo is None:
        return f"<header>{_plain(brand.name)}</header>"
    logo = brand.logo
    return f'<header><img src="{html.escape(logo.url)}" alt="{_plain(logo.alt)}" width="{logo.width}"></header>'


def _imprint(brand: Brand) -> str:
    lines = [f"{brand.name}, {postal_line(brand)}"]
    lines += [readable_address(brand.website), *brand.disclaimer("print").splitlines()]
    return f"<footer>{''.join(f'<p>{_plain(line)}</p>' for line in lines if line.strip())}</footer>"


def _row(row: Sequence[Block], title: Heading | None) -> str:
    match row:
        case (Columns() as columns,):
            return _beside([_paragraphs(text) for text in columns.texts])
        case (Product(), *_):
            return _beside([_product(block) for block in row if isinstance(block, Product)])
        case _:
            return "".join(_shown(block, title) for block in row)


def _beside(cells: Sequence[str]) -> str:
    return f'<div class="beside">{"".join(f"<div>{cell}</div>" for cell in cells)}</div>'


def _product(block: Product) -> str:
    address = _plain(readable_address(block.url))
    return f"<p><strong>{_plain(block.name)}</strong></p>{_paragraphs(block.text)}<p>{address}</p>"


def _shown(block: Block, title: Heading | None) -> str:
    shown = ""  # columns and products stand in rows of their own
    match block:
        case Heading():
            tag = "h1" if block is title else "h2"
            shown = f"<{tag}>{_plain(block.text)}</{tag}>"
        case Button():
            shown = f'<p class="call">{_plain(block.label)}: {_plain(readable_address(block.url))}</p>'
        case Image():
            shown = f'<img src="{html.escape(block.url)}" alt="{_plain(block.alt)}" width="{block.width}">'
        case Quote():
            shown = f"<blockquote>“{_plain(block.text)}”<br>– {_plain(block.source)}</blockquote>"
        case Divider():
            shown = "<hr>"
        case Text():
            shown = _paragraphs(block.text)
        case _:
            pass
    return shown


def _paragraphs(text: str) -> str:
    parts: list[str] = []
    for listed, run in groupby(_lines(text), lambda line: line.startswith(_BULLET)):
        lines = [_plain(line.removeprefix(_BULLET)) for line in run]
        shown = "".join(f"<li>{line}</li>" for line in lines) if listed else "<br>".join(lines)
        parts.append(f"<ul>{shown}</ul>" if listed else f"<p>{shown}</p>")
    return "".join(parts)


def _lines(text: str) -> Iterator[str]:
    """The lines without greetings by name and without sentences that speak of the mail they stand in."""
    begins = False
    for line in text.splitlines():
        if _greets(line):
            begins = True
        else:
            bullet = _BULLET if line.startswith(_BULLET) else ""
            kept = " ".join(said for said in sentences(FIELD.sub(default_of, line)) if not _OF_THE_MAIL.search(said))
            if kept:
                yield bullet + (capitalised(kept) if begins else kept)
                begins = False


def _greets(line: str) -> bool:
    return (
        FIELD.search(line) is not None
        and line.rstrip().endswith((",", "!", ":", "،"))
        and len(words(FIELD.sub("", line))) <= _LONGEST_GREETING
    )


def _plain(text: str) -> str:
    return html.escape(closed(FIELD.sub(default_of, text)))
