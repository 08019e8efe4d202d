"""From hits to events: which delivery they belong to, whether a person allowed it, and how likely a program did it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import Connection

from tidings.distribution import repository
from tidings.distribution.hits import Hit, HitKind
from tidings.distribution.hooks import MayTrack
from tidings.domain.channel import Channel
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import SECOND, Clock, Instant
from tidings.domain.message import TRAP
from tidings.events.local import local_hour_weekday
from tidings.events.log import append
from tidings.events.networks import owner_of
from tidings.events.scoring import ALL_LINKS_WITHIN, Signs, weigh
from tidings.store.database import Database

_REMEMBERED = 20_000
_ENOUGH_LINKS = 3  # two links within 10 s may be a person in a hurry
_WITHIN = int(ALL_LINKS_WITHIN * SECOND)
Key = tuple[int, int, int]
"""Campaign, contact and step."""
Sent = Mapping[str, tuple[str, Instant | None, str]]
"""By channel: what of a person's step was sent, as variant, instant and zone."""
Links = Sequence[tuple[str, str, frozenset[int]]]
"""Channel, variant and links of each message of a step."""


class HitEvents:
    """Writes batches of hits. Remembers the last clicks of each delivery, for programs follow many links at once."""

    def __init__(self, db: Database, clock: Clock, may_track: MayTrack) -> None:
        self._db, self._clock, self._may_track = db, clock, may_track
        self._recent: dict[Key, list[tuple[Instant, int]]] = {}
        self._links: dict[tuple[int, int], Links] = {}
        self._channels: dict[Key, str] = {}
        """By campaign, step and link; a number once given stays that link's."""

    def write(self, hits: Sequence[Hit]) -> None:
        """One transaction. Hits whose delivery is gone, and opens nobody allows, leave no trace."""
        with self._db.transaction() as conn:
            append(conn, list(self._events(conn, hits)))

    def _events(self, conn: Connection, hits: Sequence[Hit]) -> Iterator[Event]:
        allowed = self._allowed(conn, hits)
        kept = [hit for hit in hits if hit.kind is HitKind.CLICK or hit.contact_pk in allowed]
        facts = _facts(conn, kept)
        clicks = self._clicks(kept)
        for hit in kept:
            key = (hit.campaign_pk, hit.contact_pk, hit.step)
            channel, sent = self._channel(conn, hit), facts.get(key)
            fact = sent.get(channel) if sent is not None else None
            if fact is not None:
                yield self._event(conn, hit, channel, fact, clicks.get(key, ()))

    def _channel(self, conn: Connection, hit: Hit) -> str:
        """By which channel the link reached its reader: each channel's messages have link numbers of their own."""
        if hit.kind is not HitKind.CLICK or hit.link == TRAP:
            return Channel.EMAIL.value
        key = (hit.campaign_pk, hit.step, hit.link)
        found = self._channels.get(key)
        if found is None:
            by = next((channel for channel, _, links in self._links_of(conn, hit) if hit.link in links), None)
            if by is None:
                return Channel.EMAIL.value
            if len(self._channels) > _REMEMBERED:
                self._channels.clear()
            found = self._channels[key] = by
        return found

    def _allowed(self, conn: Connection, hits: Iterable[Hit]) -> frozenset[int]:
        """Who may be seen to open mail now: a consent withdrawn since silences mail already sent."""
        people = sorted({hit.contact_pk for hit in hits if hit.kind is HitKind.OPEN})
        return self._may_track(conn, people, self._clock.now()) if people else frozenset()

    def _clicks(self, hits: Iterable[Hit]) -> dict[Key, list[tuple[Instant, int]]]:
        """Clicks of each delivery, those of this batch and the last of those before."""
        if len(self._recent) > _REMEMBERED:
            self._recent.clear()
        touched: dict[Key, list[tuple[Instant, int]]] = {}
        for hit in hits:
            if hit.kind is HitKind.CLICK:
                key = (hit.campaign_pk, hit.contact_pk, hit.step)
                if key not in touched:
                    before = self._recent.get(key, ())
                    touched[key] = [each for each in before if hit.at - each[0] < _WITHIN]
                touched[key].append((hit.at, hit.link))
        self._recent.update(touched)
        return touched

    def _event(
        self,
        conn: Connection,
        hit: Hit,
        channel: str,
        fact: tuple[str, Instant | None, str],
        around: Sequence[tuple[Instant, int]],
    ) -> Event:
        variant, sent_at, zone = fact
        nearest, every = None, False
        opened = hit.kind is HitKind.OPEN
        if len(around) > 1 and not opened:
            nearest, every = self._around(conn, hit, (channel, variant), around)
        network = owner_of(hit.address) if hit.address else ""
        score, why = weigh(
            Signs(
                hit.agent, hit.method, (hit.at - sent_at) / SECOND if sent_at is not None else -1.0, opened=opened,
                seconds_since_other_link=nearest, all_links=every, trap=hit.link == TRAP and not opened,
                prefetch=hit.prefetch, network=network,
            )
        )  # fmt: skip
        hour, weekday = _local(hit.at // (15 * 60 * SECOND), zone)
        detail = {"agent": hit.agent[:120]} if opened else {"link": str(hit.link), "agent": hit.agent[:120]}
        told = (("weekday", weekday), ("why", why), ("network", network))
        detail |= {name: word for name, word in told if word}
        return Event(
            EventKind.OPENED if opened else EventKind.CLICKED, hit.at, hit.campaign_pk, hit.contact_pk, channel,
            hit.step, variant, machine=score, hour_local=hour, detail=detail,
        )  # fmt: skip

    def _around(
        self, conn: Connection, hit: Hit, which: tuple[str, str], around: Sequence[tuple[Instant, int]]
    ) -> tuple[float | None, bool]:
        """Seconds to the nearest click on another link, and whether every link of the message was followed.

        `which` is its channel and variant.
        """
        near = [(abs(hit.at - at), link) for at, link in around if abs(hit.at - at) < _WITHIN]
        others = [gap for gap, link in near if link != hit.link]
        if not others:
            return None, False
        links = next((of for *them, of in self._links_of(conn, hit) if tuple(them) == which), frozenset[int]()) - {TRAP}
        every = len(links) >= _ENOUGH_LINKS and links <= {link for _, link in near}
        return min(others) / SECOND, every

    def _links_of(self, conn: Connection, hit: Hit) -> Links:
        """The links of a step's messages; read again for one that is not among them: an edit may have added it."""
        key = (hit.campaign_pk, hit.step)
        found = self._links.get(key)
        if found is None or not any(hit.link in links for *_, links in found):
            if len(self._links) > _REMEMBERED:
                self._links.clear()
            found = self._links[key] = repository.links_of_step(conn, *key)
        return found


def _facts(conn: Connection, hits: Iterable[Hit]) -> dict[Key, Sent]:
    people: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for hit in hits:
        people[hit.campaign_pk, hit.step].add(hit.contact_pk)
    found: defaultdict[Key, dict[str, tuple[str, Instant | None, str]]] = defaultdict(dict)
    for (campaign_pk, step), contacts in people.items():
        for contact_pk, variant, at, zone, channel in repository.facts_of(conn, campaign_pk, step, sorted(contacts)):
            found[campaign_pk, contact_pk, step][channel] = variant, at, zone or ""
    return dict(found)


@lru_cache(maxsize=16_384)
def _local(quarter: int, zone: str) -> tuple[int | None, str]:
    """Hour and weekday in the zone; no zone on Earth changes its hour within a quarter of one."""
    if not zone:
        return None, ""
    try:
        hour, weekday = local_hour_weekday(quarter * 15 * 60 * SECOND, zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None, ""
    return hour, str(weekday)
