# ruff: noqa: E501 - patterns are read whole
"""Words that claim what must be proved: superlatives, guarantees, comparisons. Allowed only where the brief has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidings.content.sentences import folded
from tidings.content.verifier.examined import Examined, error
from tidings.content.verifier.languages import words_of
from tidings.domain.draft import Finding

CLAIM_WORDS = re.compile(
    r"\b(?:(?<!all )(?:the|our|your|its) (?:very )?(?:best|greatest|finest|fastest|cheapest|lowest|biggest|largest|safest|easiest|most \w+)|best(?:-| )(?:in(?:-| )class|seller|selling|price)|guaranteed?|guarantees|number (?:one|1)|no\. ?1|world(?:'s|-class| class)|leading|unbeatable|unrivalled|unmatched|unique|unparalleled|revolutionary|groundbreaking|game[- ]chang(?:ing|er)|award[- ]winning|risk[- ]free|proven|scientifically|clinically|certified|perfect|miracle|cures?|heals?|loved by|trusted by|everybody(?:'s)? favou?rite|once in a lifetime|100 ?%|cutting[- ]edge|state[- ]of[- ]the[- ]art|second to none|never (?:fails?|breaks?)|always works|cheaper than|better than|faster than|exclusive(?:ly)?|eco-friendly|climate[- ]neutral|sustainable)\b|#1\b",
    re.IGNORECASE,
)


def claim_words(language: str) -> re.Pattern[str]:
    """The claim words of a language; English ones for a language not known here."""
    own = words_of(language)
    return CLAIM_WORDS if own is None else own.claims


def check(examined: Examined) -> Iterator[Finding]:
    """Error for a claim word neither the brief nor an approved claim uses."""
    for place in examined.places:
        for match in claim_words(examined.language).finditer(examined.unproved(place)):
            if folded(match[0]) not in examined.ground_folded:
                yield error(
                    "claim_words",
                    place,
                    f"“{match[0]}” claims something nobody has vouched for.",
                    quote=match[0],
                    remedy="Say what is known instead, or add an approved claim with its evidence.",
                )
