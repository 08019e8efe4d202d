# ruff: noqa: E501 - patterns are read whole
"""Dates, times, amounts and links of a text, as they are written in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tidings.content.verifier.extract import MONTHS

_NAMES = rf"(?:{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
_DATE = re.compile(
    rf"\b(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day,? (?:the )?)?(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_NAMES}\b\.?(?:,? \d{{4}})?|{_NAMES}\.? \d{{1,2}}(?:st|nd|rd|th)?\b(?:,? \d{{4}})?|\d{{4}}-\d\d-\d\d|\d{{1,2}}\.\d{{1,2}}\.\d{{4}})",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:[01]?\d|2[0-3])[:.][0-5]\d(?: ?[ap]\.?m\b\.?)?(?![\d.])|\b(?:1[0-2]|[1-9]) ?[ap]\.?m\b\.?", re.IGNORECASE
)
_PRICE = re.compile(
    r"[£€$]\s?\d[\d.,]*\d|[£€$]\s?\d|\d[\d.,]*\s?(?:€|£|\$|euros?\b|pounds?\b|dollars?\b|EUR\b|USD\b|GBP\b|CHF\b)",
    re.IGNORECASE,
)
_DISCOUNT = re.compile(r"\b\d{1,3} ?(?:%|percent\b|per cent\b)(?= (?:off|less|discount|reduction))", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s<>\"'“”‘’]+", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


@dataclass(frozen=True, slots=True)
class Amounts:
    """Prices and discounts, each as written, none twice."""

    prices: tuple[str, ...]
    discounts: tuple[str, ...]


def written_dates(text: str) -> list[str]:
    """The dates as written, without a mark behind, none twice; links hold none."""
    return list(dict.fromkeys(found[0].rstrip(".,") for found in _DATE.finditer(_LINK.sub(" ", text))))


def times_of(text: str) -> list[str]:
    """The clock times as written, dates in digits left out."""
    plain = _DATE.sub(" ", _LINK.sub(" ", text))
    plain = _PRICE.sub(" ", plain)
    return list(
        dict.fromkeys(
            found[0].rstrip(".") if found[0][-2:].lower() != "m." else found[0] for found in _TIME.finditer(plain)
        )
    )


def amounts_of(text: str) -> Amounts:
    """The amounts of money and the discounts."""
    plain = _LINK.sub(" ", text)
    prices = [" ".join(found[0].split()).rstrip(".,") for found in _PRICE.finditer(plain)]
    discounts = [found[0].strip() for found in _DISCOUNT.finditer(plain)]
    return Amounts(tuple(dict.fromkeys(prices)), tuple(dict.fromkeys(discounts)))


def links_of(text: str) -> list[str]:
    """The web addresses, without the punctuation of the sentence around them."""
    found = [match[0] for match in _LINK.finditer(text)]
    return [_trimmed(link) for link in found if len(_trimmed(link)) > len("https://")]


def _trimmed(link: str) -> str:
    link = link.rstrip(".,;:!?…")
    return link.rstrip(")") if link.count(")") > link.count("(") else link


def iso_date(text: str, today: date) -> str:
    """The ISO day of a written date; without a year, the next such day. Empty when it is none."""
    match = _DATE.search(text)
    if match is None:
        return ""
    written = match[0].casefold()
    try:
        if iso := _ISO.search(written):
            return date(*map(int, iso.groups())).isoformat()
        if dots := _DOTS.search(written):
            day, month, year = map(int, dots.groups())
            return date(year, month, day).isoformat()
        month = next(no for no, name in enumerate(MONTHS, 1) if re.search(rf"\b{name[:3]}", written))
        day = int(re.search(r"\b(\d{1,2})(?!\d)", written)[1])  # type: ignore[index]
        year = re.search(r"\b\d{4}\b", written)
        if year:
            return date(int(year[0]), month, day).isoformat()
        this = date(today.year, month, day)
        return (this if this >= today else date(today.year + 1, month, day)).isoformat()
    except (ValueError, StopIteration):
        return ""
