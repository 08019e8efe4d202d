"""Every date, weekday and time of the draft must be the brief's or the brand's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from tidings.content.verifier.examined import Examined, error, warning
from tidings.content.verifier.extract import dates, whole_dates
from tidings.domain.draft import Finding

_INVITES = {"event", "offer"}


def check(examined: Examined) -> Iterator[Finding]:
    """Error for a date or time nobody vouched for; "tomorrow" counts as one, for a mail is read on any day."""
    yield from past(examined)
    known = {found.value for found in dates(examined.ground_text, examined.language)}
    for place in examined.places:
        for found in dates(examined.unproved(place), examined.language):
            if found.value not in known and not _month_of(found.value, known):
                yield error(
                    "dates",
                    place,
                    f"“{found.quote}” is a date or time that stands neither in the brief nor in an approved claim.",
                    quote=found.quote,
                    remedy="Correct it, or add the fact to the brief.",
                )


def past(examined: Examined) -> Iterator[Finding]:
    """Warning for a day that is over, in what invites to something: an event, an offer."""
    if examined.brief.type not in _INVITES:
        return
    today = datetime.fromtimestamp(examined.at / 1000, UTC).date()
    for place in examined.places:
        for day, quote in whole_dates(place.plain, examined.language):
            if day < today:
                remedy = "Correct the date, or leave it out."
                yield warning("dates", place, f"“{quote}” is in the past.", quote=quote, remedy=remedy)


def _month_of(value: str, known: set[str]) -> bool:
    """Whether a month named alone is the month of a known date."""
    if not value.startswith("month "):
        return False
    return any(other.endswith(f"/{value[6:]}") for other in known)
