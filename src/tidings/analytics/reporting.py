"""The numbers of one campaign and what may be said of its variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from tidings.analytics import repository
from tidings.analytics.compare import Arm, Comparison, Verdict, pairs, verdict
from tidings.analytics.intervals import share_of
from tidings.analytics.metrics import Counts, counts_of
from tidings.analytics.views import CampaignReport, HourLine, VariantLine, VersionLine
from tidings.domain.event import EventKind
from tidings.domain.instant import HOUR, Instant
from tidings.domain.version import in_words, version_of
from tidings.events.repository import Count, by_hour, totals

_EVER: Instant = 2**53


def report(conn: Connection, row: Row[Any], *, now: Instant, wait_hours: int, least: int) -> CampaignReport:
    """The report on a campaign's row.

    `wait_hours` after the last message went out its clicks count as all in; below `least` people a variant nothing
    is compared.
    """
    found = totals(conn, row.pk)
    counts = {name: counts_of(_people(kinds)) for name, kinds in found.items()}
    told = repository.subjects(conn, row.revision_id)
    sold = repository.earned(conn, row.pk)
    lines = tuple(
        _line(name, counts[name], told.get(name, ""), found[name], sold.get(name, ()))
        for name in in_order(counts, row.brief, told)
    )
    early = why_early(conn, row.pk, now=now, wait_hours=wait_hours)
    groups = by_version(lines)
    compared = None if early else pairs(*(arms(of) for of in groups.values()))
    judged = {name: _verdict(of, early, least, compared) for name, of in groups.items()}
    single = next(iter(judged.values())) if len(judged) == 1 else None
    return CampaignReport(
        campaign_id=row.id,
        lines=lines,
        total=_whole(lines, sum(counts.values(), Counts())),
        hours=_hours(conn, row.pk),
        complete=not early,
        verdict=_words(judged, "Versions" if row.brief.get("versions") else "Steps"),
        winner=single.winner if single else None,
        comparisons=tuple(each for verdict in judged.values() for each in verdict.comparisons),
        versions=() if len(groups) < 2 or not row.brief.get("versions") else tuple(
            VersionLine(name, _whole(of, sum((counts[line.variant] for line in of), Counts())), judged[name].words,
                        judged[name].winner)
            for name, of in groups.items()
        ),
    )  # fmt: skip


def in_order(variants: Iterable[str], brief: Mapping[str, Any], drafted: Iterable[str]) -> list[str]:
    """The variants as their author has them: the base version's, then each version's in the order of the brief.

    Steps of a sequence stand as they were drafted; what neither names any more comes last, by its name.
    """
    named = ["", *(version["name"] for version in brief.get("versions") or ()), *map(version_of, drafted)]
    places = {name: place for place, name in reversed(list(enumerate(named)))}
    return sorted(variants, key=lambda variant: (places.get(version_of(variant), len(named)), variant))


def by_version(lines: Sequence[VariantLine]) -> dict[str, tuple[VariantLine, ...]]:
    """The lines by the version (or the step of a sequence) they are variants of, in the order of the lines."""
    names = dict.fromkeys(version_of(line.variant) for line in lines)
    return {name: tuple(line for line in lines if version_of(line.variant) == name) for name in names}


def _words(judged: Mapping[str, Verdict], groups: str) -> str:
    """The verdicts in words; of several groups each with its name, for they are not compared with each other."""
    if not judged:
        return "Nothing has been sent yet."
    if len(judged) == 1:
        return next(iter(judged.values())).words
    if len({verdict.words for verdict in judged.values()}) == 1:
        told = next(iter(judged.values())).words
    else:
        told = " ".join(f"{in_words(name) or 'Base'}: {verdict.words}" for name, verdict in judged.items())
    return f"{groups} have different readers, so they are not compared with each other. {told}"


def arms(lines: tuple[VariantLine, ...]) -> list[Arm]:
    """The variants as arms of the test on clicks."""
    return [Arm(line.variant, line.clicked.count, line.clicked.of) for line in lines]


def why_early(conn: Connection, campaign_pk: int, *, now: Instant, wait_hours: int) -> str:
    """Why nothing may be concluded yet, in words; empty when the sample declared in advance is complete.

    That sample is everybody of the plan, `wait_hours` after the last of them was written to.
    """
    done = repository.progress(conn, campaign_pk)
    if done.open:
        return f"{done.open:,} of {done.total:,} messages are still to go out"
    last = done.last_at or repository.last_sent_hour(conn, campaign_pk)
    if last is None:
        return "nothing has been sent"
    left = last + wait_hours * HOUR - now
    if left > 0:
        return waiting_words(wait_hours, left)
    return ""


def waiting_words(wait_hours: int, left: int) -> str:
    """That clicks are still waited for, and how long, begun hours counted whole."""
    hours = -(-left // HOUR)
    more = f"{hours} hours more" if hours > 1 else "an hour more at most"
    return f"clicks are waited for until {wait_hours} hours after the last message, {more}"


def _verdict(lines: tuple[VariantLine, ...], early: str, least: int, compared: Sequence[Comparison] | None) -> Verdict:
    fewest = min((line.delivered for line in lines), default=0)
    if not early and len(lines) > 1 and fewest < least:
        words = f"Not enough data to compare: {fewest:,} people in the smallest variant, {least:,} are needed."
        return Verdict("too_early", words)
    return verdict(arms(lines), complete=not early, why_early=early, compared=compared)


def _people(kinds: Mapping[str, Count]) -> dict[str, int]:
    return {kind: count.people for kind, count in kinds.items()}


def _line(
    name: str, counts: Counts, subject: str, kinds: Mapping[str, Count], earned: Sequence[repository.Earned]
) -> VariantLine:
    of, nothing = counts.delivered, Count()
    clicked, opened = kinds.get(EventKind.CLICKED, nothing), kinds.get(EventKind.OPENED, nothing)
    return VariantLine(
        variant=name,
        subject=subject,
        sent=counts.sent,
        delivered=of,
        opened=share_of(counts.opened, of) if counts.opened else None,
        clicked=share_of(counts.clicked, of),
        unsubscribed=share_of(counts.unsubscribed, of),
        bounced=share_of(counts.bounced, counts.sent),
        converted=share_of(counts.converted, of),
        conversions=sum(each.conversions for each in earned),
        earned=tuple(earned),
        clicks=clicked.total - clicked.machine,
        machine_clicks=clicked.machine,
        machine_opens=opened.machine,
    )


def _whole(lines: Sequence[VariantLine], counts: Counts) -> VariantLine:
    """All variants together."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for each in (each for line in lines for each in line.earned):
        number, value = sums.get(each.currency, (0, Decimal(0)))
        sums[each.currency] = number + each.conversions, value + Decimal(each.value)
    earned = [repository.Earned(currency, number, str(value)) for currency, (number, value) in sums.items()]
    total = _line("all", counts, "", {}, earned)
    return replace(
        total,
        clicks=sum(line.clicks for line in lines),
        machine_clicks=sum(line.machine_clicks for line in lines),
        machine_opens=sum(line.machine_opens for line in lines),
    )


def _hours(conn: Connection, campaign_pk: int) -> tuple[HourLine, ...]:
    hours: dict[Instant, dict[str, int]] = {}
    for hour, kind, _total, people in by_hour(conn, campaign_pk, 0, _EVER):
        hours.setdefault(hour, {})[kind] = people
    kinds = (EventKind.ACCEPTED, EventKind.CLICKED, EventKind.UNSUBSCRIBED)
    return tuple(HourLine(hour, *(found.get(kind, 0) for kind in kinds)) for hour, found in sorted(hours.items()))
