"""Queries of the ledger that are not on the sending path: launching, counting, listing, cancelling, holding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Text,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.sql import ColumnElement

from tidings.distribution.compile import CompiledEmail, link_number
from tidings.distribution.short import CompiledShort
from tidings.domain.channel import Channel
from tidings.domain.delivery import DeliveryState
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.instant import HOUR, Instant
from tidings.domain.message import TRAP, EmailTemplate, ShortTemplate
from tidings.domain.version import version_of
from tidings.store.among import among, keys, rows, together
from tidings.store.confirmations import confirms
from tidings.store.tables import attempt, brand, campaign, chunk, contact, delivery, link, message, setting, slot

CHUNK_ROWS = 500
HOLD_KEY = "hold:"
D = DeliveryState
WAITING = (D.PLANNED.value, D.HELD.value, D.DEFERRED.value)
"""States a worker may claim from when they are due."""
NOT_LEFT = (*WAITING, D.CLAIMED.value)
"""What a cancellation stops: nothing of it is on the wire."""
STILL_OPEN = (*WAITING, D.CLAIMED.value, D.ATTEMPTING.value)


def write_messages(
    conn: Connection, campaign_pk: int, templates: Sequence[EmailTemplate | ShortTemplate], step: int = 0
) -> None:
    """Fixes what a step sends: its templates, and their links after those the campaign has already.

    Raises ConflictError when two of the templates disagree on a link.
    """
    links: dict[int, dict[str, Any]] = {}
    for template in templates:
        for item in template.links:
            if links.setdefault(item.no, item.model_dump())["url"] != item.url:
                raise ConflictError(f"Two variants use links[{item.no}] for different addresses.")
    own = (link.c.campaign_pk == campaign_pk) & (link.c.no != TRAP)
    base = conn.execute(select(func.coalesce(func.max(link.c.no) + 1, 0)).where(own))
    first: int = base.scalar_one()
    conn.execute(
        insert(message),
        [
            {"campaign_pk": campaign_pk, "step": step, "variant": each.variant, "channel": channel_of(each).value,
             "body": each.model_dump(mode="json"), "link_base": first}
            for each in templates
        ],
    )  # fmt: skip
    if links:
        if first + max((no for no in links if no != TRAP), default=0) >= TRAP:
            raise InvalidInputError(
                f"The campaign's steps have more than {TRAP:,} links together.", remedy="Use fewer links."
            )
        known = select(link.c.no).where(link.c.campaign_pk == campaign_pk, link.c.no == TRAP)
        if TRAP in links and conn.execute(known).first() is not None:
            del links[TRAP]
        rows = [
            {"campaign_pk": campaign_pk, **each, "no": link_number(no, first)} for no, each in sorted(links.items())
        ]
        if rows:
            conn.execute(insert(link), rows)


def channel_of(template: EmailTemplate | ShortTemplate) -> Channel:
    """The channel a template is for."""
    return Channel(template.channel) if isinstance(template, ShortTemplate) else Channel.EMAIL


def finish_key(campaign_pk: int) -> str:
    """What those take turns at who end a campaign's last chunk, or give it another; see `take_turns`."""
    return f"end of campaign {campaign_pk}"


def is_launched(conn: Connection, campaign_pk: int) -> bool:
    """Whether the campaign's messages are fixed already."""
    return conn.execute(select(message.c.variant).where(message.c.campaign_pk == campaign_pk)).first() is not None


def variants_planned(conn: Connection, campaign_pk: int) -> set[str]:
    """The variants of the mail the plan's slots name."""
    query = select(slot.c.variant).where(slot.c.campaign_pk == campaign_pk, of_slot(Channel.EMAIL)).distinct()
    return set(conn.execute(query).scalars())


def people_planned(conn: Connection, campaign_pk: int, channel: Channel) -> list[int]:
    """Everybody with a slot for the channel, in order."""
    mine = (slot.c.campaign_pk == campaign_pk, of_slot(channel))
    query = select(slot.c.contact_pk).where(*mine).order_by(slot.c.contact_pk)
    return list(conn.execute(query).scalars())


