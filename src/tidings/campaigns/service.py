"""What people do with campaigns. Every verb checks the actor's rights, acts in one transaction and is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.access import audit
from tidings.access.permissions import Permission, require
from tidings.agents.policy import Effect
from tidings.audience.segments import find_segment, list_segments
from tidings.campaigns import actions, approved, capping, repository, versions
from tidings.campaigns.drafts import name_of, one
from tidings.campaigns.dropping import drop
from tidings.campaigns.preflight import check_messages, specimens
from tidings.campaigns.preview import render_preview
from tidings.campaigns.revising import Reviser, Why
from tidings.campaigns.sequences.repository import waiting_edits
from tidings.campaigns.show import Shower
from tidings.content.repository import brand_for
from tidings.content.service import load_brand
from tidings.distribution.attachments import contents
from tidings.distribution.findings import Area, Grade, PreflightFinding
from tidings.domain.actor import Actor
from tidings.domain.brief import Brief
from tidings.domain.campaign import TERMINAL, CampaignState
from tidings.domain.cursor import cursor_number, cursor_parts
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.instant import Clock, Instant, iso
from tidings.domain.revision import Revision
from tidings.domain.short import rule_of

if TYPE_CHECKING:
    from tidings.access.service import AccessService
    from tidings.agents.policy import Policy
    from tidings.campaigns.run import CampaignRun
    from tidings.campaigns.views import CampaignDetail, CampaignRow, DeliveryView, PostingView, Preview, SlotView
    from tidings.distribution.postings.service import PostingService
    from tidings.distribution.preflight import Preflight
    from tidings.distribution.service import DistributionService
    from tidings.domain.draft import Draft
    from tidings.events.activity import ActivityFeed
    from tidings.store.database import Database

EVERYONE = ("everyone", "all", "")


class CampaignService:
    """Use cases of a campaign's life, from a brief to a cancelled or finished send."""

    def __init__(
        self, db: Database, clock: Clock, run: CampaignRun, *, access: AccessService,
        distribution: DistributionService, policy: Policy, feed: ActivityFeed, preflight: Preflight,
        postings: PostingService,
    ) -> None:  # fmt: skip
        self.db = db
        self.clock = clock
        self.run = run
        self.access = access
        self.distribution = distribution
        self.policy = policy
        self.flight = preflight
        self.feed = feed
        self.postings = postings
        self.show = Shower(distribution, access, postings)
        self.reviser = Reviser(clock, run, feed)

    def create(self, actor: Actor, brief: Brief, *, sample: bool = False) -> CampaignDetail:
        """A new campaign from a brief; the Content agent starts at once.

        Raises InvalidInputError when the brand or the audience does not exist; it names those that do.
        """
        require(actor, Permission.CAMPAIGNS_WRITE)
        with self.db.transaction() as conn:
            brand = brand_for(conn, actor, brief.brand)
            require(actor, Permission.CAMPAIGNS_WRITE, brand.id)
            brand.sent_by(brief.sender)
            segment_id = self._segment(conn, brief)
            versions.check_segments(conn, brief)
            row = repository.insert_campaign(
                conn, brief=brief, brand_id=brand.id, segment_id=segment_id, author=actor, sample=sample,
                at=self.clock.now(),
            )  # fmt: skip
            self._note(conn, actor, "campaign.create", row, f"briefed “{row.name}”")
            self.run.start_stage(conn, row.id)
            return self.show.detail(conn, actor, row)

    def list(
        self, actor: Actor, *, state: str | None = None, after: str = "", limit: int = 50
    ) -> tuple[list[CampaignRow], str]:
        """Campaigns the actor may see, newest first, and the cursor of the next page (empty at the end)."""
        require(actor, Permission.CAMPAIGNS_READ)
        states = frozenset({_state(state)}) if state else frozenset[str]()
        with self.db.reading() as conn:
            rows = repository.list_campaigns(
                conn, brands=actor.brands, states=states, before_pk=cursor_number(after), limit=limit + 1
            )
            shown = self.show.rows(conn, rows[:limit])
        return shown, str(rows[limit - 1].pk) if len(rows) > limit else ""

    def get(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        """Everything of one campaign."""
        with self.db.reading() as conn:
            return self.show.detail(conn, actor, self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_READ))

    def waiting(self, actor: Actor) -> list[CampaignRow]:
        """The approvals inbox: what waits for a yes, oldest first; edits of running sequences last."""
        new = list(reversed(self.list(actor, state=CampaignState.REVIEW.value, limit=200)[0]))
        with self.db.reading() as conn:
            edited = [repository.campaign_of_pk(conn, pk) for pk in waiting_edits(conn, actor.brands)]
            return new + self.show.rows(conn, edited)

    def preview(
        self, actor: Actor, campaign_id: str, *, variant: str = "", channel: str = "", contact_id: str | None = None
    ) -> Preview:
        """The message as one contact gets it, by the code that sends. Without a contact: the first of the plan who
        gets it. Without a variant: the one the contact gets, by the plan or else by the brief's versions; without
        either, the first.

        Without a channel: the e-mail, or the first draft where there is none. Of a sequence whose edit waits for
        approval it is the edit's.
        """
        with self.db.reading() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            revised = self._edit_waiting(conn, row) or self._revision(conn, row)
            brand, _ = load_brand(conn, row.brand_id, row.brief)
            if contact_id is None:
                variant = variant or revised.drafts[0].variant
            person = repository.first_person(conn, row.pk, contact_id, versions.beside(revised, variant))
            if contact_id is not None and person is None:
                raise NotFoundError(f"There is no contact {contact_id}.")
            if not variant:
                planned = repository.planned_variant(conn, row.pk, person)
                variant = versions.variant_of(conn, revised, person, planned, self.clock.now())
            files = contents(conn, revised.attachments)
            return render_preview(
                self.distribution, actor, revised, brand, variant, person, campaign_id=row.id, contents=files,
                channel=channel, name=row.name,
            )  # fmt: skip

    def preflight(self, actor: Actor, campaign_id: str) -> Sequence[PreflightFinding]:
        """What speaks against sending, the worst first; findings that block stop `send`. Takes up to some seconds."""
        with self.db.reading() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            revised = self._edit_waiting(conn, row) or self._revision(conn, row)
            brand, made = specimens(conn, self.distribution, self.flight, row, revised)
            planned = self.distribution.planned_by_provider(conn, row.pk)
            notices = self.show.notices(conn, row)
        found = self.flight.examine(made, [brand.sender.domain], planned)  # no connection is held meanwhile
        return [*(PreflightFinding(Area.CHANNEL, "account", Grade.ERROR, notice) for notice in notices), *found]

    def approve(self, actor: Actor, campaign_id: str, revision_id: str, comment: str = "") -> CampaignDetail:
        """A person's yes to exactly this revision.

        Raises ForbiddenError for agents, for roles that may not approve, and for the author where another person
        could approve; ConflictError when the revision is not the one in force; InvalidInputError when it has errors.
        """
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_APPROVE)
            self.policy.authorise(actor, Effect.APPROVE)
            edit = self._edit_waiting(conn, row)
            if edit is None:
                self._expect(row, CampaignState.REVIEW, "approved")
            revised = edit or self._revision(conn, row)
            if revision_id != revised.id:
                raise ConflictError(
                    f"The campaign is now at revision {revised.number}; the one you saw is no longer in force.",
                    remedy="Look at the new revision and approve that one.",
                )
            alone = actor.id in {row.author_id, revised.author_id}
            if alone and self.access.people_who_can_approve(conn, row.brand_id) > 1:
                raise ForbiddenError(
                    "The author of a campaign, or of its words, does not approve it.",
                    remedy="Ask another person who may approve.",
                )
            self._check_sendable(conn, row, revised)
            self._check_channels(conn, row)
            repository.insert_approval(
                conn, row.pk, revised, verdict="approved", actor=actor, comment=comment, self_approved=alone,
                at=self.clock.now(),
            )  # fmt: skip
            detail = {"revision": revised.id, "content_hash": revised.content_hash, "self_approved": alone}
            self._note(conn, actor, "campaign.approve", row, f"approved “{row.name}”", detail)
            if edit is not None:  # of a sequence that runs: in force at once, for those who come to it
                check_messages(conn, self.distribution, self.flight, row, edit)
                self.run.sequences.apply(conn, row, edit)
                return self._detail(conn, actor, row.id)
            policy = {**row.policy, approved.KEY: approved.message_hash(conn, row, revised)}
            repository.move(conn, row, CampaignState.APPROVED, at=self.clock.now(), policy=policy)
            self._start_if_autonomous(conn, row.id)
            return self._detail(conn, actor, row.id)

    def request_changes(self, actor: Actor, campaign_id: str, comment: str) -> CampaignDetail:
        """A person's no, with what should change; the campaign waits for an edit or a new draft."""
        if not comment.strip():
            raise InvalidInputError("Say what should change.", remedy="Add a comment.", field="comment")
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_APPROVE)
            self.policy.authorise(actor, Effect.APPROVE)
            edit = self._edit_waiting(conn, row)
            if edit is None:
                self._expect(row, CampaignState.REVIEW, "sent back")
            repository.insert_approval(
                conn, row.pk, edit or self._revision(conn, row), verdict="changes_requested", actor=actor,
                comment=comment, self_approved=False, at=self.clock.now(),
            )  # fmt: skip
            if edit is not None:
                self.run.sequences.refuse(conn, row)
                self._note(conn, actor, "campaign.request_changes", row, f"sent back the edit of “{row.name}”")
                return self._detail(conn, actor, row.id)
            asked = comment.strip().rstrip(".")
            reason = f"{actor.name} asks for changes: {asked}. Edit the draft, or retry for a new one."
            repository.move(conn, row, CampaignState.BLOCKED, at=self.clock.now(), reason=reason)
            self._note(conn, actor, "campaign.request_changes", row, f"asked for changes in “{row.name}”")
            return self._detail(conn, actor, row.id)

    def send(self, actor: Actor, campaign_id: str, *, now: bool) -> CampaignDetail:
        """Starts the sending: as planned, or at once for everybody, which overrides the planned times."""
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_SEND)
            self._expect(row, CampaignState.APPROVED, "sent")
            revised = self._revision(conn, row)
            said_yes = repository.is_approved(conn, revised)
            self.policy.authorise(actor, Effect.START_SEND, approved=said_yes)
            if not said_yes:
                raise ForbiddenError("This revision is not approved.", remedy="Have it approved first.")
            approved.check_as_approved(conn, row, revised)
            self._check_sendable(conn, row, revised)
            if now and not row.is_sequence:
                plan = repository.plan_summary(conn, row.plan_id)
                repository.insert_override(
                    conn, object_id=row.id, what="send times", before={"first_at": iso(plan.first_at)},
                    after={"all_at": iso(self.clock.now())}, reason="sent now by a person", actor=actor,
                    at=self.clock.now(),
                )  # fmt: skip
            self._launch(conn, row, at_once=now and not row.is_sequence)
            how = "now" if now else "as planned"
            self._note(conn, actor, "campaign.send", row, f"sends “{row.name}” {how}", {"how": how})
            return self._detail(conn, actor, row.id)

    def pause(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        """Holds the campaign where it is: no agent goes on, nothing more is claimed for sending."""
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.SENDING_PAUSE)
            self._not_over(row, "paused")
            if row.paused_at is None:
                repository.touch(conn, row, at=self.clock.now(), paused_at=self.clock.now(), paused_by=actor.name)
                self._note(conn, actor, "campaign.pause", row, f"paused “{row.name}”")
            return self._detail(conn, actor, row.id)

    def resume(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        """Goes on from exactly where it was paused; past a guard rail only by who may send."""
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.SENDING_PAUSE)
            self._not_over(row, "resumed")
            if row.paused_at is not None:
                held = self.distribution.hold_of(conn, row.pk)
                if held:
                    require(actor, Permission.CAMPAIGNS_SEND, row.brand_id)
                    self.distribution.release(conn, row.pk)
                repository.touch(conn, row, at=self.clock.now(), paused_at=None, paused_by="", state_reason="")
                past = f", past the {held}" if held else ""
                self._note(conn, actor, "campaign.resume", row, f"resumed “{row.name}”{past}", {"past": held})
                self.run.start_stage(conn, row.id)
            return self._detail(conn, actor, row.id)

    def cancel(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        """Ends the campaign for good; what is not yet claimed is never sent."""
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_SEND)
            self._not_over(row, "cancelled")
            repository.move(
                conn, row, CampaignState.CANCELLED, at=self.clock.now(), reason=f"Cancelled by {actor.name}.",
                done_at=self.clock.now(),
            )  # fmt: skip
            stopped = self.distribution.cancel_open(conn, row.pk)
            unposted = self.postings.cancel_open(conn, row.pk)
            detail = {"deliveries": stopped, "postings": unposted}
            self._note(conn, actor, "campaign.cancel", row, f"cancelled “{row.name}”", detail)
            return self._detail(conn, actor, row.id)

    def drop_channel(self, actor: Actor, campaign_id: str, channel: str, reason: str = "") -> CampaignDetail:
        """Takes one channel out of a campaign under way: what has not left by it never does, the rest goes on.

        Raises InvalidInputError for a channel it does not have, ConflictError where that cannot be done now.
        """
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_SEND)
            said = " ".join(reason.split())[:200]
            words = f"taken out by {actor.name}" + (f": {said}" if said else "")
            title, stopped = drop(conn, row, channel, words, self.distribution, self.postings)
            repository.insert_override(
                conn, object_id=row.id, what="channels", before={channel: "under way"},
                after={channel: f"{stopped:,} cancelled"}, reason=said, actor=actor, at=self.clock.now(),
            )  # fmt: skip
            detail = {"channel": channel, "cancelled": stopped, "reason": said}
            self._note(conn, actor, "campaign.drop_channel", row, f"took the {title} out of “{row.name}”", detail)
            if not (self.distribution.something_open(conn, row.pk) or self.postings.something_open(conn, row.pk)):
                self.run.finished(conn, row.pk)
            return self._detail(conn, actor, row.id)

    def replan(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        """Asks the Scheduling agent for a new plan; approval is asked again."""
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            actions.check_planned(row)
            repository.move(conn, row, CampaignState.PLANNING, at=self.clock.now())
            self._note(conn, actor, "campaign.replan", row, f"asked for a new plan of “{row.name}”")
            self.run.start_stage(conn, row.id)
            return self._detail(conn, actor, row.id)

    def retry(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        """Lets the agent that was stuck try again: the sending if it had begun, else drafting anew."""
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            self._expect(row, CampaignState.BLOCKED, "retried")
            then, policy = actions.retry_state(conn, row)
            repository.move(conn, row, then, at=self.clock.now(), policy=policy)
            self._note(conn, actor, "campaign.retry", row, f"let “{row.name}” be tried again")
            self.run.start_stage(conn, row.id)
            return self._detail(conn, actor, row.id)

    def edit_draft(
        self, actor: Actor, campaign_id: str, variant: str, *, subject: str | None = None,
        preheader: str | None = None, texts: Mapping[int, str] | None = None, expected_version: int | None = None,
        channel: str = "",
    ) -> CampaignDetail:  # fmt: skip
        """A person's words instead of the agent's: a new revision, checked like any other, approved anew.

        `texts` replaces the text of blocks by their index, from 0; `channel` is the e-mail's unless given.
        Raises InvalidInputError for an unknown variant, ConflictError when the campaign is no longer at the expected
        version.
        """
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            actions.check_version(row, expected_version)
            actions.check_editable(row)
            before = self._edit_waiting(conn, row) or self._revision(conn, row)
            draft = one(before.drafts, variant, channel)
            drafts = self._edited(conn, row, before, draft, subject, preheader, texts)
            called = name_of(draft)
            words = f"edited variant {called} of “{row.name}”"
            why = Why(f"draft {called}", "edited by a person", "campaign.edit", words)
            self.reviser.keep(conn, actor, row, before, drafts, why)
            return self._detail(conn, actor, row.id)

    def set_send_time(
        self, actor: Actor, campaign_id: str, due_at: Instant, reason: str, *, expected_version: int | None = None
    ) -> CampaignDetail:
        """One time for everybody instead of the agent's plan; quiet hours and caps still hold."""
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            actions.check_version(row, expected_version)
            actions.check_planned(row)
            if row.state not in {CampaignState.REVIEW.value, CampaignState.APPROVED.value}:
                raise ConflictError(
                    f"The campaign is {actions.state_words(row)}; its times cannot be set.", remedy=actions.hint(row)
                )
            if due_at < self.clock.now():
                raise InvalidInputError("That time is past.", remedy="Choose a later time.", field="due_at")
            before = repository.plan_summary(conn, row.plan_id)
            plan = self.run.scheduling.override_time(
                conn, campaign_pk=row.pk, campaign_id=row.id, due_at=due_at, actor=actor, reason=reason
            )
            repository.insert_override(
                conn, object_id=row.id, what="send times", before={"first_at": iso(before.first_at)},
                after={"all_at": iso(due_at)}, reason=reason, actor=actor, at=self.clock.now(),
            )  # fmt: skip
            repository.touch(conn, row, at=self.clock.now(), plan_id=plan.id)
            self._note(conn, actor, "campaign.set_time", row, f"set the send time of “{row.name}”")
            return self._detail(conn, actor, row.id)

    def slots(
        self, actor: Actor, campaign_id: str, *, after: str = "", limit: int = 50, like: str = ""
    ) -> tuple[list[SlotView], str]:
        """People of the plan by due time, with the reason for each slot; with `like`, of its version only."""
        with self.db.reading() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            place = cursor_parts(after, r"(\d{1,18})-(\d{1,18})")
            cursor = (int(place[0]), int(place[1])) if place else None
            revised = self._edit_waiting(conn, row) or self._revision(conn, row) if like else None
            theirs = versions.beside(revised, like) if revised else ()
            rows = repository.slot_rows(conn, row.pk, after=cursor, limit=limit + 1, variants=theirs)
            model = self.run.scheduling.hour_model(conn)
            used = capping.of_people(conn, actor, row, rows[:limit])
            shown = [self.show.slot(actor, item, model, used.get(item.contact_pk, "")) for item in rows[:limit]]
        last = rows[limit - 1] if len(rows) > limit else None
        return shown, f"{last.due_at}-{last.contact_pk}" if last is not None else ""

    def deliveries(
        self, actor: Actor, campaign_id: str, *, state: str | None = None, after: str = "", limit: int = 50
    ) -> tuple[list[DeliveryView], str]:
        """Deliveries with the server's words, and the cursor of the next page."""
        with self.db.reading() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            return self.show.deliveries(conn, actor, row, state=state, after=after, limit=limit)

    def posted(self, actor: Actor, campaign_id: str) -> tuple[PostingView, ...]:
        """The campaign's postings with the services' words and the links that prove them."""
        with self.db.reading() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            return self.show.posted(conn, actor, row)

    def settle_posting(
        self, actor: Actor, campaign_id: str, posting_id: str, *, there: bool, url: str = ""
    ) -> tuple[PostingView, ...]:
        """A person decides about a posting in doubt: it is there (with its address), or it is posted again.

        Posting again is also possible for one that failed or waits. Raises ConflictError for any other.
        """
        with self.db.transaction() as conn:
            row = self._row(conn, actor, campaign_id, Permission.CAMPAIGNS_SEND)
            if row.state == CampaignState.CANCELLED.value:
                raise ConflictError(f"“{row.name}” is cancelled.", remedy="Start a new campaign.")
            if there:
                found = self.postings.confirm(conn, row.pk, posting_id, url.strip())
                self.run.finished(conn, row.pk)
            else:
                found = self.postings.again(conn, row.pk, posting_id)
            words = "confirmed" if there else "asked again for"
            text = f"{words} the posting of “{row.name}” to {rule_of(found.channel).title}"
            self._note(conn, actor, "posting.confirm" if there else "posting.repeat", row, text, {"posting": found.id})
            return self.show.posted(conn, actor, row)

    def _check_channels(self, conn: Connection, row: Row[Any]) -> None:
        """Raises InvalidInputError with the first thing that stands in the way of one of its channels."""
        notices = self.show.notices(conn, row)
        if notices:
            raise InvalidInputError(notices[0], field="channels")

    def _row(self, conn: Connection, actor: Actor, campaign_id: str, *permissions: Permission) -> Row[Any]:
        """The campaign when the actor holds one of the permissions for its brand."""
        row = repository.get_campaign(conn, campaign_id)
        if not actor.sees_brand(row.brand_id):
            raise NotFoundError(f"There is no campaign {campaign_id}.")
        actions.require_any(actor, permissions, row.brand_id)
        return row

    def _detail(self, conn: Connection, actor: Actor, campaign_id: str) -> CampaignDetail:
        return self.show.detail(conn, actor, repository.get_campaign(conn, campaign_id))

    def _revision(self, conn: Connection, row: Row[Any]) -> Revision:
        if row.revision_id is None:
            raise ConflictError(f"“{row.name}” has no draft yet.", remedy=actions.hint(row))
        return repository.revision_of(conn, row.revision_id)

    def _edit_waiting(self, conn: Connection, row: Row[Any]) -> Revision | None:
        """Of a sequence that runs: the revision that is to take the place of the one in force."""
        if row.proposed_id is None or row.state != CampaignState.SENDING.value:
            return None
        return repository.revision_of(conn, row.proposed_id)

    def _segment(self, conn: Connection, brief: Brief) -> str | None:
        if brief.audience.casefold() in EVERYONE:
            return None
        found = find_segment(conn, brief.audience)
        if found is None:
            names = ", ".join(item.name for item in list_segments(conn, self.clock.now())) or "none yet"
            raise InvalidInputError(
                f"There is no segment {brief.audience!r}.",
                remedy=f"Use `everyone` or one of: {names}.",
                field="audience",
            )
        return found

    def _check_sendable(self, conn: Connection, row: Row[Any], revised: Revision) -> None:
        """Checks the drafts again as they are now: a claim may have expired since they were written."""
        brand, claims = load_brand(conn, row.brand_id, row.brief)
        for draft in revised.drafts:
            findings = self.run.content.verify(draft, revised.brief_of(draft), brand, claims, at=self.clock.now())
            errors = [finding for finding in findings if finding.severity.value == "error"]
            if errors:
                raise InvalidInputError(
                    f"Variant {name_of(draft)} has {len(errors)} finding(s) that block it: {errors[0].message}",
                    remedy=errors[0].remedy or "Edit the draft.",
                )

    def _edited(
        self, conn: Connection, row: Row[Any], before: Revision, wanted: Draft, subject: str | None,
        preheader: str | None, texts: Mapping[int, str] | None,
    ) -> tuple[Draft, ...]:  # fmt: skip
        brand, claims = load_brand(conn, row.brand_id, row.brief)
        return tuple(
            self.run.content.edited(
                draft, before.brief_of(draft), brand, claims, subject=subject, preheader=preheader, texts=texts,
                at=self.clock.now(),
            )
            if draft is wanted
            else draft
            for draft in before.drafts
        )  # fmt: skip

    def _start_if_autonomous(self, conn: Connection, campaign_id: str) -> None:
        """Where the Distribution agent may act after approval, an approved campaign starts as planned."""
        if actions.distribution_starts_by_itself(conn):
            self._launch(conn, repository.get_campaign(conn, campaign_id), at_once=False)

    def _launch(self, conn: Connection, row: Row[Any], *, at_once: bool) -> None:
        """Raises InvalidInputError with the finding when the message must not leave as it is, or by no way there is."""
        self._check_channels(conn, row)
        check_messages(conn, self.distribution, self.flight, row, self._revision(conn, row))
        policy = {**row.policy, "send_now": at_once}
        repository.move(conn, row, CampaignState.SENDING, at=self.clock.now(), policy=policy)
        self.run.start_stage(conn, row.id)

    def _expect(self, row: Row[Any], state: CampaignState, verb: str) -> None:
        if row.state != state.value:
            raise ConflictError(
                f"“{row.name}” is {actions.state_words(row)}; it cannot be {verb}.", remedy=actions.hint(row)
            )

    def _not_over(self, row: Row[Any], verb: str) -> None:
        if CampaignState(row.state) in TERMINAL:
            raise ConflictError(f"“{row.name}” is {row.state}; it cannot be {verb}.", remedy="Start a new campaign.")

    def _note(
        self,
        conn: Connection,
        actor: Actor,
        action: str,
        row: Row[Any],
        text: str,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Into the audit trail and onto the live feed."""
        audit.record(conn, self.clock.now(), actor, action, row.id, detail or {})
        self.feed.note(conn, "person" if actor.is_person else "system", f"{actor.name} {text}", row.id)


def _state(text: str) -> str:
    try:
        return CampaignState(text).value
    except ValueError:
        known = ", ".join(state.value for state in CampaignState)
        raise InvalidInputError(
            f"{text!r} is not a campaign state.", remedy=f"One of: {known}.", field="state"
        ) from None
