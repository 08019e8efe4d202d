"""What a provider's report does: state, event, suppression, guard rail, uncertain deliveries; once, or not at all."""

from __future__ import annotations

import json
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr, create_model
from sqlalchemy import func, insert, select, update
from starlette.testclient import TestClient
from tests.integration.distribution_bed import SIGNER, add_campaign, add_people, states
from tests.reports_bed import NOW, SendGridSigner, mailgun

from tidings.audience.erasure import erase_contact
from tidings.audience.suppression import is_suppressed
from tidings.audience.unsubscribe import unsubscribe
from tidings.distribution.accounts.schemas import Account
from tidings.distribution.reports.desk import ReportDesk
from tidings.distribution.reports.endpoint import MAX_BODY, ReportsApp
from tidings.distribution.reports.twilio import signature
from tidings.distribution.returns import guard
from tidings.distribution.returns.guard import Guard
from tidings.distribution.service import DistributionService
from tidings.distribution.tokens import Token, TokenPurpose
from tidings.domain.consent import SuppressionReason
from tidings.domain.errors import NotFoundError, UnavailableError
from tidings.events.activity import ActivityFeed
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.database import Database
from tidings.store.tables import (
    attempt,
    campaign,
    consent,
    contact,
    delivery,
    event,
    provider_event,
    provider_reference,
)

FORM = create_model(
    "Form",
    auth_token=(SecretStr | None, None),
    webhook_public_key=(SecretStr | None, None),
    webhook_secret=(SecretStr | None, None),
)


