"""Answers of people: kept, shown to those who may, seen to, and heard when they say nothing but stop."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.distribution_bed import SIGNER
from tests.integration.test_distribution_returns import Bed

from tidings.distribution.returns.replies import ReplyService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.errors import ConflictError, ForbiddenError, NotFoundError
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import audit, returned_mail


def person(role: Role, brands: frozenset[str] = frozenset()) -> Actor:
    return Actor(ActorKind.PERSON, "acc_1", "Ada", role, brands)


ADMIN, AUTHOR, VIEWER = person(Role.ADMIN), person(Role.AUTHOR), person(Role.VIEWER)


@pytest.fixture
def bed(database: Database, clock: Any, secrets: Secrets) -> Bed:
    return Bed(database, clock, secrets)


@pytest.fixture
def service(bed: Bed) -> ReplyService:
    return ReplyService(bed.db, bed.clock, bed.suppress)


def answer(bed: Bed, n: int, text: str, *, subject: str = "Re: Bread", proved: bool = True) -> bytes:
    own = SIGNER.message_id(bed.campaign, bed.people[n], 0) if proved else "0badc0de"
    return (
        f"From: Ann <p{n}@example.com>\r\nTo: hello@northwind.example\r\nSubject: {subject}\r\n"
        f"In-Reply-To: <{own}@northwind.example>\r\n\r\n{text}\r\n"
    ).encode()


def test_a_reply_is_listed_read_and_seen_to(bed: Bed, service: ReplyService) -> None:
    bed.intake.take(answer(bed, 0, "Two loaves please.\r\n\r\n> Fresh bread"))
    bed.intake.take(answer(bed, 0, "Make it three."))
    rows, following = service.replies(ADMIN)
    assert ([row.excerpt for row in rows], following) == (["Make it three.", "Two loaves please."], "")
    assert (rows[0].campaign_name, rows[0].contact_id is not None, rows[0].wish) == ("one", True, "")
    shown = service.reply(ADMIN, rows[1].id)
    assert (shown.own, "> Fresh bread" in shown.text) == ("Two loaves please.", True)
    assert [each.id for each in shown.thread] == [rows[0].id]
    assert service.open_count(ADMIN) == 2
    service.mark(ADMIN, rows[0].id)
    service.mark(ADMIN, rows[0].id)
    assert service.open_count(ADMIN) == 1
    assert [row.done_by for row in service.replies(ADMIN, done=True)[0]] == ["Ada"]
    service.mark(ADMIN, rows[0].id, done=False)
    first, after = service.replies(ADMIN, limit=1)
    second, end = service.replies(ADMIN, limit=1, after=after)
    assert ([*first, *second], end) == (service.replies(ADMIN)[0], "")
    with bed.db.reading() as conn:
        assert list(conn.execute(select(audit.c.action)).scalars()) == ["reply.done", "reply.reopen"]


def test_words_and_addresses_are_for_those_who_may_see_them(bed: Bed, service: ReplyService) -> None:
    bed.intake.take(answer(bed, 0, "My phone is 12345"))
    [row] = service.replies(AUTHOR)[0]
    assert (row.sender, row.subject, row.excerpt, row.contact_name) == ("p…@example.com", "", "", "")
    shown = service.reply(AUTHOR, row.id)
    assert (shown.text, shown.own) == ("", "")
    for act in (lambda: service.mark(AUTHOR, row.id), lambda: service.unsubscribe(AUTHOR, row.id)):
        with pytest.raises(ForbiddenError):
            act()
    with pytest.raises(ForbiddenError):
        service.replies(VIEWER)
    elsewhere = person(Role.MANAGER, frozenset({"brd_other"}))
    assert service.replies(elsewhere) == ([], "")
    assert service.open_count(elsewhere) == 0
    for reply_id in (row.id, "rpl_none"):
        with pytest.raises(NotFoundError):
            service.reply(elsewhere, reply_id)


def test_stop_is_heard_by_itself_when_it_is_proved_and_clear(bed: Bed, service: ReplyService) -> None:
    for n, text, proved in ((0, "STOP", True), (1, "Please stop sending two of each", True), (2, "Stop", False)):
        bed.intake.take(answer(bed, n, text, proved=proved))
    assert [bed.suppressed(n) for n in range(3)] == [True, False, False]
    assert [kind for kind, _ in bed.events()] == ["unsubscribed"]
    rows = list(reversed(service.replies(ADMIN)[0]))
    assert [(row.wish, row.done_by) for row in rows] == [("clear", "Distribution agent"), ("maybe", ""), ("maybe", "")]


def test_a_person_unsubscribes_who_answered(bed: Bed, service: ReplyService) -> None:
    bed.intake.take(answer(bed, 1, "Take me off your list"))
    [row] = service.replies(ADMIN)[0]
    assert (service.unsubscribe(ADMIN, row.id), service.unsubscribe(ADMIN, row.id)) == (True, False)
    assert bed.suppressed(1)
    assert bed.events() == [("unsubscribed", {"source": "reply"})]
    assert service.open_count(ADMIN) == 0
    stranger = b"From: who@example.org\r\nSubject: Re: Bread\r\nIn-Reply-To: <x@y>\r\n\r\nStop\r\n"
    bed.intake.take(stranger)
    unknown = service.replies(ADMIN, done=False)[0][0]
    assert unknown.contact_id is None
    with pytest.raises(ConflictError):
        service.unsubscribe(ADMIN, unknown.id)
    with bed.db.reading() as conn:
        assert conn.execute(select(returned_mail.c.done_at).order_by(returned_mail.c.pk)).scalars().all()[1] is None
