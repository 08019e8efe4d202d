"""The DNS doctor on real packets: a name server on loopback, good zones and each way a zone is wrong."""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

sys.path.insert(0, str(Path(__file__).parent))
import distribution_bed
import dns_bed as bed

from tidings.distribution.dkim import DkimKey
from tidings.distribution.dns.dkim import Selector, check_dkim
from tidings.distribution.dns.dmarc import check_dmarc, parse_dmarc, read_dmarc, steps
from tidings.distribution.dns.doctor import DnsDoctor, check_mx
from tidings.distribution.dns.names import is_reserved
from tidings.distribution.dns.relay_host import CertificateCheck, check_reverse
from tidings.distribution.dns.resolver import DnsResolver, DnsUnreachableError
from tidings.distribution.dns.spf import check_spf, read_spf
from tidings.distribution.findings import Grade, PreflightFinding, txt_record
from tidings.distribution.mailbox.server import MailboxServer
from tidings.distribution.relay import Relay
from tidings.keys.certificates import ensure_certificates
from tidings.keys.served import server_context
from tidings.store.database import Database

D = "bakery.co"
GOOD = f"""
{D} MX 10 mail.{D}.
mail.{D} A 198.51.100.7
{D} TXT "v=spf1 include:_spf.relay.net mx ~all"
_spf.relay.net TXT "v=spf1 ip4:93.184.216.0/24 ip6:2a00:1::/32 -all"
_dmarc.{D} TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc@{D}"
smtp.relay.net A 93.184.216.9
9.216.184.93.in-addr.arpa PTR out.relay.net.
out.relay.net A 93.184.216.9
"""
RELAY = Relay("smtp.relay.net", 587, "starttls")


@pytest.fixture
def server() -> Iterator[Any]:
    with bed.name_server() as made:
        yield made


def resolver(server: Any) -> DnsResolver:
    return DnsResolver(server.address)


def only(findings: list[PreflightFinding]) -> PreflightFinding:
    assert len(findings) == 1, findings
    return findings[0]


def test_a_good_domain_has_nothing_to_say_but_ok(server: Any) -> None:
    server.zone(GOOD)
    found = DnsDoctor([RELAY], nameserver=server.address, seconds=1).domain(resolver(server), D)
    assert {item.check: item.grade for item in found} == {
        "MX": Grade.OK, "SPF": Grade.OK, "DKIM": Grade.NOT_CHECKED, "DMARC": Grade.OK, "MTA-STS": Grade.OK,
        "TLS-RPT": Grade.OK,
    }  # fmt: skip
    assert "covers the relay" in next(item.message for item in found if item.check == "SPF")
    assert only(check_reverse(resolver(server), RELAY)).grade is Grade.OK


def test_every_relay_is_looked_at_and_the_record_names_all_that_are_missing(server: Any) -> None:
    """The second relay sends as much as the first: what it lacks bounces half of the mail."""
    server.zone(f"{GOOD.strip()}\nsmtp.two.net A 93.184.220.20\nsmtp.three.net A 93.184.220.30")
    relays = [RELAY, *(Relay(f"smtp.{name}.net", 587, "none") for name in ("two", "three")), Relay("::1", 25, "none")]
    found = DnsDoctor(relays, nameserver=server.address, seconds=1).examine([D])
    spf = [item for item in found if item.check == "SPF"]
    assert [item.message.split(" ")[2] for item in spf] == ["smtp.two.net", "smtp.three.net"]
    assert all("ip4:93.184.220.20 ip4:93.184.220.30 ~all" in item.record for item in spf)
    reverse = {item.place: item.grade for item in found if item.check == "PTR"}
    assert reverse == {
        "smtp.relay.net:587": Grade.OK, "smtp.two.net:587": Grade.WARNING, "smtp.three.net:587": Grade.WARNING,
        "::1:25": Grade.NOT_CHECKED,
    }  # fmt: skip


def test_a_reserved_name_is_not_asked_about(server: Any) -> None:
    found = DnsDoctor([RELAY], nameserver=server.address).domain(resolver(server), "northwind.example")
    assert only(found).message == "reserved name: nothing to check"
    assert not server.asked
    assert is_reserved("a.TEST.")
    assert not is_reserved("attest")
    assert not is_reserved("contest.example.shop")