class Bed:
    """A campaign that was sent through two accounts, and the endpoint without its house."""

    def __init__(self, db: Database, clock: Any, secrets: Secrets, number: int = 4) -> None:
        self.db, self.clock, self.secrets = db, clock, secrets
        clock.at = NOW
        self.people = add_people(db, number, NOW)
        self.campaign = add_campaign(db, self.people, NOW)
        self.signer = SendGridSigner()
        with db.transaction() as conn:
            conn.execute(update(delivery).values(state="accepted", at=NOW, attempt=1))
            for row in conn.execute(select(contact.c.pk, contact.c.email)).all():
                digest = address_hash(secrets, row.email)
                conn.execute(update(contact).where(contact.c.pk == row.pk).values(address_hash=digest))
        service = DistributionService(db, clock, secrets, base_url="https://localhost:8443")
        feed = ActivityFeed(db, clock)
        self.desk = ReportDesk(
            db, clock, SIGNER, account=self.account, fetch=self.fetch, suppress=self.suppress,
            guard=Guard(service.hold, feed.note), hashed=partial(address_hash, secrets),
            own_url="https://localhost:8443/t/",
        )  # fmt: skip
        self.app = ReportsApp(self.desk, "https://localhost:8443")
        self.web = TestClient(self.app, raise_server_exceptions=False)  # type: ignore[arg-type]

    def account(self, _conn: Any, account_id: str) -> Account:
        forms = {
            "chn_sg": ("sendgrid", FORM(webhook_public_key=SecretStr(self.signer.public))),
            "chn_tw": ("twilio", FORM(auth_token=SecretStr("tok"))),
            "chn_mg": ("mailgun", FORM(webhook_secret=SecretStr("key-1"))),
        }
        if account_id not in forms:
            raise NotFoundError("no such account")
        provider, form = forms[account_id]
        return Account(account_id, provider, "email", provider, None, form)

    def fetch(self, url: str) -> bytes:
        raise UnavailableError(url)

    def suppress(
        self, conn: Any, person: int, campaign_pk: int | None, source: str,
        reason: SuppressionReason = SuppressionReason.UNSUBSCRIBED, channel: str = "email",
    ) -> bool:  # fmt: skip
        return unsubscribe(conn, self.secrets, person, campaign_pk, source, self.clock.now(), reason, channel)

    def refer(self, n: int, name: str, provider: str = "sendgrid") -> None:
        with self.db.transaction() as conn:
            conn.execute(
                insert(provider_reference).values(
                    provider=provider, reference=name, campaign_pk=self.campaign, contact_pk=self.people[n],
                    channel="email", step=0, at=NOW,
                )
            )  # fmt: skip

    def token(self, n: int) -> str:
        return SIGNER.sign_return(self.campaign, self.people[n], 0)

    def told(self, n: int, name: str, kind: str = "bounce", **more: Any) -> dict[str, Any]:
        base = {"email": f"p{n}@example.com", "event": kind, "sg_event_id": name, "timestamp": NOW // 1000 + 5}
        return {**base, "tidings": self.token(n), **more}

    def post(self, *events: dict[str, Any]) -> int:
        body = json.dumps(events).encode()
        return self.web.post("/hooks/sendgrid/chn_sg", content=body, headers=self.signer.headers(body)).status_code

    def suppressed(self, n: int, channel: str = "email") -> bool:
        with self.db.reading() as conn:
            return is_suppressed(conn, self.secrets, f"p{n}@example.com", channel)

    def events(self) -> list[tuple[str, dict[str, str]]]:
        with self.db.reading() as conn:
            return [(row.kind, row.detail) for row in conn.execute(select(event).order_by(event.c.pk))]

    def kept(self) -> list[Any]:
        with self.db.reading() as conn:
            return list(conn.execute(select(provider_event).order_by(provider_event.c.event_id)))


@pytest.fixture
def bed(database: Database, clock: Any, secrets: Secrets) -> Bed:
    return Bed(database, clock, secrets)


def test_each_kind_has_its_effect_once_however_often_it_is_told(bed: Bed) -> None:
    batch = [
        bed.told(0, "a", reason="550 5.1.1 User unknown", type="bounce"),
        bed.told(1, "b", "delivered", response="250 OK"),
        bed.told(2, "c", "spamreport"),
        bed.told(3, "d", "unsubscribe"),
        bed.told(1, "e", "processed"),
    ]
    assert bed.post(*batch) == 200
    assert bed.post(*batch, batch[0]) == 200
    assert bed.post(batch[0]) == 200
    assert states(bed.db, bed.campaign) == {"bounced": 1, "delivered": 1, "complained": 1, "accepted": 1}
    kinds = sorted(kind for kind, _ in bed.events())
    assert kinds == ["bounced", "complained", "delivered", "unsubscribed"]
    detail = dict(bed.events())["bounced"]
    assert (detail["type"], detail["cause"], detail["status"]) == ("hard", "user unknown", "5.1.1")
    assert [bed.suppressed(n) for n in range(4)] == [True, False, True, True]
    rows = bed.kept()
    assert [(row.kind, row.matched) for row in rows] == [
        ("bounced", "token"), ("delivered", "token"), ("complained", "token"), ("unsubscribed", "token"),
        ("sent", "token"),
    ]  # fmt: skip
    assert rows[0].body["reason"] == "550 5.1.1 User unknown"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_proves_nothing_writes_nothing(bed: Bed) -> None:
    body = json.dumps([bed.told(0, "a")]).encode()
    for headers in ({}, SendGridSigner().headers(body), bed.signer.headers(body + b" ")):
        assert bed.web.post("/hooks/sendgrid/chn_sg", content=body, headers=headers).status_code == 401
    good = bed.signer.headers(body)
    for path, status in (
        ("/hooks/sendgrid/chn_none", 404), ("/hooks/postmark/chn_sg", 404), ("/hooks/generic/chn_sg", 404),
        ("/hooks/sendgrid", 404), ("/hooks/sendgrid/chn_sg/more", 404),
    ):  # fmt: skip
        assert bed.web.post(path, content=body, headers=good).status_code == status
    assert bed.web.get("/hooks/sendgrid/chn_sg").status_code == 405
    large = b" " * (MAX_BODY + 1)
    assert bed.web.post("/hooks/sendgrid/chn_sg", content=large, headers=bed.signer.headers(large)).status_code == 413
    broken = b"{"
    answer = bed.web.post("/hooks/sendgrid/chn_sg", content=broken, headers=bed.signer.headers(broken))
    assert (answer.status_code, answer.content) == (400, b"")
    assert (bed.kept(), bed.events(), states(bed.db, bed.campaign)) == ([], [], {"accepted": 4})


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_signature_that_covers_no_body_serves_once(bed: Bed) -> None:
    one = {"event": "failed", "severity": "permanent", "reason": "bounce", "id": "1", "recipient": "p0@example.com",
           "delivery-status": {"code": 550, "message": "5.1.1 no such user"}}  # fmt: skip
    other = {**one, "id": "2", "recipient": "p1@example.com"}
    first = json.loads(mailgun("key-1", one))
    forged = {**first, "event-data": other}
    for body in (first, first, forged):
        assert bed.web.post("/hooks/mailgun/chn_mg", json=body).status_code == 200
    assert [bed.suppressed(n) for n in range(2)] == [True, False]
    assert states(bed.db, bed.campaign) == {"accepted": 3, "bounced": 1}


def test_finds_by_reference_message_id_and_address(bed: Bed) -> None:
    bed.refer(0, "abc")
    own = SIGNER.message_id(bed.campaign, bed.people[1], 0)
    nothing = {"tidings": "x"}
    bed.post(
        bed.told(0, "a", sg_message_id="abc.filter1", email="else@example.org", **nothing),
        bed.told(1, "b", "delivered", **{"smtp-id": f"<{own}@northwind.example>"}, **nothing),
        bed.told(2, "c", reason="550 5.1.1 no such user", **nothing),
        bed.told(3, "d", "delivered", **nothing),  # an address alone does not say which mail arrived
        bed.told(3, "e", reason="550 5.1.1 no such user", email="nobody@example.org", **nothing),
    )
    found = [row.matched for row in bed.kept()]
    assert found == ["reference", "Message-ID", "address, told by the provider", "", ""]
    assert states(bed.db, bed.campaign) == {"bounced": 2, "delivered": 1, "accepted": 1}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "state"), [("delivered", "delivered"), ("bounce", "bounced"), ("processed", "accepted"),
                        ("deferred", "accepted"), ("spamreport", "complained")],
)  # fmt: skip
def test_settles_what_was_uncertain_and_shows_how(bed: Bed, kind: str, state: str) -> None:
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[0]).values(state="uncertain"))
    bed.post(bed.told(0, "a", kind, reason="550 5.1.1 no such user" if kind == "bounce" else ""))
    assert states(bed.db, bed.campaign).get(state, 0) >= 1
    assert "uncertain" not in states(bed.db, bed.campaign)
    with bed.db.reading() as conn:
        row = conn.execute(select(attempt)).one()
    assert row.outcome == state
    assert row.words.startswith("settled by sendgrid")
    assert "accepted" in [kind for kind, _ in bed.events()]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_full_mailboxes_and_policy_suppress_nobody_and_lists_of_the_provider_do(bed: Bed) -> None:
    bed.post(
        bed.told(0, "a", reason="552 5.2.2 mailbox full"),
        bed.told(1, "b", type="blocked", reason="550 5.7.1 blocked using Spamhaus"),
        bed.told(2, "c", "dropped", reason="Unsubscribed Address"),
        bed.told(3, "d", "dropped", reason="Bounced Address"),
    )
    assert [bed.suppressed(n) for n in range(4)] == [False, False, True, True]
    assert states(bed.db, bed.campaign) == {"bounced": 4}


