"""The live feed."""

from collections.abc import Callable

from tidings.domain.instant import DAY, Clock
from tidings.events import activity as feed
from tidings.events.activity import ActivityFeed
from tidings.store.database import Database


def test_lines_come_newest_first_and_can_be_followed(database: Database, clock: Clock) -> None:
    lines = ActivityFeed(database, clock)
    for number in range(5):
        with database.transaction() as conn:
            lines.note(conn, "content", f"line {number}", campaign_id="cmp_1" if number else None)
    latest = lines.latest(3)
    assert [line.text for line in latest] == ["line 4", "line 3", "line 2"]
    assert latest[0].campaign_id == "cmp_1"
    assert latest[0].at == clock.now()
    assert [line.text for line in lines.since(latest[-1].pk)] == ["line 3", "line 4"]
    assert [line.text for line in lines.since(0, limit=1)] == ["line 0"]
    assert lines.since(latest[0].pk) == []


def test_old_lines_go(database: Database, make_clock: Callable[..., Clock], monkeypatch) -> None:
    monkeypatch.setattr(feed, "_PRUNE_EVERY", 2)
    clock = make_clock()
    lines = ActivityFeed(database, clock)
    with database.transaction() as conn:
        lines.note(conn, "person", "old")
    clock.advance(15 * DAY)
    with database.transaction() as conn:
        lines.note(conn, "person", "new")
    assert [line.text for line in lines.latest()] == ["new"]
