"""Turns rows into what the faces see. Addresses are masked unless the actor may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.access.permissions import Permission, may
from tidings.campaigns import actions, repository
from tidings.campaigns.capping import told
from tidings.campaigns.drafts import mails, posted
from tidings.campaigns.dropping import channels_of
from tidings.campaigns.views import (
    ApprovalView,
    CampaignDetail,
    CampaignRow,
    DeliveryView,
    OverrideView,
    PostingView,
    RevisionView,
    SlotView,
)
from tidings.content.rendering.short import render_short
from tidings.content.service import load_brand
from tidings.distribution.postings.links import post_of
from tidings.distribution.postings.repository import NEVER
from tidings.domain.actor import Actor
from tidings.domain.brief import Brief
from tidings.domain.campaign import CampaignState
from tidings.domain.contact import mask_address
from tidings.domain.cursor import cursor_parts
from tidings.domain.instant import Instant, to_datetime
from tidings.domain.message import ShortTemplate
from tidings.domain.plan import PlanSummary
from tidings.domain.revision import Revision
from tidings.domain.short import rule_of
from tidings.scheduling.reasons import reason_text
from tidings.store.confirmations import is_confirmation

if TYPE_CHECKING:
    from tidings.access.service import AccessService
    from tidings.distribution.postings.service import PostingService
    from tidings.distribution.service import DistributionService
    from tidings.scheduling.model import HourModel


class Shower:
    """Builds the views; asks the ledger for counts."""

    def __init__(self, distribution: DistributionService, access: AccessService, postings: PostingService) -> None:
        self.distribution = distribution
        self.access = access
        self.postings = postings

    def rows(self, conn: Connection, rows: list[Row[Any]]) -> list[CampaignRow]:
        """The campaigns of a list."""
        return [self.row(conn, row) for row in rows]

    def row(self, conn: Connection, row: Row[Any]) -> CampaignRow:
        """One campaign of a list."""
        plan = repository.plan_summary(conn, row.plan_id) if row.plan_id else None
        counts = self.distribution.counts(conn, row.pk)
        return CampaignRow(
            id=row.id, name=row.name, brand_id=row.brand_id, brand_name=row.brand_name,
            state=CampaignState(row.state), state_reason=row.state_reason, paused=row.paused_at is not None,
            author_name=row.author_name, type=str(row.brief.get("type", "")),
            people=plan.people if plan and (len(plan.by_channel) > 1 or not counts) else sum(counts.values()),
            counts=counts, created_at=row.created_at,
            updated_at=row.updated_at, launched_at=row.launched_at, done_at=row.done_at,
            first_at=plan.first_at if plan else None, sample=row.sample, version=row.version,
            is_sequence=row.is_sequence, is_confirmation=is_confirmation(row.policy),
        )  # fmt: skip

    def detail(self, conn: Connection, actor: Actor, row: Row[Any]) -> CampaignDetail:
        """Everything of one campaign."""
        authors = repository.revision_rows(conn, row.pk)
        asked = row.proposed_id or row.revision_id
        revisions = tuple(revision_view(item) for item in authors)
        shown = self.row(conn, row)
        channels = channels_of(conn, row, self.distribution, self.postings)
        plan = self._plan(conn, row)
        return CampaignDetail(
            row=shown, brief=Brief.model_validate(row.brief),
            revision=next((item for item in revisions if item.id == row.revision_id), None), revisions=revisions,
            plan=plan,
            approvals=tuple(_approval(item) for item in repository.approval_rows(conn, row.pk)),
            actions=actions.actions_for(
                actor, row, revision_author=next((one.author_id for one in authors if one.id == asked), ""),
                only_approver=self.access.people_who_can_approve(conn, row.brand_id) <= 1, channels=channels,
                held=row.paused_at is not None and bool(self.distribution.hold_of(conn, row.pk)),
            ),
            overrides=tuple(
                OverrideView(item.what, item.before, item.after, item.reason, item.by_name, item.at)
                for item in repository.override_rows(conn, row.id)
            ),
            postings=self.posted(conn, actor, row), notices=self.notices(conn, row),
            channels=channels,
            cap_holders=told(conn, plan.cap_holders if plan else {}, actor.brands or None),
            held_because=self.distribution.why_held(conn, row.pk) if shown.counts.get("held") else "",
            at_once=bool(row.policy.get("send_now")),
        )  # fmt: skip

    def posted(self, conn: Connection, actor: Actor, row: Row[Any]) -> tuple[PostingView, ...]:
        """The campaign's postings, with what the actor can decide about each."""
        decides = may(actor, Permission.CAMPAIGNS_SEND, row.brand_id)
        return tuple(_posting(item, decides=decides) for item in self.postings.rows(conn, row.pk))

    def notices(self, conn: Connection, row: Row[Any]) -> tuple[str, ...]:
        """What stands in the way of its channels and of what goes with its mail, before anything was launched."""
        if not row.revision_id or row.launched_at is not None:
            return ()
        revised = repository.revision_of(conn, row.revision_id)
        found = self.postings.lacking(conn, {draft.channel for draft in revised.drafts}, row.brand_id)
        if (revised.attachments or revised.invitation is not None) and mails(revised.drafts):
            found += self.postings.no_room_for_files(conn)
        if posts := posted(revised.drafts):
            brand, _ = load_brand(conn, row.brand_id)
            templates = [render_short(draft, brand) for draft in posts]
            found += self.postings.problems(conn, templates, row.brand_id, row.name)
        return tuple(found)

    def slot(self, actor: Actor, row: Row[Any], model: HourModel, used_by: str = "") -> SlotView:
        """One person of the plan; `used_by` names the campaigns that use up the cap, where it moved them."""
        return SlotView(
            contact_id=row.id, name=_name(row), email=_address(actor, row.email), due_at=row.due_at,
            local_time=local_time(row.due_at, row.zone), zone=row.zone, zone_assumed=row.zone_assumed,
            variant=row.variant, reason=row.reason,
            reason_text=reason_text(
                row.reason, row.due_at, row.zone, assumed=row.zone_assumed, model=model, used_by=used_by
            ),
            channels=tuple(row.channels.split(",")) if row.channels else (),
        )  # fmt: skip

    def deliveries(
        self, conn: Connection, actor: Actor, row: Row[Any], *, state: str | None, after: str, limit: int
    ) -> tuple[list[DeliveryView], str]:
        """A page of deliveries, by contact, and the cursor of the next."""
        place = cursor_parts(after, r"(\d{1,18})-(\d{1,9})-(\w+)")
        found = self.distribution.delivery_rows(
            conn, row.pk, state=state, after_contact=int(place[0]) if place else 0, limit=limit + 1,
            after_row=(int(place[1]), place[2]) if place else None,
        )  # fmt: skip
        shown = [
            DeliveryView(
                contact_id=item.id or "", name=_name(item), email=_address(actor, item.email), state=item.state,
                variant=item.variant, due_at=item.due_at, at=item.at, attempt=item.attempt, code=item.code,
                reason=item.reason, message_id=self.distribution.message_id(conn, row.pk, item.contact_pk, item.step),
            )
            for item in found[:limit]
        ]  # fmt: skip
        last = found[limit - 1] if len(found) > limit else None
        return shown, f"{last.contact_pk}-{last.step}-{last.channel}" if last is not None else ""

    def _plan(self, conn: Connection, row: Row[Any]) -> PlanSummary | None:
        return repository.plan_summary(conn, row.plan_id) if row.plan_id else None


