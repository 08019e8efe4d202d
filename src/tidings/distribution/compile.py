"""A message compiled once per variant into bytes with slots, so that a person costs microseconds.

The same compiled message makes previews, test sends and the campaign's mails. A quoted-printable soft break stands
before and after each slot, so neighbouring segments can never influence each other; a line never begins with a dot.
Headers follow distribution.md: Message-ID of the sender's domain (RFC 5322), List-Id (RFC 2919), List-Unsubscribe
with one-click (RFC 2369, RFC 8058), Feedback-ID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import escape

from tidings.distribution import wire
from tidings.distribution.calendar import attendee_line
from tidings.distribution.enclosing import enclosed
from tidings.distribution.pixel import PIXEL, with_pixel
from tidings.distribution.places import (
    STANDARD_FIELDS,
    FieldSlot,
    LinkSlot,
    Part,
    field_text,
    fields_of,
    joined,
    parse,
)
from tidings.distribution.program import OUT, Program
from tidings.distribution.tokens import TokenPurpose, TokenSigner
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import EmailTemplate

_MAX_LINKS = 1 << 10
_TOKEN = 24
_REMEMBERED = 4096
_LONGEST_MARK = 900  # a line holds 998 (RFC 5322, 2.1.1)
_NO_PREFIX = {False: b"", True: b""}
_NO_CONTENTS: Mapping[str, bytes] = {}


class UndeliverableError(Exception):
    """This one message cannot be made or sent; the others can. The text says why."""


@dataclass(frozen=True, slots=True)
class Addressee:
    """What of one person a message needs. `fields` are plain values, `email` among them."""

    contact_pk: int
    step: int
    fields: Mapping[str, object]
    opens: bool = False
    """Whether this person allows, at this moment, that opening is seen."""


@dataclass(frozen=True, slots=True)
class ShownLinks:
    """What a preview shows in place of signed links: addresses by link number, and the unsubscribe address."""

    links: Mapping[int, str]
    unsubscribe: str


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """One message as one person gets it, read back from the very bytes that would be sent."""

    raw: bytes
    headers: dict[str, str]
    to: str
    subject: str
    preheader: str
    text: str
    html: str


class CompiledEmail:
    """One variant of one campaign, ready to be filled in. Immutable; safe to keep for the campaign's whole life."""

    def __init__(
        self, template: EmailTemplate, *, campaign_pk: int, campaign_id: str, base_url: str, signer: TokenSigner,
        contents: Mapping[str, bytes] = _NO_CONTENTS,
    ) -> None:  # fmt: skip
        """`contents` are the attachments' bytes by id.

        Raises InvalidInputError when a part holds something that cannot be sent, with the place.
        """
        self.template = template
        self._campaign_pk = campaign_pk
        self._signer = signer
        self.base_url = (template.tracking_url or base_url).rstrip("/")
        """What its own links begin with."""
        self._subject = parse(template.subject, "subject")
        self._preheader = parse(template.preheader, "preheader")
        text, html = parse(template.text, "text"), parse(template.html, "html")
        for place, parts in (("subject", self._subject), ("preheader", self._preheader)):
            if any(not isinstance(part, str | FieldSlot) for part in parts):
                raise InvalidInputError(f"The {place} holds a link.", remedy="Links go into the message.", field=place)
        self._check_links([*text, *html])
        if not template.track_clicks:
            text, html = self._plain_links(text, html=False), self._plain_links(html, html=True)
        self.fields = fields_of([*self._subject, *self._preheader, *text, *html])
        self._parts = text, html
        self._in_subject = tuple(slot.name for slot in fields_of(self._subject))
        self._subjects: dict[tuple[object, ...], bytes] = {}
        self.sender = _sender_address(template.from_address, "from_address")
        self._domain = self.sender.rpartition("@")[2].lower()
        self._contents = contents
        self._fixed_headers(campaign_id)

    def _check_links(self, parts: list[Part]) -> None:
        known = {link.no for link in self.template.links}
        for part in parts:
            if isinstance(part, LinkSlot) and (part.no not in known or part.no >= _MAX_LINKS):
                raise InvalidInputError(f"The message uses links[{part.no}], which is not in its link table.")

    def _plain_links(self, parts: list[Part], *, html: bool) -> list[Part]:
        """The links as they are, where clicks are not counted."""
        urls = {link.no: str(escape(link.url)) if html else link.url for link in self.template.links}
        return joined([urls[part.no] if isinstance(part, LinkSlot) else part for part in parts])

    def _fixed_headers(self, campaign_id: str) -> None:
        template, digest = self.template, hashlib.blake2b(campaign_id.encode(), digest_size=12).hexdigest()
        boundary = f"=_{digest}".encode()  # quoted-printable text can never hold "=_"
        self._enclosed = enclosed(template, self._contents, campaign_id=campaign_id, sender=self.sender, inner=boundary)
        self._contents = _NO_CONTENTS  # they are encoded now
        reply_to = _sender_address(template.reply_to, "reply_to") if template.reply_to else ""
        self._mailto = (reply_to or self.sender).encode("ascii")
        list_id = wire.wire_address(f"list@{template.list_id}") if template.list_id else None
        list_name = list_id.partition("@")[2] if list_id else self._domain
        feedback = ":".join(_token_text(part) for part in (campaign_id, template.variant, "email", self._domain))
        self._from = b"From: " + wire.mailbox(template.from_name, self.sender) + b"\r\nTo: "
        self._constant_subject = self._subject_line({}) if not fields_of(self._subject) else None
        self._after_id = (
            (b"Reply-To: " + reply_to.encode("ascii") + b"\r\n" if reply_to else b"")
            + f"MIME-Version: 1.0\r\nList-Id: <{list_name}>\r\nFeedback-ID: {feedback}\r\n".encode("ascii")
            + b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nList-Unsubscribe: <"
        )
        language = "".join(ch for ch in template.language if ch.isascii() and (ch.isalnum() or ch == "-")) or "en"
        part = b'\r\n--%b\r\nContent-Type: %b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
        disclosed = "".join(ch for ch in template.ai_disclosure if " " <= ch <= "~")[:_LONGEST_MARK]
        self._before_text = (
            f"Content-Language: {language}\r\n".encode("ascii")
            + (f"AI-Disclosure: {disclosed}\r\n".encode("ascii") if disclosed else b"")
            + (self._enclosed.opening if self._enclosed is not None else b"")
            + b'Content-Type: multipart/alternative; boundary="%b"\r\n' % boundary
            + part % (boundary, b"text/plain")
        )
        self._between = part % (boundary, b"text/html")
        self._after_html = b"\r\n--%b--\r\n" % boundary
        https = wire.quoted_printable(self.base_url)
        self._short = len(https) + 3 + _TOKEN < 76 and not https.startswith(b"=2E")
        """An address fits one line, so its beginning is the same for everybody."""
        prefixes = {False: https + b"/t/", True: https + b"/u/"} if self._short else _NO_PREFIX
        self._program = self._compile(prefixes)
        self._with_pixel = self._program
        if template.track_opens:
            self._with_pixel = self._compile(prefixes, with_pixel(self._parts[1], self.base_url))

    def _compile(self, prefixes: Mapping[bool, bytes], html: list[Part] | None = None) -> Program:
        """What is given comes in this order: address, subject unless it is constant, date, Message-ID, token twice.

        A calendar invitation that asks for an answer wants its attendee twice after them.
        """
        program, base = Program(), self.base_url.encode("ascii")
        program.say(self._from)
        program.given()
        program.say(b"\r\n")
        if self._constant_subject is None:
            program.given()
        else:
            program.say(self._constant_subject)
        program.say(b"Date: ")
        program.given()
        program.say(b"\r\nMessage-ID: <")
        program.given()
        program.say(b"@" + self._domain.encode("ascii") + b">\r\n" + self._after_id + base + b"/u/")
        program.given()
        program.say(b">,\r\n <mailto:" + self._mailto + b"?subject=unsubscribe%20")
        program.given()
        program.say(b">\r\n" + self._before_text)
        program.body(self._parts[0], prefixes, html=False)
        self._in_text = len(program.links)
        program.say(self._between)
        program.body(html or self._parts[1], prefixes, html=True)
        if self._enclosed is not None:
            self._enclosed.alternative(program)
        program.say(self._after_html)
        if self._enclosed is not None:
            self._enclosed.closing(program)
        return program

    def render(self, person: Addressee, at: int, shown: ShownLinks | None = None) -> tuple[str, bytes]:
        """The recipient's envelope address and the whole message with CRLF, without the final dot.

        `at` is in epoch milliseconds; `shown` replaces the signed links in a preview. Raises UndeliverableError when
        the person's address cannot stand in an envelope.
        """
        fields = person.fields
        address = wire.wire_address(str(fields.get("email") or ""))
        if address is None:
            raise UndeliverableError(wire.why_not(str(fields.get("email") or "")))
        pk, step = person.contact_pk, person.step
        out = self._signer.token(TokenPurpose.UNSUBSCRIBE, self._campaign_pk, pk, step, 0)
        names = [
            address.encode("ascii"), wire.date_header(at // 1000),
            self._signer.message_id(self._campaign_pk, pk, step).encode("ascii"), out, out,
        ]  # fmt: skip
        if self._constant_subject is None:
            names.insert(1, self._subject_for(fields))
        if self._enclosed is not None and self._enclosed.names_reader:
            names += [wire.quoted_printable(attendee_line(address))] * 2
        if shown is not None:
            program = self._compile(_NO_PREFIX)
            return address, program.filled(names, fields, self._shown(program.links, shown))
        program = self._with_pixel if person.opens else self._program
        tokens = {OUT: out}
        for no in program.links:
            if no not in tokens:
                purpose, link = (TokenPurpose.OPEN, 0) if no == PIXEL else (TokenPurpose.CLICK, no)
                tokens[no] = self._signer.token(purpose, self._campaign_pk, pk, step, link)
        if not self._short:
            tokens = {no: token if no == PIXEL else self._address(no, token) for no, token in tokens.items()}
        return address, program.filled(names, fields, [tokens[no] for no in program.links])

    def _address(self, no: int, token: bytes) -> bytes:
        return wire.quoted_printable(f"{self.base_url}{'/u/' if no == OUT else '/t/'}{token.decode('ascii')}")

    def _shown(self, links: Sequence[int], shown: ShownLinks) -> list[bytes]:
        """The addresses of a preview: plain in the text part, escaped in the HTML part."""
        plain = [shown.unsubscribe if no == OUT else shown.links[no] for no in links]
        return [
            wire.quoted_printable(address if at < self._in_text else str(escape(address)))
            for at, address in enumerate(plain)
        ]

    def _subject_for(self, fields: Mapping[str, object]) -> bytes:
        """The subject line, remembered: people share first names."""
        key = tuple(fields.get(name) for name in self._in_subject)
        if not all(type(value) is str for value in key):
            return self._subject_line(fields)
        found = self._subjects.get(key)
        if found is None:
            if len(self._subjects) >= _REMEMBERED:
                self._subjects.clear()
            found = self._subjects[key] = self._subject_line(fields)
        return found

    def _subject_line(self, fields: Mapping[str, object]) -> bytes:
        return wire.unstructured("Subject", _plain(self._subject, fields))

    def preheader(self, fields: Mapping[str, object]) -> str:
        """The preheader as this person's inbox would show it."""
        return wire.header_text(_plain(self._preheader, fields))

    def message_id(self, contact_pk: int, step: int) -> str:
        """The Message-ID without its angle brackets."""
        return f"{self._signer.message_id(self._campaign_pk, contact_pk, step)}@{self._domain}"

    def undefined_fields(self) -> list[str]:
        """Merge fields that are not standard and have no default: each person must have them."""
        return sorted({slot.name for slot in self.fields if slot.default is None and slot.name not in STANDARD_FIELDS})


def _plain(parts: list[Part], fields: Mapping[str, object]) -> str:
    return "".join(
        part if isinstance(part, str) else field_text(fields.get(part.name), part.default)[0]
        for part in parts
        if isinstance(part, str | FieldSlot)
    )


def _sender_address(address: str, field: str) -> str:
    ready = wire.wire_address(address)
    if ready is None:
        raise InvalidInputError(
            f"The sender address {address!r} cannot be used on the wire.",
            remedy="Use letters, digits and dots before the @, for example hello@example.com.",
            field=field,
        )
    return ready


def _token_text(text: str) -> str:
    """A part of Feedback-ID: no colon, no space, nothing that could break a header."""
    return quote(text, safe="-_.")


def render_one(compiled: CompiledEmail, person: Addressee, at: int, shown: ShownLinks | None = None) -> RenderedMessage:
    """A preview or test message: rendered by the code that sends, then read back from its bytes."""
    from email import message_from_bytes, policy
    from email.header import decode_header, make_header

    address, raw = compiled.render(person, at, shown)
    message = message_from_bytes(raw, policy=policy.compat32)
    headers = {
        name: str(make_header(decode_header(str(value).replace("\r\n ", " ")))) for name, value in message.items()
    }
    bodies: dict[str, str] = {}
    for part in message.walk():
        if not part.is_multipart() and part.get_content_disposition() != "attachment":
            payload = part.get_payload(decode=True)
            bodies[part.get_content_type()] = payload.decode("utf-8") if isinstance(payload, bytes) else ""
    return RenderedMessage(
        raw=raw,
        headers=headers,
        to=address,
        subject=headers.get("Subject", ""),
        preheader=compiled.preheader(person.fields),
        text=bodies.get("text/plain", "").replace("\r\n", "\n"),
        html=bodies.get("text/html", "").replace("\r\n", "\n"),
    )
