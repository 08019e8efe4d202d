"""What a returned mail does: matching by MAC, state, event, suppression, guard rail, once for each mail."""

from __future__ import annotations

import smtplib
import ssl
from typing import Any

import pytest
from sqlalchemy import func, select, update
from tests.integration.distribution_bed import (
    SIGNER,
    WallClock,
    add_campaign,
    add_people,
    free_port,
    hooks,
    running,
    sink,
    states,
    wait_for,
)

from tidings.audience.erasure import erase_contact
from tidings.audience.suppression import is_suppressed
from tidings.audience.unsubscribe import unsubscribe
from tidings.distribution.channels.smtp import SmtpChannel
from tidings.distribution.ledger import Ledger
from tidings.distribution.relay import Relay
from tidings.distribution.returns import guard
from tidings.distribution.returns.guard import Guard
from tidings.distribution.returns.intake import Intake
from tidings.distribution.returns.loop import ReturnsLoop
from tidings.distribution.returns.report import Kind
from tidings.distribution.returns.source import Source, parse_bounce_address, parse_source
from tidings.distribution.service import DistributionService
from tidings.distribution.templates import Addresses
from tidings.distribution.tokens import TokenPurpose
from tidings.distribution.worker import Worker
from tidings.domain.consent import SuppressionReason
from tidings.domain.errors import InvalidInputError
from tidings.engine.process import boot_id
from tidings.events.activity import ActivityFeed
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.database import Database
from tidings.store.tables import activity, attempt, contact, decision, delivery, event, returned_mail


class Bed:
    """A campaign that was sent, and the intake of a house without its faces."""

    def __init__(self, db: Database, clock: Any, secrets: Secrets, number: int = 3) -> None:
        self.db, self.clock, self.secrets = db, clock, secrets
        self.people = add_people(db, number, clock.now())
        self.campaign = add_campaign(db, self.people, clock.now())
        with db.transaction() as conn:
            conn.execute(update(delivery).values(state="accepted", at=clock.now()))
            for row in conn.execute(select(contact.c.pk, contact.c.email)).all():
                digest = address_hash(secrets, row.email)
                conn.execute(update(contact).where(contact.c.pk == row.pk).values(address_hash=digest))
        service = DistributionService(db, clock, secrets, base_url="https://localhost:8443")
        feed = ActivityFeed(db, clock)
        self.intake = Intake(db, clock, SIGNER, self.suppress, Guard(service.hold, feed.note), feed.note)

    def suppress(self, conn: Any, person: int, campaign: int | None, source: str, reason: SuppressionReason) -> bool:
        return unsubscribe(conn, self.secrets, person, campaign, source, self.clock.now(), reason)

    def verp(self, person: int) -> str:
        return f"bounces+{SIGNER.sign_return(self.campaign, person, 0)}@example.net"

    def suppressed(self, n: int) -> bool:
        with self.db.reading() as conn:
            return is_suppressed(conn, self.secrets, f"p{n}@example.com", "email")

    def events(self) -> list[tuple[str, dict[str, str]]]:
        with self.db.reading() as conn:
            return [(row.kind, row.detail) for row in conn.execute(select(event).order_by(event.c.pk))]


@pytest.fixture
def bed(database: Database, clock: Any, secrets: Secrets) -> Bed:
    return Bed(database, clock, secrets)


def bounce(
    diagnostic: str, *, to: str = "x@example.net", who: str = "p0@example.com", action: str = "failed",
    original: str = "", envid: str = "",
) -> bytes:  # fmt: skip
    """A delivery status notification as Postfix writes it."""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n{envid}\r\n"
        f"Final-Recipient: rfc822; {who}\r\nAction: {action}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{original}\r\n--b--\r\n"
    ).encode()


def test_a_hard_bounce_suppresses_once(bed: Bed) -> None:
    raw = bounce("550 5.1.1 User unknown", to=bed.verp(bed.people[0]), who="somebody@else.example")
    taken = bed.intake.take(raw)
    assert taken.match is not None
    assert (taken.match.by, taken.match.contact_pk, taken.suppressed) == ("return address", bed.people[0], True)
    assert bed.intake.take(raw).new is False
    assert states(bed.db, bed.campaign) == {"accepted": 2, "bounced": 1}
    [(kind, detail)] = bed.events()
    assert kind == "bounced"
    assert (detail["type"], detail["status"], detail["reason"]) == ("hard", "5.1.1", "unknown address")
    assert [bed.suppressed(n) for n in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    ("diagnostic", "kind"),
    [("552 5.2.2 Mailbox full", "soft"), ("550 5.7.515 Access denied, sending domain", "soft"),
     ("550 5.7.1 blocked using Spamhaus", "soft")],
)  # fmt: skip
def test_full_mailboxes_and_policy_never_suppress(bed: Bed, diagnostic: str, kind: str) -> None:
    assert not bed.intake.take(bounce(diagnostic, to=bed.verp(bed.people[0]))).suppressed
    assert bed.events()[0][1]["type"] == kind
    assert not bed.suppressed(0)


