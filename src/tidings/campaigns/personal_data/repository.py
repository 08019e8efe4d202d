"""Reads what is held about one person, section by section and page by page, so that memory stays small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, Select, func, select

from tidings.audience.consents import history
from tidings.audience.rules import compile_rule
from tidings.domain.contact import suppression_form
from tidings.domain.instant import Instant, iso
from tidings.scheduling.repository import clicks_by_hour
from tidings.store.tables import (
    attempt,
    audit,
    campaign,
    contact,
    conversion,
    delivery,
    event,
    mailbox_message,
    provider_event,
    provider_reference,
    push_subscription,
    returned_mail,
    segment,
    sequence_person,
    slot,
    suppression,
)

_AT_ONCE = 500
_CAMPAIGNS = 100
_MAILS = 10  # each may carry attachments


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a file is about; `hashes` are those of their address and number."""

    pk: int
    id: str
    email: str
    hashes: tuple[str, ...]


Row = tuple[int, Mapping[str, Any]]
Section = Callable[[Connection, Subject, int], Sequence[Row]]
"""The rows that follow a key, each with its own; `-1` begins, and no rows are the end."""


def subjects(conn: Connection, contact_id: str, digest: str) -> list[Subject]:
    """The person of that id, or those with an address or number of that hash: a number may be several people's."""
    theirs = (contact.c.id == contact_id) | (contact.c.address_hash == digest) | (contact.c.phone_hash == digest)
    return [
        Subject(row.pk, row.id, row.email, tuple(each for each in (row.address_hash, row.phone_hash) if each))
        for row in conn.execute(select(contact).where(theirs).limit(2))
    ]


def erased_at(conn: Connection, contact_id: str, digest: str) -> Instant | None:
    """When a person was erased, by their former id in the audit trail or their address on the suppression list."""
    told = select(audit.c.at).where(audit.c.object_id == contact_id, audit.c.action == "contacts.erase")
    listed = select(suppression.c.at).where(suppression.c.address_hash == digest, suppression.c.reason == "erased")
    return conn.execute(told.union_all(listed).limit(1)).scalar()


def _whole(read: Callable[[Connection, Subject], Sequence[Mapping[str, Any]]]) -> Section:
    """A section that fits one page."""
    return lambda conn, who, after: [(0, row) for row in read(conn, who)] if after < 0 else []


def _told(row: Any, names: Sequence[str]) -> dict[str, Any]:
    """Columns of a row under their names; instants as RFC 3339."""
    values = {name: getattr(row, name) for name in names}
    return {name: iso(value) if name == "at" or name.endswith("_at") else value for name, value in values.items()}


def _by_key(table: Any, *names: str) -> Section:
    """A table with a number for each row and an index on the person."""

    def read(conn: Connection, who: Subject, after: int) -> list[Row]:
        of = table.c
        wanted = [of[name] for name in names if name != "campaign"]
        query = select(of.pk, *wanted).where(of.contact_pk == who.pk, of.pk > after)
        if "campaign" in names:
            query = query.add_columns(campaign.c.name.label("campaign"))
            query = query.outerjoin(campaign, campaign.c.pk == of.campaign_pk)
        return [(row.pk, _told(row, names)) for row in conn.execute(query.order_by(of.pk).limit(_AT_ONCE))]

    return read


def _by_campaign(table: Any, *names: str) -> Section:
    """A table that is found by campaign and person: it is asked for some campaigns at a time."""

    def read(conn: Connection, who: Subject, after: int) -> list[Row]:
        of = table.c
        while named := _campaigns(conn, after):
            after = max(named)
            theirs = select(table).where(of.contact_pk == who.pk, of.campaign_pk.in_(list(named)))
            rows = conn.execute(theirs.order_by(of.campaign_pk, of.step)).all()
            if rows:  # all of them under the last campaign's number: the next page begins after it
                return [(after, {"campaign": named[row.campaign_pk], **_told(row, names)}) for row in rows]
        return []

    return read


def _campaigns(conn: Connection, after: int) -> dict[int, str]:
    query = select(campaign.c.pk, campaign.c.name).where(campaign.c.pk > after).order_by(campaign.c.pk)
    return {row.pk: row.name for row in conn.execute(query.limit(_CAMPAIGNS))}


def _by_place(query: Callable[[Subject], Select[Any]], size: int, tell: Callable[[Any], dict[str, Any]]) -> Section:
    """A query in an order to which rows are only added at the end; the key is a row's place in it."""

    def read(conn: Connection, who: Subject, after: int) -> list[Row]:
        page = conn.execute(query(who).offset(after + 1).limit(size)).all()
        return [(after + 1 + no, tell(row)) for no, row in enumerate(page)]

    return read


_PERSON = (
    "id", "email", "phone", "first_name", "last_name", "locale", "country", "time_zone", "attributes", "sample",
    "created_at", "updated_at",
)  # fmt: skip


def person(conn: Connection, who: Subject) -> dict[str, Any]:
    """What is known of them."""
    return _told(conn.execute(select(contact).where(contact.c.pk == who.pk)).one(), _PERSON)


def send_time(conn: Connection, who: Subject, now: Instant) -> dict[str, Any]:
    """What send times are learned from: on which local hours they clicked in the last half year."""
    counts = clicks_by_hour(conn, now, who.pk).get(who.pk, [])
    return {"clicks_by_local_hour": {f"{hour:02}": int(count) for hour, count in enumerate(counts) if count}}


