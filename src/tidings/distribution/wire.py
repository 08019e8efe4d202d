"""Text as it stands in a message on the wire: quoted-printable (RFC 2045) and header words (RFC 2047, RFC 5322)."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from time import gmtime

_LINE = 76
_SOFT = b"=\r\n"
_UNSAFE = re.compile(rb"[^ \t!-<>-~]")
_WORD_BYTES = 45  # of UTF-8 in one encoded word: 60 characters of base64 and 12 of dressing
_PLAIN_HEADER = re.compile(r"[ -~]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")
_SPACES = re.compile(r" {2,}")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NEWLINE = re.compile(r"\r\n|\r|\n")


def _escape(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % match.group()[0]


def quoted_printable(text: str) -> bytes:
    """The text as a segment that begins at a line's start and may be followed by anything.

    Lines are at most 76 characters and never begin with a dot, so no dot-stuffing is needed (RFC 5321, 4.5.2). Line
    ends of every kind become CRLF.
    """
    lines = _NEWLINE.split(text)
    encoded = [_encode_line(line, last=no == len(lines) - 1) for no, line in enumerate(lines)]
    return b"\r\n".join(encoded)


def _encode_line(line: str, *, last: bool) -> bytes:
    raw = _UNSAFE.sub(_escape, line.encode("utf-8", "replace"))
    if not last and raw.endswith((b" ", b"\t")):  # white space before a hard break would be cut off on the way
        raw = raw[:-1] + (b"=20" if raw.endswith(b" ") else b"=09")
    if len(raw) < _LINE and not raw.startswith(b"."):
        return raw
    return _wrap(raw)


def _wrap(raw: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while at < len(raw):
        head = b"=2E" if raw[at : at + 1] == b"." else b""
        at += 1 if head else 0
        end = at + _LINE - 1 - len(head)
        if end < len(raw):
            end = _before_escape(raw, end)
        pieces.append(head + raw[at:end])
        at = end
    return _SOFT.join(pieces)


def _before_escape(raw: bytes, end: int) -> int:
    """The same place, or the one before an `=XX` that would be torn."""
    for back in (1, 2):
        if raw[end - back : end - back + 1] == b"=":
            return end - back
    return end


@lru_cache(maxsize=16_384)
def quoted_printable_cached(text: str) -> bytes:
    """`quoted_printable` of short texts that come again, such as first names."""
    return quoted_printable(text)


def header_text(text: str) -> str:
    """One line of header: every control character and line break becomes a space, runs of spaces one."""
    return _SPACES.sub(" ", _CONTROL.sub(" ", text)).strip()


@lru_cache(maxsize=16_384)
def unstructured(name: str, text: str) -> bytes:
    """A whole header line `Name: text` with CRLF, folded at 76 where it can be, encoded where it must be."""
    text = header_text(text)
    if not _PLAIN_HEADER.fullmatch(text) or "=?" in text:
        return name.encode("ascii") + b": " + b"\r\n ".join(encoded_words(text)) + b"\r\n"
    folded = _fold(f"{name}: {text}")
    if folded is None:
        return name.encode("ascii") + b": " + b"\r\n ".join(encoded_words(text)) + b"\r\n"
    return folded.encode("ascii") + b"\r\n"


def _fold(line: str) -> str | None:
    """The line with breaks before spaces; None when a word is too long for any line."""
    name, *words = line.split(" ")
    lines: list[str] = []
    current = name
    for word in words:
        if len(word) > 900:
            return None
        if len(current) + 1 + len(word) > _LINE and current != name:
            lines.append(current)
            current = f" {word}"
        else:
            current = f"{current} {word}"
    lines.append(current)
    return "\r\n".join(lines)


def encoded_words(text: str) -> list[bytes]:
    """RFC 2047 words in base64, each at most 75 characters and none tearing a character."""
    words: list[bytes] = []
    piece = b""
    for letter in text:
        raw = letter.encode("utf-8", "replace")
        if len(piece) + len(raw) > _WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += raw
    words.append(piece)
    return [b"=?utf-8?b?" + b64encode(word) + b"?=" for word in words]


def mailbox(name: str, address: str) -> bytes:
    """`Name <address>` as in From and Reply-To; the address must be wire-ready already."""
    name = header_text(name)
    if not name:
        return address.encode("ascii")
    if _ATOMS.fullmatch(name) and "=?" not in name:
        shown = name.encode("ascii")
    elif _PLAIN_HEADER.fullmatch(name) and len(name) < 70:
        shown = b'"' + name.replace("\\", "\\\\").replace('"', '\\"').encode("ascii") + b'"'
    else:
        shown = b"\r\n ".join(encoded_words(name))
    return shown + b" <" + address.encode("ascii") + b">"


@lru_cache(maxsize=8)
def date_header(seconds: int) -> bytes:
    """An instant (whole seconds) as RFC 5322 has it, in UTC and in English whatever the locale."""
    t = gmtime(seconds)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday} {_MONTHS[t.tm_mon - 1]} {t.tm_year} "
        f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} +0000"
    ).encode("ascii")


def why_not(address: str) -> str:
    """Why `wire_address` gave None, in words for the delivery's page."""
    local, sign, domain = address.rpartition("@")
    if not sign or not local or not domain:
        return "this is no e-mail address"
    if not local.isascii():
        return (
            "the address needs SMTPUTF8 (RFC 6531), by which mail is not sent here: what is before its @ is not ASCII"
        )
    return "this is no e-mail address that can stand in an envelope"


_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_WIRE_ADDRESS = re.compile(rf"{_ATEXT}(\.{_ATEXT})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@lru_cache(maxsize=1024)
def _wire_domain(domain: str) -> str:
    return domain if domain.isascii() else domain.encode("idna").decode("ascii")


def wire_address(address: str) -> str | None:
    """The address as it may stand in an envelope without SMTPUTF8, the domain in its ASCII form; None if it cannot."""
    if not address.isascii():
        local, _, domain = address.rpartition("@")
        try:
            address = f"{local}@{_wire_domain(domain)}"
        except UnicodeError:
            return None
    return address if len(address) <= 254 and _WIRE_ADDRESS.fullmatch(address) else None
