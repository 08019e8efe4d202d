"""Every number of the draft must be one of the brief's or the brand's, and count the same thing."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content.verifier.examined import Examined, error, warning
from tidings.content.verifier.extract import numbers, numbers_with_unit, without_dates
from tidings.domain.draft import Finding


def check(examined: Examined) -> Iterator[Finding]:
    """Error for a number nobody vouched for; warning for a known number that counts something else."""
    address = examined.brand.postal_address
    ground = without_dates("\n".join(text for text in examined.ground if text != address), examined.language)
    known = {found.value for found in numbers(ground, examined.language)}
    counted = {found.value for found in numbers_with_unit(ground, examined.language)}
    for place in examined.places:
        text = without_dates(_without_address(examined.unproved(place), address), examined.language)
        for found in numbers(text, examined.language):
            if found.value not in known:
                yield error(
                    "numbers",
                    place,
                    f"The number {found.quote} stands neither in the brief nor in an approved claim.",
                    quote=found.quote,
                    remedy="Correct it, or add the fact to the brief.",
                )
        for found in numbers_with_unit(text, examined.language):
            if found.value.split()[0] in known and found.value not in counted:
                yield warning(
                    "numbers",
                    place,
                    f"The brief knows this number, but not as “{found.quote}”.",
                    quote=found.quote,
                    remedy="Check that the number counts what the brief says it counts.",
                )


def _without_address(text: str, address: str) -> str:
    """The text without the lines of the postal address, whose house number vouches for nothing else."""
    for line in address.splitlines():
        text = text.replace(line.strip(" ,"), " ") if line.strip(" ,") else text
    return text
