"""Rendered mails through a real Postfix: our own lint, DKIM by dkimpy, SpamAssassin, one-click, no pixel.

A small one of `bench/proof.py`, which does it with two hundred.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import proof_bed as bed
import pytest

from tidings.store.database import Database

MAILS = 20
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


def test_mails_arrive_clean_signed_and_with_a_way_out(sqlite_database: Database) -> None:
    pytest.importorskip("dkim")
    made = bed.make_campaigns(sqlite_database, MAILS)
    try:
        with bed.postfix() as (port, box):
            bed.send_all(sqlite_database, made, port, 30)
            bed.bed.wait_for(lambda: box.exists() and len(list(box.iterdir())) == MAILS)
            found = bed.judge(sqlite_database, made, box, None)
    except bed.MissingError as missing:
        pytest.skip(str(missing))
    assert found.problems == []
    assert found.mails == found.lint_clean == found.unsubscribed == found.enclosed == MAILS
    assert found.dkim == {"rsa-sha256": MAILS, "ed25519-sha256": MAILS}
    assert found.pixels == 0


def test_a_mail_that_was_changed_on_the_way_fails(sqlite_database: Database) -> None:
    """The judges can say no: a changed word breaks both signatures, a hidden picture is found."""
    import dkim

    [made] = bed.make_campaigns(sqlite_database, 1)
    with bed.bed.sink() as sink:
        bed.send_all(sqlite_database, [made], sink.port, 20)
    raw = sink.bodies[0][:-3]
    assert dkim.DKIM(raw).verify(idx=0, dnsfunc=bed.record)
    changed = raw.replace(b"List-Id: <", b"List-Id: <x", 1)
    assert not any(dkim.DKIM(changed).verify(idx=no, dnsfunc=bed.record) for no in (0, 1))
    pixel = raw.replace(b"</body>", b'<img src=3D"https://t.example/o" width=3D"1" height=3D"1"></body>', 1)
    specimen = bed.Specimen(
        "A", pixel, made.postal_address, made.targets, made.hosts, bed.bed.BASE_URL, stays_here=True
    )
    assert [each.check for each in bed.lint(specimen)] == ["tracking"]


def test_spamassassin_holds_nothing_against_them(sqlite_database: Database) -> None:
    made = bed.make_campaigns(sqlite_database, MAILS)
    try:
        with bed.spamd() as at, bed.bed.sink() as sink:
            bed.send_all(sqlite_database, made, sink.port, 30)
            found = [bed.check_spam(raw[:-3], "A", at) for raw in sink.bodies]
            spam = sink.bodies[0].replace(b"printable\r\n\r\n", b"printable\r\n\r\n" + GTUBE + b"\r\n", 1)
            control = bed.check_spam(spam, "A", at)
    except bed.MissingError as missing:
        pytest.skip(str(missing))
    scores = [float(each.message.partition(" ")[0]) for each in found]
    assert len(scores) == MAILS
    assert control.message.startswith("100")  # the daemon has its rules, and reads the whole mail
    assert max(scores) <= bed.SCORE, found
