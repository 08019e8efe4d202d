"""Takes a mail that came back apart: headers, the notice, machine-readable fields and the original's headers.

Uses `email.policy.compat32`, which survives what `policy.default` dies of; never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import Message
from html import unescape
from typing import cast

from tidings.distribution.mailbox.parsing import header_text

MAX_BYTES = 262_144
_MAX_PARTS = 60
_NO_CHARSETS = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
"""Names Python knows as text encodings that no mail is written in; one of them takes quadratic time."""
_MAX_NOTICE = 24_000
_TAG = re.compile(r"<(?![^<>\s]+@[^<>\s]+>)[^<>]{1,2000}>")
_STYLE = re.compile(r"<(style|script|head)\b.*?</\1>", re.IGNORECASE | re.DOTALL)
_FOLD = re.compile(r"\r?\n[ \t]+")
_FIELD = re.compile(r"(?m)^([A-Za-z][A-Za-z0-9-]{1,40})[ \t]*:[ \t]*([^\n]*(?:\n[ \t]+[^\n]+)*)")
# Where a notice ends and a copy of the original begins; each stands at a line's start.
_ORIGINAL = re.compile(
    r"(?im)^[ \t>]*(?:"
    r"-{2,}[ \t]*(?:this is a copy of (?:the|your) message|the header of the original message|original message"
    r"|unsent message|message header|returned message|returned mail|below (?:this line|the next line)"
    r"|enclosed is a copy|message headers?|undelivered message|header of|body of message|start of the returned)"
    r"|[*=]{2,}[ \t]*original (?:message|mail)"
    r"|message (?:headers?|text) follows?\b"
    r"|(?:the )?original mail as follows"
    r"|the (?:original )?message (?:headers?|text) follows"
    r"|your (?:original )?(?:message|mail) (?:follows|reads)"
    r"|below is a copy of the original message"
    r"|(?:the )?(?:first|top) \d+ lines of"
    r"|original message (?:follows|headers?)"
    r"|copy of the (?:original )?message"
    r"|[|]-{3,}[ \t]*message text follows"
    r"|received:[ \t]*(?:from|by|\(|with)"
    r"|return-path:[ \t]*<?\S+@"
    r"|-{3,}[ \t]*original mail info"
    r"|-{6,}[ \t]*begin (?:of )?message"
    r")"
)


@dataclass(slots=True)
class Parts:
    """What a returned mail is made of. Header names are lower case; the first of equal names counts."""

    headers: dict[str, str]
    kinds: set[str] = field(default_factory=set[str])
    """Content types, `report-type=…` included."""
    notice: str = ""
    """What the system wrote to people, decoded, line ends as \\n."""
    groups: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """Fields of the delivery status, one group a recipient, the message's own fields in each."""
    feedback: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    original: dict[str, str] = field(default_factory=dict[str, str])
    attached: Message | None = None
    copied: bool = False
    """Whether a copy of the original follows the notice in the text itself."""


def take_apart(raw: bytes) -> Parts:
    """The parts of a mail, whatever state it is in."""
    text = raw[:MAX_BYTES].decode("ascii", "surrogateescape").replace("\r\n", "\n")
    try:
        message = message_from_string(text, policy=policy.compat32)
    except Exception:  # the parser of a hostile mail: whatever it raises, the mail stays readable
        message = Message()
        message.set_payload(text)
    return of_message(message)


def of_message(message: Message) -> Parts:
    """The parts of a parsed mail."""
    parts = Parts(_headers(message))
    pages: list[str] = []
    texts: list[str] = []
    for part, kind in _leaves(message, parts):
        if kind == "text/html":
            pages.append(_strip(decoded(part)))
        else:
            texts.append(decoded(part))
    notice = "\n".join(texts).strip("\n")
    if len(notice.strip()) < 40:  # some say it all in the page
        notice = "\n".join([notice, *pages])
    notice = notice[:_MAX_NOTICE]
    if not parts.groups:
        parts.groups = _groups_in_text(notice)
    cut = _ORIGINAL.search(notice)
    if cut is not None:
        parts.copied = True
        if not parts.original:
            parts.original = fields_of(notice[cut.start() :][:8000])
        notice = notice[: cut.start()]
    parts.notice = notice
    return parts


def _leaves(message: Message, parts: Parts) -> Iterator[tuple[Message, str]]:
    """Text parts of the notice; what is fit for machines goes into `parts` on the way."""
    stack, seen = [message], 0
    while stack and seen < _MAX_PARTS:
        part = stack.pop()
        seen += 1
        kind = content_type(part)
        parts.kinds.add(kind)
        if kind == "multipart/report":
            parts.kinds.add(f"report-type={_parameter(part, 'report-type')}")
        if kind in {"message/delivery-status", "message/global-delivery-status", "message/disposition-notification"}:
            parts.groups += _status_groups(part)
        elif kind == "message/feedback-report":
            parts.feedback = _repeated(_flat(part))
        elif kind in {"message/rfc822", "message/global"} and seen > 1:
            _take_original(part, parts)
        elif kind in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}:
            parts.original = parts.original or fields_of(_flat(part))
        elif part.is_multipart():
            stack += reversed(_children(part))
        elif kind.startswith(("text/", "multipart/")) or seen == 1:
            yield part, kind


