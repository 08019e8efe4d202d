"""Forty briefs nobody had in mind while the composer was written: what it makes of them, and what the verifier lets by.

`bench/briefs.py` prints the tables; `--texts DIR` also writes each mail's plain text there, to be read by a person.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from tidings.content.agent import ContentAgent, DraftingResult
from tidings.domain.brand import Brand, Sender
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.instant import Instant

AT = Instant(1_795_000_000_000)
AGENT = ContentAgent()
EMPTY: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One business and its brief."""

    brief: Brief
    brand: Brand

    def drafted(self, seed: int = 3) -> DraftingResult:
        """What the composer writes for it."""
        return AGENT.draft(self.brief, self.brand, (), seed=seed, at=AT)


@cache
def cases() -> tuple[Case, ...]:
    """The forty of `briefs_unseen.yaml`."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for number, raw in enumerate(yaml.safe_load((HERE / "briefs_unseen.yaml").read_text())):
        house: dict[str, str] = raw.pop("house")
        brand = Brand(
            id=f"b{number}",
            name=house["name"],
            sender=Sender(name=house["name"], address=f"hello@{house['website'].removeprefix('https://')}"),
            postal_address=house["place"],
            website=house["website"],
        )
        yield Case(parse_brief({**raw, "brand": brand.name}), brand)
