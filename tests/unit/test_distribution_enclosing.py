"""Attachments and invitations on the wire: the stdlib's email parser reads them back, a strict reader the calendar."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.distribution.calendar import calendar_text
from tidings.distribution.compile import Addressee, CompiledEmail, render_one
from tidings.distribution.lint import Specimen, lint
from tidings.distribution.tokens import TokenSigner
from tidings.domain.attachment import (
    Attachment,
    attachment_of,
    check_together,
    encoded_size,
)
from tidings.domain.errors import InvalidInputError
from tidings.domain.invitation import Invitation, parse_invitation
from tidings.domain.message import EmailTemplate

SIGNER = TokenSigner(b"s" * 32)
AT = 1_772_445_600_000
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
EVENT = {
    "title": "Brot; Kuchen, \\ und «Öl» " + "sehr " * 20, "start": "2026-12-05T18:00", "end": "2026-12-05T20:30",
    "zone": "Europe/Vienna", "place": "Mühlgasse 4, 1010 Wien", "description": "Bring:\n- an apron\n- a friend",
}  # fmt: skip
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Cn", "Co"]), max_size=80
)


def template(*files: Attachment, invitation: Invitation | None = None) -> EmailTemplate:
    return EmailTemplate(
        variant="A", subject="Hello", preheader="", html="<p>Hi {{ contact.first_name }}</p>", text="Hi",
        from_name='Bäckerei "Nord"', from_address="hello@northwind.example", attachments=files, invitation=invitation,
    )  # fmt: skip


def compiled(made: EmailTemplate, contents: dict[str, bytes]) -> CompiledEmail:
    return CompiledEmail(
        made, campaign_pk=7, campaign_id="cmp_x", base_url="https://t.example", signer=SIGNER, contents=contents
    )


def rendered(made: EmailTemplate, contents: dict[str, bytes] | None = None, email: str = "ada@example.com") -> bytes:
    return compiled(made, contents or {}).render(Addressee(42, 0, {"email": email, "first_name": "Ada"}), AT)[1]


def calendar_of(text: str) -> dict[str, str]:
    """A strict reader of RFC 5545, 3.1: folded lines joined, each a name, parameters and a value."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = re.sub(r"\r\n[ \t]", "", text)[:-2].split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert lines[-1] == "END:VCALENDAR"
    found: dict[str, str] = {}
    for line in lines:
        match = re.fullmatch(r'([A-Z-]+)((?:;[A-Z-]+=(?:"[^"]*"|[^";:,]+))*):(.*)', line)
        assert match, line
        assert match[1] not in found or match[1] in {"BEGIN", "END"}
        found.setdefault(match[1], match[3])
    return found


def plain(value: str) -> str:
    return re.sub(r"\\(.)", lambda hit: "\n" if hit[1] in "nN" else hit[1], value)


def test_an_attachment_is_read_back_byte_for_byte_and_the_words_are_as_without_it() -> None:
    file = attachment_of("att_1", "Programm für Dezember – größer als je zuvor, mit allen Terminen.pdf", PDF)
    raw = rendered(template(file), {"att_1": PDF})
    message = message_from_bytes(raw, policy=policy.default)
    assert message.get_content_type() == "multipart/mixed"
    [read] = list(message.iter_attachments())
    assert read.get_filename() == file.name
    assert read.get_content_type() == "application/pdf"
    assert read.get_content() == PDF
    body = message.get_body(("html",))
    assert body is not None
    assert "Hi Ada" in body.get_content()
    assert not message.defects
    assert all(not part.defects for part in message.walk())
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith(b".") for line in lines)  # nothing is stuffed, so the sizes are those on the wire
    assert raw.isascii()


def test_without_anything_the_mail_is_what_it_was() -> None:
    raw = rendered(template())
    assert b"multipart/mixed" not in raw
    assert message_from_bytes(raw).get_content_type() == "multipart/alternative"