def planned_by_provider(
    conn: Connection, campaign_pk: int, providers: Mapping[str, Sequence[str]]
) -> dict[str, dict[int, int]]:
    """How many slots fall to each provider's domains, by hour since 1970. One pass over the plan."""
    address = func.lower(contact.c.email)
    names = list(providers)
    ends = [or_(*(address.endswith(f"@{domain}") for domain in providers[name])) for name in names]
    which = case(*((end, number) for number, end in enumerate(ends)), else_=-1)
    hour = slot.c.due_at - slot.c.due_at % HOUR
    query = (
        select(which.label("which"), hour.label("at"), func.count().label("people"))
        .select_from(slot)
        .join(contact, contact.c.pk == slot.c.contact_pk)
        .where(slot.c.campaign_pk == campaign_pk, of_slot(Channel.EMAIL))
        .group_by("which", "at")
    )
    found: dict[str, dict[int, int]] = {}
    for row in conn.execute(query):
        number: int = row.which
        if number >= 0:
            found.setdefault(names[number], {})[row.at // HOUR] = row.people
    return found


def next_chunk(conn: Connection, campaign_pk: int) -> int:
    """The number after a campaign's highest chunk, whatever its channel."""
    query = select(func.coalesce(func.max(chunk.c.no) + 1, 0)).where(chunk.c.campaign_pk == campaign_pk)
    return conn.execute(query).scalar_one()


def freeze(
    conn: Connection, campaign_pk: int, due_at: Instant | None, channel: Channel = Channel.EMAIL,
    *, only: ColumnElement[bool] | None = None, variants: Sequence[str] = (),
) -> int:  # fmt: skip
    """Turns the plan's slots into a channel's deliveries and chunks by one statement each.

    Only slots that name the channel, or none, count. `due_at` replaces every slot's time. `only` is a condition on the
    slot's row of `contact`. A slot whose variant is not among `variants`, if any are given, gets the first of its
    version. Says how many deliveries the campaign now has.
    """
    first = next_chunk(conn, campaign_pk)
    number = (func.row_number().over(order_by=slot.c.contact_pk) - 1) / literal(CHUNK_ROWS)
    no = cast(func.floor(number), chunk.c.no.type) + literal(first)
    planned = select(
        slot.c.campaign_pk, slot.c.contact_pk, literal(channel.value), slot.c.step, no,
        literal(D.PLANNED.value), _variant(variants), literal(due_at) if due_at is not None else slot.c.due_at,
        literal(0), literal(""), literal(""),
    ).where(slot.c.campaign_pk == campaign_pk, of_slot(channel))  # fmt: skip
    if only is not None:
        planned = planned.join(contact, contact.c.pk == slot.c.contact_pk).where(only)
    names = [
        "campaign_pk", "contact_pk", "channel", "step", "chunk_no", "state", "variant", "due_at", "attempt", "code",
        "reason",
    ]  # fmt: skip
    conn.execute(insert(delivery).from_select(names, planned))
    add_chunks(conn, campaign_pk, first, channel)
    return people(conn, campaign_pk)


def of_slot(channel: Channel) -> ColumnElement[bool]:
    """Whether a slot is for the channel: it names it, or names none and so stands for all of the campaign's."""
    return or_(slot.c.channels == "", (literal(",") + slot.c.channels + literal(",")).contains(f",{channel.value},"))


def _variant(variants: Sequence[str]) -> ColumnElement[str]:
    if not variants:
        return slot.c.variant
    versions = {version_of(variant) for variant in variants} - {""}
    firsts = [
        (slot.c.variant.startswith(f"{version}-", autoescape=True), min(of))
        for version in sorted(versions, key=len, reverse=True)  # `members-new` before `members`
        if (of := [variant for variant in variants if version_of(variant) == version])
    ]
    base = [variant for variant in variants if not version_of(variant)]
    return case((slot.c.variant.in_(variants), slot.c.variant), *firsts, else_=min(base or variants))


def add_chunks(conn: Connection, campaign_pk: int, first: int, channel: Channel) -> None:
    """Opens the chunks, from the number `first` on, that deliveries already name."""
    chunks = (
        select(
            delivery.c.campaign_pk, delivery.c.chunk_no, literal("open"), literal(""), literal(0), literal(""),
            func.min(delivery.c.due_at), literal(channel.value),
        )
        .where(delivery.c.campaign_pk == campaign_pk, delivery.c.chunk_no >= first)
        .group_by(delivery.c.campaign_pk, delivery.c.chunk_no)
    )  # fmt: skip
    names = ["campaign_pk", "no", "state", "owner", "fence", "boot_id", "next_due_at", "channel"]
    conn.execute(insert(chunk).from_select(names, chunks))


def people(conn: Connection, campaign_pk: int) -> int:
    """How many deliveries there are."""
    query = select(func.count()).select_from(delivery).where(delivery.c.campaign_pk == campaign_pk)
    return conn.execute(query).scalar_one()


def counts(conn: Connection, campaign_pk: int) -> dict[str, int]:
    """Deliveries by state; they add up to everybody of the plan."""
    query = (
        select(delivery.c.state, func.count().label("number"))
        .where(delivery.c.campaign_pk == campaign_pk)
        .group_by(delivery.c.state)
    )
    return {row.state: row.number for row in conn.execute(query)}


def counts_by_channel(conn: Connection, campaign_pk: int) -> dict[str, dict[str, int]]:
    """Deliveries by state, of each channel."""
    columns = (delivery.c.channel, delivery.c.state)
    query = select(*columns, func.count().label("number")).where(delivery.c.campaign_pk == campaign_pk)
    found: dict[str, dict[str, int]] = {}
    for row in conn.execute(query.group_by(*columns)):
        found.setdefault(row.channel, {})[row.state] = row.number
    return found


def something_open(conn: Connection, campaign_pk: int) -> bool:
    """Whether something still happens to one of the campaign's deliveries by itself."""
    query = select(chunk.c.no).where(chunk.c.campaign_pk == campaign_pk, chunk.c.state != "done").limit(1)
    return conn.execute(query).first() is not None


def why_held(conn: Connection, campaign_pk: int) -> str:
    """Why one of the campaign's deliveries is held, without a full stop; empty when none is. One stands for all."""
    query = select(delivery.c.reason).where(delivery.c.campaign_pk == campaign_pk)
    found: str | None = conn.execute(query.where(delivery.c.state == DeliveryState.HELD.value).limit(1)).scalar()
    return (found or "").rstrip(".")


def reasons(conn: Connection, campaign_pk: int) -> list[tuple[str, str, str, int]]:
    """(state, reply code, reason, deliveries), the commonest first; a reason may hold a server's words."""
    number = func.count().label("number")
    columns = (delivery.c.state, delivery.c.code, delivery.c.reason)
    query = select(*columns, number).where(delivery.c.campaign_pk == campaign_pk).group_by(*columns)
    found = conn.execute(query.order_by(number.desc()).limit(200))
    return [(row.state, row.code, row.reason, row.number) for row in found]


def cancel_open(
    conn: Connection, campaign_pk: int, now: Instant, *, channel: Channel | None = None,
    reason: str = "the campaign was cancelled",
) -> int:  # fmt: skip
    """Cancels what is not on the wire, of one channel or of all; says how many."""
    of = () if channel is None else (delivery.c.channel == channel.value,)
    stopped = conn.execute(
        update(delivery)
        .where(delivery.c.campaign_pk == campaign_pk, delivery.c.state.in_(NOT_LEFT), *of)
        .values(state=D.CANCELLED.value, at=now, reason=reason)
    ).rowcount
    # Asked once for the campaign: asked for each chunk, SQLite walks the whole campaign each time.
    flying = select(delivery.c.chunk_no).where(
        delivery.c.campaign_pk == campaign_pk, delivery.c.state == D.ATTEMPTING.value
    )
    settled = (chunk.c.campaign_pk == campaign_pk) & chunk.c.no.not_in(flying)
    if channel is not None:
        settled &= chunk.c.channel == channel.value
    conn.execute(update(chunk).where(settled).values(state="done", owner="", lease_until=None))
    return stopped


def not_held() -> ColumnElement[bool]:
    """Whether nobody holds a row of `campaign`."""
    return ~exists().where(setting.c.key == literal(HOLD_KEY) + cast(campaign.c.pk, Text))


def sendable() -> ColumnElement[bool]:
    """Whether deliveries of a row of `campaign` may go out at all."""
    return (campaign.c.state == "sending") & campaign.c.paused_at.is_(None) & not_held()


def something_due(conn: Connection, now: Instant, channel: Channel = Channel.EMAIL) -> bool:
    """Whether any chunk of the channel has something to do."""
    query = (
        select(chunk.c.no)
        .join(campaign, campaign.c.pk == chunk.c.campaign_pk)
        .where(chunk.c.state == "open", chunk.c.next_due_at <= now, chunk.c.channel == channel.value, sendable())
        .limit(1)
    )
    return conn.execute(query).first() is not None


def hold_due(conn: Connection, now: Instant, reason: str, channel: Channel = Channel.EMAIL) -> int:
    """Marks what should go out through a channel and cannot as held, with the reason."""
    able = select(campaign.c.pk).where(sendable())
    return conn.execute(
        update(delivery)
        .where(delivery.c.campaign_pk.in_(able), delivery.c.due_at <= now, delivery.c.channel == channel.value)
        .where(
            or_(
                delivery.c.state == D.PLANNED.value,
                (delivery.c.state == D.HELD.value) & (delivery.c.reason != reason),
            )
        )
        .values(state=D.HELD.value, reason=reason, at=now)
    ).rowcount


def release_held(
    conn: Connection, campaign_pk: int | None = None, channel: Channel | None = None, due_by: Instant | None = None
) -> int:
    """Plans what is held again, of one campaign or of all that run; of one channel or of all.

    With `due_by` only what is due by then: what is held beyond it waits for something else.
    """
    which = delivery.c.campaign_pk.in_(select(campaign.c.pk).where(campaign.c.state == "sending", not_held()))
    if campaign_pk is not None:
        which = delivery.c.campaign_pk == campaign_pk
    if channel is not None:
        which &= delivery.c.channel == channel.value
    if due_by is not None:
        which &= delivery.c.due_at <= due_by
    return conn.execute(
        update(delivery).where(which, delivery.c.state == D.HELD.value).values(state=D.PLANNED.value, reason="")
    ).rowcount


def hold_campaign(conn: Connection, campaign_pk: int, now: Instant, reason: str) -> int:
    """Holds all of one campaign that waits."""
    return conn.execute(
        update(delivery)
        .where(delivery.c.campaign_pk == campaign_pk, delivery.c.state == D.PLANNED.value)
        .values(state=D.HELD.value, reason=reason, at=now)
    ).rowcount


def drop_hold(conn: Connection, campaign_pk: int) -> None:
    """Forgets that somebody holds the campaign."""
    conn.execute(delete(setting).where(setting.c.key == f"{HOLD_KEY}{campaign_pk}"))


def bump_epoch(conn: Connection, campaign_pk: int) -> None:
    """Every worker that still has something of the campaign in hand gives it back."""
    conn.execute(update(campaign).where(campaign.c.pk == campaign_pk).values(epoch=campaign.c.epoch + 1))


def pause(conn: Connection, campaign_pk: int, now: Instant, reason: str) -> None:
    """Pauses it as a person would; who has paused it already stays the one who did."""
    of, unpaused = campaign.c, campaign.c.paused_at.is_(None)
    conn.execute(
        update(campaign)
        .where(of.pk == campaign_pk)
        .values(
            paused_at=case((unpaused, now), else_=of.paused_at),
            paused_by=case((unpaused, "Tidings"), else_=of.paused_by),
            state_reason=reason, epoch=of.epoch + 1, version=of.version + 1, updated_at=now,
        )
    )  # fmt: skip


def bodies_of(conn: Connection, campaign_pk: int, channel: Channel) -> list[tuple[int, int, Any]]:
    """A channel's fixed messages: step, number of its `links[0]` in the campaign's link table, template as JSON."""
    query = select(message.c.step, message.c.link_base, message.c.body).where(
        message.c.campaign_pk == campaign_pk, message.c.channel == channel.value
    )
    return [(row.step, row.link_base, row.body) for row in conn.execute(query)]


def templates_of(conn: Connection, campaign_pk: int) -> list[tuple[int, int, EmailTemplate]]:
    """The fixed e-mails with their steps and the number of their first link."""
    found = bodies_of(conn, campaign_pk, Channel.EMAIL)
    return [(step, base, EmailTemplate.model_validate(body)) for step, base, body in found]


def asks_to_confirm(conn: Connection, campaign_pk: int) -> bool:
    """Whether the campaign sends confirmation mails, which are for those who have not said yes."""
    query = select(campaign.c.pk).where(campaign.c.pk == campaign_pk, confirms())
    return conn.execute(query).first() is not None


def confirmation_of(conn: Connection, campaign_pk: int, contact_pk: int, step: int) -> Row[Any] | None:
    """One confirmation mail with the campaign's id and its brand's name; None when there is no such mail."""
    query = (
        select(delivery.c.variant, delivery.c.at, delivery.c.due_at, campaign.c.id.label("campaign_id"))
        .add_columns(brand.c.name.label("brand"))
        .join(campaign, campaign.c.pk == delivery.c.campaign_pk)
        .join(brand, brand.c.id == campaign.c.brand_id)
        .where(
            delivery.c.campaign_pk == campaign_pk, delivery.c.contact_pk == contact_pk, delivery.c.step == step,
            delivery.c.channel == Channel.EMAIL.value, confirms(),
        )
    )  # fmt: skip
    return conn.execute(query).one_or_none()


def campaign_name(conn: Connection, campaign_pk: int) -> tuple[str, str]:
    """Public identifier and name."""
    row = conn.execute(select(campaign.c.id, campaign.c.name).where(campaign.c.pk == campaign_pk)).one()
    return row.id, row.name


def delivery_rows(
    conn: Connection,
    campaign_pk: int,
    *,
    state: str | None,
    after_contact: int,
    limit: int,
    after_row: tuple[int, str] | None = None,
) -> Sequence[Row[Any]]:
    """A page of deliveries with the contact's id, name and address (None where the contact was erased).

    `after_row` is step and channel of the last row seen of `after_contact`; without it all of theirs were seen.
    """
    further = delivery.c.contact_pk > after_contact
    if after_row is not None:
        step, channel = after_row
        rest = (delivery.c.step > step) | ((delivery.c.step == step) & (delivery.c.channel > channel))
        further |= (delivery.c.contact_pk == after_contact) & rest
    query = (
        select(delivery, contact.c.id, contact.c.first_name, contact.c.last_name, contact.c.email)
        .join(contact, contact.c.pk == delivery.c.contact_pk, isouter=True)
        .where(delivery.c.campaign_pk == campaign_pk, further)
        .order_by(delivery.c.contact_pk, delivery.c.step, delivery.c.channel)
        .limit(limit)
    )
    if state is not None:
        query = query.where(delivery.c.state == state)
    return conn.execute(query).all()


def attempts_of(conn: Connection, campaign_pk: int, contact_pk: int) -> Sequence[Row[Any]]:
    """Every attempt that did not simply succeed, oldest first; what succeeded stands in the delivery itself."""
    query = (
        select(attempt)
        .where(attempt.c.campaign_pk == campaign_pk, attempt.c.contact_pk == contact_pk)
        .order_by(attempt.c.pk)
    )
    return conn.execute(query).all()


def link_target(conn: Connection, campaign_pk: int, no: int) -> tuple[str, bool] | None:
    """Where a link leads, from the campaign's immutable table, and whether the click's id is added there."""
    query = select(link.c.url, link.c.click_id).where(link.c.campaign_pk == campaign_pk, link.c.no == no)
    row = conn.execute(query).first()
    return None if row is None else (row.url, row.click_id)


@cache
def _facts(dialect: str) -> Select[Any]:
    zone = select(slot.c.zone).where(
        slot.c.campaign_pk == delivery.c.campaign_pk, slot.c.contact_pk == delivery.c.contact_pk,
        slot.c.step == delivery.c.step,
    )  # fmt: skip
    query = together(
        dialect, delivery.c.contact_pk, delivery.c.variant, delivery.c.at, zone.scalar_subquery(), delivery.c.channel
    )
    return query.where(
        delivery.c.campaign_pk == bindparam("campaign"), among(dialect, delivery.c.contact_pk, "people"),
        delivery.c.step == bindparam("step"),
    )  # fmt: skip


def facts_of(conn: Connection, campaign_pk: int, step: int, people: Sequence[int]) -> Sequence[Sequence[Any]]:
    """(contact, variant, instant, zone, channel) of the deliveries of these people, for events."""
    given = {"campaign": campaign_pk, "step": step, "people": keys(conn, people)}
    return rows(conn, _facts(conn.dialect.name), given)


def links_of_step(conn: Connection, campaign_pk: int, step: int) -> list[tuple[str, str, frozenset[int]]]:
    """Channel, variant and links of each of a step's messages, by their numbers in the campaign's link table."""
    query = select(message.c.channel, message.c.variant, message.c.link_base, message.c.body["links"]).where(
        message.c.campaign_pk == campaign_pk, message.c.step == step
    )
    return [
        (channel, variant, frozenset(link_number(each["no"], base) for each in links or ()))
        for channel, variant, base, links in conn.execute(query)
    ]


def channel_of_link(conn: Connection, campaign_pk: int, step: int, no: int) -> str:
    """By which channel a link reached its reader: each channel's messages have link numbers of their own."""
    found = (channel for channel, _, links in links_of_step(conn, campaign_pk, step) if no != TRAP and no in links)
    return next(found, Channel.EMAIL.value)


class Sender(NamedTuple):
    """Of a fixed message: its language, whose name it bears, and whose it is."""

    language: str
    name: str
    brand_id: str


def sender_of(conn: Connection, campaign_pk: int, step: int, variant: str, channel: Channel) -> Sender | None:
    """Who a fixed message is from; None when there is no such message."""
    query = (
        select(message.c.body["language"], message.c.body["from_name"], brand.c.name, brand.c.id)
        .join(campaign, campaign.c.pk == message.c.campaign_pk)
        .join(brand, brand.c.id == campaign.c.brand_id)
        .where(
            message.c.campaign_pk == campaign_pk, message.c.step == step, message.c.variant == variant,
            message.c.channel == channel.value,
        )
    )  # fmt: skip
    row = conn.execute(query).first()
    return None if row is None else Sender(row[0] or "en", row[1] or row[2], row[3])


def check_fields(compiled: CompiledEmail | CompiledShort, present: dict[int, dict[str, Any]]) -> None:
    """Raises InvalidInputError when somebody lacks a field the message needs and gives no default for."""
    for name in compiled.undefined_fields():
        lacking = sum(1 for fields in present.values() if name not in fields)
        if lacking:
            raise InvalidInputError(
                f"`contact.{name}` is not known for {lacking:,} of {len(present):,} people of variant "
                f"{compiled.template.variant}.",
                remedy=f'Give it a default: {{{{ contact.{name} | default: "…" }}}}.',
                field=name,
            )


SET_STATE = (
    update(delivery)
    .where(
        delivery.c.campaign_pk == bindparam("campaign"), delivery.c.contact_pk == bindparam("person"),
        delivery.c.channel == bindparam("of_channel"), delivery.c.step == bindparam("of_step"),
        or_(*(delivery.c.state == state for state in WAITING)),
    )
    .values(state=bindparam("new_state"), at=bindparam("new_at"), reason=bindparam("new_reason"))
)  # fmt: skip
"""A decision about a delivery that waits."""
