# ruff: noqa: E501 - patterns are read whole
"""Finds numbers, dates, prices and addresses in a text and gives each a form that can be compared."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from tidings.content.verifier.languages import words_of

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH = rf"(?P<month>{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
_DATES: tuple[re.Pattern[str], ...] = (
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}(?!\w)(?:,? (?P<year>\d{{4}}))?", re.IGNORECASE),
    re.compile(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!\w)(?:,? (?P<year>\d{{4}}))?", re.IGNORECASE),
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)\b"),
    re.compile(r"\b(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{2,4})\b"),
)
_MONTH_ALONE = re.compile(
    r"\b(?:January|February|April|June|July|August|September|October|November|December)\b|(?<=[a-z] )(?:March|May)\b"
)
_WEEKDAY = re.compile(r"\b(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)s?\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|this (?:morning|evening|weekend|week|month|year)|(?:next|last) (?:week|weekend|month|year|spring|summer|autumn|winter)|midnight|noon)\b",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"\b(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?: ?(?P<half>[ap])\.?m\b\.?)?(?!\d)|\b(?P<hour2>\d{1,2}) ?(?P<half2>[ap])\.?m\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,])[-−]?\d+(?:[.,\u00a0\u202f ]\d{3}(?!\d))*(?:[.,]\d+)?")
_WORDS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "dozen": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
    "hundreds": 100,
    "thousand": 1000,
    "thousands": 1000,
    "million": 1_000_000,
    "millions": 1_000_000,
    "twice": 2,
    "double": 2,
    "triple": 3,
    "half": 0.5,
}
_WORD_NUMBER = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b", re.IGNORECASE)
_PRICE = re.compile(
    r"(?P<sign>(?:US|AU?|CA?|NZ|HK|S)?\$|[£€¥₹₺₩₽₴])\s?(?P<a>\d[\d.,]*\d|\d)|(?P<b>\d[\d.,]*\d|\d)\s?(?P<unit>£|€|\$|%|percent\b|per cent\b|euros?\b|pounds?\b|dollars?\b|cents?\b|(?<=\d)p\b|kr\b|zł|Ft\b|EUR\b|USD\b|GBP\b|CHF\b|SEK\b|NOK\b|DKK\b|PLN\b|JPY\b|INR\b|AUD\b|CAD\b)",
    re.IGNORECASE,
)
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)")
_FREE = re.compile(
    r"\bfree of charge\b|\bfor free\b|\b(?:is|are|it's|for) free\b|\bfree (?:shipping|delivery|trial|gift|sample|entry|coffee|ticket)s?\b|\bhalf[- ]price\b|\b(?:discount|voucher|coupon|cashback|money back|refund|gift card)s?\b|\bno cost\b",
    re.IGNORECASE,
)
_URL = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"')]+|\b[\w.+-]+@[\w-]+\.[\w.-]+\w|\b(?:[a-z0-9-]+\.)+(?:com|org|net|de|io|eu|uk|info|biz|shop|app|co|ru|xyz|top|link|ly|me)\b(?:/[^\s<>\"')]*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """Something found: `value` in the form for comparing, `quote` as written."""

    value: str
    quote: str


def dates(text: str, language: str = "en") -> list[Found]:
    """Dates, months, weekdays, clock times and words such as "tomorrow"; in English, and in another language besides."""
    found: list[Found] = []
    rest = text
    for pattern in _date_patterns(language):
        for match in pattern.finditer(rest):
            found.append(Found(_date(match), match[0]))
            if match["year"]:
                found.append(Found(f"year {match['year'][-2:]}", match[0]))
        rest = pattern.sub(lambda match: " " * len(match[0]), rest)
    own = words_of(language)
    if own is not None:
        found.extend(Found(_plain_clock(match), match[0].strip()) for match in own.clock.finditer(rest))
        rest = own.clock.sub(lambda match: " " * len(match[0]), rest)
        alone = ((own.months[match[0].split()[-1].casefold()], match[0]) for match in own.month_alone.finditer(rest))
        found.extend(Found(f"month {number}", quote) for number, quote in alone)
        for pattern in (own.weekday, own.relative):
            found.extend(Found(" ".join(match[0].lower().split()), match[0]) for match in pattern.finditer(rest))
    found.extend(Found(_clock(match), match[0]) for match in _CLOCK.finditer(rest))
    found.extend(Found(f"month {_month(match[0])}", match[0]) for match in _MONTH_ALONE.finditer(rest) if own is None)
    for pattern in (_WEEKDAY, _RELATIVE):
        found.extend(
            Found(" ".join(match[0].lower().split()).removesuffix("s"), match[0]) for match in pattern.finditer(rest)
        )
    return found


def whole_dates(text: str, language: str = "en") -> Iterator[tuple[date, str]]:
    """Dates with their year, and how they are written; a day that does not exist is none."""
    for pattern in _date_patterns(language):
        for match in pattern.finditer(text):
            if match["year"]:
                with contextlib.suppress(ValueError):
                    year = int(match["year"]) + (2000 if len(match["year"]) == 2 else 0)
                    yield date(year, _month(match["month"]), int(match["day"])), match[0]


def _date_patterns(language: str) -> tuple[re.Pattern[str], ...]:
    own = words_of(language)
    return _DATES if own is None else (*own.dates, *_DATES)


def _clocks(language: str) -> tuple[re.Pattern[str], ...]:
    own = words_of(language)
    return (_CLOCK,) if own is None else (own.clock, _CLOCK)


def without_dates(text: str, language: str = "en") -> str:
    """The text with dates and clock times blanked, so that the 17 of 17:00 vouches for no other 17."""
    for pattern in (*_date_patterns(language), *_clocks(language)):
        text = pattern.sub(lambda match: " " * len(match[0]), text)
    return text


def without_figures(text: str, language: str = "en") -> str:
    """The text with every date, time and number as one sign, so that only what they are about is left."""
    own = words_of(language)
    weekday = _WEEKDAY if own is None else own.weekday
    patterns = (*_date_patterns(language), *_clocks(language), weekday, _NUMBER, _word_number(language))
    for pattern in patterns:
        text = pattern.sub("#", text)
    return text


def _date(match: re.Match[str]) -> str:
    return f"{int(match['day'])}/{_month(match['month'])}"


def _month(name: str) -> int:
    """The number of a month, whatever the language of its name."""
    plain = name.casefold()
    if plain.isdigit():
        return int(plain)
    for own in map(words_of, ("de", "fr", "es")):
        if own is not None and plain in own.months:
            return own.months[plain]
    return [each[:3] for each in MONTHS].index(plain[:3]) + 1


def _plain_clock(match: re.Match[str]) -> str:
    given = match.groupdict()
    return f"{int(given['hour'])}:{int(given.get('minute') or given.get('late') or 0):02d}"


def _clock(match: re.Match[str]) -> str:
    hour = int(match["hour"] or match["hour2"])
    half = (match["half"] or match["half2"] or "").lower()
    if half == "p" and hour < 12:
        hour += 12
    return f"{hour % 24 if half else hour}:{int(match['minute'] or 0):02d}"


def numbers(text: str, language: str = "en") -> list[Found]:
    """Numbers in digits and in words; "one" is left out, for it is mostly a pronoun."""
    found = [Found(_plain_number(match[0]), match[0]) for match in _NUMBER.finditer(text)]
    found.extend(Found(_number(match[0], language), match[0]) for match in _word_number(language).finditer(text))
    return found


@cache
def _word_number(language: str) -> re.Pattern[str]:
    own = words_of(language)
    if own is None:
        return _WORD_NUMBER
    return re.compile(rf"\b(?:{'|'.join(own.numbers)})\b", re.IGNORECASE)


def _number(text: str, language: str) -> str:
    own = words_of(language)
    known = _WORDS if own is None else own.numbers
    return f"{known[text.lower()]:.12g}" if text.lower() in known else _plain_number(text)


def _plain_number(text: str) -> str:
    bare = re.sub(r"[\u00a0\u202f ]|[.,](?=\d{3}(?!\d))", "", text.replace("−", "-")).replace(",", ".")
    return f"{float(bare):.12g}"


_NO_UNIT = frozenset(
    [
        "a",
        "and",
        "are",
        "at",
        "but",
        "by",
        "can",
        "for",
        "from",
        "i",
        "in",
        "into",
        "is",
        "it",
        "of",
        "on",
        "or",
        "the",
        "then",
        "to",
        "until",
        "was",
        "will",
        "with",
        "you",
    ]
)


def numbers_with_unit(text: str, language: str = "en") -> list[Found]:
    """Each number with the word that follows it, so that swapped numbers are seen."""
    found: list[Found] = []
    for match in (*_NUMBER.finditer(text), *_word_number(language).finditer(text)):
        after = re.match(r"\s?-?([^\W\d_]+|%|€|£)", text[match.end() :])
        unit = after[1].casefold().rstrip("s") if after else ""
        if not unit or unit in _NO_UNIT:
            continue
        found.append(
            Found(f"{_number(match[0], language)} {unit}".strip(), f"{match[0]} {after[1] if after else ''}".strip())
        )
    return found


_UNITS = {
    "€": "euro",
    "eur": "euro",
    "£": "pound",
    "gbp": "pound",
    "$": "dollar",
    "usd": "dollar",
    "percent": "%",
    "per cent": "%",
}


def prices(text: str, language: str = "en") -> list[Found]:
    """Amounts of money, percentages, and words that promise something for nothing or less."""
    found: list[Found] = []
    own = words_of(language)
    if own is not None:
        text = _SPACED.sub(lambda match: re.sub(r"\s", "", match[0]), own.percent.sub("%", text))
    for match in _PRICE.finditer(text):
        unit = (match["sign"] or match["unit"]).lower()
        unit = _UNITS.get(unit, unit.rstrip("s"))
        found.append(Found(f"{_plain_number((match['a'] or match['b']).rstrip('.,'))} {unit}", match[0]))
    if own is None:
        found.extend(Found(_promise(match[0]), match[0]) for match in _FREE.finditer(text))
        return found
    promised = (match[0] for match in own.free.finditer(text))
    found.extend(Found("free" if own.nothing.fullmatch(word) else word.lower(), word) for word in promised)
    return found


def _promise(text: str) -> str:
    word = text.lower()
    return "free" if "free" in word or "no cost" in word else word.rstrip("s").replace("-", " ")


def addresses(text: str) -> list[Found]:
    """Web and e-mail addresses, with and without a scheme."""
    return [Found(_address(match[0]), match[0].rstrip(".,;:!?")) for match in _URL.finditer(text)]


def _address(text: str) -> str:
    bare = text.rstrip(".,;:!?/").casefold()
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", bare)
