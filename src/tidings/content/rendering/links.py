"""The links of a mail by number: what stands in the text is `{{ links[N] }}`, what it leads to stands in the table."""

from __future__ import annotations

from tidings.domain.blocks import Button, Product
from tidings.domain.brand import Brand
from tidings.domain.draft import Draft
from tidings.domain.message import Link


def links_of(draft: Draft, brand: Brand) -> tuple[Link, ...]:
    """Buttons and products in order, the brand's website last."""
    found: list[Link] = []
    for block in draft.blocks:
        if isinstance(block, Button):
            found.append(Link(no=len(found), url=block.url, label=block.label))
        elif isinstance(block, Product):
            found.append(Link(no=len(found), url=block.url, label=block.name))
    found.append(Link(no=len(found), url=brand.website, label=brand.name))
    return tuple(found)


def place(number: int) -> str:
    """The open place of a link."""
    return f"{{{{ links[{number}] }}}}"
