"""Every price, percentage and promise of something free must be the brief's or an approved claim's."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content.verifier.examined import Examined, error
from tidings.content.verifier.extract import prices
from tidings.domain.draft import Finding


def check(examined: Examined) -> Iterator[Finding]:
    """Error for an amount or a promise nobody vouched for."""
    known = {found.value for found in prices(examined.ground_text, examined.language)}
    if "free" in examined.ground_words:
        known.add("free")
    for place in examined.places:
        for found in prices(examined.unproved(place), examined.language):
            if found.value not in known:
                yield error(
                    "prices",
                    place,
                    f"“{found.quote}” is a price or offer that stands neither in the brief nor in an approved claim.",
                    quote=found.quote,
                    remedy="Correct it, or add the offer to the brief.",
                )
