"""A text message or notification compiled once per variant, filled in for each person by the code e-mail uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidings.distribution.channels.base import ShortParts
from tidings.distribution.compile import MAX_LINKS, Addressee, ShownLinks, UndeliverableError, link_number
from tidings.distribution.places import STANDARD_FIELDS, FieldSlot, LinkSlot, Part, fields_of, parse
from tidings.distribution.program import OUT, PLAIN, Program
from tidings.distribution.tokens import OUT_OF, TokenPurpose, TokenSigner
from tidings.domain.channel import Channel
from tidings.domain.errors import InvalidInputError
from tidings.domain.message import ShortTemplate
from tidings.domain.sms import MOST_SEGMENTS, length_of, normalise_phone, says_how_to_stop

_PUSH_BYTES = 2800  # of title and text: a push message holds 4096 bytes (RFC 8291), links and names included


class CompiledShort:
    """One variant of one campaign for SMS or push. Immutable."""

    def __init__(
        self, template: ShortTemplate, *, campaign_pk: int, base_url: str, signer: TokenSigner, link_base: int = 0
    ) -> None:
        """Raises InvalidInputError when it holds something that cannot be sent, with the place."""
        self.template, self.channel = template, Channel(template.channel)
        self._campaign_pk, self._link_base, self._signer = campaign_pk, link_base, signer
        self._base_url = base_url.rstrip("/")
        self._texts = parse(template.title, "title"), parse(sent_text(template), "text")
        if any(not isinstance(part, str | FieldSlot) for part in self._texts[0]):
            raise InvalidInputError("The title holds a link.", remedy="Links go into the text.", field="title")
        if not template.text.strip():
            raise InvalidInputError("The message is empty.", remedy="Write its text.", field="text")
        self._check_links(self._texts[1])
        self.fields = fields_of([*self._texts[0], *self._texts[1]])
        self._programs = [_program(parts) for parts in self._texts]

    def _check_links(self, parts: Sequence[Part]) -> None:
        known = {link.no for link in self.template.links}
        for part in parts:
            if isinstance(part, LinkSlot) and (part.no not in known or part.no >= MAX_LINKS):
                raise InvalidInputError(f"The message uses links[{part.no}], which is not in its link table.")

    def parts(self, person: Addressee, shown: ShownLinks | None = None) -> ShortParts:
        """The message of one person; `shown` replaces the signed links in a preview.

        Raises UndeliverableError when the person has no number or browser, or the text became too long.
        """
        to, subscriptions = self._whereto(person.fields, preview=shown is not None)
        title, text = (self._filled(no, person, shown) for no in (0, 1))
        self._check_length(title, text)
        return ShortParts(
            to=to, text=text, title=title, link=self._link(person, shown), image_url=self.template.image_url,
            language=self.template.language, subscriptions=subscriptions,
        )  # fmt: skip

    def _whereto(self, fields: Mapping[str, object], *, preview: bool) -> tuple[str, tuple[Mapping[str, str], ...]]:
        if self.channel is Channel.SMS:
            phone = normalise_phone(str(fields.get("phone") or ""))
            if phone is None and not preview:
                raise UndeliverableError("the contact has no phone number with its country")
            return phone or "", ()
        found: Any = fields.get("push_subscriptions") or ()
        if not found and not preview:
            raise UndeliverableError("no browser of the contact is subscribed")
        return f"{len(found)} browsers", tuple(found)

    def _check_length(self, title: str, text: str) -> None:
        if self.channel is Channel.SMS:
            length = length_of(text)
            if length.segments > MOST_SEGMENTS:
                raise UndeliverableError(f"the text takes {length.segments} segments; {MOST_SEGMENTS} is the most")
        elif len((title + text).encode()) > _PUSH_BYTES:
            raise UndeliverableError(f"title and text have more than {_PUSH_BYTES} bytes")

    def _filled(self, no: int, person: Addressee, shown: ShownLinks | None) -> str:
        program, links = self._programs[no]
        if shown is not None:
            given = [shown.unsubscribe if link == OUT else shown.links[link] for link in links]
        else:
            given = [self._address(person, link) for link in links]
        return program.filled([each.encode() for each in given], person.fields).decode()

    def _link(self, person: Addressee, shown: ShownLinks | None) -> str:
        """Where a tap on a notification leads: the first link, through the click tracker."""
        if not self.template.links:
            return ""
        first = min(link.no for link in self.template.links)
        if shown is not None:
            return shown.links.get(first, "")
        return self._address(person, first)

    def _address(self, person: Addressee, link: int) -> str:
        purpose, path = (TokenPurpose.UNSUBSCRIBE, "/u/") if link == OUT else (TokenPurpose.CLICK, "/t/")
        no = OUT_OF[self.channel] if link == OUT else link_number(link, self._link_base)
        token = self._signer.sign(purpose, self._campaign_pk, person.contact_pk, person.step, no)
        return f"{self._base_url}{path}{token}"

    def undefined_fields(self) -> list[str]:
        """Merge fields that are not standard and have no default: each person must have them."""
        return sorted({slot.name for slot in self.fields if slot.default is None and slot.name not in STANDARD_FIELDS})


def sent_text(template: ShortTemplate) -> str:
    """The text as it leaves: a text message that does not say how to stop gets the person's own way out."""
    if template.channel != Channel.SMS.value or says_how_to_stop(template.text):
        return template.text
    return f"{template.text.rstrip()}\nSTOP: {{{{ unsubscribe_url }}}}"


def _program(parts: Sequence[Part]) -> tuple[Program, list[int]]:
    """The text with a hole for each link's whole address, and the links in the order in which `filled` wants them."""
    found = {part.no if isinstance(part, LinkSlot) else OUT for part in parts if not isinstance(part, str | FieldSlot)}
    links = sorted(found)
    program = Program([str(no) for no in links], PLAIN)
    program.body(parts, lambda no, _html: (b"", str(no)), html=False)
    return program, links