def test_waits_for_what_is_recorded_a_moment_later(bed: Bed) -> None:
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[1]).values(state="attempting"))
    bed.post(
        bed.told(0, "a", sg_message_id="later", tidings="x", email="q@example.org", reason="550 5.1.1 no such user"),
        bed.told(1, "b", sg_message_id="early", reason="550 5.1.1 no such user"),
    )
    assert [row.state for row in bed.kept()] == ["waiting", "waiting"]
    assert bed.desk.again() == 2
    bed.refer(0, "later")
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[1]).values(state="accepted"))
    assert bed.desk.again() == 0
    assert [row.state for row in bed.kept()] == ["done", "done"]
    assert [bed.suppressed(n) for n in range(2)] == [True, True]
    assert states(bed.db, bed.campaign) == {"bounced": 2, "accepted": 2}
    bed.post(bed.told(2, "c", sg_message_id="never", tidings="x", email="q@example.org"))
    bed.clock.advance(3 * 3_600_000)
    assert bed.desk.again() == 0
    assert bed.kept()[2].state == "nobody"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_opens_count_with_consent_only_and_own_links_once(bed: Bed) -> None:
    with bed.db.transaction() as conn:
        conn.execute(
            insert(consent).values(
                id="con_1", contact_pk=bed.people[1], purpose="open_tracking", state="granted", at=NOW - 1,
                source="form", wording="x",
            )
        )  # fmt: skip
    bed.post(
        bed.told(0, "a", "open"), bed.told(1, "b", "open", sg_machine_open=True),
        bed.told(1, "c", "click", url="https://localhost:8443/t/abc"),
        bed.told(1, "d", "click", url="https://northwind.example/workshop"),
    )  # fmt: skip
    with bed.db.reading() as conn:
        rows = conn.execute(select(event.c.kind, event.c.contact_pk, event.c.machine).order_by(event.c.pk)).all()
    assert [tuple(row) for row in rows] == [("opened", bed.people[1], 1.0), ("clicked", bed.people[1], 0.0)]
    assert len(bed.kept()) == 4


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_provider_saw_is_of_the_variant_they_got_and_own_links_elsewhere_count_once(bed: Bed) -> None:
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[1]).values(variant="B"))
    own = SIGNER.make(Token(TokenPurpose.CLICK, bed.campaign, bed.people[1]))
    bed.post(
        bed.told(1, "a", "click", url=f"https://links.northwind.example/t/{own}"),
        bed.told(1, "b", "click", url="https://northwind.example/t/shirts"),
        bed.told(1, "c", "unsubscribe"),
    )  # fmt: skip
    with bed.db.reading() as conn:
        rows = conn.execute(select(event.c.kind, event.c.variant).order_by(event.c.pk)).all()
    assert [tuple(row) for row in rows] == [("clicked", "B"), ("unsubscribed", "B")]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_guard_rail_hears_of_it(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "AT_LEAST", 10)
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[3]).values(state="planned"))
    bed.post(bed.told(0, "a", reason="550 5.1.1 no such user"))
    assert states(bed.db, bed.campaign)["held"] == 1


