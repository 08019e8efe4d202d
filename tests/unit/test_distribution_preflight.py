"""The lint of a message as it would leave, the spam score over its protocol, and the bulk senders' rule."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tidings.distribution.compile import Addressee, CompiledEmail
from tidings.distribution.dns.doctor import DnsDoctor
from tidings.distribution.findings import ORDER, Area, Grade, PreflightFinding, txt_record
from tidings.distribution.lint import Specimen, lint
from tidings.distribution.preflight import BULK, Preflight, volume
from tidings.distribution.relay import Relay
from tidings.distribution.spamd import check_spam
from tidings.distribution.tokens import TokenSigner
from tidings.domain.message import EmailTemplate, Link

POSTAL = "Mill Lane 4, 1010 Vienna, Austria"
BASE = "https://t.bakery.co"


def specimen(
    *, html: str = "", text: str = "", subject: str = "Fresh bread", url: str = "https://bakery.co/x", **changed: Any
) -> Specimen:
    template = EmailTemplate(
        variant="A", subject=subject, preheader="", from_name="Northwind", from_address="hello@bakery.co",
        html=f'<p>Bread</p><a href="{{{{ links[0] }}}}">Buy</a>{html}<p>Mill Lane 4,<br>1010&nbsp;Vienna, Austria</p>',
        text=f"Bread {{{{ links[0] }}}}{text}\n{POSTAL}", links=(Link(no=0, url=url, label="Buy"),),
    )  # fmt: skip
    compiled = CompiledEmail(
        template, campaign_pk=0, campaign_id="preview", base_url=changed.get("base_url", BASE),
        signer=TokenSigner(b"s" * 32),
    )  # fmt: skip
    raw = compiled.render(Addressee(0, 0, {"email": "ann@example.com"}), 1_790_000_000_000)[1]
    given: dict[str, Any] = {
        "variant": "A", "raw": raw, "postal_address": POSTAL, "targets": (url,), "hosts": frozenset({"bakery.co"}),
        "base_url": BASE,
    }  # fmt: skip
    return Specimen(**{**given, **changed})


def problems(made: Specimen) -> dict[str, PreflightFinding]:
    return {finding.check: finding for finding in lint(made) if finding.grade is not Grade.OK}


def test_a_message_of_ours_has_nothing_wrong() -> None:
    found = lint(specimen())
    assert [(item.grade, item.place, item.blocks) for item in found] == [(Grade.OK, "variant A", False)]


@pytest.mark.parametrize(
    ("before", "after", "check"),
    [
        (b"List-Id: ", b"X-List: ", "headers"),
        (b"Date: ", b"From: a@b.c\r\nDate: ", "headers"),
        (b"Subject: Fresh bread", b"Subject: ", "headers"),
        (b"<https://t.bakery.co/u/", b"<http://t.bakery.co/u/", "unsubscribe"),
        (b"<mailto:", b"<tel:", "unsubscribe"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Maybe", "unsubscribe"),
        (b"\r\nFeedback-ID", b"\r\nX-Long: " + b"x" * 1000 + b"\r\nFeedback-ID", "lines"),
        (b"Bread", b"Bre\nad", "lines"),
    ],
)
def test_what_is_missing_or_broken_blocks(before: bytes, after: bytes, check: str) -> None:
    good = specimen()
    assert before in good.raw
    found = problems(specimen(raw=good.raw.replace(before, after, 1)))
    assert set(found) == {check}
    assert found[check].blocks


@pytest.mark.parametrize(
    ("changes", "check", "blocks"),
    [
        ({"html": "<p>" + "Bread " * 18_000 + "</p>"}, "size", True),
        ({"postal_address": "Elsewhere 9, Graz"}, "postal address", True),
        ({"html": '<img src="https://x.co/o.gif" width="1" height="1">'}, "tracking", True),
        ({"html": '<img src="https://x.co/o.gif" style="display: none">'}, "tracking", True),
        ({"html": '<img src="http://bakery.co/o.png" width="600">'}, "images", False),
        ({"url": "http://bakery.co/x"}, "links", False),
        ({"url": "https://else.co/x"}, "links", False),
        ({"url": "javascript:alert(1)"}, "links", True),
        ({"html": '<a href="//else.co">x</a>'}, "links", True),
        ({"base_url": "https://localhost:8443"}, "links", True),
    ],
)
def test_each_thing_held_against_a_message(changes: dict[str, Any], check: str, blocks: bool) -> None:
    found = problems(specimen(**changes))
    assert set(found) == {check}
    assert found[check].blocks is blocks


def test_links_to_this_machine_are_well_while_mail_stays_on_it() -> None:
    raw = specimen().raw.replace(b"t.bakery.co", b"localhost:8443")
    made = Specimen("A", raw, POSTAL, (), frozenset({"bakery.co"}), "https://localhost:8443", stays_here=True)
    assert problems(made) == {}


def test_subdomains_of_the_brand_are_allowed_and_lookalikes_are_not() -> None:
    assert problems(specimen(url="https://shop.bakery.co/x")) == {}
    assert set(problems(specimen(url="https://notbakery.co/x"))) == {"links"}
    assert set(problems(specimen(url="https://bakery.co@evil.co/x"))) == {"links"}


@contextmanager
def spamd(answer: bytes) -> Iterator[tuple[tuple[str, int], list[bytes]]]:
    """A daemon that gives one answer and keeps the question."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            question = b""
            while data := connection.recv(65_536):
                question += data
            heard.append(question)
            connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname(), heard
    thread.join(5)
    server.close()


