"""What the counted events mean: sent, delivered, clicked, unsubscribed, bounced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidings.domain.event import EventKind


@dataclass(frozen=True, slots=True)
class Counts:
    """People, each once a campaign, machines left out. They add up with `+`."""

    sent: int = 0
    """A relay took the message."""
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    bounced: int = 0
    complained: int = 0
    failed: int = 0
    converted: int = 0

    def __add__(self, other: Counts) -> Counts:
        """The two together."""
        return Counts(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def counts_of(people: Mapping[str, int], *, confirms: bool | None = None) -> Counts:
    """The counts behind people per kind of event.

    Plain SMTP confirms no delivery: then what was taken and did not bounce counts as delivered. `confirms` says
    whether the campaign's channel reports deliveries; None: judged by whether these counts hold any.
    """
    sent, bounced = people.get(EventKind.ACCEPTED, 0), people.get(EventKind.BOUNCED, 0)
    confirmed = people.get(EventKind.DELIVERED, 0)
    reports = confirmed > 0 if confirms is None else confirms
    return Counts(
        sent=max(sent, confirmed) if reports else sent,
        delivered=confirmed if reports else max(0, sent - bounced),
        opened=people.get(EventKind.OPENED, 0),
        clicked=people.get(EventKind.CLICKED, 0),
        unsubscribed=people.get(EventKind.UNSUBSCRIBED, 0),
        bounced=bounced,
        complained=people.get(EventKind.COMPLAINED, 0),
        failed=people.get(EventKind.FAILED, 0),
        converted=people.get(EventKind.CONVERTED, 0),
    )
