"""What a played campaign leaves behind: the ledger, the events, and the noes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import Connection, insert

from tidings.audience.suppression import suppress_hashes
from tidings.domain.consent import ConsentState, SuppressionReason
from tidings.domain.delivery import DeliveryState
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Instant
from tidings.events.local import local_hour_weekday
from tidings.sample.behaviour import Bools, Outcome
from tidings.sample.people import word
from tidings.sample.played import Cast, Played, reason_of
from tidings.store.tables import chunk, consent, delivery, slot

_CHUNK = 500
_SCANNER = 0.97
_CODES = {
    DeliveryState.DELIVERED: ("250 2.0.0", "queued"),
    DeliveryState.COMPLAINED: ("250 2.0.0", "queued"),
    DeliveryState.BOUNCED: ("5.2.1", "mailbox disabled"),
    DeliveryState.FAILED: ("550 5.1.1", "no such user here"),
}


def write_deliveries(conn: Connection, cast: Cast, played: Played, pk: int) -> None:
    """The frozen plan and the ledger, in chunks of 500 in order of contact."""
    slots: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for place, index in enumerate(map(int, played.to.who)):
        known = bool(cast.people.contacts[index]["time_zone"])
        state, at = _state(played.outcome, place)
        same: dict[str, Any] = {
            "campaign_pk": pk, "contact_pk": cast.pks[index], "step": 0, "variant": played.variant(place),
            "due_at": int(played.to.due[place]),
        }  # fmt: skip
        reason = reason_of(int(played.to.local[place]))
        slots.append({**same, "reason": reason, "zone": cast.people.zones[index], "zone_assumed": not known})
        code, words = _CODES[state]
        rows.append(
            {
                **same, "channel": "email", "chunk_no": place // _CHUNK, "state": state.value, "attempt": 1, "at": at,
                "code": code, "reason": words,
            }
        )  # fmt: skip
    conn.execute(insert(slot), slots)
    conn.execute(insert(delivery), rows)
    chunks = range((len(rows) - 1) // _CHUNK + 1)
    conn.execute(
        insert(chunk),
        [{"campaign_pk": pk, "no": no, "state": "done", "fence": 1, "next_due_at": played.launch} for no in chunks],
    )


def _state(outcome: Outcome, place: int) -> tuple[DeliveryState, Instant]:
    """Where a delivery ended, and since when."""
    ends = (
        (DeliveryState.FAILED, outcome.failed_at),
        (DeliveryState.BOUNCED, outcome.bounced_at),
        (DeliveryState.COMPLAINED, outcome.complained_at),
        (DeliveryState.DELIVERED, outcome.delivered_at),
    )
    return next((state, int(at[place])) for state, at in ends if at[place])


def events_of(cast: Cast, played: Played, pk: int) -> list[Event]:
    """Everything that happened, in order of time."""
    outcome = played.outcome
    happened = (
        (EventKind.ACCEPTED, outcome.accepted_at, 0.0),
        (EventKind.FAILED, outcome.failed_at, 0.0),
        (EventKind.BOUNCED, outcome.bounced_at, 0.0),
        (EventKind.DELIVERED, outcome.delivered_at, 0.0),
        (EventKind.CLICKED, outcome.scanned_at, _SCANNER),
        (EventKind.CLICKED, outcome.clicked_at, 0.03),
        (EventKind.CLICKED, outcome.again_at, 0.03),
        (EventKind.UNSUBSCRIBED, outcome.left_at, 0.0),
        (EventKind.COMPLAINED, outcome.complained_at, 0.0),
    )
    events: list[Event] = []
    for kind, instants, machine in happened:
        for place in map(int, np.flatnonzero(instants)):
            at, index = int(instants[place]), int(played.to.who[place])
            hour, weekday = local_hour_weekday(at, cast.people.zones[index])
            detail = {"weekday": str(weekday)} | ({"link": "0"} if kind is EventKind.CLICKED else {})
            events.append(
                Event(
                    kind, at, pk, cast.pks[index], variant=played.variant(place), machine=machine,
                    hour_local=hour, detail=detail,
                )
            )  # fmt: skip
    return sorted(events, key=lambda event: (event.at, event.contact_pk))


def write_noes(conn: Connection, cast: Cast, played: Played, silent: Bools) -> None:
    """Suppression and withdrawn consent of those who left, complained, or whose address does not exist."""
    outcome, source = played.outcome, f"campaign {played.story.name}"
    noes = (
        (SuppressionReason.UNSUBSCRIBED, outcome.left_at),
        (SuppressionReason.COMPLAINED, outcome.complained_at),
        (SuppressionReason.BOUNCED, outcome.failed_at),
        (SuppressionReason.BOUNCED, outcome.bounced_at),
    )
    for reason, instants in noes:
        for place in map(int, np.flatnonzero(instants)):
            index, at = int(played.to.who[place]), int(instants[place])
            silent[index] = True
            digest = cast.people.contacts[index]["address_hash"]
            suppress_hashes(conn, [digest], reason=reason, source=source, at=at, channel="email")
            if reason is not SuppressionReason.BOUNCED:
                said = word(cast.ids, ConsentState.WITHDRAWN, at, source, "")
                conn.execute(insert(consent).values(**said, contact_pk=cast.pks[index]))
