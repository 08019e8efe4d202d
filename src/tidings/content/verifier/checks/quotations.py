"""What stands in quotation marks must have been said so, by that person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidings.content.sentences import folded
from tidings.content.verifier.examined import Examined, error
from tidings.domain.draft import Finding

_QUOTED = re.compile(r"[\"“„]([^\"“”„]{3,}?)[\"”]")


def check(examined: Examined) -> Iterator[Finding]:
    """Error for a quotation, or a quoted person, that brief and claims do not hold to the letter."""
    ground = examined.ground_folded.replace('"', "")
    for place in examined.places:
        if place.part in {"quote", "source"}:
            quotes = [place.text]
        else:
            quotes = [match[1] for match in _QUOTED.finditer(examined.unproved(place))]
        for quote in quotes:
            if folded(quote).strip(' ,"') not in ground:
                yield error(
                    "quotations",
                    place,
                    "Nobody is known to have said this."
                    if place.part != "source"
                    else "The brief knows no such source.",
                    quote=quote,
                    remedy="Quote word for word what the brief holds, or add it there.",
                )
