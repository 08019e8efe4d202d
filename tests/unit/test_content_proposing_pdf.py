"""A PDF sheet is read by page; one that is hostile, locked or endless is refused with the reason."""

from __future__ import annotations

import io
import zlib

import pypdf
import pytest

from tidings.content.proposing import pdf
from tidings.content.proposing.sentences import pick
from tidings.content.proposing.source import passages_of_file
from tidings.domain.errors import InvalidInputError, UnavailableError

SENTENCE = "Our rye loaf is baked every night in Vienna."
CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"


def written(*objects: bytes) -> bytes:
    """A PDF of these objects, the catalogue first."""
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + trailer


def of_pages(stream: bytes, filters: bytes = b"", pages: int = 1) -> bytes:
    """A PDF whose pages all show the same stream."""
    return written(
        CATALOGUE,
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (b"3 0 R " * pages, pages),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<<%s/Length %d>>stream\n%s\nendstream" % (filters, len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )  # fmt: skip


def saying(text: str, pages: int = 1) -> bytes:
    return of_pages(f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode(), pages=pages)


def locked(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(saying(SENTENCE)))
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    writer.write(into := io.BytesIO())
    return into.getvalue()


def bomb() -> bytes:
    """Two gigabytes in four kilobytes."""
    packer = zlib.compressobj(9)
    once = b"".join(packer.compress(bytes(1_000_000)) for _ in range(2_000)) + packer.flush()
    return of_pages(zlib.compress(once, 9), b"/Filter[/FlateDecode/FlateDecode]")


def test_a_pdf_is_read_by_page() -> None:
    (found,) = pick(passages_of_file("sheet.pdf", saying(SENTENCE))).suggestions
    assert (found.sentence, found.place) == (SENTENCE, "page 1")
    assert [each.place for each in passages_of_file("sheet.pdf", saying(SENTENCE, pages=60))][-1] == "page 60"


def test_one_that_forbids_only_printing_is_read() -> None:
    assert passages_of_file("sheet.pdf", locked(""))[0].text == SENTENCE


HOSTILE = {
    "not a PDF": (lambda: b"%PDF-1.7 and nothing else", "damaged"),
    "cut off": (lambda: saying(SENTENCE)[:200], "damaged"),
    "pages in pages": (lambda: written(CATALOGUE, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"), "damaged"),
    "no text": (lambda: saying(""), "no text"),
    "a password": (lambda: locked("secret"), "locked by a password"),
    "too long": (lambda: saying(SENTENCE, pages=61), "more than 60 pages"),
    "a bomb": (bomb, "unpacks to more"),
    "a million pages": (lambda: saying(SENTENCE, pages=1_000_000), "unpacks to more|more than 60 pages"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_pdf_is_refused_with_the_reason(kind: str) -> None:
    make, why = HOSTILE[kind]
    with pytest.raises(InvalidInputError, match=why) as refused:
        passages_of_file("sheet.pdf", make())
    assert "Paste the sentences" in refused.value.remedy


def test_where_the_reader_is_missing_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    run_with = pdf._run_with
    monkeypatch.setattr(pdf, "_run_with", lambda path: f"import sys; sys.modules['pypdf'] = None; {run_with(path)}")
    with pytest.raises(UnavailableError, match="pypdf") as missing:
        passages_of_file("sheet.pdf", saying(SENTENCE))
    assert "requirements/pdf.txt" in missing.value.remedy


def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 0.001)
    with pytest.raises(InvalidInputError, match="longer than"):
        passages_of_file("sheet.pdf", saying("x"))