@settings(max_examples=60, deadline=None)
@given(name=NAMES, content=st.binary(min_size=1, max_size=400))
def test_any_name_and_any_bytes_come_back(name: str, content: bytes) -> None:
    try:
        file = attachment_of("att_1", f"{name}.pdf", content)
    except InvalidInputError:
        return
    message = message_from_bytes(rendered(template(file), {"att_1": content}), policy=policy.default)
    [read] = list(message.iter_attachments())
    assert read.get_filename() == file.name
    assert read.get_content() == content


def test_the_weight_is_what_stands_in_the_mail() -> None:
    for size in (1, 56, 57, 58, 5_000):
        file = attachment_of("att_1", "a.bin.pdf", b"x" * size)
        raw = rendered(template(file), {"att_1": b"x" * size})
        body = raw.partition(b"base64\r\n\r\n")[2].partition(b"\r\n--=_m_")[0]
        assert len(body) + 2 == encoded_size(size)


def test_other_bytes_than_the_approved_never_leave() -> None:
    file = attachment_of("att_1", "a.pdf", PDF)
    for contents in ({}, {"att_1": PDF + b"!"}):
        with pytest.raises(InvalidInputError, match="as it was approved"):
            compiled(template(file), contents)


def zipped(name: str, *entries: str) -> tuple[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for entry in entries:
            archive.writestr(entry, b"x")
    return name, out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("setup.exe", b"x"), ("invoice.pdf.js", b"x"), ("screen.SCR", b"x"), ("budget.xlsm", b"x"), ("page.html", b"x"),
        ("trick.exe .", b"x"), ("picture.png", b"MZ\x90\x00"), ("notes.txt", b"#!/bin/sh\nrm"), ("a/b.pdf", b"x"),
        ("cod\u202efdp.exe", b"x"), ("noending", b"x"), ("", b"x"), ("empty.pdf", b""), ("x" * 130 + ".pdf", b"x"),
        zipped("letter.docx", "[Content_Types].xml", "word/vbaProject.bin"), zipped("all.zip", "docs/run.bat"),
        zipped("deep.zip", "inner.zip"), ("broken.zip", b"PK\x03\x04nothing"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "_VBA_PROJECT".encode("utf-16-le")),
    ],
)  # fmt: skip
def test_what_receivers_refuse_is_refused_here_with_the_remedy(name: str, content: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        attachment_of("att_1", name, content)
    assert caught.value.remedy
    assert caught.value.field == "attachment"


def test_harmless_archives_and_documents_pass() -> None:
    for name, content in (zipped("photos.zip", "a.jpg", "b.png"), zipped("letter.docx", "word/document.xml")):
        assert attachment_of("att_1", name, content).size == len(content)


def test_too_many_too_large_or_twice_is_refused() -> None:
    one = attachment_of("att_1", "a.pdf", b"x" * 1000)
    check_together([one], encoded_size(1000))
    with pytest.raises(InvalidInputError, match="MB"):
        check_together([one], encoded_size(1000) - 1)
    with pytest.raises(InvalidInputError, match="already"):
        check_together([one, one.model_copy(update={"name": "A.PDF"})])
    with pytest.raises(InvalidInputError, match="at most 10"):
        check_together([one.model_copy(update={"name": f"{n}.pdf"}) for n in range(11)])


def test_a_published_event_stands_in_the_words_and_as_a_file() -> None:
    event = Invitation.model_validate(EVENT).after(None, AT)
    message = message_from_bytes(rendered(template(invitation=event)), policy=policy.default)
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_content_disposition() for part in parts] == [None, "attachment"]
    assert {part["content-type"].params["method"] for part in parts} == {"PUBLISH"}
    assert parts[1].get_filename() == "invite.ics"
    first, second = (part.get_payload(decode=True) for part in parts)
    assert first == second
    assert isinstance(first, bytes)
    found = calendar_of(first.decode())
    assert found["METHOD"] == "PUBLISH"
    assert "ATTENDEE" not in found  # RFC 5546, 3.2.1
    assert found["DTSTART"] == "20261205T170000Z"
    assert found["DTEND"] == "20261205T193000Z"
    assert found["DTSTAMP"] == datetime.fromtimestamp(AT / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    assert plain(found["SUMMARY"]) == event.title.strip()
    assert plain(found["LOCATION"]) == event.place
    assert plain(found["DESCRIPTION"]) == event.description
    assert found["ORGANIZER"] == "mailto:hello@northwind.example"
    assert found["UID"].endswith("@northwind.example")
    assert found["SEQUENCE"] == "0"


def test_a_request_names_its_reader_and_keeps_the_uid() -> None:
    event = Invitation.model_validate({**EVENT, "method": "request"})
    long = "a" * 60 + "@" + "b" * 60 + ".example.com"
    found: list[dict[str, str]] = []
    for address in ("ada@example.com", long):
        message = message_from_bytes(rendered(template(invitation=event), email=address), policy=policy.default)
        part = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
        body = part.get_payload(decode=True)
        assert isinstance(body, bytes)
        found.append(calendar_of(body.decode()))
    assert [each["ATTENDEE"] for each in found] == ["mailto:ada@example.com", f"mailto:{long}"]
    assert found[0]["UID"] == found[1]["UID"]
    assert found[0]["METHOD"] == "REQUEST"


def test_an_installed_parser_reads_the_calendar_too() -> None:
    icalendar = pytest.importorskip("icalendar", reason="the icalendar package is not installed here")
    text = calendar_text(Invitation.model_validate(EVENT), campaign_id="c", name="N", address="a@b.example").before
    [event] = icalendar.Calendar.from_ical(text).walk("VEVENT")
    assert event.decoded("DTSTART") == datetime(2026, 12, 5, 17, tzinfo=UTC)
    assert str(event["LOCATION"]) == EVENT["place"]


@settings(max_examples=80, deadline=None)
@given(words=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=180))
def test_any_title_is_escaped_and_folded(words: str) -> None:
    text = calendar_text(
        Invitation.model_validate({**EVENT, "title": words, "description": words}), campaign_id="c", name=words,
        address="a@b.example",
    ).before  # fmt: skip
    calendar_of(text)