@pytest.mark.parametrize(
    ("zone", "grade", "word"),
    [
        ("", Grade.ERROR, "no SPF record"),
        (f'{D} TXT "v=spf1 -all"\n{D} TXT "v=spf1 mx -all"', Grade.ERROR, "2 SPF records"),
        (f'{D} TXT "v=spf1 +all"', Grade.ERROR, "anybody"),
        (f'{D} TXT "v=spf1 ip4:93.184.216.9 ?all"', Grade.WARNING, "says nothing"),
        (f'{D} TXT "v=spf1 ip4:93.184.216.9"', Grade.WARNING, "does not say"),
        (f'{D} TXT "v=spf1 ip4:93.184.216.0/99 -all"', Grade.ERROR, "no network"),
        (f'{D} TXT "v=spf1 ipv4:93.184.216.9 -all"', Grade.ERROR, "no SPF term"),
        (f'{D} TXT "v=spf1 include:gone.{D} -all"', Grade.ERROR, "has no SPF record"),
        (f'{D} TXT "v=spf1 include:{D} -all"', Grade.ERROR, "includes itself"),
        (f'{D} TXT "v=spf1 ip4:198.51.100.1 -all"', Grade.WARNING, "not among those"),
        (f'{D} TXT "v=spf1 -ip4:93.184.216.9 ip4:93.184.216.0/24 -all"', Grade.WARNING, "not among those"),
        (f'{D} TXT "v=spf1 a:x.{D} a:y.{D} a:z.{D} ip4:93.184.216.9 -all"', Grade.ERROR, "do not exist"),
        (f'{D} TXT "v=spf1 ptr ip4:93.184.216.9 -all"', Grade.WARNING, "ptr"),
    ],
)
def test_each_way_spf_is_wrong(server: Any, zone: str, grade: Grade, word: str) -> None:
    server.zone(zone)
    found = check_spf(resolver(server), D, {"smtp.relay.net": ["93.184.216.9"]})
    assert [(item.grade, word in item.message) for item in found] == [(grade, True)]


def test_the_record_to_copy_mends_what_was_found(server: Any) -> None:
    server.zone(f'{D} TXT "v=spf1 mx ~all"\n{D} MX 10 mail.{D}.\nmail.{D} A 198.51.100.7')
    found = only(check_spf(resolver(server), D, {"smtp.relay.net": ["93.184.216.9"]}))
    assert found.record == f'{D}. IN TXT "v=spf1 mx ip4:93.184.216.9 ~all"'
    server.records[D, "TXT"] = [found.record.partition("IN TXT ")[2]]
    assert only(check_spf(resolver(server), D, {"smtp.relay.net": ["93.184.216.9"]})).grade is Grade.OK


@pytest.mark.parametrize(("includes", "well"), [(10, True), (11, False)])
def test_spf_lookups_are_counted_through_includes(server: Any, includes: int, well: bool) -> None:
    for number in range(1, includes):
        server.zone(f'i{number}.net TXT "v=spf1 include:i{number + 1}.net -all"')
    server.zone(f'i{includes}.net TXT "v=spf1 ip4:93.184.216.9 -all"\n{D} TXT "v=spf1 include:i1.net -all"')
    reading = read_spf(resolver(server), D, ["93.184.216.9"])
    assert reading.lookups == includes
    assert reading.allowed["93.184.216.9"] == "+"
    found = check_spf(resolver(server), D, {"r": ["93.184.216.9"]})
    assert (only(found).grade is Grade.OK) is well


def test_spf_follows_redirect_and_prefixes_of_a_and_mx(server: Any) -> None:
    server.zone(f'{D} TXT "v=spf1 redirect=_s.{D}"\n_s.{D} TXT "v=spf1 a:h.{D}/24 mx:m.{D}//64 -all"')
    server.zone(f"h.{D} A 93.184.216.1\nm.{D} MX 5 h6.{D}.\nh6.{D} AAAA 2a00:1::1")
    reading = read_spf(resolver(server), D, ["93.184.216.200", "2a00:1::ff", "198.51.100.1"])
    assert reading.allowed == {"93.184.216.200": "+", "2a00:1::ff": "+", "198.51.100.1": "-"}
    assert (reading.lookups, reading.ends_with, reading.problems) == (3, "redirect", [])


def test_an_endless_spf_record_is_given_up(server: Any) -> None:
    for number in range(60):
        server.zone(f'l{number}.net TXT "v=spf1 include:l{number + 1}.net -all"')
    server.zone(f'{D} TXT "v=spf1 include:l0.net -all"')
    assert read_spf(resolver(server), D).lookups < 40


def test_the_dmarc_walk_asks_at_most_eight_names() -> None:
    assert steps("a.bakery.co") == ["a.bakery.co", "bakery.co", "co"]
    long = "a.b.c.d.e.f.g.h.i.j.mail.example.com"
    assert steps(long) == [long, *(".".join(long.split(".")[-n:]) for n in range(7, 0, -1))]


