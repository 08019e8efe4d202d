"""Queries about campaigns: rows, revisions, approvals, overrides. Each takes the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from tidings.domain.actor import Actor
from tidings.domain.brief import Brief
from tidings.domain.campaign import CampaignState, check_transition
from tidings.domain.errors import ConflictError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.instant import Instant
from tidings.domain.plan import PlanSummary
from tidings.domain.revision import Revision
from tidings.store.confirmations import confirms
from tidings.store.tables import approval, brand, campaign, contact, override, revision, send_plan, sequence, slot


def insert_campaign(
    conn: Connection, *, brief: Brief, brand_id: str, segment_id: str | None, author: Actor, sample: bool, at: Instant
) -> Row[Any]:
    """A new campaign that waits for its draft; returns its row."""
    public = new_id("campaign")
    conn.execute(
        insert(campaign).values(
            id=public, name=brief.name, brand_id=brand_id, state=CampaignState.DRAFTING.value,
            brief=brief.model_dump(mode="json"), segment_id=segment_id, policy={}, author_id=author.id,
            author_name=author.name, epoch=1, version=1, sample=sample, created_at=at, updated_at=at,
        )
    )  # fmt: skip
    return get_campaign(conn, public)


def _campaigns() -> Select[Any]:
    """Campaigns with their brand's name, whether each is a sequence, and the edit of it that waits for approval."""
    about = (brand.c.name.label("brand_name"), sequence.c.proposed_id, sequence.c.campaign_pk.is_not(None))
    query = select(campaign, about[0], about[1], about[2].label("is_sequence")).join(brand)
    return query.join(sequence, sequence.c.campaign_pk == campaign.c.pk, isouter=True)


def get_campaign(conn: Connection, campaign_id: str) -> Row[Any]:
    """The campaign's row with its brand's name. Raises NotFoundError."""
    query = _campaigns().where(campaign.c.id == campaign_id)
    row = conn.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"There is no campaign {campaign_id}.", remedy="`tidings campaign list` shows them all.")
    return row


def campaign_of_pk(conn: Connection, pk: int) -> Row[Any]:
    """The campaign's row by this node's number for it."""
    public: str = conn.execute(select(campaign.c.id).where(campaign.c.pk == pk)).scalar_one()
    return get_campaign(conn, public)


def lock(conn: Connection, pk: int) -> None:
    """Takes turns at a campaign until the transaction ends."""
    conn.execute(select(campaign.c.pk).where(campaign.c.pk == pk).with_for_update())


def list_campaigns(
    conn: Connection, *, brands: frozenset[str], states: frozenset[str], before_pk: int | None, limit: int
) -> list[Row[Any]]:
    """Newest first, without confirmation mails. Empty `brands` or `states` mean all of them."""
    query = _campaigns().where(~confirms()).order_by(campaign.c.pk.desc()).limit(limit)
    if brands:
        query = query.where(campaign.c.brand_id.in_(brands))
    if states:
        query = query.where(campaign.c.state.in_(states))
    if before_pk is not None:
        query = query.where(campaign.c.pk < before_pk)
    return list(conn.execute(query))


def move(conn: Connection, row: Row[Any], then: CampaignState, *, at: Instant, reason: str = "", **values: Any) -> int:
    """Moves a campaign to another state and returns its new epoch.

    Raises ConflictError when the state does not allow it or somebody else moved it meanwhile.
    """
    check_transition(CampaignState(row.state), then)
    return touch(conn, row, at=at, state=then.value, state_reason=reason, **values)


def touch(conn: Connection, row: Row[Any], *, at: Instant, **values: Any) -> int:
    """Changes fields of a campaign under its version and returns its new epoch."""
    changed = conn.execute(
        update(campaign)
        .where(campaign.c.pk == row.pk, campaign.c.version == row.version)
        .values(version=row.version + 1, epoch=row.epoch + 1, updated_at=at, **values)
    )
    if changed.rowcount != 1:
        raise ConflictError(f"The campaign {row.name!r} was changed by somebody else.", remedy="Look again and repeat.")
    return row.epoch + 1


def insert_revision(conn: Connection, campaign_pk: int, revised: Revision, at: Instant) -> None:
    """Keeps a revision for good."""
    conn.execute(
        insert(revision).values(
            id=revised.id, campaign_pk=campaign_pk, number=revised.number, content_hash=revised.content_hash,
            author=revised.author, author_id=revised.author_id, body=revised.model_dump(mode="json"), created_at=at,
        )
    )  # fmt: skip


def next_revision_number(conn: Connection, campaign_pk: int) -> int:
    """1 for a campaign without one."""
    query = select(func.coalesce(func.max(revision.c.number), 0)).where(revision.c.campaign_pk == campaign_pk)
    return int(conn.execute(query).scalar_one()) + 1


def revision_of(conn: Connection, revision_id: str) -> Revision:
    """The revision as it was written. Raises NotFoundError."""
    body = conn.execute(select(revision.c.body).where(revision.c.id == revision_id)).scalar_one_or_none()
    if body is None:
        raise NotFoundError(f"There is no revision {revision_id}.")
    return Revision.model_validate(body)


def revision_rows(conn: Connection, campaign_pk: int) -> list[Row[Any]]:
    """Every revision, newest first."""
    query = select(revision).where(revision.c.campaign_pk == campaign_pk).order_by(revision.c.number.desc())
    return list(conn.execute(query))