@pytest.mark.parametrize(
    ("score", "grade"), [("0.1", Grade.OK), ("-1.2", Grade.OK), ("2.5", Grade.WARNING), ("7.1", Grade.ERROR)]
)
def test_the_spam_score_is_asked_for_and_graded(score: str, grade: Grade) -> None:
    answer = b"SPAMD/1.1 0 EX_OK\r\nContent-length: 9\r\nSpam: True ; %b / 5.0\r\n\r\nA_B,C_D\r\n" % score.encode()
    with spamd(answer) as (at, heard):
        found = check_spam(b"Subject: x\r\n\r\nBread\r\n", "B", at)
    assert (found.grade, found.place, found.blocks) == (grade, "variant B", False)
    assert ("A_B, C_D" in found.message) is (grade is not Grade.OK)
    assert heard == [b"SYMBOLS SPAMC/1.5\r\nContent-length: 21\r\n\r\nSubject: x\r\n\r\nBread\r\n"]


def test_no_daemon_or_nonsense_is_not_checked() -> None:
    assert check_spam(b"x", "A", ("127.0.0.1", 9)).grade is Grade.NOT_CHECKED
    with spamd(b"HTTP/1.1 400 no\r\n\r\n") as (at, _):
        assert check_spam(b"x", "A", at).grade is Grade.NOT_CHECKED


def domain(check: str, grade: Grade) -> PreflightFinding:
    return PreflightFinding(Area.DOMAIN, check, grade, "", place="bakery.co")


def test_bulk_senders_need_the_records() -> None:
    good = [domain(name, Grade.OK) for name in ("SPF", "DKIM", "DMARC")]
    small = {"Gmail": {100: BULK - 1}}
    large = {"Gmail": {100: 3000, 123: 2000}, "Yahoo": {5: 10}}
    spread = {"Gmail": {100: 3000, 124: 2000}}
    assert [item.grade for item in volume(small, [])] == [Grade.OK]
    assert [item.grade for item in volume(spread, [])] == [Grade.OK]
    assert [item.grade for item in volume(large, good)] == [Grade.OK]
    assert [item.grade for item in volume(large, [])] == [Grade.WARNING]
    wrong = volume(large, [*good[:2], domain("DMARC", Grade.ERROR)])
    assert [(item.grade, item.place, item.blocks) for item in wrong] == [(Grade.ERROR, "Gmail", False)]
    assert "DMARC would not pass" in wrong[0].message


def test_everything_at_once_comes_worst_first_and_names_are_asked_once() -> None:
    calls: list[tuple[str, ...]] = []

    class Doctor(DnsDoctor):
        def examine(self, domains: Any) -> list[PreflightFinding]:
            calls.append(tuple(domains))
            return [domain("SPF", Grade.ERROR), domain("MX", Grade.OK)]

    preflight = Preflight(Doctor([Relay("localhost", 25, "none")]), spamd=("127.0.0.1", 9))
    found = preflight.examine([specimen()], ["bakery.co"], {"Gmail": {1: 5}})
    assert [ORDER[item.grade] for item in found] == sorted(ORDER[item.grade] for item in found)
    assert {item.area for item in found} == {Area.MESSAGE, Area.SPAM, Area.VOLUME, Area.DOMAIN}
    preflight.examine([], ["bakery.co"], {})
    assert calls == [("bakery.co",)]
    assert preflight.stays_here


def test_long_texts_become_several_strings() -> None:
    assert txt_record("a.co", "x" * 300) == f'a.co. IN TXT "{"x" * 255}" "{"x" * 45}"'


@pytest.mark.parametrize(
    ("base", "domain", "grades"),
    [
        ("https://news.bakery.co", "bakery.co", []),
        ("https://click.bakery.co", "mail.bakery.co", []),
        ("https://bakery.co", "mail.bakery.co", []),
        ("https://news.bakery.co.uk", "bakery.co.uk", []),
        ("https://click.example.com", "bakery.co", [Grade.WARNING]),
        ("https://other.co.uk", "bakery.co.uk", [Grade.WARNING]),
        ("https://notbakery.co", "bakery.co", [Grade.WARNING]),
        ("http://news.bakery.co", "bakery.co", [Grade.ERROR]),
    ],
)
def test_the_tracking_address_is_encrypted_and_of_the_senders_domain(
    base: str, domain: str, grades: list[Grade]
) -> None:
    found = lint(specimen(base_url=base, sender_domain=domain))
    assert [finding.grade for finding in found if finding.check == "tracking address"] == grades
    stays = lint(specimen(base_url=base, sender_domain=domain, stays_here=True))
    assert [finding for finding in stays if finding.check == "tracking address"] == []
