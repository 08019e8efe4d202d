"""How the relays are for several senders on one PostgreSQL: what one finds is not hidden by what another writes.

Each keeps its own word beside the others' in one small document; the table shows them together, the worst first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection

from tidings.distribution.owner import is_dead
from tidings.distribution.throttle import repository
from tidings.domain.instant import DAY, MINUTE, Instant
from tidings.store.database import take_turns
from tidings.store.settings import get_setting, put_setting

KEY = "sending.relays"
_RANK = ("idle", "up", "resting", "paused")
_SILENT = {"resting": 10 * MINUTE, "paused": 10 * MINUTE}  # it is tried again within five minutes, and says so then
Word = Mapping[str, Any]


def say(conn: Connection, sender: str, told: Mapping[str, Word], relays: Collection[str], now: Instant) -> None:
    """What a sender says of its relays, with what the others have said. `relays` are those that are configured."""
    take_turns(conn, KEY)
    known: dict[str, dict[str, Word]] = get_setting(conn, KEY) or {}
    kept = {relay: _live(known.get(relay, {}), now) for relay in relays}
    for relay, word in told.items():
        kept.setdefault(relay, {})[sender] = word
    put_setting(conn, KEY, kept, now)
    repository.save_relays(conn, [together(kept[relay]) for relay in told])


def leave(conn: Connection, sender: str, told: Mapping[str, Word], now: Instant) -> None:
    """A sender ends: the others' word counts, and its own last one where there is none."""
    take_turns(conn, KEY)
    known: dict[str, dict[str, Word]] = get_setting(conn, KEY) or {}
    kept = {
        relay: {other: word for other, word in _live(words, now).items() if other != sender}
        for relay, words in known.items()
    }
    put_setting(conn, KEY, kept, now)
    repository.save_relays(conn, [together(kept.get(relay) or {sender: word}) for relay, word in told.items()])


def together(words: Mapping[str, Word]) -> dict[str, Any]:
    """At least one sender's word of a relay; the worst state with its words, and everybody's lanes and messages."""
    all_ = list(words.values())
    worst = max(all_, key=lambda word: (_RANK.index(word["state"]), word["updated_at"]))
    shown = worst["words"]
    if shown and any(word["state"] == "up" for word in all_):
        shown += " (another sender can use it)"
    return {
        **worst, "words": shown, "lanes": sum(word["lanes"] for word in all_),
        "accepted": sum(word["accepted"] for word in all_),
        "deferred_share": max(word["deferred_share"] for word in all_),
        "updated_at": max(word["updated_at"] for word in all_),
    }  # fmt: skip


def _live(words: Mapping[str, Word], now: Instant) -> dict[str, Word]:
    """Without those who ended without a word."""
    return {
        sender: word for sender, word in words.items()
        if not is_dead(sender) and word["updated_at"] + _SILENT.get(word["state"], DAY) > now
    }  # fmt: skip
