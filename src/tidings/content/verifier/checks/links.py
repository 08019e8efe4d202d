"""Every address must be the brief's or the brand's; the call to action leads exactly where the brief says."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from tidings.content.verifier.examined import Examined, error, warning
from tidings.content.verifier.extract import addresses
from tidings.domain.blocks import Button, Image, Product
from tidings.domain.draft import Finding


def check(examined: Examined) -> Iterator[Finding]:
    """Addresses in texts, and the targets of pictures and products."""
    brand, brief = examined.brand, examined.brief
    own = (brief.link, brand.website, brand.sender.address, brand.sender.reply_to or "")
    known = {found.value for found in addresses("\n".join((examined.ground_text, *own)))}
    for place in examined.places:
        for found in addresses(place.plain):
            if found.value not in known:
                yield error(
                    "links",
                    place,
                    f"The address {found.quote} stands neither in the brief nor in the brand.",
                    quote=found.quote,
                    remedy="Remove it, or use the brief's link.",
                )
            elif _host(found.value) not in {_host(address.value) for address in addresses("\n".join(own))}:
                yield warning(
                    "links", place, f"The brief itself sends readers to {found.quote}, which is not the brand's site.",
                    quote=found.quote, remedy="Check that the address is meant.",
                )  # fmt: skip
    hosts = {urlsplit(address).hostname for address in (brief.link, brand.website)}
    for number, block in enumerate(examined.draft.blocks, 1):
        if isinstance(block, Image) and block.url.startswith(examined.images or ("\0",)):
            continue
        if isinstance(block, Image | Product) and urlsplit(block.url).hostname not in hosts:
            yield error(
                "links",
                f"block {number}",
                "The link leads to a foreign site.",
                quote=block.url,
                remedy="Use the brand's site, or upload the picture."
                if isinstance(block, Image)
                else "Use the brand's site.",
            )


def _host(address: str) -> str:
    """The host of an address without scheme, or of an e-mail address."""
    return address.rpartition("@")[2].partition("/")[0].partition(":")[0]


def call_to_action(examined: Examined) -> Iterator[Finding]:
    """There is a button, it says what the brief says, and it leads to the brief's link."""
    brief = examined.brief
    buttons = [(f"block {no}", block) for no, block in enumerate(examined.draft.blocks, 1) if isinstance(block, Button)]
    if not buttons:
        yield error(
            "call_to_action", "body", "The call to action is missing.", remedy=f"Add a button “{brief.call_to_action}”."
        )
    for place, button in buttons:
        if button.url != brief.link:
            yield error(
                "call_to_action",
                place,
                "The button leads elsewhere than the brief says.",
                quote=button.url,
                remedy=f"Use {brief.link}",
            )
        if button.label.strip() not in brief.calls:
            yield warning(
                "call_to_action",
                place,
                f"The brief calls to “{brief.call_to_action}”.",
                quote=button.label,
                remedy="Use those words.",
            )
    if len(buttons) > 1:
        yield warning(
            "call_to_action", buttons[1][0], "There is more than one button.", remedy="Keep one: choice costs clicks."
        )
