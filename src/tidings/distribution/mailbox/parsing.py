"""Reads mails as they come, broken ones included: never raises, never trusts a charset or a header."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message

_FOLD = re.compile(r"\r?\n[ \t]*|\x00")
_HREF = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"')\]]+")
_PEEKED = re.compile(rb"^(subject|message-id)[ \t]*:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_MAX_HEADER = 16_384
_MAX_PARTS = 500


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A mail for reading. `headers` keep order and repeats; `attachments` are names and sizes in bytes."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    links: tuple[str, ...]
    attachments: tuple[tuple[str, int], ...] = ()
    defects: tuple[str, ...] = field(default=())

    def header(self, name: str) -> str:
        """The first header of that name, or an empty text."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def peek(raw: bytes) -> tuple[str, str]:
    """Subject and Message-ID (without brackets) from the head alone, without parsing the mail."""
    head = raw[:65_536]
    end = _HEAD_END.search(head)
    found: dict[bytes, bytes] = {}
    for name, value in _PEEKED.findall(head[: end.start()] if end else head):
        found.setdefault(name.lower(), value)
    subject, message_id = (_peeked(found.get(name, b"")) for name in (b"subject", b"message-id"))
    return subject[:998], message_id.strip("<> ")[:998]


def _peeked(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    return header_text(text) if "=?" in text else _FOLD.sub(" ", text[:_MAX_HEADER]).strip()


def parse_mail(raw: bytes) -> ParsedMail:
    """Everything a reader is shown."""
    message = _parse(raw)
    headers = tuple((name, header_text(value)) for name, value in message.items())
    texts: list[str] = []
    pages: list[str] = []
    attachments: list[tuple[str, int]] = []
    for number, part in enumerate(message.walk()):
        if number >= _MAX_PARTS:
            break
        if part.is_multipart():
            continue
        kind, body = _kind(part), _payload(part)
        name = _file_name(part)
        if name or _is_attachment(part) or not kind.startswith("text/") or kind == "text/calendar":
            attachments.append((name or kind, len(body)))
        else:
            (pages if kind == "text/html" else texts).append(_decode(part, body))
    page, text = "\n".join(pages), "\n".join(texts)
    return ParsedMail(headers, text, page, _links(page, text), tuple(attachments), _defects(message))


def _parse(raw: bytes) -> Message:
    try:
        return message_from_bytes(raw, policy=policy.compat32)
    except (MessageError, ValueError, LookupError, RecursionError):
        broken = Message()
        broken.set_payload(raw.decode("latin-1"))
        return broken


def header_text(value: object) -> str:
    """A header in plain words on one line; undecodable bytes are replaced."""
    if value is None:
        return ""
    try:
        pieces = decode_header(str(value)[:_MAX_HEADER])
    except (HeaderParseError, ValueError, LookupError):
        pieces = [(str(value)[:_MAX_HEADER], None)]
    words = "".join(
        piece if isinstance(piece, str) else _bytes_text(piece, str(charset or "utf-8")) for piece, charset in pieces
    )
    return _FOLD.sub(" ", words).encode("utf-8", "replace").decode("utf-8").strip()


def _bytes_text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset, "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _kind(part: Message) -> str:
    try:
        return part.get_content_type()
    except (ValueError, LookupError):
        return "application/octet-stream"


def _payload(part: Message) -> bytes:
    try:
        body = part.get_payload(decode=True)
    except (ValueError, LookupError, MessageError, AssertionError):
        body = None
    return body if isinstance(body, bytes) else str(part.get_payload()).encode("utf-8", "replace")


def _decode(part: Message, body: bytes) -> str:
    try:
        charset = part.get_content_charset() or "utf-8"
    except (ValueError, LookupError, TypeError):
        charset = "utf-8"
    return _bytes_text(body, charset).replace("\r\n", "\n").replace("\x00", "")


def _file_name(part: Message) -> str:
    try:
        return header_text(part.get_filename())
    except (ValueError, LookupError, TypeError, MessageError):
        return "attachment"


def _is_attachment(part: Message) -> bool:
    return str(part.get("Content-Disposition", "")).strip().lower().startswith("attachment")


def _links(page: str, text: str) -> tuple[str, ...]:
    """Web addresses in order of appearance, each once, those of the HTML part first."""
    found = [html.unescape(url) for url in _HREF.findall(page)] + _URL.findall(text)
    return tuple(dict.fromkeys(url for url in found if url.startswith(("http://", "https://"))))


def _defects(message: Message) -> tuple[str, ...]:
    return tuple(type(defect).__name__ for part in message.walk() for defect in part.defects)[:50]
