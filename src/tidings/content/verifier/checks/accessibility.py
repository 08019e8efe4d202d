"""Everybody can read it: alternative texts that say something, and the language the composer can write."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidings.content.rendering.palette import contrast, palette_of
from tidings.content.verifier.examined import Examined, error, info, warning
from tidings.domain.blocks import Image
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


def language(examined: Examined) -> Iterator[Finding]:
    """The composer's own sentences are English; a brand in another language is told so."""
    if examined.draft.writer == "Composer" and examined.brand.locale.partition("-")[0] != "en":
        yield warning(
            "language",
            "body",
            f"The brand writes {examined.brand.locale}, but the composer's own sentences are English.",
            remedy="Edit the draft, or let another writer write it.",
        )
    if any(trace.source == "person" for trace in examined.draft.traces):
        yield info(
            "sources", "body", "A person has edited this draft; the edited sentences rest on that person's word."
        )