def _consents(conn: Connection, who: Subject) -> list[dict[str, Any]]:
    return [
        {"purpose": each.purpose.value, "state": each.state.value, "at": iso(each.at), "source": each.source,
         "wording": each.wording, "expires_at": iso(each.expires_at)}
        for each in history(conn, who.pk)
    ]  # fmt: skip


def _suppressions(conn: Connection, who: Subject) -> list[dict[str, Any]]:
    query = select(suppression).where(suppression.c.address_hash.in_(who.hashes)).order_by(suppression.c.at)
    return [_told(row, ("channel", "reason", "source", "at")) for row in conn.execute(query)]


def segments_at(now: Instant) -> Section:
    """The segments whose rule they match at that instant."""

    def read(conn: Connection, who: Subject) -> list[dict[str, Any]]:
        def matches(rule: object) -> ColumnElement[bool]:
            return (contact.c.pk == who.pk) & compile_rule(rule, now)

        rows = conn.execute(select(segment).order_by(segment.c.name)).all()
        of_theirs = (row for row in rows if conn.execute(select(contact.c.pk).where(matches(row.rule))).first())
        return [_told(row, ("name", "description")) for row in of_theirs]

    return _whole(read)


def _browsers(conn: Connection, who: Subject) -> list[dict[str, Any]]:
    """Where and since when; whoever has the rest of an address can write to the browser."""
    of = push_subscription.c
    rows = conn.execute(select(of.endpoint, of.created_at).where(of.contact_pk == who.pk).order_by(of.pk))
    return [{"service": urlsplit(str(row.endpoint)).hostname or "", "created_at": iso(row.created_at)} for row in rows]


def _sequences(conn: Connection, who: Subject) -> list[dict[str, Any]]:
    of = sequence_person.c
    query = select(*of, campaign.c.name.label("sequence")).join(campaign, campaign.c.pk == of.campaign_pk)
    names = ("sequence", "position", "waiting_for", "due_at", "entered_at", "exited_at", "exit_reason", "round")
    return [_told(row, names) for row in conn.execute(query.where(of.contact_pk == who.pk).order_by(of.entered_at))]


def _handled(conn: Connection, who: Subject) -> list[dict[str, Any]]:
    """What was done to their record; who did it is the house's affair."""
    query = select(audit.c.at, audit.c.action).where(audit.c.object_id.in_((who.id, *who.hashes)))
    return [_told(row, ("at", "action")) for row in conn.execute(query.order_by(audit.c.pk))]


def _reports(who: Subject) -> Select[Any]:
    of = provider_event.c
    theirs = (of.contact_pk == who.pk) | of.recipient_hash.in_(who.hashes)
    return select(provider_event).where(theirs).order_by(of.received_at, of.account_id, of.event_id)


def _provider_names(who: Subject) -> Select[Any]:
    of = provider_reference.c
    return (
        select(provider_reference).where(of.contact_pk == who.pk).order_by(of.at, of.provider, of.reference)
    )  # fmt: skip


def _mails(who: Subject) -> Select[Any]:
    of = mailbox_message.c
    theirs = func.lower(of.rcpt_to) == suppression_form(who.email)
    return select(mailbox_message).where(theirs).order_by(of.received_at, of.id)


def _mail(row: Any) -> dict[str, Any]:
    told = _told(row, ("received_at", "mail_from", "rcpt_to", "subject", "message_id", "read", "flags"))
    return {**told, "mail": row.raw.decode("utf-8", "replace")}


_REPORT = ("provider", "kind", "native", "at", "received_at", "channel", "said", "body")
_MESSAGE = ("channel", "step", "variant")

SECTIONS: tuple[tuple[str, str, Section], ...] = (
    ("consents", "What they allowed or took back, with the proof", _whole(_consents)),
    ("suppressions", "Why nothing is sent to them", _whole(_suppressions)),
    ("browsers", "Browsers that may show notifications", _whole(_browsers)),
    ("planned", "What campaigns have planned for them", _by_campaign(
        slot, "due_at", "step", "variant", "reason", "zone", "zone_assumed", "channels")),
    ("deliveries", "Messages to them, one line each", _by_campaign(
        delivery, *_MESSAGE, "state", "due_at", "at", "attempt", "code", "reason")),
    ("attempts", "Attempts that did not simply succeed, with the server's words", _by_campaign(
        attempt, "channel", "step", "number", "at", "outcome", "code", "words", "relay")),
    ("events", "What happened to these messages: `machine` is how surely a program did it", _by_key(
        event, "kind", "at", "campaign", *_MESSAGE, "machine", "hour_local", "detail")),
    ("conversions", "What they did on the sender's site", _by_key(
        conversion, "id", "key", "name", "at", "campaign", "value_milli", "currency", "source", "attributed_by")),
    ("sequences", "Sequences they are or were in", _whole(_sequences)),
    ("replies", "Mail that came back from them or from their server", _by_key(
        returned_mail, "kind", "cause", "at", "campaign", "sender", "subject", "text", "wish")),
    ("reports", "What providers told about messages to them",
     _by_place(_reports, _AT_ONCE, lambda row: _told(row, _REPORT))),
    ("provider_names", "What providers call these messages",
     _by_place(_provider_names, _AT_ONCE, lambda row: _told(row, ("provider", "reference", "channel", "at")))),
    ("mailbox", "Mails to them in the built-in mailbox", _by_place(_mails, _MAILS, _mail)),
    ("handled", "What was done to their record", _whole(_handled)),
)  # fmt: skip
"""Every section but the person, the segments and the hours, in the order of the file."""