def test_a_late_mail_changes_nothing(bed: Bed) -> None:
    bed.intake.take(bounce("450 4.2.1 try later", to=bed.verp(bed.people[0]), action="delayed"))
    assert states(bed.db, bed.campaign) == {"accepted": 3}
    assert bed.events() == []


def test_matches_without_a_return_address_by_what_only_we_can_have_written(bed: Bed) -> None:
    id_ = SIGNER.message_id(bed.campaign, bed.people[1], 0)
    by_id = bounce("550 5.1.1 no", who="p1@example.com", original=f"Message-ID: <{id_}@northwind.example>")
    token = SIGNER.sign(TokenPurpose.UNSUBSCRIBE, bed.campaign, bed.people[2], 0, 0)
    by_link = bounce(
        "550 5.1.1 no", who="one@else.example", original=f"List-Unsubscribe: <https://localhost:8443/u/{token}>"
    )
    envid = f"Original-Envelope-Id: {SIGNER.sign_return(bed.campaign, bed.people[0], 0)}\r\n"
    found = [bed.intake.take(raw).match for raw in (by_id, by_link, bounce("550 5.1.1 no", envid=envid))]
    assert [each and each.by for each in found] == ["Message-ID", "unsubscribe link", "envelope id"]
    assert all(bed.suppressed(n) for n in range(3))


def test_an_address_alone_counts_but_suppresses_nobody(bed: Bed) -> None:
    taken = bed.intake.take(bounce("550 5.1.1 User unknown", who="p1@example.com"))
    assert taken.match is not None
    assert (taken.match.by, taken.suppressed) == ("recipient", False)
    assert states(bed.db, bed.campaign)["bounced"] == 1
    forged = bed.verp(bed.people[0]).replace("+", "+a", 1)[: -len("@example.net") - 1] + "@example.net"
    assert bed.intake.take(bounce("550 5.1.1 no", to=forged, who="nobody@example.org")).match is None


def complaint(to: str, feedback: str = "abuse") -> bytes:
    return (
        f"From: fbl@isp.example\r\nTo: {to}\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {feedback}\r\nVersion: 1\r\n"
        f"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Bread\r\n\r\nHi\r\n--b--\r\n"
    ).encode()


def test_a_complaint_is_a_no_and_a_report_about_authentication_is_not(bed: Bed) -> None:
    assert bed.intake.take(complaint(bed.verp(bed.people[0]))).suppressed
    assert not bed.intake.take(complaint(bed.verp(bed.people[1]), "auth-failure")).suppressed
    assert [kind for kind, _ in bed.events()] == ["complained"]
    assert states(bed.db, bed.campaign) == {"accepted": 2, "complained": 1}
    assert [bed.suppressed(n) for n in range(2)] == [True, False]


def test_an_unsubscribe_mail_is_heard(bed: Bed) -> None:
    token = SIGNER.sign(TokenPurpose.UNSUBSCRIBE, bed.campaign, bed.people[0], 0, 0)
    raw = f"From: p0@example.com\r\nTo: hello@northwind.example\r\nSubject: unsubscribe {token}\r\n\r\n".encode()
    assert bed.intake.take(raw).suppressed
    assert bed.suppressed(0)
    assert [kind for kind, _ in bed.events()] == ["unsubscribed"]


def test_a_reply_is_kept_until_the_person_is_erased(bed: Bed) -> None:
    id_ = SIGNER.message_id(bed.campaign, bed.people[0], 0)
    raw = (
        "From: Ann <p0@example.com>\r\nTo: hello@northwind.example\r\nSubject: Re: Bread\r\n"
        f"In-Reply-To: <{id_}@northwind.example>\r\n\r\nSave two loaves \x00 please.\r\n"
    ).encode()
    taken = bed.intake.take(raw)
    assert taken.report.kind is Kind.REPLY
    assert taken.match is not None
    assert taken.match.by == "Message-ID"
    with bed.db.transaction() as conn:
        row = conn.execute(select(returned_mail)).one()
        assert ("Save two loaves" in row.text, row.contact_pk) == (True, bed.people[0])
        erase_contact(conn, bed.secrets, bed.people[0], bed.clock.now())
        row = conn.execute(select(returned_mail)).one()
        assert (row.text, row.sender, row.subject, row.contact_pk) == ("", "", "", None)


def test_the_guard_rail_holds_the_campaign_once_and_says_why(
    database: Database, clock: Any, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "AT_LEAST", 100)
    bed = Bed(database, clock, secrets, number=10)
    with database.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[9]).values(state="planned"))
    held = [
        bed.intake.take(bounce("550 5.1.1 User unknown", to=bed.verp(person))).held for person in bed.people[:8]
    ]  # fmt: skip
    assert [n for n, reason in enumerate(held) if reason] == [5]  # the sixth: more than 5 % of a hundred
    assert held[5] == "guard rail: 6 hard bounces of 100 mails, more than 5.0%"
    assert states(database, bed.campaign)["held"] == 1
    with database.reading() as conn:
        [made] = conn.execute(select(decision.c.kind, decision.c.summary)).all()
        assert made.kind == "hold"
        assert "6 hard bounces" in made.summary
        assert conn.execute(select(func.count()).select_from(activity)).scalar_one() == 1


