"""Everybody can read it: alternative texts that say something, and colours that stand out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidings.content.rendering.palette import contrast, palette_of
from tidings.content.verifier.examined import Examined, error, warning
from tidings.domain.blocks import Footer, Image
from tidings.domain.draft import Finding

LEAST_CONTRAST = 4.5
_NO_ALT = re.compile(
    r"(?:image|picture|photo|logo|banner|img[-_ ]?\d*|untitled)\.?|.*\.(?:png|jpe?g|gif|webp|svg)", re.IGNORECASE
)


def check(examined: Examined) -> Iterator[Finding]:
    """Alternative texts and the contrast of every pair of colours the mail will use (WCAG 2.2, 1.4.3)."""
    for number, block in enumerate(examined.draft.blocks, 1):
        if isinstance(block, Image) and _NO_ALT.fullmatch(block.alt.strip()):
            remedy = "Say what the picture shows."
            yield warning(
                "accessibility", f"block {number}", "The alternative text says nothing.", quote=block.alt, remedy=remedy
            )
    for name, (text, ground) in palette_of(examined.brand.colour).pairs().items():
        if contrast(text, ground) < LEAST_CONTRAST:
            yield error("accessibility", "body", f"The {name} cannot be read well.", quote=f"{text} on {ground}")


def footer(examined: Examined) -> Iterator[Finding]:
    """Error for an e-mail that does not say why its reader gets it."""
    if examined.draft.channel == "email" and not any(isinstance(block, Footer) for block in examined.draft.blocks):
        yield error(
            "footer", "body", "The footer is missing.", remedy="Add a block that says why the reader gets this."
        )
