"""Use cases of distribution: launch a campaign's deliveries, count and list them, stop and go on, render one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from tidings.access.audit import record
from tidings.access.permissions import Permission, require
from tidings.distribution import attachments, repository, volume
from tidings.distribution.channels.base import Outgoing, ShortParts
from tidings.distribution.compile import (
    Addressee,
    CompiledEmail,
    RenderedMessage,
    ShownLinks,
    UndeliverableError,
    render_one,
)
from tidings.distribution.lint import Specimen
from tidings.distribution.preflight import PROVIDERS
from tidings.distribution.short import CompiledShort
from tidings.distribution.statements import PAUSE_KEY
from tidings.distribution.throttle.view import LimitsView, lift_hold, limits_view
from tidings.distribution.tokens import TokenSigner, nobodys_number
from tidings.distribution.wire import wire_address
from tidings.domain.actor import Actor
from tidings.domain.channel import Channel
from tidings.domain.consent import marketing_purpose
from tidings.domain.errors import ForbiddenError, InvalidInputError
from tidings.domain.instant import Clock, Instant
from tidings.domain.message import EmailTemplate, ShortTemplate
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.settings import drop_setting, get_setting, put_setting

_PREVIEW_ID = "preview"


class DistributionService:
    """Blocking. Methods with `conn` work in the caller's transaction, who has checked the rights."""

    def __init__(self, db: Database, clock: Clock, secrets: Secrets, *, base_url: str) -> None:
        self._db, self._clock, self._base_url = db, clock, base_url
        self._signer = TokenSigner(secrets.signing_key)
        self._domains: dict[int, str] = {}

    @property
    def base_url(self) -> str:
        """What links in mails begin with."""
        return self._base_url

    @property
    def signer(self) -> TokenSigner:
        """Makes the Message-IDs and the tokens of links."""
        return self._signer

    # A campaign's deliveries

    def launch(
        self, conn: Connection, campaign_pk: int, templates: Sequence[EmailTemplate | ShortTemplate], now: Instant,
        ignore_plan_times: bool = False,  # the name of the contract
    ) -> int:  # fmt: skip
        """Fixes messages and links and turns the plan's slots into deliveries; how many.

        Everybody of the plan gets one for each channel their slot names, where that still may reach them. Launching
        twice changes nothing. Raises InvalidInputError when a message cannot be sent as it is, before anything is.
        """
        if repository.is_launched(conn, campaign_pk):
            return repository.people(conn, campaign_pk)
        mails = [each for each in templates if isinstance(each, EmailTemplate)]
        shorts = [each for each in templates if isinstance(each, ShortTemplate)]
        due_at = now if ignore_plan_times else None
        if mails or not shorts:
            self._launch_mail(conn, campaign_pk, mails, due_at)
        for channel in (Channel.SMS, Channel.PUSH):
            of_channel = [each for each in shorts if each.channel == channel.value]
            if of_channel:
                self._launch_short(conn, campaign_pk, channel, of_channel, now, due_at)
        return repository.people(conn, campaign_pk)

    def _launch_mail(
        self, conn: Connection, campaign_pk: int, templates: Sequence[EmailTemplate], due_at: Instant | None
    ) -> None:
        campaign_id, _ = repository.campaign_name(conn, campaign_pk)
        compiled = [
            self._compile(template, campaign_pk, campaign_id, attachments.contents(conn, template.attachments))
            for template in templates
        ]
        missing = repository.variants_planned(conn, campaign_pk) - {each.template.variant for each in compiled}
        if missing or not compiled:
            names = ", ".join(sorted(missing)) or "all"
            raise InvalidInputError(f"The plan names variants without a message: {names}.")
        self._check_fields(conn, campaign_pk, compiled, Channel.EMAIL)
        repository.write_messages(conn, campaign_pk, templates)
        repository.freeze(conn, campaign_pk, due_at)

    def _launch_short(
        self, conn: Connection, campaign_pk: int, channel: Channel, templates: Sequence[ShortTemplate], now: Instant,
        due_at: Instant | None,
    ) -> None:  # fmt: skip
        """Only for those who can still be reached and say yes: that they get the mail says nothing about it."""
        from tidings.audience.repository import consents, reachable, suppressed

        compiled = [
            CompiledShort(template, campaign_pk=campaign_pk, base_url=self._base_url, signer=self._signer)
            for template in templates
        ]
        self._check_fields(conn, campaign_pk, compiled, channel)
        repository.write_messages(conn, campaign_pk, templates)
        willing = reachable(channel.value) & consents(marketing_purpose(channel), now) & ~suppressed(channel.value)
        variants = [template.variant for template in templates]
        repository.freeze(conn, campaign_pk, due_at, channel, only=willing, variants=variants)

    def _check_fields(
        self, conn: Connection, campaign_pk: int, compiled: Sequence[CompiledEmail | CompiledShort], channel: Channel
    ) -> None:
        from tidings.audience.repository import merge_fields

        if any(each.undefined_fields() for each in compiled):
            people = merge_fields(conn, repository.people_planned(conn, campaign_pk, channel))
            for each in compiled:
                repository.check_fields(each, people)

    def add_messages(self, conn: Connection, campaign_pk: int, step: int, templates: Sequence[EmailTemplate]) -> None:
        """Fixes what a step of a campaign sends to people who are not known yet.

        Raises InvalidInputError when a message cannot be sent as it is, or has a merge field without a default.
        """
        campaign_id, _ = repository.campaign_name(conn, campaign_pk)
        for template in templates:
            for name in self._compile(template, campaign_pk, campaign_id).undefined_fields():
                raise InvalidInputError(
                    f"`contact.{name}` may not be known of everybody who will get variant {template.variant}.",
                    remedy=f'Give it a default: {{{{ contact.{name} | default: "…" }}}}.',
                    field=name,
                )
        repository.write_messages(conn, campaign_pk, templates, step)

    def counts(self, conn: Connection, campaign_pk: int) -> dict[str, int]:
        """Deliveries by state; they add up to all people launched."""
        return repository.counts(conn, campaign_pk)

    def counts_by_channel(self, conn: Connection, campaign_pk: int) -> dict[str, dict[str, int]]:
        """The same of each channel by which somebody is written to."""
        return repository.counts_by_channel(conn, campaign_pk)

    @staticmethod
    def not_left_in(counts: Mapping[str, int]) -> int:
        """How many of these have not left: what a cancellation would stop."""
        return sum(counts.get(state, 0) for state in repository.NOT_LEFT)

    def something_open(self, conn: Connection, campaign_pk: int) -> bool:
        """Whether something still happens to one of its deliveries by itself."""
        return repository.something_open(conn, campaign_pk)

    def why_held(self, conn: Connection, campaign_pk: int) -> str:
        """Why deliveries of it are held at this moment; empty when none is."""
        return repository.why_held(conn, campaign_pk)

    def reasons(self, conn: Connection, campaign_pk: int) -> list[tuple[str, str, str, int]]:
        """How many deliveries are in a state for a reason; a reason may hold a server's words."""
        return repository.reasons(conn, campaign_pk)

    def delivery_rows(
        self, conn: Connection, campaign_pk: int, *, state: str | None = None, after_contact: int = 0, limit: int = 50,
        after_row: tuple[int, str] | None = None,
    ) -> Sequence[Row[Any]]:  # fmt: skip
        """A page of deliveries by contact, each with the contact's id, name and address."""
        return repository.delivery_rows(
            conn, campaign_pk, state=state, after_contact=after_contact, limit=limit, after_row=after_row
        )

    def attempts(self, conn: Connection, campaign_pk: int, contact_pk: int) -> Sequence[Row[Any]]:
        """Every attempt that did not simply succeed, with the server's words, oldest first."""
        return repository.attempts_of(conn, campaign_pk, contact_pk)

    def message_id(self, conn: Connection, campaign_pk: int, contact_pk: int, step: int = 0) -> str:
        """The Message-ID a delivery has or will have, without brackets."""
        domain = self._domains.get(campaign_pk)
        if domain is None:
            templates = repository.templates_of(conn, campaign_pk)
            if not templates:
                return ""
            sender = wire_address(templates[0][2].from_address) or ""
            domain = self._domains[campaign_pk] = sender.rpartition("@")[2].lower()
        return f"{self._signer.message_id(campaign_pk, contact_pk, step)}@{domain}"

    def cancel_open(self, conn: Connection, campaign_pk: int) -> int:
        """Cancels all that is not on the wire; how many."""
        return repository.cancel_open(conn, campaign_pk, self._clock.now())

    def cancel_channel(self, conn: Connection, campaign_pk: int, channel: Channel, reason: str) -> int:
        """Cancels all of a channel that is not on the wire, with the reason; how many. The others go on."""
        repository.bump_epoch(conn, campaign_pk)  # what a worker has in hand comes back before it leaves
        return repository.cancel_open(conn, campaign_pk, self._clock.now(), channel=channel, reason=reason)

    def hold(self, conn: Connection, campaign_pk: int, reason: str) -> int:
        """Pauses a campaign until a person resumes it, and holds what waits, with the reason shown; how many."""
        now = self._clock.now()
        put_setting(conn, f"{repository.HOLD_KEY}{campaign_pk}", {"reason": reason}, now)
        repository.pause(conn, campaign_pk, now, f"Paused by the {reason}.")
        return repository.hold_campaign(conn, campaign_pk, now, reason)

    def hold_of(self, conn: Connection, campaign_pk: int) -> str:
        """Why a campaign is held as a whole; empty when it is not."""
        held = get_setting(conn, f"{repository.HOLD_KEY}{campaign_pk}")
        return str(held["reason"]) if held else ""

    def release(self, conn: Connection, campaign_pk: int) -> int:
        """Lets what was held of a campaign go on once it is resumed; how many deliveries."""
        repository.drop_hold(conn, campaign_pk)
        return repository.release_held(conn, campaign_pk)

    # The kill switch

    def pause_all(self, actor: Actor, reason: str = "") -> None:
        """Nothing more leaves, in any campaign, until somebody resumes. Repeating it is harmless."""
        require(actor, Permission.SENDING_PAUSE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            if get_setting(conn, PAUSE_KEY) is None:
                put_setting(conn, PAUSE_KEY, {"by": actor.name, "reason": reason, "at": now}, now)
                record(conn, now, actor, "sending.pause_all", detail={"reason": reason})

    def resume_all(self, actor: Actor) -> None:
        """Everything goes on from where it was. Whoever writes may stop all; letting go is for who may send all.

        Raises ForbiddenError for a role limited to brands, for it would start the others' campaigns too.
        """
        self._require_all_brands(actor, "resuming starts the campaigns of all")
        now = self._clock.now()
        with self._db.transaction() as conn:
            if get_setting(conn, PAUSE_KEY) is not None:
                drop_setting(conn, PAUSE_KEY)
                record(conn, now, actor, "sending.resume_all")

    def all_paused(self, conn: Connection) -> dict[str, Any] | None:
        """Who paused all sending, why and when; None when nobody did."""
        return get_setting(conn, PAUSE_KEY)

    # Relays and providers

    def limits(self, actor: Actor) -> LimitsView:
        """How relays and mailbox providers are, as the sender last saw them."""
        require(actor, Permission.CAMPAIGNS_READ)
        with self._db.reading() as conn:
            return limits_view(conn, self._clock.now())

    def lift_hold(self, actor: Actor, relay: str, provider: str) -> str:
        """Lets mail to a provider go on before its hold ends; the provider's title.

        Raises NotFoundError when nothing is held, ForbiddenError for a role limited to brands.
        """
        self._require_all_brands(actor, "lifting a hold lets the mail of all go on")
        with self._db.transaction() as conn:
            return lift_hold(conn, actor, relay, provider, self._clock.now())

    def _require_all_brands(self, actor: Actor, why: str) -> None:
        require(actor, Permission.CAMPAIGNS_SEND)
        if actor.brands:
            raise ForbiddenError(
                f"Your role is limited to some brands; {why}.", remedy="Ask somebody who may send for every brand."
            )

    # One message

    def render_one(
        self, template: EmailTemplate, fields: Mapping[str, object], links: Sequence[str], unsubscribe_url: str,
        contents: Mapping[str, bytes] | None = None,
    ) -> RenderedMessage:  # fmt: skip
        """One message as the campaign would send it, with plain links: the same compiled code, read back from bytes.

        An address that is masked or cannot be written to is shown as it is, but does not stand in the bytes.
        """
        compiled = self._compile(template, 0, _PREVIEW_ID, contents)
        shown = ShownLinks({link.no: url for link, url in zip(template.links, links, strict=False)}, unsubscribe_url)
        address = str(fields.get("email") or "")
        given = {**fields} if wire_address(address) else {**fields, "email": "preview@example.invalid"}
        return render_one(compiled, Addressee(0, 0, given), self._clock.now(), shown)

    def render_short(
        self, template: ShortTemplate, fields: Mapping[str, object], links: Sequence[str], unsubscribe_url: str
    ) -> ShortParts:
        """One text message or notification as the campaign would send it, with plain links, by the same code."""
        compiled = CompiledShort(template, campaign_pk=0, base_url=self._base_url, signer=self._signer)
        shown = ShownLinks({link.no: url for link, url in zip(template.links, links, strict=False)}, unsubscribe_url)
        return compiled.parts(Addressee(0, 0, fields), shown)

    def trial(
        self, template: EmailTemplate, fields: Mapping[str, object], to: str, contents: Mapping[str, bytes]
    ) -> Outgoing:
        """The message as it would leave, addressed to somebody of the house: it belongs to no delivery.

        Links are plain, so that a click counts nowhere; the way out leads nowhere. Raises InvalidInputError for an
        address that cannot be written to or a message that cannot be compiled.
        """
        marked = template.model_copy(update={"subject": f"[Test] {template.subject}"})
        compiled = self._compile(marked, 0, _PREVIEW_ID, contents)
        shown = ShownLinks({link.no: link.url for link in marked.links}, f"{compiled.base_url}/u/preview")
        nobody = nobodys_number()
        try:
            recipient, raw = compiled.render(Addressee(nobody, 0, {**fields, "email": to}), self._clock.now(), shown)
        except UndeliverableError as error:
            raise InvalidInputError(f"{to!r} cannot be written to: {error}.", field="to") from error
        return Outgoing(
            campaign_pk=0, contact_pk=nobody, step=0, variant=template.variant, attempt=1, chunk_no=0, fence=0,
            epoch=0, fields={}, claimed_at=self._clock.now(), sender=compiled.sender, recipient=recipient, body=raw,
        )  # fmt: skip

    def specimen(
        self, template: EmailTemplate, fields: Mapping[str, object], *, postal_address: str, hosts: Iterable[str],
        stays_here: bool = False, contents: Mapping[str, bytes] | None = None,
    ) -> Specimen:  # fmt: skip
        """One message with signed links and every header, for pre-flight to read; it belongs to nobody.

        Raises InvalidInputError when the message cannot be compiled.
        """
        compiled = self._compile(template, 0, _PREVIEW_ID, contents)
        address = str(fields.get("email") or "")
        given = {**fields} if wire_address(address) else {**fields, "email": "preview@example.invalid"}
        _, raw = compiled.render(Addressee(0, 0, given), self._clock.now())
        return Specimen(
            variant=template.variant, raw=raw, postal_address=postal_address,
            targets=tuple(link.url for link in template.links),
            hosts=frozenset(host.lower().removeprefix("www.") for host in hosts if host),
            base_url=compiled.base_url, stays_here=stays_here,
            sender_domain=compiled.sender.rpartition("@")[2].lower(),
        )  # fmt: skip

    def planned_by_provider(self, conn: Connection, campaign_pk: int) -> dict[str, dict[int, int]]:
        """How many go to each large provider in which hour since 1970, as the provider counts.

        Beside the campaign's plan that is what others of the same sender domain sent within the last day, and what of
        theirs still waits.
        """
        found = repository.planned_by_provider(conn, campaign_pk, PROVIDERS)
        beside = volume.beside(conn, campaign_pk, PROVIDERS, self._clock.now())
        for provider, hours in beside.items():
            mine = found.setdefault(provider, {})
            for hour, number in hours.items():
                mine[hour] = mine.get(hour, 0) + number
        return found

    def _compile(
        self, template: EmailTemplate, campaign_pk: int, campaign_id: str, contents: Mapping[str, bytes] | None = None
    ) -> CompiledEmail:
        return CompiledEmail(
            template, campaign_pk=campaign_pk, campaign_id=campaign_id, base_url=self._base_url, signer=self._signer,
            contents=contents or {},
        )  # fmt: skip
