"""Fetches returned mail from an IMAP or POP3 mailbox. A mail is marked, moved or deleted only once it was taken.

A stop between the two costs nothing: the same mail is fetched again and counts once.
"""

from __future__ import annotations

import imaplib
import poplib
import re
from collections.abc import Callable
from typing import cast

from tidings.distribution.returns.source import Source
from tidings.domain.errors import UnavailableError

Take = Callable[[bytes], object]
"""What is done with a mail; returns once it is safe."""
TIMEOUT = 30.0
MAX_BYTES = 25 * 1024 * 1024
_BATCH = 200
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


def fetch(source: Source, take: Take) -> int:
    """Takes what is new in the mailbox; how many mails. Raises UnavailableError with words for people."""
    try:
        return _fetch_imap(source, take) if source.scheme == "imap" else _fetch_pop3(source, take)
    except (imaplib.IMAP4.error, poplib.error_proto, OSError, EOFError) as error:
        words = str(error)[:300] or type(error).__name__
        if source.password:
            words = words.replace(source.password, "…")
        raise UnavailableError(
            f"Returned mail cannot be fetched from {source.name}: {words}",
            remedy="Check TIDINGS_RETURNS: host, port, user, password, folder, and the server's certificate.",
        ) from error


def _fetch_imap(source: Source, take: Take) -> int:
    with _imap(source) as box:
        box.login(source.user, source.password)
        _check(box.select(_quoted(source.folder)), f"the folder {source.folder} cannot be opened")
        _, found = box.uid("SEARCH", "UNSEEN")
        numbers = [number.decode("ascii") for number in (found[0] or b"").split()][:_BATCH]
        for number in numbers:
            raw = _imap_mail(box, number)
            if raw is not None:
                take(raw)
            _done(box, number, source.move_to)
        if source.move_to and numbers and "MOVE" not in box.capabilities:
            box.expunge()
        return len(numbers)


def _imap(source: Source) -> imaplib.IMAP4:
    if source.tls == "implicit":
        return imaplib.IMAP4_SSL(source.host, source.port, ssl_context=source.context(), timeout=TIMEOUT)
    box = imaplib.IMAP4(source.host, source.port, timeout=TIMEOUT)
    if source.tls == "starttls":
        box.starttls(source.context())
    return box


def _imap_mail(box: imaplib.IMAP4, number: str) -> bytes | None:
    """The mail without marking it; None for one that is too large to be a report, or gone."""
    _, sizes = box.uid("FETCH", number, "(RFC822.SIZE)")
    size = _SIZE.search(sizes[0] if sizes and isinstance(sizes[0], bytes) else b"")
    if size is None or int(size[1]) > MAX_BYTES:
        return None
    _, answer = box.uid("FETCH", number, "(BODY.PEEK[])")
    for piece in cast("list[object]", answer):
        if isinstance(piece, tuple):
            return cast("tuple[bytes, bytes]", piece)[1]
    return None


def _done(box: imaplib.IMAP4, number: str, move_to: str) -> None:
    if not move_to:
        _check(box.uid("STORE", number, "+FLAGS", r"(\Seen)"), "a mail cannot be marked as seen")
    elif "MOVE" in box.capabilities:
        _check(box.uid("MOVE", number, _quoted(move_to)), f"a mail cannot be moved to {move_to}")
    else:
        _check(box.uid("COPY", number, _quoted(move_to)), f"a mail cannot be copied to {move_to}")
        _check(box.uid("STORE", number, "+FLAGS", r"(\Seen \Deleted)"), "a mail cannot be deleted")


def _quoted(folder: str) -> str:
    text = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _check(answer: tuple[str, object], words: str) -> None:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(words)


def _fetch_pop3(source: Source, take: Take) -> int:
    box = _pop3(source)
    try:
        box.user(source.user)
        box.pass_(source.password)
        sizes = [line.split() for line in box.list()[1]][:_BATCH]
        for number, size in ((int(pair[0]), int(pair[1])) for pair in sizes):
            if size <= MAX_BYTES:
                take(b"\r\n".join(box.retr(number)[1]) + b"\r\n")
            box.dele(number)
    except BaseException:
        box.close()  # without QUIT nothing is deleted: what was taken is fetched again and counts once
        raise
    box.quit()
    return len(sizes)


def _pop3(source: Source) -> poplib.POP3:
    if source.tls == "implicit":
        return poplib.POP3_SSL(source.host, source.port, timeout=TIMEOUT, context=source.context())
    box = poplib.POP3(source.host, source.port, timeout=TIMEOUT)
    if source.tls == "starttls":
        box.stls(source.context())
    return box
