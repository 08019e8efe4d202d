"""Brands, claims and briefs for the tests of the content room."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from tidings.domain.brand import Brand, Sender
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.claim import Claim, ClaimKind

AT = 1_772_445_600_000
EXPIRED = Claim(
    id="clm_expired",
    sentence="Our oven is the oldest in town.",
    evidence="Town archive",
    valid_until=AT - 1,
    approved_by="Ada",
)


@cache
def briefs() -> tuple[Brief, ...]:
    """All briefs of the data file."""
    raw = yaml.safe_load((Path(__file__).parent / "test_content_briefs.yaml").read_text(encoding="utf-8"))
    return tuple(parse_brief(item) for item in raw)


def brief(name: str) -> Brief:
    """One brief by its name."""
    return next(item for item in briefs() if item.name == name)


def brand(name: str = "Northwind Bakery", **changes: object) -> Brand:
    """A brand of that name."""
    host = "".join(letter for letter in name.lower() if letter.isalnum())
    plain = Brand(
        id="brd_test",
        name=name,
        sender=Sender(name=name, address=f"hello@{host}.example.com"),
        postal_address="Mill Street 1\n12345 Millbrook",
        website=f"https://{host}.example.com",
    )
    return Brand.model_validate(plain.model_dump() | changes)


def claims(name: str) -> tuple[Claim, ...]:
    """The claims of a brand: two approved, one expired, one never approved."""
    if name != "Northwind Bakery":
        return ()
    return (
        Claim(
            id="clm_street",
            sentence="Our bakery has stood on Mill Street since 1987.",
            kind=ClaimKind.PROOF,
            approved_by="Ada",
        ),
        Claim(id="clm_flour", sentence="Our flour comes from farms within 30 kilometres.", approved_by="Ada"),
        EXPIRED,
        Claim(id="clm_open", sentence="Our bread wins prizes."),
    )
