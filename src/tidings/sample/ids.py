"""Identifiers that are the same for the same seed, shaped as `domain/ids.py` makes them."""

from __future__ import annotations

import random

from tidings.domain.ids import PREFIXES
from tidings.domain.instant import Instant

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class SampleIds:
    """Makes identifiers from a seed, dated as if made at the instant given, so that they sort by it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - sample data, no secret

    def new(self, noun: str, at: Instant) -> str:
        """One identifier of a noun of `domain.ids.PREFIXES`."""
        chance = self._random.getrandbits(74)
        number = (at << 80) | (0x7 << 76) | ((chance >> 62) << 64) | (0b10 << 62) | (chance & (1 << 62) - 1)
        letters = [_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)]
        return f"{PREFIXES[noun]}_{''.join(letters)}"
