"""What other rooms do for the ledger, given to it as callables so that it can be tested alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from tidings.domain.channel import Channel
from tidings.domain.consent import Purpose
from tidings.domain.event import Event
from tidings.domain.instant import Instant
from tidings.domain.plan import HeldBack
from tidings.events.alike import Alike

MaySend = Callable[[Connection, Sequence[int], Purpose, str, Instant], Mapping[int, HeldBack | None]]
MergeFields = Callable[[Connection, Sequence[int]], Mapping[int, Mapping[str, Any]]]
MayTrack = Callable[[Connection, Sequence[int], Instant], frozenset[int]]
"""People → those of them who allow at this instant that opening is seen."""
MustWait = Callable[[Connection, int, Sequence[int], Instant], Mapping[int, Instant]]
"""Campaign and people due now → the instants of those whose hour does not allow it now (quiet hours)."""
AppendEvents = Callable[[Connection, Sequence[Event]], None]
AppendAlike = Callable[[Connection, Alike], None]
OnHard = Callable[[Connection, int, str], None]
OnRefused = Callable[[Connection, int, Instant], str]
OnBack = Callable[[Connection, Channel, Instant], int]
OnCampaign = Callable[[Connection, int], None]


def nobody_waits(_conn: Connection, _campaign_pk: int, _people: Sequence[int], _now: Instant) -> Mapping[int, Instant]:
    """The `MustWait` of an installation without quiet hours."""
    return {}


def nobody_is_tracked(_conn: Connection, _people: Sequence[int], _now: Instant) -> frozenset[int]:
    """The `MayTrack` of an installation that asks nobody."""
    return frozenset()


def nobody_is_asked(
    _conn: Connection, people: Sequence[int], _purpose: Purpose, _channel: str, _now: Instant
) -> Mapping[int, HeldBack | None]:
    """The `may_ask` of an installation that sends no confirmation mails."""
    return dict.fromkeys(people, HeldBack.NO_CONSENT)


def nothing(_conn: Connection, _campaign_pk: int) -> None:
    """The `OnCampaign` of one who does not care."""


def no_suppression(_conn: Connection, _contact_pk: int, _words: str) -> None:
    """The `OnHard` of one who does not care."""


def nobody_refused(_conn: Connection, _campaign_pk: int, _now: Instant) -> str:
    """The `OnRefused` of one who does not care."""
    return ""


def nobody_late(_conn: Connection, _channel: Channel, _now: Instant) -> int:
    """The `OnBack` of an installation that sends late mail all the same."""
    return 0


@dataclass(frozen=True, slots=True)
class Hooks:
    """What other rooms do for the ledger, so that it can be tested alone."""

    may_send: MaySend
    merge_fields: MergeFields
    append_events: AppendEvents
    append_alike: AppendAlike | None = None
    """`append_events` of many acceptances at once, where there is a faster way."""
    may_ask: MaySend = nobody_is_asked
    """`may_send` of a mail that asks to confirm a consent: it goes to those whose consent is pending, and no others."""
    must_wait: MustWait = nobody_waits
    may_track: MayTrack = nobody_is_tracked
    on_hard: OnHard = no_suppression
    """A recipient does not exist (5.1.x): suppress the address."""
    on_first: OnCampaign = nothing
    """The first chunk of a campaign was taken."""
    on_finished: OnCampaign = nothing
    """Every delivery of a campaign is terminal."""
    on_refused: OnRefused = nobody_refused
    """Some of a campaign's recipients do not exist, said a relay: look whether there are too many."""
    on_back: OnBack = nobody_late
    """The way out works again: what is too late by now is dropped or planned anew; how many."""