def _take_original(part: Message, parts: Parts) -> None:
    inner = next(iter(_children(part)), None)
    if inner is not None:
        parts.attached = parts.attached or inner
        parts.original = parts.original or _headers(inner)
    else:
        parts.original = parts.original or fields_of(_flat(part))


def _children(part: Message) -> list[Message]:
    payload = cast("object", part.get_payload())
    if not isinstance(payload, list):
        return []
    return [each for each in cast("list[object]", payload) if isinstance(each, Message)]


def _headers(message: Message) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), _FOLD.sub(" ", _unescape(str(value))).strip())
    return found


def _unescape(text: str) -> str:
    """Bytes beyond ASCII where only ASCII belongs are most often UTF-8."""
    if text.isascii():
        return text.replace("\x00", " ")
    return safe(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def content_type(part: Message) -> str:
    """The content type in lower case; text/plain where there is none."""
    try:
        return part.get_content_type()
    except (ValueError, LookupError, TypeError, AttributeError):
        return "text/plain"


def _parameter(part: Message, name: str) -> str:
    try:
        return str(part.get_param(name) or "").lower()
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def decoded(part: Message) -> str:
    """A text part in plain words; a wrong charset or encoding costs characters, not the mail."""
    try:
        body = part.get_payload(decode=True)
    except Exception:  # the decoder of a hostile mail
        body = None
    raw = body if isinstance(body, bytes) else str(part.get_payload()).encode("utf-8", "replace")
    try:
        charset = str(part.get_content_charset() or "utf-8").lower()
        if charset in _NO_CHARSETS:
            charset = "utf-8"
        if charset.replace("-", "").lower() in {"usascii", "ascii", "unicode11utf7", "utf7"}:
            charset = "iso-2022-jp" if b"\x1b$" in raw else "utf-8"
        text = raw.decode(charset, "replace")
    except Exception:  # a charset can be anything at all
        text = raw.decode("utf-8", "replace")
    return safe(text.replace("\r\n", "\n").replace("\r", "\n"))


def safe(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")


def _flat(part: Message) -> str:
    """A part's payload as text, when the parser took it for messages too."""
    if part.is_multipart():
        return "\n\n".join(
            "\n".join(f"{name}: {_unescape(str(value))}" for name, value in each.raw_items()) + "\n" + _body_of(each)
            for each in _children(part)
        )
    return decoded(part)


def _body_of(message: Message) -> str:
    payload = message.get_payload()
    return _unescape(payload) if isinstance(payload, str) else ""


def fields_of(text: str) -> dict[str, str]:
    """`Name: value` lines as headers, the first of equal names."""
    found: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        found.setdefault(match[1].lower(), _FOLD.sub(" ", match[2]).strip())
    return found


def _repeated(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for match in _FIELD.finditer(text):
        found.setdefault(match[1].lower(), []).append(_FOLD.sub(" ", match[2]).strip())
    return found


def _status_groups(part: Message) -> list[dict[str, str]]:
    return _split_groups(re.split(r"\n[ \t]*\n", _flat(part)))


def _groups_in_text(text: str) -> list[dict[str, str]]:
    """A delivery status written into the text, as some do."""
    at = text.lower().find("final-recipient")
    if at < 0 or not re.search(r"(?im)^[ \t]*action[ \t]*:", text):
        return []
    unindented = re.sub(r"(?m)^[ \t]+(?=[A-Z][A-Za-z-]+:)", "", text)
    return _split_groups(re.split(r"\n[ \t]*\n", unindented))


def _split_groups(blocks: list[str]) -> list[dict[str, str]]:
    general: dict[str, str] = {}
    groups: list[dict[str, str]] = []
    for block in blocks:
        for piece in (
            re.split(r"(?im)(?=^final-recipient[ \t]*:)", block)
            if block.lower().count("final-recipient") > 1
            else (block,)
        ):
            fields = fields_of(piece)
            if fields.keys() & {"final-recipient", "original-recipient", "action", "diagnostic-code"}:
                groups.append({**general, **fields})
            else:
                general.update(fields)
    return groups


def _strip(page: str) -> str:
    """An HTML page as lines of text."""
    plain = _STYLE.sub(" ", page)
    plain = re.sub(r"(?i)<(?:br|/p|/div|/tr|/td|/h\d|/li)\b[^>]*>", "\n", plain)
    return unescape(_TAG.sub(" ", plain))


def one_line(value: str) -> str:
    """A header in plain words."""
    return header_text(value)
