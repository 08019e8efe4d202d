"""The text of a PDF, read in a child process with little memory and time: many such files break readers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tidings.content.proposing.passage import Passage
from tidings.domain.errors import InvalidInputError, UnavailableError

MOST_PAGES = 60
SECONDS = 20
_MEMORY = 768 * 1024 * 1024
_NO_READER = 3
_WHY = {
    4: "It is damaged, or needs too much memory.",
    5: "It is locked by a password.",
    6: "It unpacks to more than can be read here.",
    7: f"It has more than {MOST_PAGES} pages.",
}
_NOT_READABLE, _LOCKED, _TOO_LARGE, _TOO_LONG = _WHY


def passages_of_pdf(content: bytes) -> list[Passage]:
    """The paragraphs of at most sixty pages, with their page.

    Raises UnavailableError where the reader is not installed, InvalidInputError for a file that cannot be read, is
    locked, too long, or holds pictures of text only.
    """
    command = [sys.executable, "-I", "-c", _run_with(sys.path)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired:
        raise _unreadable(f"It took longer than {SECONDS} seconds.") from None
    if done.returncode == _NO_READER:
        raise UnavailableError(
            "PDF files cannot be read here: the package pypdf is missing.",
            remedy="Install it (`pip install --require-hashes -r requirements/pdf.txt`), or paste the text.",
        )
    if done.returncode:
        raise _unreadable(_WHY.get(done.returncode, _WHY[_NOT_READABLE]))
    pages: list[str] = json.loads(done.stdout)
    found = [passage for number, text in enumerate(pages, 1) for passage in _paragraphs(text, number)]
    if not found:
        raise _unreadable("It holds no text, perhaps pictures of text only.")
    return found


def _unreadable(why: str) -> InvalidInputError:
    remedy = "Paste the sentences that matter instead."
    return InvalidInputError(f"The PDF cannot be read. {why}", remedy=remedy, field="file")


def _paragraphs(text: str, page: int) -> list[Passage]:
    """Lines of a page joined: a PDF breaks lines where the page ends, so only an end mark or a gap ends a sentence."""
    found: list[Passage] = []
    gathered = ""
    for raw in [*text.splitlines(), ""]:
        line = " ".join(raw.split())
        starts = line[:1] in "•-–*" or not line
        if gathered and (starts or (gathered[-1] in ".!?:" and line[:1].isupper()) or _is_title(gathered, line)):
            found.append(Passage(gathered, f"page {page}"))
            gathered = ""
        line = line.lstrip("•-–* ")
        gathered = (
            gathered[:-1] + line if gathered.endswith("-") and line[:1].islower() else f"{gathered} {line}".strip()
        )
    return found


def _is_title(gathered: str, following: str) -> bool:
    """A short line without an end, before one that begins anew."""
    return len(gathered) < 60 and gathered[-1].isalnum() and following[:1].isupper()


def _run_with(path: list[str]) -> str:
    return (
        f"import sys; sys.path[:] = {path!r}; from tidings.content.proposing import pdf; "
        "pdf.read_for_parent()"
    )  # fmt: skip


def read_for_parent() -> None:
    """The child's whole work: a PDF on stdin, its pages as JSON on stdout, what went wrong as the exit code."""
    _limit()
    from importlib import import_module

    try:
        pypdf: Any = import_module("pypdf")
    except ImportError:
        raise SystemExit(_NO_READER) from None
    import logging

    logging.disable(logging.CRITICAL)
    try:
        pages = _pages(pypdf, sys.stdin.buffer.read())
    except (pypdf.errors.LimitReachedError, MemoryError):
        raise SystemExit(_TOO_LARGE) from None
    except Exception:
        raise SystemExit(_NOT_READABLE) from None
    sys.stdout.write(json.dumps(pages))


def _pages(pypdf: Any, content: bytes) -> list[str]:
    import io

    reader = pypdf.PdfReader(io.BytesIO(content))
    if reader.is_encrypted and not reader.decrypt(""):
        raise SystemExit(_LOCKED)
    if len(reader.pages) > MOST_PAGES:
        raise SystemExit(_TOO_LONG)
    return [page.extract_text() or "" for page in reader.pages]


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit holds there too
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
