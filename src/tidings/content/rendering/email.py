"""Renders a draft as an e-mail: blocks → MJML → HTML with inline styles, and the text beside it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from tidings.content.rendering.links import links_of
from tidings.content.rendering.mjml import mjml_of
from tidings.content.rendering.sheet import END_MARK, mark_of
from tidings.content.rendering.text import text_of
from tidings.content.rendering.texts import safe
from tidings.domain.brand import Brand
from tidings.domain.draft import Draft
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import EmailTemplate

if TYPE_CHECKING:
    from css_inline import CSSInliner

LARGEST = 102 * 1024  # Gmail cuts a longer message off, and the way out with it


def render_email(draft: Draft, brand: Brand, *, language: str = "") -> EmailTemplate:
    """The Liquid template of one variant.

    Its only open places are merge fields of the contact, `{{ links[N] }}`, `{{ unsubscribe_url }}`, and an `if` around
    a block for some readers; any other Liquid in the texts is made harmless, so that a faulty draft can be looked at.
    Raises InvalidInputError beyond 102 kB.
    """
    brand = brand.speaking(language or draft.language)
    language = language or draft.language or "en"
    links = links_of(draft, brand)
    html = _conditions(_html(mjml_of(draft, brand, links, language)), draft)
    if len(html.encode()) > LARGEST:
        raise InvalidInputError("The e-mail is larger than 102 kB.", remedy="Shorten its texts.", field="blocks")
    return EmailTemplate(
        variant=draft.variant,
        subject=safe(" ".join(draft.subject.split())),
        preheader=safe(" ".join(draft.preheader.split())),
        html=html,
        text=text_of(draft, brand, links, language),
        from_name=brand.sender.name,
        from_address=brand.sender.address,
        reply_to=brand.sender.reply_to,
        language=language,
        list_id=f"{_slug(brand.name)}.{brand.sender.domain}",
        links=links,
    )


def _html(mjml: str) -> str:
    from mrml import RenderOptions, to_html

    # Without this, naming Roboto among the fonts would make every opened mail ask a font server for it.
    html = _inliner().inline(to_html(mjml, None, RenderOptions(fonts={})).content)
    return html.replace('role="article"', 'role="main"', 1)  # a landmark, so that every text stands inside one


def _conditions(html: str, draft: Draft) -> str:
    """The marks of blocks for some readers as Liquid's tags."""
    for position, block in enumerate(draft.blocks):
        if block.only is not None:
            html = html.replace(mark_of(position), f"{{% if {block.only.liquid} %}}")
    return html.replace(END_MARK, "{% endif %}")


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def _slug(name: str) -> str:
    """A label of a List-Id (RFC 2919): letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "list"
