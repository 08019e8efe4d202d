"""Blocklists, mail that comes back encrypted, and the bulk senders' count, against a name server of plain tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import insert

from tidings.distribution import volume
from tidings.distribution.dns.blocklists import check_addresses, check_domains
from tidings.distribution.dns.inbound_tls import MxTlsCheck, check_mta_sts, check_tls_reports
from tidings.distribution.dns.resolver import DnsUnreachableError
from tidings.distribution.findings import Area, Grade, PreflightFinding
from tidings.distribution.lint import HEAVY, Specimen, lint
from tidings.distribution.preflight import BULK, PROVIDERS
from tidings.distribution.preflight import volume as judge
from tidings.domain.instant import DAY, HOUR
from tidings.store.database import Database
from tidings.store.tables import brand, campaign, contact, delivery

TESTS = {
    "2.0.0.127.zen.spamhaus.org": ["127.0.0.2"], "2.0.0.127.bl.spamcop.net": ["127.0.0.2"],
    "2.0.0.127.b.barracudacentral.org": ["127.0.0.2"], "test.dbl.spamhaus.org": ["127.0.1.2"],
    "test.surbl.org.multi.surbl.org": ["127.0.0.254"],
}  # fmt: skip


@dataclass
class Table:
    """A resolver that answers from tables and remembers what it was asked."""

    a: dict[str, list[str]] = field(default_factory=lambda: dict(TESTS))
    texts: dict[str, list[str]] = field(default_factory=dict)
    hosts: list[tuple[int, str]] = field(default_factory=list)
    broken: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def addresses(self, name: str) -> list[str]:
        self.asked.append(name)
        if any(end in name for end in self.broken):
            raise DnsUnreachableError("silent")
        return self.a.get(name, [])

    def txt(self, name: str) -> list[str]:
        return self.texts.get(name, [])

    def mx(self, name: str) -> list[tuple[int, str]]:
        return self.hosts

    def pointers(self, address: str) -> list[str]:
        return []


def grades(found: list[PreflightFinding]) -> list[Grade]:
    return [each.grade for each in found]


def test_a_clean_relay_and_a_listed_one() -> None:
    assert grades(check_addresses(Table(), ["93.184.216.9"], "relay:25")) == [Grade.OK]
    listed = Table({**TESTS, "9.216.184.93.bl.spamcop.net": ["127.0.0.2"]})
    [found] = check_addresses(listed, ["93.184.216.9"], "relay:25")
    assert (found.grade, found.blocks) == (Grade.ERROR, False)
    assert "SpamCop" in found.message
    assert found.remedy.endswith("https://www.spamcop.net/bl.shtml")


def test_an_address_of_version_6_is_asked_by_its_nibbles() -> None:
    table = Table()
    check_addresses(table, ["2606:2800:220:1::1"], "relay:25")
    assert any(name.startswith("1.0.0.0.0.0.0.0.") and name.endswith(".zen.spamhaus.org") for name in table.asked)


@pytest.mark.parametrize(
    "table",
    [
        Table({}),  # a name server of a closed network denies even the test entry
        Table({name: ["127.255.255.254"] for name in TESTS}),  # the list refuses public resolvers
        Table(broken=("zen", "bl.", "b.")),
    ],
)
def test_a_list_that_gives_no_answer_is_not_checked(table: Table) -> None:
    [found] = check_addresses(table, ["93.184.216.9"], "relay:25")
    assert found.grade is Grade.NOT_CHECKED
    assert "Spamhaus ZEN" in found.message


def test_link_domains_are_asked_and_nothing_else_is() -> None:
    table = Table({**TESTS, "bad.shop.dbl.spamhaus.org": ["127.0.1.2"]})
    found = check_domains(table, ["Bakery.co", "bad.shop", "localhost", "10.0.0.1", "northwind.example.com"])
    assert [(each.place, each.grade) for each in found] == [("bakery.co", Grade.OK), ("bad.shop", Grade.ERROR)]
    assert {name.removesuffix(".dbl.spamhaus.org").removesuffix(".multi.surbl.org") for name in table.asked} == {
        "test", "test.surbl.org", "bakery.co", "bad.shop",
    }  # fmt: skip


def test_private_relays_are_not_asked_about() -> None:
    table = Table()
    assert grades(check_addresses(table, ["10.0.0.9"], "relay:25")) == [Grade.NOT_CHECKED]
    assert table.asked == []


def test_hints_for_mail_that_comes_back() -> None:
    none = Table()
    for check, name in ((check_mta_sts, "_mta-sts.bakery.co"), (check_tls_reports, "_smtp._tls.bakery.co")):
        [found] = check(none, "bakery.co")
        assert found.grade is Grade.OK
        assert found.record.startswith(f"{name}. IN TXT")
    there = Table(
        texts={"_mta-sts.bakery.co": ["v=STSv1; id=1"], "_smtp._tls.bakery.co": ["v=TLSRPTv1; rua=mailto:a@b"]}
    )
    assert grades([*check_mta_sts(there, "bakery.co"), *check_tls_reports(there, "bakery.co")]) == [Grade.OK] * 2
    assert check_mta_sts(there, "bakery.co")[0].record == ""
    broken = Table(texts={"_mta-sts.bakery.co": ["v=STSv1; id=1"] * 2, "_smtp._tls.bakery.co": ["v=TLSRPTv1; "]})
    assert grades([*check_mta_sts(broken, "bakery.co"), *check_tls_reports(broken, "bakery.co")]) == [Grade.WARNING] * 2


def test_an_mx_that_cannot_be_reached_is_not_checked() -> None:
    assert MxTlsCheck(Table(), "bakery.co", 1).findings(1) == []
    [found] = MxTlsCheck(Table(hosts=[(10, "127.0.0.1")]), "bakery.co", 1).findings(2)
    assert (found.check, found.grade) == ("MX TLS", Grade.NOT_CHECKED)


def test_a_bulk_sender_needs_the_relay_in_order_too() -> None:
    good = [PreflightFinding(Area.DOMAIN, name, Grade.OK, "") for name in ("SPF", "DKIM", "DMARC")]
    large = {"Gmail": {100: BULK}}
    relay = [PreflightFinding(Area.RELAY, "TLS", Grade.OK, ""), PreflightFinding(Area.RELAY, "PTR", Grade.WARNING, "")]
    [found] = judge(large, [*good, *relay])
    assert found.grade is Grade.ERROR
    assert "PTR would not pass" in found.message
    assert grades(judge(large, [*good, relay[0]])) == [Grade.OK]


def test_a_heavy_mail_is_asked_about() -> None:
    raw = b"From: a@b.co\r\n\r\n" + b"x" * 70 + b"\r\n" * (HEAVY // 2)
    found = lint(Specimen("A", raw, "", (), frozenset(), "https://t.co"))
    [weight] = [each for each in found if each.check == "weight"]
    assert (weight.grade, weight.blocks) == (Grade.WARNING, False)


def test_what_others_of_the_domain_sent_counts(database: Database, clock: Any) -> None:
    now = clock.now()
    senders = {"a": "hello@bakery.co", "b": "news@news.bakery.co", "c": "hello@else.co"}
    with database.transaction() as conn:
        for name, address in senders.items():
            body = {"sender": {"name": name, "address": address}}
            conn.execute(insert(brand).values(id=name, name=name, body=body, created_at=0, updated_at=0))
        pks: dict[str, int] = {}
        for name, of, done in (
            ("own", "a", None),
            ("sub", "b", None),
            ("other", "c", None),
            ("old", "a", now - 2 * DAY),
        ):
            pks[name] = conn.execute(
                insert(campaign).values(
                    id=name, name=name, brand_id=of, state="sending", brief={}, policy={}, created_at=0, updated_at=0,
                    launched_at=1, done_at=done,
                )
            ).inserted_primary_key[0]  # fmt: skip
        for no in range(6):
            person = conn.execute(
                insert(contact).values(
                    id=f"con_{no}", email=f"p{no}@{'gmail.com' if no < 5 else 'x.co'}", created_at=0, updated_at=0
                )
            ).inserted_primary_key[0]  # fmt: skip
            states = [("accepted", now - HOUR), ("bounced", now - HOUR), ("accepted", now - 2 * DAY), ("planned", None)]
            state, at = [*states, ("failed", now - HOUR), ("accepted", now - HOUR)][no]
            for pk in pks.values():
                conn.execute(
                    insert(delivery).values(
                        campaign_pk=pk, contact_pk=person, channel="email", step=0, chunk_no=0, state=state,
                        due_at=now + 2 * HOUR, at=at,
                    )
                )  # fmt: skip
        found = volume.beside(conn, pks["own"], PROVIDERS, now)
    hour = now // HOUR
    assert found == {"Gmail": {hour - 1: 2, hour + 2: 1}}