@pytest.mark.parametrize(
    ("zone", "domain", "at", "organisation"),
    [
        ('_dmarc.bakery.co TXT "v=DMARC1; p=reject"', "news.bakery.co", "bakery.co", "bakery.co"),
        ('_dmarc.a.gov.co TXT "v=DMARC1; p=none"\n_dmarc.gov.co TXT "v=DMARC1; p=none; psd=y"', "x.a.gov.co",
         "a.gov.co", "a.gov.co"),
        ('_dmarc.gov.co TXT "v=DMARC1; p=reject; psd=y"', "x.a.gov.co", "gov.co", "a.gov.co"),
        ('_dmarc.n.bakery.co TXT "v=DMARC1; p=none; psd=n"\n_dmarc.bakery.co TXT "v=DMARC1; p=reject"',
         "x.n.bakery.co", "n.bakery.co", "n.bakery.co"),
        ("", "x.bakery.co", None, "x.bakery.co"),
        ('_dmarc.bakery.co TXT "v=DMARC2; p=none"\n_dmarc.bakery.co TXT "p=none; v=DMARC1"', "bakery.co", None,
         "bakery.co"),
    ],
)  # fmt: skip
def test_where_the_dmarc_record_is_found(
    server: Any, zone: str, domain: str, at: str | None, organisation: str
) -> None:
    server.zone(zone)
    reading = read_dmarc(resolver(server), domain)
    assert (reading.record.domain if reading.record else None) == at
    assert reading.organisation == organisation


@pytest.mark.parametrize(
    ("text", "grade", "word", "record"),
    [
        ("v=DMARC1; p=reject; pct=50", Grade.WARNING, "pct", "v=DMARC1; p=reject; t=y"),
        ("v=DMARC1; p=reject; pct=100", Grade.WARNING, "pct", "v=DMARC1; p=reject"),
        ("v=DMARC1; p=drop", Grade.ERROR, "drop", "v=DMARC1; p=none"),
        ("v=DMARC1; p=none", Grade.WARNING, "nothing is reported", f"v=DMARC1; p=none; rua=mailto:dmarc@{D}"),
        (None, Grade.ERROR, "no", f"v=DMARC1; p=none; rua=mailto:dmarc@{D}"),
    ],
)
def test_each_way_dmarc_is_wrong(server: Any, text: str | None, grade: Grade, word: str, record: str) -> None:
    server.zone(f'_dmarc.{D} TXT "{text}"' if text else "")
    found = only(check_dmarc(resolver(server), D))
    assert (found.grade, word in found.message) == (grade, True)
    assert found.record == txt_record(f"_dmarc.{D}", record)
    assert parse_dmarc(record) is not None


def test_two_dmarc_records_count_as_none(server: Any) -> None:
    server.zone(f'_dmarc.{D} TXT "v=DMARC1; p=none"\n_dmarc.{D} TXT "v=DMARC1; p=reject"')
    assert "several" in only(check_dmarc(resolver(server), D)).message


def test_dkim_keys_are_compared_with_the_one_that_signs(server: Any) -> None:
    mine = DkimKey("s1", rsa.generate_private_key(65537, 2048))
    other = DkimKey("s1", rsa.generate_private_key(65537, 1024))
    small = DkimKey("ed", ed25519.Ed25519PrivateKey.generate())
    name = f"s1._domainkey.{D}"

    def check(selector: Selector) -> PreflightFinding:
        return only(check_dkim(resolver(server), D, [selector]))

    missing = check(Selector("s1", mine.record))
    assert (missing.grade, missing.record) == (Grade.ERROR, txt_record(name, mine.record))
    server.zone(f'{name} TXT "{"x" * 250}"')
    server.zone(missing.record.replace(". IN TXT", " TXT"))  # the very record that was to be copied, beyond 255 bytes
    assert check(Selector("s1", mine.record)).grade is Grade.OK
    assert server.asked[name, "TXT"] >= 3  # too long for a datagram: asked again over TCP
    assert "not the one" in check(Selector("s1", other.record)).message
    server.records[name, "TXT"] = [f'"{other.record}"']
    assert (check(Selector("s1")).grade, "1024" in check(Selector("s1")).message) == (Grade.WARNING, True)
    server.records[name, "TXT"] = ['"v=DKIM1; p="']
    assert "revoked" in check(Selector("s1")).message
    server.records[name, "TXT"] = ['"v=DKIM1; p=AAAA"']
    assert "cannot be read" in check(Selector("s1")).message
    server.zone(f'ed._domainkey.{D} TXT "{small.record}"')
    assert "Ed25519" in check(Selector("ed", small.record)).message