def test_two_complaints_hold_a_small_campaign(bed: Bed) -> None:
    held = [bed.intake.take(complaint(bed.verp(person))).held for person in bed.people[:2]]
    assert held == ["", "guard rail: 2 complaints of 1,000 mails, more than 0.1%"]


def test_hostile_mails_do_not_stop_the_intake(bed: Bed) -> None:
    pieces = (b"\x00", b"\xff\xfe", b"=?x?q?=00?=", b"\xed\xa0\x80")
    for piece in pieces:
        raw = bounce("550 5.1.1 no").replace(b"p0@example.com", b"p0" + piece + b"@example.com")
        bed.intake.take(raw.replace(b"Subject: ", b"Subject: " + piece).replace(b"5.1.1 no", b"5.1.1 no " + piece))
    with bed.db.reading() as conn:
        assert conn.execute(select(func.count()).select_from(returned_mail)).scalar_one() == len(pieces)


def test_mails_leave_with_a_return_address_of_their_own(sqlite_database: Database) -> None:
    clock = WallClock()
    people = add_people(sqlite_database, 3, clock.now())
    pk = add_campaign(sqlite_database, people, clock.now())
    with sink() as there:
        relay = Relay("127.0.0.1", there.port, "none")
        ledger = Ledger(
            sqlite_database, clock, hooks(), owner="one", boot_id=boot_id(sqlite_database), relay="sink"
        )  # fmt: skip
        addresses = Addresses("https://localhost:8443", SIGNER, "bounces@example.net")
        channel = SmtpChannel(relay, connections=1, ehlo_name="test.example")
        with running(Worker(sqlite_database, clock, ledger, channel, addresses, None, lanes=1)):
            wait_for(lambda: sum(there.to.values()) == 3)
        senders = list(there.envelopes)
    assert len(senders) == 3
    for sender in senders:
        local, _, domain = sender.partition(b"@")
        token = SIGNER.read_return(local.partition(b"+")[2].decode())
        assert domain == b"example.net"
        assert token is not None
        assert (token.campaign_pk, token.contact_pk in people) == (pk, True)


def test_the_listener_takes_return_addresses_only(bed: Bed) -> None:
    source = Source("smtp", "127.0.0.1", free_port(), "none")
    loop = ReturnsLoop(bed.db, bed.clock, source, "bounces@example.net", bed.intake)
    loop.start()
    try:
        raw = bounce("550 5.1.1 User unknown", to="somebody@example.net")
        wait_for(lambda: _answers(source.port))
        with smtplib.SMTP("127.0.0.1", source.port, timeout=10) as client:
            client.sendmail("", [bed.verp(bed.people[0])], raw)
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                client.sendmail("", ["somebody@example.net"], raw)
    finally:
        loop.stop()
    assert bed.suppressed(0)


def _answers(port: int) -> bool:
    try:
        smtplib.SMTP("127.0.0.1", port, timeout=1).quit()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://user:p@host", "begins with `http:`"), ("imaps://host", "user and password"),
        ("imap://user:p@mail.example.com?tls=none", "must not go"), ("imaps://", "no host"),
        ("imaps://u:p@host:99999", "cannot be read"), ("pop3s://u:p@host?x=1", "unknown option"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_source(url: str, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        parse_source(url)


def test_reads_a_source() -> None:
    source = parse_source("imaps://me%40example.com:s%2Fcret@mail.example.com/Bounces?move=Done")
    assert (source.user, source.password, source.port) == ("me@example.com", "s/cret", 993)
    assert (source.folder, source.move_to, source.tls) == ("Bounces", "Done", "implicit")
    assert "s/cret" not in source.name
    assert source.context().verify_mode is ssl.CERT_REQUIRED
    with pytest.raises(InvalidInputError):
        parse_bounce_address("a+b@example.com")


def receipt(to: str, action: str) -> bytes:
    return bounce("250 2.0.0 Ok", to=to, action=action)


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (lambda to: bounce("550 5.1.1 User unknown", to=to), "bounced"),
        (lambda to: bounce("450 4.2.1 try later", to=to, action="delayed"), "accepted"),
        (lambda to: receipt(to, "delivered"), "delivered"),
        (lambda to: receipt(to, "relayed"), "accepted"),
        (complaint, "complained"),
    ],
)
def test_what_comes_back_settles_an_uncertain_delivery(bed: Bed, raw: Any, state: str) -> None:
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[0]).values(state="uncertain"))
    bed.intake.take(raw(bed.verp(bed.people[0])))
    counted = states(bed.db, bed.campaign)
    assert "uncertain" not in counted
    assert counted[state] == (3 if state == "accepted" else 1)
    with bed.db.reading() as conn:
        row = conn.execute(select(attempt)).one()
    assert (row.outcome, row.words.partition(":")[0]) == (state, "settled by returned mail")
    assert "accepted" in [kind for kind, _ in bed.events()]


def test_a_receipt_without_proof_settles_nothing(bed: Bed) -> None:
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[0]).values(state="uncertain"))
    bed.intake.take(receipt("bounces@example.net", "delivered"))
    assert states(bed.db, bed.campaign)["uncertain"] == 1