def _posting(row: Row[Any], *, decides: bool) -> PostingView:
    post = post_of(row.id, ShortTemplate.model_validate(row.body))
    due_at = row.due_at if row.due_at < NEVER else row.at or 0
    return PostingView(
        id=row.id, channel=row.channel, channel_title=rule_of(row.channel).title, account=row.account_name or "",
        variant=row.variant, state=row.state, due_at=due_at, at=row.at, attempt=row.attempt, code=row.code,
        reason=row.reason, provider_id=row.provider_id, url=row.url, title=post.title, text=post.text,
        can_confirm=decides and row.state == "uncertain",
        can_repeat=decides and row.state in {"uncertain", "failed", "held", "deferred"},
    )  # fmt: skip


def local_time(instant: Instant, zone: str) -> str:
    """Wall time in the person's zone, for example `Tue 24 Nov 09:15`."""
    moment = to_datetime(instant, zone or "UTC")
    return f"{moment:%a} {moment.day} {moment:%b %H:%M}"


def revision_view(row: Row[Any]) -> RevisionView:
    """One revision."""
    body = Revision.model_validate(row.body)
    return RevisionView(
        id=row.id, number=row.number, author=row.author, created_at=row.created_at, content_hash=row.content_hash,
        drafts=body.drafts, attachments=body.attachments, invitation=body.invitation,
    )  # fmt: skip


def _approval(row: Row[Any]) -> ApprovalView:
    return ApprovalView(
        revision_number=row.number, verdict=row.verdict, by_name=row.by_name, comment=row.comment,
        self_approved=row.self_approved, at=row.at,
    )  # fmt: skip


def _name(row: Row[Any]) -> str:
    return f"{row.first_name or ''} {row.last_name or ''}".strip()  # an erased person has none


def _address(actor: Actor, email: str | None) -> str:
    if not email:
        return ""
    return email if may(actor, Permission.CONTACTS_READ_PII) else mask_address(email)
