"""One campaign by e-mail and by text message: clicks and noes belong to the channel they came from."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed as bed

from tidings.audience.browsers import subscribe
from tidings.audience.repository import fields_for_push
from tidings.audience.unsubscribe import resubscribe, unsubscribe
from tidings.distribution import repository
from tidings.distribution.channels.base import Outcome, Result
from tidings.distribution.channels.http import HttpChannel
from tidings.distribution.enlist import enlist
from tidings.distribution.hit_events import HitEvents
from tidings.distribution.hits import Hit, HitKind
from tidings.distribution.ledger import Ledger
from tidings.distribution.tokens import OUT_OF, Token, TokenPurpose
from tidings.distribution.way_out import WayOut, Wishes
from tidings.domain.channel import Channel
from tidings.domain.message import TRAP, Link, ShortTemplate
from tidings.keys.secrets import Secrets
from tidings.net.guard import Guard
from tidings.store.database import Database
from tidings.store.tables import consent, contact, delivery, event, suppression

SMS = ShortTemplate(
    channel="sms", variant="A", text="Bread {{ links[0] }}", language="de",
    links=(Link(no=0, url="https://northwind.example/sms", label="Look"),),
)  # fmt: skip


class Given:
    """A campaign that went to two people by both channels; its mail has one link, its text one more."""

    def __init__(self, db: Database, clock: Any, secrets: Secrets) -> None:
        self.db, self.clock, self.secrets = db, clock, secrets
        self.people = bed.add_people(db, 2, clock.now())
        self.pk = bed.add_campaign(db, self.people, clock.now())
        with db.transaction() as conn:
            repository.write_messages(conn, self.pk, [SMS])
            repository.freeze(conn, self.pk, None, Channel.SMS)
            conn.execute(update(delivery).values(state="accepted", at=clock.now()))

    def hit(self, link: int, kind: HitKind = HitKind.CLICK, step: int = 0) -> Hit:
        return Hit(kind, self.pk, self.people[0], step, link, self.clock.now(), "Firefox")

    def noes(self) -> set[tuple[str, str]]:
        with self.db.reading() as conn:
            return {(row.channel, row.reason) for row in conn.execute(select(suppression))}

    def act(self, channel: Channel, body: bytes) -> None:
        def again(conn: Any, pk: int, source: str, wording: str, /, *, channel: str = "email") -> bool:
            return resubscribe(conn, pk, source, wording, self.clock.now(), channel)

        def leave(conn: Any, pk: int, campaign: int | None, source: str, /, *, channel: str = "email") -> bool:
            return unsubscribe(conn, self.secrets, pk, campaign, source, self.clock.now(), channel=channel)

        token = Token(TokenPurpose.UNSUBSCRIBE, self.pk, self.people[0], 0, OUT_OF[channel])
        WayOut(self.db, self.clock, Wishes(leave, again)).act(token, body)


def everybody_allows(_conn: Connection, people: Sequence[int], _at: int) -> frozenset[int]:
    return frozenset(people)


def nobody_leaves(_conn: Connection, _pk: int, _of: int | None, _source: str, /, *, channel: str = "email") -> bool:
    return not channel


@pytest.fixture
def given(database: Database, clock: Any, secrets: Secrets) -> Given:
    return Given(database, clock, secrets)


def test_a_click_is_of_the_channel_whose_link_it_was(given: Given) -> None:
    hits = [given.hit(0), given.hit(1), given.hit(TRAP), given.hit(0, HitKind.OPEN)]

    HitEvents(given.db, given.clock, everybody_allows).write(hits)

    with given.db.reading() as conn:
        found = [(row.kind, row.channel) for row in conn.execute(select(event).order_by(event.c.pk))]
    assert found == [("clicked", "email"), ("clicked", "sms"), ("clicked", "email"), ("opened", "email")]


def test_who_follows_every_link_of_a_later_step_is_a_program_too(given: Given) -> None:
    links = tuple(Link(no=no, url=f"https://northwind.example/{no}", label="") for no in range(3))
    with given.db.transaction() as conn:
        repository.write_messages(conn, given.pk, [bed.template().model_copy(update={"links": links})], step=1)
        row = {"campaign_pk": given.pk, "contact_pk": given.people[0], "channel": "email", "step": 1, "chunk_no": 0,
               "state": "accepted", "variant": "A", "due_at": 0, "at": given.clock.now() - 60_000}  # fmt: skip
        conn.execute(insert(delivery), [row])

    HitEvents(given.db, given.clock, everybody_allows).write([given.hit(no, step=1) for no in (2, 3, 4)])

    with given.db.reading() as conn:
        rows = conn.execute(select(event)).all()
    assert [row.machine >= 0.5 for row in rows] == [True] * 3


def test_taking_back_a_no_to_texts_says_yes_to_texts_alone(given: Given) -> None:
    given.act(Channel.EMAIL, b"what=leave")
    given.act(Channel.SMS, b"what=leave")
    assert {channel for channel, _ in given.noes()} == {"email", "sms"}

    given.act(Channel.SMS, b"what=again")

    assert given.noes() == {("email", "unsubscribed")}
    with given.db.reading() as conn:
        granted = select(consent.c.purpose).where(consent.c.state == "granted")
        assert set(conn.execute(granted).scalars()) == {"marketing_sms"}


def test_taking_back_a_no_to_mail_leaves_the_no_to_texts(given: Given) -> None:
    given.act(Channel.SMS, b"what=leave")
    given.act(Channel.EMAIL, b"what=leave")

    given.act(Channel.EMAIL, b"what=again")

    assert given.noes() == {("sms", "unsubscribed")}


def test_the_way_out_of_a_text_speaks_its_language_for_its_brand(given: Given) -> None:
    token = Token(TokenPurpose.UNSUBSCRIBE, given.pk, given.people[0], 0, OUT_OF[Channel.SMS])
    page = WayOut(given.db, given.clock, Wishes(nobody_leaves)).ask(token).decode()
    assert 'lang="de"' in page
    assert "Northwind" in page


def test_opens_of_a_step_that_came_later_are_seen_too(database: Database, clock: Any) -> None:
    people = bed.add_people(database, 2, clock.now())
    pk = bed.add_campaign(database, people, clock.now())
    hooks = bed.hooks(may_track=everybody_allows)
    ledger = Ledger(database, clock, hooks, owner="one", boot_id="boot", relay="relay")
    assert [each.opens for each in ledger.step(10).claimed] == [False, False]
    template = bed.template().model_copy(update={"track_opens": True})
    with database.transaction() as conn:
        repository.write_messages(conn, pk, [template], step=1)
        enlist(conn, pk, 1, Channel.EMAIL, [(each, "A", clock.now()) for each in people])

    assert [(each.step, each.opens) for each in ledger.step(10).claimed] == [(1, True), (1, True)]
    ledger.leave()
    ledger.close()


def test_an_attribute_named_like_browsers_is_none(database: Database, clock: Any) -> None:
    (pk,) = bed.add_people(database, 1, clock.now())
    with database.transaction() as conn:
        conn.execute(update(contact).values(attributes={"push_subscriptions": "two"}))
        subscribe(conn, pk, ("https://push.example/1", "p", "a"), source="page", wording="Yes", at=clock.now())
        found = fields_for_push(conn, [pk])

    assert found[pk]["push_subscriptions"] == [{"endpoint": "https://push.example/1", "p256dh": "p", "auth": "a"}]


async def test_one_push_service_that_asks_for_quiet_does_not_silence_the_others() -> None:
    class Crowd:
        """A provider whose messages go to many services, one of which says later."""

        name, url, wants_parts, batch, repeatable = "crowd", "", True, 1, False

        async def exchange(self, messages: Sequence[Any], _client: Any) -> list[Outcome]:
            return [Outcome(Result.DEFERRED, "503", "later", wait=3_600_000) for _ in messages]

    channel: Any = HttpChannel(Crowd(), Guard())  # type: ignore[arg-type]
    channel._client = object()

    assert (await channel._exchange([object()]))[0].wait == 3_600_000
    assert channel._until_free() <= 0