def plan_summary(conn: Connection, plan_id: str) -> PlanSummary:
    """What a send plan amounts to."""
    body: dict[str, Any] = conn.execute(select(send_plan.c.summary).where(send_plan.c.id == plan_id)).scalar_one()
    hours = {int(hour): int(people) for hour, people in body.get("by_hour", {}).items()}
    given: dict[str, Any] = {**body, "by_hour": hours}
    return PlanSummary(**given)


def names_of(conn: Connection, campaign_ids: Iterable[str]) -> list[Row[Any, Any, Any]]:
    """Id, name and brand of those of the campaigns that there are."""
    query = select(campaign.c.id, campaign.c.name, campaign.c.brand_id).where(campaign.c.id.in_(list(campaign_ids)))
    return list(conn.execute(query))


def insert_approval(
    conn: Connection, campaign_pk: int, revised: Revision, *, verdict: str, actor: Actor, comment: str,
    self_approved: bool, at: Instant,
) -> None:  # fmt: skip
    """Keeps a verdict on an exact revision."""
    conn.execute(
        insert(approval).values(
            id=new_id("approval"), campaign_pk=campaign_pk, revision_id=revised.id,
            content_hash=revised.content_hash, verdict=verdict, by_id=actor.id, by_name=actor.name,
            comment=comment, self_approved=self_approved, at=at,
        )
    )  # fmt: skip


def approval_rows(conn: Connection, campaign_pk: int) -> list[Row[Any]]:
    """Verdicts with the number of the revision they name, newest first."""
    query = (
        select(approval, revision.c.number)
        .join(revision, revision.c.id == approval.c.revision_id)
        .where(approval.c.campaign_pk == campaign_pk)
        .order_by(approval.c.at.desc())
    )
    return list(conn.execute(query))


def is_approved(conn: Connection, revised: Revision) -> bool:
    """Whether the last verdict on exactly this content is a yes."""
    return last_verdict(conn, revised) == "approved"


def last_verdict(conn: Connection, revised: Revision) -> str | None:
    """What a person last said of exactly this content; None when nobody has."""
    query = (
        select(approval.c.verdict)
        .where(approval.c.revision_id == revised.id, approval.c.content_hash == revised.content_hash)
        .order_by(approval.c.at.desc())
        .limit(1)
    )
    return conn.execute(query).scalar_one_or_none()


def insert_override(
    conn: Connection, *, object_id: str, what: str, before: dict[str, Any], after: dict[str, Any], reason: str,
    actor: Actor, at: Instant,
) -> None:  # fmt: skip
    """Records that a person set something differently than an agent had."""
    conn.execute(
        insert(override).values(
            id=new_id("override"), object_id=object_id, what=what, before=before, after=after, reason=reason,
            by_id=actor.id, by_name=actor.name, at=at,
        )
    )  # fmt: skip


def override_rows(conn: Connection, object_id: str) -> list[Row[Any]]:
    """What people overrode, newest first."""
    return list(conn.execute(select(override).where(override.c.object_id == object_id).order_by(override.c.at.desc())))


def slot_rows(
    conn: Connection, campaign_pk: int, *, after: tuple[int, int] | None, limit: int, variants: Collection[str] = ()
) -> list[Row[Any]]:
    """People of the plan by due time; `after` is (due_at, contact_pk) of the last row seen.

    With `variants` only those who get one of them.
    """
    query = (
        select(slot, contact.c.id, contact.c.first_name, contact.c.last_name, contact.c.email, contact.c.country)
        .join(contact, contact.c.pk == slot.c.contact_pk)
        .where(slot.c.campaign_pk == campaign_pk)
        .order_by(slot.c.due_at, slot.c.contact_pk)
        .limit(limit)
    )
    if variants:
        query = query.where(slot.c.variant.in_(variants))
    if after is not None:
        due, pk = after
        query = query.where((slot.c.due_at > due) | ((slot.c.due_at == due) & (slot.c.contact_pk > pk)))
    return list(conn.execute(query))


def first_person(
    conn: Connection, campaign_pk: int, contact_id: str | None, variants: Collection[str] = ()
) -> Row[Any] | None:
    """The contact asked for, else the first of the plan: whom a preview shows the message to.

    With `variants` it is the first who gets one of them, if anybody does.
    """
    if contact_id is not None:
        return conn.execute(select(contact).where(contact.c.id == contact_id)).one_or_none()
    query = (
        select(contact)
        .join(slot, slot.c.contact_pk == contact.c.pk)
        .where(slot.c.campaign_pk == campaign_pk)
        .order_by(slot.c.due_at, slot.c.contact_pk)
        .limit(1)
    )
    theirs = conn.execute(query.where(slot.c.variant.in_(variants))).one_or_none() if variants else None
    return theirs or conn.execute(query).one_or_none()


def planned_variant(conn: Connection, campaign_pk: int, person: Row[Any] | None) -> str | None:
    """The variant the plan has for a contact; None for whom it has none."""
    if person is None:
        return None
    query = select(slot.c.variant).where(slot.c.campaign_pk == campaign_pk, slot.c.contact_pk == person.pk).limit(1)
    return conn.execute(query).scalar_one_or_none()


def recent_stock(conn: Connection, brand_id: str, mails: int = 6) -> frozenset[str]:
    """Stock sentences of the brand's latest mails, so that the next one does not read alike."""
    query = (
        select(revision.c.body)
        .join(campaign, campaign.c.revision_id == revision.c.id)
        .where(campaign.c.brand_id == brand_id)
        .order_by(revision.c.created_at.desc())
        .limit(mails)
    )
    drafts = (draft for body in conn.execute(query).scalars() for draft in Revision.model_validate(body).drafts)
    return frozenset(trace.sentence for draft in drafts for trace in draft.traces if trace.source == "stock")
