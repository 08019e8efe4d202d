"""A calendar invitation as text: iCalendar (RFC 5545) in UTC, with the method of RFC 5546.

`PUBLISH` has no attendee and is the same for everybody. `REQUEST` names its one attendee, the reader, in a line that
is filled in for each person. The UID is that of the campaign, so that a reader who gets an event twice has it once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tidings.distribution.wire import header_text
from tidings.domain.instant import Instant, to_datetime
from tidings.domain.invitation import Invitation

_FOLD = 75  # octets of a line without its end (RFC 5545, 3.1)


@dataclass(frozen=True, slots=True)
class CalendarText:
    """The text before and after the attendee's line; without an attendee, all of it is before."""

    method: str
    before: str
    after: str = ""

    @property
    def names_reader(self) -> bool:
        """Whether each person gets a text of their own."""
        return bool(self.after)


def calendar_text(invitation: Invitation, *, campaign_id: str, name: str, address: str) -> CalendarText:
    """The invitation with its organiser's name and wire-ready address, lines folded and ended by CRLF."""
    method = invitation.method.upper()
    domain = address.rpartition("@")[2].lower()
    head = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tidings//Campaign//EN", "CALSCALE:GREGORIAN", f"METHOD:{method}",
        "BEGIN:VEVENT", f"UID:{event_uid(campaign_id)}@{domain}",
        f"DTSTAMP:{_utc(invitation.stamped_at or invitation.starts_at)}", f"DTSTART:{_utc(invitation.starts_at)}",
        f"DTEND:{_utc(invitation.ends_at)}", f"SUMMARY:{_text(invitation.title)}",
    ]  # fmt: skip
    head += [f"LOCATION:{_text(invitation.place)}"] if invitation.place else []
    head += [f"DESCRIPTION:{_text(invitation.description)}"] if invitation.description else []
    head.append(f"ORGANIZER{_common_name(name)}:mailto:{address}")
    tail = [f"SEQUENCE:{invitation.sequence}", "STATUS:CONFIRMED", "TRANSP:OPAQUE", "END:VEVENT", "END:VCALENDAR"]
    if method == "PUBLISH":
        return CalendarText(method, _lines([*head, *tail]))
    return CalendarText(method, _lines(head), _lines(tail))


def attendee_line(address: str) -> str:
    """The line that asks the reader for an answer."""
    return _lines([f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{address}"])


def event_uid(campaign_id: str) -> str:
    """The left side of a campaign's UID: the same however often the event is edited."""
    return hashlib.blake2b(b"event " + campaign_id.encode(), digest_size=16).hexdigest()


def _utc(at: Instant) -> str:
    return f"{to_datetime(at):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    """A value of type TEXT (RFC 5545, 3.3.11); other control characters than a line's end become spaces."""
    lines = words.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    escaped = [header_text(line).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,") for line in lines]
    return "\\n".join(escaped)


def _common_name(name: str) -> str:
    """A quoted parameter; a double quote cannot stand in one (3.2)."""
    shown = header_text(name).replace('"', "'")
    return f';CN="{shown}"' if shown else ""


def _lines(lines: list[str]) -> str:
    return "".join(_folded(line) for line in lines)


def _folded(line: str) -> str:
    """Broken so that no line is longer than 75 octets and no character is torn."""
    pieces: list[str] = []
    piece, size = "", 0
    for letter in line:
        width = len(letter.encode("utf-8", "replace"))
        if size + width > _FOLD:
            pieces.append(piece)
            piece, size = "", 1  # the space that begins a line counts
        piece += letter
        size += width
    pieces.append(piece)
    return "\r\n ".join(pieces) + "\r\n"
