"""Puts the sample organisation into the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, insert, select

from tidings.audience.segments import create_segment
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.instant import DAY, HOUR, Clock, Instant
from tidings.keys.secrets import Secrets
from tidings.sample.behaviour import natures
from tidings.sample.ids import SampleIds
from tidings.sample.organisation import APPROVER, AUTHOR, CLAIMS, SEGMENTS, brand
from tidings.sample.past import play
from tidings.sample.people import People, make_people
from tidings.sample.played import Cast, Numbers
from tidings.sample.removal import sample_present
from tidings.sample.stories import STORIES
from tidings.store.database import Database
from tidings.store.tables import account, claim, consent, contact
from tidings.store.tables import brand as brand_table

_FIRST, _LAST = 4, 8  # days after the start, and before now, of the first and the last campaign
_SHORTEST, _LONGEST = 30, 400
_MOST_PEOPLE = 50_000
_MORNING = 6 * HOUR


@dataclass(frozen=True, slots=True)
class SampleReport:
    """What the sample holds now."""

    brand_id: str
    people: int
    campaigns: int
    deliveries: int
    events: int
    clicked: int
    """People who clicked, once a campaign."""
    unsubscribed: int


def load_sample(
    db: Database, clock: Clock, secrets: Secrets, *, people: int = 2_000, days: int = 90, seed: int = 7
) -> SampleReport:
    """Writes the sample in one transaction: an organisation, its people, and a past of `days` up to now.

    The same arguments at the same instant give the same content. Everything is marked as sample; `remove_sample`
    takes it out again. Raises ConflictError when a sample, or its brand's name, is there already.
    """
    if not _SHORTEST <= days <= _LONGEST or not len(STORIES) <= people <= _MOST_PEOPLE:
        raise InvalidInputError(
            f"A sample has {len(STORIES)} to {_MOST_PEOPLE} people and a past of {_SHORTEST} to {_LONGEST} days.",
            remedy="Ask for numbers within that.",
        )
    now, ids = clock.now(), SampleIds(seed)
    made = make_people(people, days, now, seed, secrets, ids)
    nature = natures(people, seed)
    with db.transaction() as conn:
        _refuse_twice(conn)
        cast = Cast(
            people=made,
            nature=nature,
            pks=_write_people(conn, made),
            brand_id=_write_brand(conn, ids, now - days * DAY),
            segments=_write_segments(conn, now - days * DAY),
            author=_write_account(conn, ids, AUTHOR, now - days * DAY),
            approver=_write_account(conn, ids, APPROVER, now - days * DAY),
            seed=seed,
            ids=ids,
        )
        silent = np.zeros(people, dtype=np.bool_)
        past = [
            play(conn, cast, silent, story, launch) for story, launch in zip(STORIES, _launches(days, now), strict=True)
        ]
    return _report(cast, past)


def _launches(days: int, now: Instant) -> list[Instant]:
    """The morning (UTC) of each campaign, evenly over the past, oldest first."""
    ago = np.linspace(days - _FIRST, _LAST, len(STORIES)).round().astype(int)
    return [(now // DAY - int(each)) * DAY + _MORNING for each in ago]


def _refuse_twice(conn: Connection) -> None:
    if sample_present(conn):
        raise ConflictError("The sample data are already here.", remedy="Remove them first if you want them fresh.")
    names = select(brand_table.c.id).where(brand_table.c.name == brand("brd").name)
    if conn.execute(names).first() is not None:
        raise ConflictError(
            f"There is already a brand named {brand('brd').name}.", remedy="Rename it; the sample uses that name."
        )


def _write_people(conn: Connection, made: People) -> list[int]:
    """The contacts with their consent; gives their numbers in the order of `made`."""
    conn.execute(insert(contact), made.contacts)
    numbers = {row.id: row.pk for row in conn.execute(select(contact.c.id, contact.c.pk).where(contact.c.sample))}
    pks = [numbers[row["id"]] for row in made.contacts]
    words = [{**word, "contact_pk": pk} for pk, said in zip(pks, made.consents, strict=True) for word in said]
    conn.execute(insert(consent), words)
    return pks


def _write_brand(conn: Connection, ids: SampleIds, at: Instant) -> str:
    ours = brand(ids.new("brand", at))
    body = ours.model_dump(mode="json")
    conn.execute(
        insert(brand_table).values(id=ours.id, name=ours.name, body=body, sample=True, created_at=at, updated_at=at)
    )
    rows: list[dict[str, Any]] = [
        {
            "id": ids.new("claim", at), "brand_id": ours.id, "sentence": sentence, "kind": kind.value,
            "evidence": evidence, "channels": [], "approved_by": APPROVER[0], "approved_at": at,
        }
        for sentence, kind, evidence in CLAIMS
    ]  # fmt: skip
    conn.execute(insert(claim), rows)
    return ours.id


def _write_segments(conn: Connection, at: Instant) -> dict[str, str]:
    return {
        name: create_segment(conn, name=name, description=description, rule=rule, at=at, sample=True)
        for name, description, rule in SEGMENTS
    }


def _write_account(conn: Connection, ids: SampleIds, who: tuple[str, str, str], at: Instant) -> tuple[str, str]:
    """An account that only names somebody: not active, without a password, so nobody can sign in with it."""
    name, email, role = who
    account_id = ids.new("account", at)
    row: dict[str, Any] = {
        "id": account_id,
        "email": email,
        "name": name,
        "role": role,
        "brands": [],
        "password_hash": "",
    }
    conn.execute(insert(account).values(**row, active=False, sample=True, created_at=at))
    return account_id, name


def _report(cast: Cast, past: list[Numbers]) -> SampleReport:
    return SampleReport(
        brand_id=cast.brand_id,
        people=len(cast.pks),
        campaigns=len(past),
        deliveries=sum(one.deliveries for one in past),
        events=sum(one.events for one in past),
        clicked=sum(one.clicked for one in past),
        unsubscribed=sum(one.unsubscribed for one in past),
    )
