"""What a mail carries beside its words, as parts on the wire: the invitation's calendar text and attached files.

Made once for a campaign. Files are base64 in lines of 76; names are RFC 2231 where they are not ASCII. Nothing here
begins a line with a dot, so a body needs no dot-stuffing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tidings.distribution import wire
from tidings.distribution.calendar import CalendarText, calendar_text
from tidings.distribution.program import Program
from tidings.domain.attachment import Attachment, digest_of
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import EmailTemplate

_IN_A_LINE = 57
_PIECE = 50
EVENT_NAME = "invite.ics"


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A message's parts beside text and HTML. `files` are whole parts, each behind its boundary."""

    boundary: bytes
    inner: bytes
    calendar: CalendarText | None
    files: bytes

    @property
    def opening(self) -> bytes:
        """What stands before the words' own Content-Type: the head of the mail and the first boundary."""
        return b'Content-Type: multipart/mixed; boundary="%b"\r\n\r\n--%b\r\n' % (self.boundary, self.boundary)

    @property
    def names_reader(self) -> bool:
        """Whether `filled` needs the attendee's line, as `reader`."""
        return self.calendar is not None and self.calendar.names_reader

    def alternative(self, program: Program) -> None:
        """The calendar text as the last way to show the words (RFC 6047, 2.4)."""
        if self.calendar is not None:
            program.say(_calendar_head(self.inner, self.calendar.method, b""))
            _say_calendar(program, self.calendar)

    def closing(self, program: Program) -> None:
        """The calendar text again as a file, for programs that show only those; then the files, and the end."""
        if self.calendar is not None:
            shown = b'Content-Disposition: attachment; filename="%b"\r\n' % EVENT_NAME.encode()
            program.say(_calendar_head(self.boundary, self.calendar.method, shown))
            _say_calendar(program, self.calendar)
        program.say(self.files + b"\r\n--%b--\r\n" % self.boundary)


def enclosed(
    template: EmailTemplate, contents: Mapping[str, bytes], *, campaign_id: str, sender: str, inner: bytes
) -> Enclosed | None:
    """The parts of a template that has any, else None. `inner` is the boundary of the words.

    Raises InvalidInputError when a file's bytes are missing or are not those that were approved.
    """
    if not template.attachments and template.invitation is None:
        return None
    boundary = inner.replace(b"=_", b"=_m_", 1)
    text = None
    if template.invitation is not None:
        text = calendar_text(template.invitation, campaign_id=campaign_id, name=template.from_name, address=sender)
    files = b"".join(file_part(boundary, each, _content(each, contents)) for each in template.attachments)
    return Enclosed(boundary, inner, text, files)


def _content(attachment: Attachment, contents: Mapping[str, bytes]) -> bytes:
    found = contents.get(attachment.id)
    if found is None or digest_of(found) != attachment.digest:
        raise InvalidInputError(
            f"The attachment {attachment.name} is not there as it was approved.", remedy="Attach it again.",
            field="attachment",
        )  # fmt: skip
    return found


def file_part(boundary: bytes, attachment: Attachment, content: bytes) -> bytes:
    """One file behind its boundary."""
    encoded = b64encode(content)
    width = _IN_A_LINE // 3 * 4
    lines = b"\r\n".join(encoded[at : at + width] for at in range(0, len(encoded), width))
    charset = b'; charset="utf-8"' if attachment.media_type.startswith("text/") else b""
    return b"\r\n--%b\r\nContent-Type: %b%b%b\r\nContent-Disposition: attachment%b\r\n" % (
        boundary, attachment.media_type.encode("ascii"), charset, _name("name", attachment.name),
        _name("filename", attachment.name),
    ) + b"Content-Transfer-Encoding: base64\r\n\r\n" + lines  # fmt: skip


def _name(parameter: str, name: str) -> bytes:
    """A parameter on a line of its own: quoted where it is ASCII, else RFC 2231, in pieces where it is long."""
    if name.isascii() and len(name) < _PIECE + 20:
        shown = name.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {parameter}="{shown}"'.encode("ascii")
    pieces = _pieces(quote(name, safe="!#$&+-.^_`|~"))
    if len(pieces) == 1:
        return f";\r\n {parameter}*=utf-8''{pieces[0]}".encode("ascii")
    return "".join(
        f";\r\n {parameter}*{no}*={piece}" for no, piece in enumerate(["utf-8''" + pieces[0], *pieces[1:]])
    ).encode("ascii")


def _pieces(escaped: str) -> Sequence[str]:
    """Broken between letters, never within a `%XX`."""
    found: list[str] = []
    while len(escaped) > _PIECE:
        end = _PIECE
        while "%" in escaped[end - 2 : end]:
            end -= 1
        found.append(escaped[:end])
        escaped = escaped[end:]
    return [*found, escaped]


def _calendar_head(boundary: bytes, method: str, disposition: bytes) -> bytes:
    name = b'; name="%b"' % EVENT_NAME.encode() if disposition else b""
    return (
        b'\r\n--%b\r\nContent-Type: text/calendar; charset="utf-8"; method=%b%b\r\n%bContent-Transfer-Encoding: '
        b"quoted-printable\r\n\r\n" % (boundary, method.encode("ascii"), name, disposition)
    )


def _say_calendar(program: Program, text: CalendarText) -> None:
    program.say(wire.quoted_printable(text.before))
    if text.names_reader:
        program.hole("reader")
        program.say(wire.quoted_printable(text.after))
