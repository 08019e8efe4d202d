"""Several relays as one way out: failover, breakers, pauses, and that nothing is repeated by any of it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select
from tests.integration import distribution_bed as bed

from tidings.distribution.pool import NO_NETWORK
from tidings.distribution.relay import Relay
from tidings.distribution.throttle import repository
from tidings.keys.certificates import ensure_certificates
from tidings.store.database import Database
from tidings.store.tables import attempt, delivery


class Watcher:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.paused: list[tuple[str, str, str]] = []
        self.back: list[str] = []

    def lane_paused(self, relay: str, words: str, remedy: str) -> None:
        self.paused.append((relay, words, remedy))

    def lane_back(self, relay: str) -> None:
        self.back.append(relay)


def launched(db: Database, number: int, domain: str = "example.com") -> int:
    """A campaign to so many people, due now."""
    now = bed.WallClock().now()
    return bed.add_campaign(db, bed.add_people(db, number, now, domain), now - 1, name=domain)


@contextmanager
def two_sinks(first: bed.Faults, second: bed.Faults | None = None) -> Iterator[tuple[bed.Sink, bed.Sink]]:
    with bed.sink(first) as one, bed.sink(second) as two:
        yield one, two


def relay_states(db: Database) -> dict[str, str]:
    """As the pages show them."""
    with db.reading() as conn:
        return {row.name: row.state for row in repository.relays(conn)}


def test_a_relay_that_is_away_stops_nobody(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 200)
    away = bed.free_port()
    with bed.sink() as sink, bed.running(bed.pooled(sqlite_database, [bed.at(away), bed.at(sink.port)])):
        bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 200})
    assert set(sink.taken.values()) == {1}


def test_both_relays_are_used(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 300)
    with two_sinks(bed.Faults(delay=0.005), bed.Faults(delay=0.005)) as (one, two):
        with bed.running(bed.pooled(sqlite_database, [bed.at(one.port), bed.at(two.port)])):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 300})
        assert min(sum(one.taken.values()), sum(two.taken.values())) > 50
        assert set((one.taken + two.taken).values()) == {1}


def test_a_standby_is_used_only_while_the_other_does_not_work(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 100)
    with two_sinks(bed.Faults(), bed.Faults()) as (one, two):
        with bed.running(bed.pooled(sqlite_database, [bed.at(one.port), bed.at(two.port, weight=0.0)])):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 100})
        assert not two.taken
        pk = launched(sqlite_database, 50, "second.example")
        with bed.running(bed.pooled(sqlite_database, [bed.at(bed.free_port()), bed.at(two.port, weight=0.0)])):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 50})


def test_a_wrong_password_pauses_that_lane_alone_and_says_what_to_do(sqlite_database: Database) -> None:
    pk, watcher = launched(sqlite_database, 100), Watcher()
    closed = bed.Faults(auth="PLAIN", secret=b"\0me\0right")
    with two_sinks(closed) as (one, two):
        relays = [bed.at(one.port, user="me", password="wrong"), bed.at(two.port)]
        with bed.running(bed.pooled(sqlite_database, relays, watcher=watcher)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 100})
            bed.wait_for(lambda: relay_states(sqlite_database).get(f"127.0.0.1:{one.port}") == "paused")
        assert not one.taken
        assert one.logins <= 5, "a wrong password is not tried again and again"
    assert len(watcher.paused) == 1
    assert "password" in watcher.paused[0][1]
    assert "TIDINGS_RELAY" in watcher.paused[0][2]


def test_a_certificate_that_nobody_vouches_for_pauses_that_lane(sqlite_database: Database, tmp_path: Path) -> None:
    pk, watcher = launched(sqlite_database, 60), Watcher()
    files = ensure_certificates(tmp_path / "tls", b"p" * 32, ["127.0.0.1"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.private_key, files.password)
    with bed.sink(context=context) as one, bed.sink() as two:
        relays = [Relay("127.0.0.1", one.port, "implicit"), bed.at(two.port)]
        with bed.running(bed.pooled(sqlite_database, relays, watcher=watcher)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 60})
            bed.wait_for(lambda: bool(watcher.paused))
    assert "`ca=`" in watcher.paused[0][2]


@pytest.mark.parametrize(("host", "names", "starts", "helps"), [
    ("localhost", ["mail.other.example"], -9, "as its certificate does"),
    ("127.0.0.1", ["mail.other.example"], -9, "as its certificate does"),
    ("localhost", ["localhost"], 2, "clock"),
])  # fmt: skip
def test_each_fault_of_a_certificate_has_its_own_remedy(
    sqlite_database: Database, tmp_path: Path, host: str, names: list[str], starts: int, helps: str
) -> None:
    launched(sqlite_database, 1)
    watcher = Watcher()
    ca, context = certified(tmp_path, names, starts, 9)
    with bed.sink(context=context) as one:
        with bed.running(bed.pooled(sqlite_database, [Relay(host, one.port, "implicit", ca=ca)], watcher=watcher)):
            bed.wait_for(lambda: bool(watcher.paused))
        assert not one.taken
    assert helps in watcher.paused[0][2]


def test_an_expired_certificate_pauses_that_lane_and_says_so(sqlite_database: Database, tmp_path: Path) -> None:
    pk, watcher = launched(sqlite_database, 30), Watcher()
    ca, context = certified(tmp_path, [], -9, -1)
    with bed.sink(context=context) as one, bed.sink() as two:
        relays = [Relay("127.0.0.1", one.port, "implicit", ca=ca), bed.at(two.port)]
        with bed.running(bed.pooled(sqlite_database, relays, watcher=watcher)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 30})
            bed.wait_for(lambda: bool(watcher.paused))
        assert not one.taken
    assert "expired" in watcher.paused[0][1]
    assert "Renew the relay's certificate" in watcher.paused[0][2]


def certified(folder: Path, names: list[str], starts: int, ends: int) -> tuple[Path, ssl.SSLContext]:
    """A known authority, and a server with its certificate for these names (else 127.0.0.1), in days from today."""
    key = ec.generate_private_key(ec.SECP256R1())
    now, day = datetime.now(UTC), timedelta(days=1)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    own = [x509.DNSName(each) for each in names] or [x509.IPAddress(ip_address("127.0.0.1"))]
    alternative = x509.SubjectAlternativeName(own)

    def signed(since: datetime, until: datetime, *, authority: bool) -> bytes:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]) if authority else name
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
        made = made.add_extension(x509.BasicConstraints(authority, None), critical=True)
        made = made if authority else made.add_extension(alternative, critical=False)
        return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    ca, server = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(signed(now - 9 * day, now + 9 * day, authority=True))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server.write_bytes(signed(now + starts * day, now + ends * day, authority=False) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    return ca, context


def test_a_direct_relay_gets_so_many_of_a_provider_a_connection(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 12, "icloud.com")
    with bed.sink() as sink:
        with bed.running(bed.pooled(sqlite_database, [bed.at(sink.port, direct=True)], lanes=1)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 12})
        assert sink.connections >= 3, "five a connection"
        assert set(sink.taken.values()) == {1}


def test_a_relay_keeps_to_its_hour(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 60)
    with bed.sink() as slow, bed.sink() as free:
        relays = [bed.at(slow.port, per_hour=3600), bed.at(free.port)]
        with bed.running(bed.pooled(sqlite_database, relays)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 60})
        assert sum(slow.taken.values()) <= 10
        assert sum(free.taken.values()) >= 50


def test_an_unknown_host_stops_nobody_and_is_no_missing_network(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 60)
    with bed.sink() as sink:
        relays = [Relay("no-such-host.invalid", 25, "none"), bed.at(sink.port)]
        with bed.running(bed.pooled(sqlite_database, relays)):
            bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"accepted": 60})


def test_without_a_network_what_is_due_is_held_with_that_reason(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 20)
    relays = [Relay("one.invalid", 25, "none"), Relay("two.invalid", 25, "none")]
    with bed.running(bed.pooled(sqlite_database, relays)):
        bed.wait_for(lambda: bed.states(sqlite_database, pk) == {"held": 20})
        with sqlite_database.reading() as conn:
            assert set(conn.execute(select(delivery.c.reason)).scalars()) == {NO_NETWORK}


def test_a_relay_that_puts_off_too_much_is_left_alone(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 400)
    sick = bed.Faults(mail_reply=b"451 4.3.0 try later\r\n")
    with two_sinks(sick, bed.Faults(delay=0.002)) as (one, two):
        with bed.running(bed.pooled(sqlite_database, [bed.at(one.port), bed.at(two.port)])):
            bed.wait_for(lambda: bed.states(sqlite_database, pk).get("accepted", 0) >= 350)
            bed.wait_for(lambda: relay_states(sqlite_database).get(f"127.0.0.1:{one.port}") == "resting")
        assert not one.taken
        assert set(two.taken.values()) == {1}
    with sqlite_database.reading() as conn:
        assert len(conn.execute(select(attempt.c.pk)).all()) <= 60


def test_a_storm_of_421_tries_no_mail_often_and_ends_by_itself(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 30)
    tries: dict[str, int] = {}

    def storm(address: str) -> bytes | None:
        tries[address] = tries.get(address, 0) + 1
        return b"421 4.3.2 closing\r\n" if storming else None

    storming = True
    with bed.sink(bed.Faults(refuse_rcpt=storm)) as sink:
        with bed.running(bed.pooled(sqlite_database, [bed.at(sink.port)])):
            time.sleep(4)
            storming = False
            bed.wait_for(lambda: bed.states(sqlite_database, pk).get("accepted", 0) >= 28, seconds=25)
        assert set(sink.taken.values()) == {1}
    assert max(tries.values()) <= 6


def test_what_may_have_been_accepted_is_not_sent_by_another_relay(sqlite_database: Database) -> None:
    pk = launched(sqlite_database, 200)
    with two_sinks(bed.Faults(drop_every=10), bed.Faults(delay=0.005)) as (one, two):
        with bed.running(bed.pooled(sqlite_database, [bed.at(one.port), bed.at(two.port)])):
            bed.wait_for(
                lambda: sum(bed.states(sqlite_database, pk).get(s, 0) for s in ("accepted", "uncertain")) == 200
            )
        assert set((one.taken + two.taken).values()) == {1}
        assert bed.states(sqlite_database, pk).get("uncertain", 0) == one.dropped


@pytest.mark.parametrize("ending", [b"451 4.3.0 later\r\n"])
def test_half_open_offers_one_message_only(sqlite_database: Database, ending: bytes) -> None:
    pk = launched(sqlite_database, 40)
    sick = bed.sink(bed.Faults(mail_reply=ending))
    with sick as sink, bed.running(bed.pooled(sqlite_database, [bed.at(sink.port)], lanes=5)):
        name = f"127.0.0.1:{sink.port}"
        bed.wait_for(lambda: relay_states(sqlite_database).get(name) == "resting")
        before = len(sink.envelopes)
        time.sleep(2.5)  # one or two tries of the half-open relay
        assert len(sink.envelopes) - before <= 3
        sink.faults.mail_reply = b"250 2.1.0 Ok\r\n"
        bed.wait_for(lambda: bed.states(sqlite_database, pk).get("accepted", 0) > 0, seconds=25)
        bed.wait_for(lambda: relay_states(sqlite_database).get(name) == "up", seconds=5)
    assert set(sink.taken.values()) == {1}
