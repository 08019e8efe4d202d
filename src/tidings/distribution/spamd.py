"""Asks a SpamAssassin daemon for a message's score, over its own protocol (spamd/PROTOCOL), where one is reachable."""

from __future__ import annotations

import re
import socket

from tidings.distribution.findings import Area, Grade, PreflightFinding

SPAMD = ("127.0.0.1", 783)
_SECONDS = 5.0
_MAX_ANSWER = 64 * 1024
_SCORE = re.compile(rb"^Spam:\s*\w+\s*;\s*(-?[\d.]+)\s*/\s*(-?[\d.]+)", re.MULTILINE | re.IGNORECASE)
_ASK_FROM = 2.0  # below the line, but not by much


def check_spam(raw: bytes, variant: str, at: tuple[str, int] = SPAMD) -> PreflightFinding:
    """One finding; "not checked" where no daemon answers. Blocking."""
    place = f"variant {variant}"
    try:
        answer = _ask(raw, at)
    except OSError:
        words = f"not checked: no spamd answers at {at[0]}:{at[1]}"
        return PreflightFinding(Area.SPAM, "spam score", Grade.NOT_CHECKED, words, place=place)
    found = _SCORE.search(answer)
    if found is None:
        words = "not checked: spamd gave no score"
        return PreflightFinding(Area.SPAM, "spam score", Grade.NOT_CHECKED, words, place=place)
    score, line = float(found[1]), float(found[2])
    rules = ", ".join(answer.partition(b"\r\n\r\n")[2].decode("ascii", "replace").strip().split(",")[:12])
    grade = Grade.ERROR if score >= line else Grade.WARNING if score >= _ASK_FROM else Grade.OK
    words = f"{score:g} of {line:g}" + (f" ({rules})" if rules and grade is not Grade.OK else "")
    remedy = "" if grade is Grade.OK else "Edit what the named rules hold against it."
    return PreflightFinding(Area.SPAM, "spam score", grade, words, remedy, place)


def _ask(raw: bytes, at: tuple[str, int]) -> bytes:
    with socket.create_connection(at, timeout=_SECONDS) as connection:
        connection.sendall(b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(raw) + raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while len(answer) < _MAX_ANSWER and (data := connection.recv(8192)):
            answer += data
    return answer