@pytest.mark.parametrize(
    ("zone", "grade", "word"),
    [
        ("", Grade.ERROR, "no server"),
        (f"{D} A 198.51.100.1", Grade.WARNING, "no MX"),
        (f"{D} MX 0 .", Grade.ERROR, "null MX"),
        (f"{D} MX 10 gone.{D}.", Grade.ERROR, "none of its"),
        (f"{D} MX 10 gone.{D}.\n{D} MX 20 m.{D}.\nm.{D} AAAA 2a00::1", Grade.WARNING, f"gone.{D}"),
    ],
)
def test_each_way_mx_is_wrong(server: Any, zone: str, grade: Grade, word: str) -> None:
    server.zone(zone)
    found = only(check_mx(resolver(server), D))
    assert (found.grade, word in found.message) == (grade, True)


def test_names_of_the_relay_point_both_ways_or_it_is_said(server: Any) -> None:
    server.zone("smtp.relay.net A 93.184.216.9")
    assert "points to no name" in only(check_reverse(resolver(server), RELAY)).message
    server.zone("9.216.184.93.in-addr.arpa PTR else.net.")
    assert "does not lead back" in only(check_reverse(resolver(server), RELAY)).message
    assert "private" in only(check_reverse(resolver(server), Relay("10.0.0.5", 25, "none"))).message


def test_silence_costs_one_second_and_everything_is_not_checked(server: Any) -> None:
    server.silent = True
    begun = time.monotonic()
    found = DnsDoctor([Relay("203.0.113.9", 587, "starttls")], nameserver=server.address).examine([D, f"news.{D}"])
    assert time.monotonic() - begun < 2.5
    assert {item.grade for item in found if item.place != "203.0.113.9:587"} == {Grade.NOT_CHECKED}
    assert len([item for item in found if "no name server" in item.message]) >= 6


def test_a_name_server_of_a_closed_network_is_not_believed(server: Any) -> None:
    """One that denies every name, the top of the tree included, knows nothing of the domain either."""
    server.records.clear()
    found = DnsDoctor([RELAY], nameserver=server.address).domain(resolver(server), D)
    assert {item.grade for item in found} == {Grade.NOT_CHECKED}
    assert "do not know .co" in found[0].message


def test_nobody_listening_is_not_checked_at_once() -> None:
    begun = time.monotonic()
    with pytest.raises(DnsUnreachableError):
        DnsResolver("127.0.0.1:9").txt(D)
    assert time.monotonic() - begun < 1.5


def test_a_name_server_that_fails_for_one_name_leaves_the_others(server: Any) -> None:
    server.zone(GOOD)
    server.broken.add(f"_dmarc.{D}")
    found = DnsDoctor([RELAY], nameserver=server.address).domain(resolver(server), D)
    grades = {item.check: item.grade for item in found}
    assert grades["DMARC"] is Grade.NOT_CHECKED
    assert grades["SPF"] is Grade.OK


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_the_relays_certificate_is_looked_at(sqlite_database: Database, tmp_path: Path, tls: Any) -> None:
    files = ensure_certificates(tmp_path / "tls", b"p" * 32, ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.private_key, files.password)
    mailbox = MailboxServer(sqlite_database, distribution_bed.WallClock(), "127.0.0.1", 0, server_context(files))
    asyncio.run(mailbox.start())
    try:
        with distribution_bed.sink(context=context) as sink:
            port = mailbox.port if tls == "starttls" else sink.port
            good = CertificateCheck(Relay("localhost", port, tls, ca=files.ca_certificate), 3).finding(5)
            bad = CertificateCheck(Relay("localhost", port, tls), 3).finding(5)
    finally:
        asyncio.run(mailbox.stop())
    assert (good.grade, "valid for" in good.message) == (Grade.OK, True)
    assert (bad.grade, "not valid" in bad.message) == (Grade.ERROR, True)


def test_the_certificate_of_a_relay_on_this_machine_is_looked_at_too(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls", b"p" * 32, ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.private_key, files.password)
    with distribution_bed.sink(context=context) as sink:
        known = Relay("localhost", sink.port, "implicit", ca=files.ca_certificate)
        for relay, grade in (
            (known, Grade.OK),
            (Relay("localhost", sink.port, "implicit"), Grade.ERROR),
            (Relay("localhost", sink.port, "none"), Grade.NOT_CHECKED),
        ):
            found = {each.check: each for each in DnsDoctor([relay], seconds=2).examine(["northwind.example"])}
            assert found["TLS"].grade is grade
            assert found["PTR"].message == "the relay is on this machine: nothing to check"


def test_a_relay_that_is_not_there_or_speaks_plainly_is_said() -> None:
    gone = CertificateCheck(Relay("127.0.0.1", 9, "starttls"), 1).finding(3)
    assert gone.grade is Grade.NOT_CHECKED
    assert CertificateCheck(Relay("127.0.0.1", 9, "none"), 1).finding(3).grade is Grade.WARNING
