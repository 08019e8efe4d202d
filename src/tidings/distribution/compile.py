"""A message compiled once per variant into bytes with slots, so that a person costs microseconds.

The same compiled message makes previews, test sends and the campaign's mails. A quoted-printable soft break stands
before and after each slot, so neighbouring segments can never influence each other; a line never begins with a dot.
Headers follow distribution.md: Message-ID of the sender's domain (RFC 5322), List-Id (RFC 2919), List-Unsubscribe
with one-click (RFC 2369, RFC 8058), Feedback-ID. A mail that asks to confirm a consent is of no list: it has
`Auto-Submitted` (RFC 3834) in place of the List headers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import escape

from tidings.distribution import wire
from tidings.distribution.calendar import attendee_line
from tidings.distribution.channels.base import EmailParts
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
from tidings.distribution.program import OUT, PLAIN, LinkHole, Program
from tidings.distribution.tokens import NARROW, TokenPurpose, TokenSigner
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import TRAP, EmailTemplate

MAX_LINKS = 1 << 10
"""Of one campaign, all steps together: so many a token can tell apart."""
_TOKEN = 24
_REMEMBERED = 4096
_LONGEST_MARK = 900  # a line holds 998 (RFC 5322, 2.1.1)
_NO_CONTENTS: Mapping[str, bytes] = {}
_NAMES = ("to", "subject", "date", "id", "out")
_LEAVES = (TokenPurpose.UNSUBSCRIBE, "/u/")
_CONFIRMS = (TokenPurpose.CONFIRM, "/y/")
"""What the address lets its person do that a template calls `unsubscribe_url`, and where it leads."""


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
        link_base: int = 0, contents: Mapping[str, bytes] = _NO_CONTENTS,
    ) -> None:  # fmt: skip
        """`link_base` is the number of `links[0]` in the campaign's link table; `contents` are the attachments' bytes
        by id.

        Raises InvalidInputError when a part holds something that cannot be sent, with the place.
        """
        self.template = template
        self._campaign_pk, self._link_base = campaign_pk, link_base
        self._signer = signer
        self._own = _CONFIRMS if template.confirms else _LEAVES
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
            if isinstance(part, LinkSlot) and (part.no not in known or part.no >= MAX_LINKS):
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
        of_list = {"List-Id": f"<{list_name}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        kind = {"Auto-Submitted": "auto-generated"} if template.confirms else of_list
        lines = {"Reply-To": reply_to, "MIME-Version": "1.0", **kind, "Feedback-ID": feedback}
        self._after_id = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value).encode("ascii")
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
        self._reply_to = reply_to
        self._own_headers = {**kind, "Feedback-ID": feedback, "Content-Language": language}
        https = wire.quoted_printable(self.base_url)
        fits = len(https) + 3 + _TOKEN < 76 and not https.startswith(b"=2E")
        self._short = fits and not template.confirms
        """An address fits one line, so its beginning is the same for everybody."""
        numbers = {part.no for parts in self._parts for part in parts if isinstance(part, LinkSlot)}
        self._links = [(no, html) for html in (False, True) for no in (OUT, *sorted(numbers))]
        self._names = (*_NAMES, "reader") if self._enclosed is not None and self._enclosed.names_reader else _NAMES
        self._steps: dict[tuple[int, bool], Program] = {}
        self._uncoded: dict[tuple[bool, bool], Program] = {}
        self._whole = self._of_whole(opens=False)
        """Its holes take whole addresses: for previews, long addresses, and people whose number is large."""

    def _html(self, opens: bool) -> list[Part]:
        return with_pixel(self._parts[1], self.base_url) if opens else self._parts[1]

    def _of_whole(self, *, opens: bool) -> Program:
        more = [_whole_address(*link)[1] for link in self._links]
        return self._compile(b"", _whole_address, [*more, *(["pixel"] if opens else [])], opens=opens)

    def _of_step(self, step: int, *, opens: bool) -> Program:
        """One whose holes take the ends of tokens only: their beginnings are the same for everybody."""
        found = self._steps.get((step, opens))
        if found is None:
            head, pk, https = self._signer.head, self._campaign_pk, wire.quoted_printable(self.base_url)
            out = head(TokenPurpose.UNSUBSCRIBE, pk, step, 0)

            def link(no: int, _html: bool) -> tuple[bytes, str]:
                if no == PIXEL:  # its address begins in the text before it
                    return b"", "pixel"
                if no == OUT:
                    return https + b"/u/" + out, "out"
                return https + b"/t/" + head(TokenPurpose.CLICK, pk, step, link_number(no, self._link_base)), "click"

            more = ["click", "pixel"] if opens else ["click"]
            found = self._steps[step, opens] = self._compile(out, link, more, opens=opens)
        return found

    def _compile(self, out: bytes, link: LinkHole, more: Sequence[str], *, opens: bool) -> Program:
        """`out` is what unsubscribe tokens begin with; `more` names values after the usual ones."""
        program, base = Program((*self._names, *more)), self.base_url.encode("ascii")
        program.say(self._from)
        program.hole("to")
        program.say(b"\r\n")
        if self._constant_subject is None:
            program.hole("subject")
        else:
            program.say(self._constant_subject)
        program.say(b"Date: ")
        program.hole("date")
        program.say(b"\r\nMessage-ID: <")
        program.hole("id")
        program.say(b"@" + self._domain.encode("ascii") + b">\r\n" + self._after_id)
        if not self.template.confirms:
            program.say(b"List-Unsubscribe: <" + base + b"/u/" + out)
            program.hole("out")
            program.say(b">,\r\n <mailto:" + self._mailto + b"?subject=unsubscribe%20" + out)
            program.hole("out")
            program.say(b">\r\n")
        program.say(self._before_text)
        program.body(self._parts[0], link, html=False)
        program.say(self._between)
        program.body(self._html(opens), link, html=True)
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
        return self.made(person.contact_pk, person.step, person.fields, at, shown, opens=person.opens)

    def made(
        self, pk: int, step: int, fields: Mapping[str, object], at: int, shown: ShownLinks | None = None, *,
        opens: bool = False,
    ) -> tuple[str, bytes]:  # fmt: skip
        """`render`, for the sending loop: contact, step and fields without an object around them."""
        opens = opens and self.template.track_opens
        given = str(fields.get("email") or "")
        address = wire.wire_address(given)
        if address is None:
            raise UndeliverableError(wire.why_not(given))
        subject = self._constant_subject if self._constant_subject is not None else self._subject_for(fields)
        values = [
            address.encode("ascii"), subject, wire.date_header(at // 1000),
            self._signer.message_id(self._campaign_pk, pk, step).encode("ascii"),
        ]  # fmt: skip
        if not (self._short and shown is None and pk < NARROW):
            return address, self._in_whole(values, fields, pk, step, shown, opens=opens)
        click, out = self._signer.tails(self._campaign_pk, pk, step)
        values.append(out)
        if self._names is not _NAMES:
            values.append(wire.quoted_printable(attendee_line(address)))
        values.append(click)
        if opens:
            values.append(self._signer.token(TokenPurpose.OPEN, self._campaign_pk, pk, step, 0))
        program = self._steps.get((step, opens)) or self._of_step(step, opens=opens)
        return address, program.filled(values, fields)

    def _in_whole(
        self, values: list[bytes], fields: Mapping[str, object], pk: int, step: int, shown: ShownLinks | None, *,
        opens: bool,
    ) -> bytes:  # fmt: skip
        """The message whose addresses differ from their beginnings on."""
        address = values[0].decode("ascii")
        values.append(self._signer.token(TokenPurpose.UNSUBSCRIBE, self._campaign_pk, pk, step, 0))
        if self._names is not _NAMES:
            values.append(wire.quoted_printable(attendee_line(address)))
        values += [
            self._address(no, pk, step) if shown is None else _shown(no, shown, html) for no, html in self._links
        ]
        if not opens:
            return self._whole.filled(values, fields)
        values.append(self._signer.token(TokenPurpose.OPEN, self._campaign_pk, pk, step, 0))
        return self._of_whole(opens=True).filled(values, fields)

    def parts(self, person: Addressee) -> EmailParts:
        """The same message uncoded, for a provider that makes the MIME itself. Raises UndeliverableError.

        Attachments and invitations have no place in it: a message that has any cannot be made this way.
        """
        if self._enclosed is not None:
            raise UndeliverableError("the provider takes no attachments or invitations from here")
        fields, pk, step = person.fields, person.contact_pk, person.step
        given = str(fields.get("email") or "")
        address = wire.wire_address(given)
        if address is None:
            raise UndeliverableError(wire.why_not(given))
        return EmailParts(
            from_name=wire.header_text(self.template.from_name), from_address=self.sender, to=address,
            subject=wire.header_text(_plain(self._subject, fields)), text=self._uncoded_text(person, html=False),
            html=self._uncoded_text(person, html=True), reply_to=self._reply_to,
            headers={
                "Message-ID": f"<{self.message_id(pk, step)}>", **self._own_headers, **self._way_out(pk, step)
            },
        )  # fmt: skip

    def _way_out(self, pk: int, step: int) -> dict[str, str]:
        """The header that says how to leave the list; none where there is no list."""
        if self.template.confirms:
            return {}
        token = self._signer.sign(TokenPurpose.UNSUBSCRIBE, self._campaign_pk, pk, step, 0)
        mailto = self._mailto.decode("ascii")
        return {"List-Unsubscribe": f"<{self.base_url}/u/{token}>, <mailto:{mailto}?subject=unsubscribe%20{token}>"}

    def _uncoded_text(self, person: Addressee, *, html: bool) -> str:
        """One of the two texts as it is, links as whole addresses."""
        opens = html and person.opens and self.template.track_opens
        links = [no for no, of_html in self._links if of_html is html]
        names = [*(_whole_address(no, html)[1] for no in links), *(["pixel"] if opens else [])]
        program = self._uncoded.get((html, opens))
        if program is None:
            program = self._uncoded[html, opens] = Program(names, PLAIN)
            program.body(self._html(opens) if html else self._parts[0], _whole_address, html=html)
        values = [self._plain_address(no, person.contact_pk, person.step).encode("ascii") for no in links]
        if opens:
            values.append(self._signer.token(TokenPurpose.OPEN, self._campaign_pk, person.contact_pk, person.step, 0))
        return program.filled(values, person.fields).decode("utf-8")

    def _address(self, no: int, pk: int, step: int) -> bytes:
        return wire.quoted_printable(self._plain_address(no, pk, step))

    def _plain_address(self, no: int, pk: int, step: int) -> str:
        purpose, path = self._own if no == OUT else (TokenPurpose.CLICK, "/t/")
        number = 0 if no == OUT else link_number(no, self._link_base)
        return f"{self.base_url}{path}{self._signer.sign(purpose, self._campaign_pk, pk, step, number)}"

    def _subject_for(self, fields: Mapping[str, object]) -> bytes:
        """The subject line, remembered: people share first names."""
        key = tuple(map(fields.get, self._in_subject))
        for value in key:
            if type(value) is not str:  # 1, 1.0 and True are one key and three texts
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


def link_number(no: int, base: int) -> int:
    """The number in the campaign's link table of a step's link; the one nobody can see is the same in all steps."""
    return no if no == TRAP else base + no


def _whole_address(no: int, html: bool) -> tuple[bytes, str]:
    return b"", "pixel" if no == PIXEL else f"{no} {html}"


def _shown(no: int, shown: ShownLinks, html: bool) -> bytes:
    """An address of a preview: plain in the text part, escaped in the HTML part."""
    address = shown.unsubscribe if no == OUT else shown.links[no]
    return wire.quoted_printable(str(escape(address)) if html else address)


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