def test_an_edit_raises_the_sequence_and_no_edit_leaves_it() -> None:
    first = Invitation.model_validate(EVENT).after(None, AT)
    same = Invitation.model_validate(EVENT).after(first, AT + 5)
    moved = Invitation.model_validate({**EVENT, "place": "Elsewhere"}).after(first, AT + 9)
    assert same == first
    assert (moved.sequence, moved.stamped_at) == (1, AT + 9)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"end": "2026-12-05T18:00"}, "later than"), ({"zone": "Vienna"}, "time zone"),
        ({"start": "soon"}, "not a time"),
        ({"start": "2026-12-05"}, "lacks the hour"), ({"start": "2026-12-05T18:00+01:00"}, "wall time"),
        ({"start": "2026-03-29T02:30", "end": "2026-03-29T05:00"}, "does not exist"), ({"title": ""}, "title"),
        ({"end": "2027-12-05T18:00"}, "more than a month"), ({"colour": "red"}, "not a known field"),
        ({"method": "cancel"}, "method"),
    ],
)  # fmt: skip
def test_a_wrong_invitation_is_explained(changed: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        parse_invitation({**EVENT, **changed})


def test_pre_flight_reads_the_words_and_not_the_files() -> None:
    notes = attachment_of("att_1", "notes.txt", b"{{ left open }}")
    made = template(notes, invitation=Invitation.model_validate(EVENT))
    raw = rendered(made, {"att_1": b"{{ left open }}"})
    found = lint(Specimen("A", raw, "Hi", (), frozenset(), "https://t.example"))
    assert [finding.check for finding in found if finding.check == "open places"] == []
    shown = render_one(compiled(made, {"att_1": b"{{ left open }}"}), Addressee(1, 0, {"email": "a@b.example"}), AT)
    assert shown.text.strip() == "Hi"