def test_unknown_events_are_kept_and_an_erasure_silences_them(bed: Bed) -> None:
    bed.post(bed.told(0, "a", "levitated", what="p0@example.com"), bed.told(1, "b", "odd", tidings="x"))
    with bed.db.transaction() as conn:
        for person in bed.people[:2]:
            erase_contact(conn, bed.secrets, person, NOW)
    for row in bed.kept():
        assert (row.kind, row.contact_pk, row.body, row.said, row.recipient_hash) == ("unknown", None, {}, {}, "")


def test_a_fault_leaves_nothing_half_and_asks_to_come_again(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [bed.told(0, "a", reason="550 5.1.1 no such user"), bed.told(1, "b", "spamreport")]

    def fail(*_: object, **__: object) -> bool:
        raise RuntimeError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("tidings.distribution.reports.desk.append", fail)
        assert bed.post(*batch) == 503
    assert (bed.kept(), states(bed.db, bed.campaign)) == ([], {"accepted": 4})
    assert bed.post(*batch) == 200
    assert states(bed.db, bed.campaign) == {"accepted": 2, "bounced": 1, "complained": 1}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_text_message_that_fails_for_good_leaves_the_mail_address_alone(bed: Bed) -> None:
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[0]).values(channel="sms"))
        conn.execute(
            insert(provider_reference).values(
                provider="sendgrid", reference="sms1", campaign_pk=bed.campaign, contact_pk=bed.people[0],
                channel="sms", step=0, at=NOW,
            )
        )  # fmt: skip
    bed.post(bed.told(0, "a", tidings="x", sg_message_id="sms1", reason="550 5.1.1 no such user"))
    assert (bed.suppressed(0), bed.suppressed(0, "sms")) == (False, True)


def test_a_thousand_events_at_once(database: Database, clock: Any, secrets: Secrets) -> None:
    bed = Bed(database, clock, secrets, number=1_000)
    assert bed.post(*(bed.told(n, f"e{n:04}", "delivered", response="250 OK") for n in range(1_000))) == 200
    assert states(bed.db, bed.campaign) == {"delivered": 1_000}
    with bed.db.reading() as conn:
        assert conn.execute(select(func.count()).select_from(provider_event)).scalar_one() == 1_000
        assert conn.execute(select(func.count()).select_from(campaign)).scalar_one() == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_stop_by_text_message_is_heard_from_the_number_that_was_written_to(bed: Bed) -> None:
    with bed.db.transaction() as conn:
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[0]).values(channel="sms"))
        conn.execute(
            insert(provider_reference).values(
                provider="twilio", reference="SM1", campaign_pk=bed.campaign, contact_pk=bed.people[0], channel="sms",
                step=0, at=NOW,
            )
        )  # fmt: skip

    def tell(fields: dict[str, str]) -> int:
        signed = signature("tok", "https://localhost:8443/hooks/twilio/chn_tw", list(fields.items()))
        headers = {"X-Twilio-Signature": signed, "Content-Type": "application/x-www-form-urlencoded"}
        return bed.web.post("/hooks/twilio/chn_tw", content=urlencode(fields), headers=headers).status_code

    stop = {"MessageSid": "SM9", "SmsStatus": "received", "Body": "STOP", "From": "+49 151 1234"}
    assert tell({**stop, "MessageSid": "SM8"}) == 200  # nobody is known by that number yet
    with bed.db.transaction() as conn:
        digest = address_hash(bed.secrets, "+431234567")
        conn.execute(update(contact).where(contact.c.pk == bed.people[1]).values(phone_hash=digest))
        conn.execute(update(delivery).where(delivery.c.contact_pk == bed.people[1]).values(channel="sms"))
    assert tell({**stop, "MessageSid": "SM7", "From": "+43 1234567"}) == 200  # by the contact's own number
    assert bed.suppressed(1, "sms")
    assert tell({"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+491511234"}) == 200
    assert tell(stop) == 200
    assert (bed.suppressed(0, "sms"), bed.suppressed(0)) == (True, False)
    assert [kind for kind, _ in bed.events()] == ["unsubscribed", "delivered", "unsubscribed"]
