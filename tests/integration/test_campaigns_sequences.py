"""Sequences on the real rooms and databases: who enters, what they hear, how they leave, what a person may change."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import FakeClock
from tests.integration.sequence_bed import Bed, make_bed, send, sequence

from tidings.domain.campaign import CampaignState
from tidings.domain.event import EventKind
from tidings.domain.instant import DAY, HOUR, MINUTE
from tidings.keys.secrets import Secrets
from tidings.store.database import Database

S = CampaignState


@pytest.fixture
def bed(database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> Bed:
    return make_bed(database, clock, secrets, tmp_path)


def test_people_walk_from_message_to_message(bed: Bed) -> None:
    people = bed.people(5)
    made = bed.running(
        sequence(
            send("hello"), {"id": "a-while", "wait": "3 days"},
            {"id": "read", "branch": {"when": {"clicked": "hello"}, "then": "end", "otherwise": "remind"}},
            send("remind"),
        )
    )  # fmt: skip
    pk = bed.pk(made)
    bed.turn()
    bed.post()
    assert [(row.contact_pk, row.step) for row in bed.deliveries(pk)] == [(person, 0) for person in people]
    bed.clock.advance(DAY)
    bed.happen(EventKind.CLICKED, pk, people[0])
    bed.pass_time(2 * DAY - HOUR)
    assert len(bed.deliveries(pk)) == 5  # the wait is not over
    bed.pass_time(2 * HOUR)
    assert [(row.contact_pk, row.step) for row in bed.deliveries(pk) if row.step] == [(p, 1) for p in people[1:]]
    bed.pass_time(HOUR)
    assert {row.exit_reason for row in bed.places(pk).values()} == {"completed"}
    detail = bed.service.get(bed.author, made.campaign.row.id)
    assert (detail.entered, detail.inside, detail.left) == (5, 0, {"completed": 5})
    assert [(step.id, step.sent, step.clicked) for step in detail.steps if step.kind == "send"] == [
        ("hello", 5, 1), ("remind", 4, 0),
    ]  # fmt: skip
    assert detail.campaign.row.state is S.SENDING  # an empty ledger is not the end of a sequence
