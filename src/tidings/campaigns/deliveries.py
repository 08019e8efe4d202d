"""“What happened to the mail to Anna?”: one delivery with all that is known of it; a person's word on a lost answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from tidings.access import audit
from tidings.access.permissions import Permission, may, require
from tidings.audience.repository import EVERY_CHANNEL
from tidings.audience.selection import may_send
from tidings.campaigns import capping, repository
from tidings.campaigns.attaching import campaign_for
from tidings.campaigns.delivery_views import (
    AttemptView,
    DeliveryDetail,
    EventView,
    FoundDelivery,
    StandingView,
)
from tidings.campaigns.preview import merge_fields_of
from tidings.campaigns.show import local_time
from tidings.campaigns.views import Preview
from tidings.distribution import attachments, story
from tidings.distribution.settling import Verdict, accepted_event, settle
from tidings.domain.campaign import CampaignState
from tidings.domain.consent import Purpose
from tidings.domain.contact import mask_address
from tidings.domain.delivery import DeliveryState
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, TidingsError
from tidings.events.log import append
from tidings.keys.secrets import Secrets, address_hash
from tidings.scheduling.reasons import reason_text
from tidings.store.tables import consent, contact, slot, suppression

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tidings.distribution.service import DistributionService
    from tidings.domain.actor import Actor
    from tidings.domain.instant import Clock, Instant
    from tidings.events.activity import ActivityFeed
    from tidings.store.database import Database

_FOUND = 50
_RIGHTS = (Permission.CAMPAIGNS_READ,)
_NOT_HIS = "Your role does not read addresses, so the message is not shown."
_AGAIN = "Rendered again from the message as it was launched, with what is known of the person now; links are plain."


class DeliveryService:
    """Shows and finds deliveries, and settles uncertain ones."""

    def __init__(
        self, db: Database, clock: Clock, secrets: Secrets, feed: ActivityFeed, *, distribution: DistributionService
    ) -> None:  # fmt: skip
        self.db, self.clock, self.secrets, self.feed = db, clock, secrets, feed
        self.distribution = distribution

    def get(
        self, actor: Actor, campaign_id: str, contact_id: str, *, channel: str | None = None, step: int | None = None
    ) -> DeliveryDetail:
        """Everything of one delivery; of several to one person, the latest step unless one is named."""
        with self.db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, *_RIGHTS)
            person = _person(conn, contact_id)
            return self._detail(conn, actor, row, person, channel, step)

    def find(self, actor: Actor, *, address: str = "", message_id: str = "") -> list[FoundDelivery]:
        """The latest deliveries to an address, or the one with a Message-ID; given both, the address narrows it.

        Who asks by address must be allowed to read addresses: the answer tells that we know it. A search by
        Message-ID alone makes the IDs of many deliveries again and may take some seconds.
        """
        require(actor, Permission.CAMPAIGNS_READ)
        if not address.strip() and not message_id.strip():
            raise InvalidInputError("There is nothing to look for.", remedy="Give an address or a Message-ID.")
        if address.strip():
            require(actor, Permission.CONTACTS_READ_PII)
        with self.db.reading() as conn:
            places = self._places(conn, actor, address.strip(), message_id.strip())
            return [self._found(conn, actor, place) for place in places]

    def settle(
        self, actor: Actor, campaign_id: str, contact_id: str, verdict: Verdict, reason: str = "", *,
        channel: str | None = None, step: int | None = None,
    ) -> DeliveryDetail:  # fmt: skip
        """A person's word on an uncertain delivery: it arrived, or send it again, by which they may get it twice.

        Raises ForbiddenError for agents and programs, ConflictError when it is not uncertain or its campaign was
        cancelled.
        """
        with self.db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_SEND)
            if not actor.is_person:
                raise ForbiddenError(
                    "Only a person says what became of a lost answer.", remedy="Ask somebody who may send."
                )
            person = _person(conn, contact_id)
            chosen = _chosen(story.deliveries_to(conn, row.pk, person.pk), channel, step)
            if verdict is Verdict.SEND_AGAIN:
                _check_runs(row)
            now = self.clock.now()
            _check_uncertain(chosen)
            settle(conn, chosen, story.attempts_of(conn, chosen)[-1], verdict, actor.name, now)
            if verdict is Verdict.ARRIVED:
                append(conn, [accepted_event(chosen, actor.name, now)])
            elif row.state == CampaignState.DONE.value:
                repository.move(conn, row, CampaignState.SENDING, at=now, done_at=None)
            self._note(conn, actor, row, person, chosen, verdict, reason.strip())
            again = campaign_for(conn, actor, campaign_id, *_RIGHTS, Permission.CAMPAIGNS_SEND)
            return self._detail(conn, actor, again, person, chosen.channel, chosen.step)

    def _note(
        self, conn: Connection, actor: Actor, row: Row[Any], person: Any, chosen: Any, verdict: Verdict, reason: str
    ) -> None:  # fmt: skip
        now, words = self.clock.now(), verdict.value.replace("_", " ")
        which = {"contact": person.id, "channel": chosen.channel, "step": chosen.step}
        repository.insert_override(
            conn, object_id=row.id, what="uncertain delivery", before={**which, "state": chosen.state},
            after={**which, "verdict": verdict.value}, reason=reason or words, actor=actor, at=now,
        )  # fmt: skip
        audit.record(conn, now, actor, f"delivery.{verdict.value}", row.id, {**which, "reason": reason})
        what = "says that an uncertain message arrived" if verdict is Verdict.ARRIVED else "had a message sent again"
        self.feed.note(conn, "person", f"{actor.name} {what}, in “{row.name}”", row.id)

    def _places(self, conn: Connection, actor: Actor, address: str, message_id: str) -> list[story.Place]:
        if address:
            digest = address_hash(self.secrets, address)
            known = conn.execute(select(contact.c.pk).where(contact.c.address_hash == digest)).scalars().all()
            found = [
                place
                for pk in known
                for place in story.of_contact(conn, pk, brands=actor.brands, limit=_FOUND)
            ]  # fmt: skip
            if not message_id:
                return found
            left = message_id.strip("<>").partition("@")[0]
            return [place for place in found if self._message_id(conn, place).partition("@")[0] == left]
        place, whole = story.by_message_id(conn, self.distribution.signer, message_id, brands=actor.brands)
        if place is None and not whole:
            raise InvalidInputError(
                "There are too many deliveries to look through for a Message-ID alone.",
                remedy="Give the address it went to as well.", field="address",
            )  # fmt: skip
        return [] if place is None else [place]

    def _message_id(self, conn: Connection, place: story.Place) -> str:
        return self.distribution.message_id(conn, place[0], place[1], place[3])

    def _found(self, conn: Connection, actor: Actor, place: story.Place) -> FoundDelivery:
        row = repository.campaign_of_pk(conn, place[0])
        person = conn.execute(select(contact).where(contact.c.pk == place[1])).one_or_none()
        rows = story.deliveries_to(conn, place[0], place[1])
        chosen = next(each for each in rows if (each.channel, each.step) == place[2:])
        return FoundDelivery(**self._head(conn, actor, row, person, chosen))

    def _head(self, conn: Connection, actor: Actor, row: Row[Any], person: Any, chosen: Any) -> dict[str, Any]:
        """What every view of a delivery begins with; an erased person has neither name nor address."""
        sees = may(actor, Permission.CONTACTS_READ_PII)
        return {
            "campaign_id": row.id, "campaign_name": row.name, "contact_id": person.id if person else "",
            "name": f"{person.first_name} {person.last_name}".strip() if person else "",
            "email": (person.email if sees else mask_address(person.email)) if person else "",
            "channel": chosen.channel, "step": chosen.step, "state": chosen.state, "variant": chosen.variant,
            "due_at": chosen.due_at, "at": chosen.at, "code": chosen.code, "reason": chosen.reason,
            "message_id": self.distribution.message_id(conn, row.pk, chosen.contact_pk, chosen.step),
        }  # fmt: skip

    def _detail(
        self, conn: Connection, actor: Actor, row: Row[Any], person: Any, channel: str | None, step: int | None
    ) -> DeliveryDetail:
        rows = story.deliveries_to(conn, row.pk, person.pk)
        chosen = _chosen(rows, channel, step)
        planned = conn.execute(
            select(slot).where(slot.c.campaign_pk == row.pk, slot.c.contact_pk == person.pk, slot.c.step == chosen.step)
        ).one_or_none()
        sent, note = self._sent(conn, actor, person, chosen)
        return DeliveryDetail(
            **self._head(conn, actor, row, person, chosen), attempt=chosen.attempt,
            planned_at=planned.due_at if planned else None,
            planned_reason=_why_then(planned, capping.of_people(conn, actor, row, [planned])) if planned else "",
            local_time=local_time(chosen.due_at, planned.zone if planned else "UTC"),
            attempts=tuple(
                AttemptView(each.number, each.at, each.outcome, each.relay, each.code, each.words)
                for each in story.attempts_of(conn, chosen)
            ),
            events=tuple(
                EventView(each.kind, each.at, each.machine, {key: str(value) for key, value in each.detail.items()})
                for each in story.events_of(conn, chosen)
            ),
            standing=_standing(conn, person, self.clock.now()),
            settles=_uncertain(chosen) and actor.is_person and may(actor, Permission.CAMPAIGNS_SEND, row.brand_id),
            others=tuple((each.channel, each.step) for each in rows if each is not chosen), sent=sent, sent_note=note,
        )  # fmt: skip

    def _sent(self, conn: Connection, actor: Actor, person: Any, chosen: Any) -> tuple[Preview | None, str]:
        if not may(actor, Permission.CONTACTS_READ_PII):
            return None, _NOT_HIS
        template = story.message_of(conn, chosen)
        if template is None:
            return None, "Its message is not an e-mail, or is not there any more."
        try:
            files = attachments.contents(conn, template.attachments)
            links = [link.url for link in template.links]
            made = self.distribution.render_one(
                template, merge_fields_of(person), links, f"{self.distribution.base_url}/u/preview", files
            )
        except TidingsError as error:
            return None, str(error)
        headers = {name: value for name, value in made.headers.items() if name.lower() not in {"message-id", "date"}}
        shown = Preview(chosen.variant, made.to, made.subject, made.preheader, made.html, made.text, headers)
        return shown, _AGAIN


def _why_then(planned: Row[Any], used: Mapping[int, str]) -> str:
    return reason_text(
        planned.reason, planned.due_at, planned.zone, assumed=planned.zone_assumed,
        used_by=used.get(planned.contact_pk, ""),
    )  # fmt: skip


def _person(conn: Connection, contact_id: str) -> Any:
    found = conn.execute(select(contact).where(contact.c.id == contact_id)).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no contact {contact_id}.", remedy="They may have been erased.")
    return found


def _chosen(rows: Any, channel: str | None, step: int | None) -> Any:
    for row in rows:
        if (channel is None or row.channel == channel) and (step is None or row.step == step):
            return row
    raise NotFoundError(
        "There is no such delivery.", remedy="Deliveries are written when a campaign starts; see the campaign's list."
    )


def _uncertain(chosen: Any) -> bool:
    return chosen.state == DeliveryState.UNCERTAIN.value


def _check_uncertain(chosen: Any) -> None:
    if not _uncertain(chosen):
        raise ConflictError(
            f"This delivery is {chosen.state}, not uncertain.",
            remedy="Only one whose answer was lost is settled by a person.",
        )


def _check_runs(row: Row[Any]) -> None:
    if row.state not in {CampaignState.SENDING.value, CampaignState.DONE.value}:
        raise ConflictError(
            f"“{row.name}” is {row.state}; nothing of it is sent.",
            remedy="Say that it arrived, or leave it uncertain.",
        )


def _standing(conn: Connection, person: Any, now: Instant) -> StandingView:
    """Whether they may hear from us now, with the newest consent and the suppression it rests on."""
    why = may_send(conn, [person.pk], Purpose.MARKETING_EMAIL, "email", now)[person.pk]
    yes = conn.execute(
        select(consent)
        .where(consent.c.contact_pk == person.pk, consent.c.purpose == Purpose.MARKETING_EMAIL.value)
        .order_by(consent.c.at.desc())
        .limit(1)
    ).one_or_none()
    no = conn.execute(
        select(suppression)
        .where(suppression.c.address_hash == person.address_hash, suppression.c.channel.in_(("email", EVERY_CHANNEL)))
        .limit(1)
    ).one_or_none()
    return StandingView(
        allowed=why is None, why_not=why.value if why is not None else "",
        consent=yes.state if yes else "", consent_at=yes.at if yes else None, consent_source=yes.source if yes else "",
        suppression=no.reason if no else "", suppression_at=no.at if no else None,
        suppression_source=no.source if no else "",
    )  # fmt: skip
