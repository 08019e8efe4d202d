"""The durable run of a campaign: which agent works in which state, and what follows.

Each stage is one durable job, enqueued in the same transaction as the change of state that asks for it, so a
process may die at any point: either both are on disk or neither. A job carries the campaign's epoch; when the
campaign was paused, cancelled or sent back meanwhile, the epoch has moved on and the job does nothing.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from tidings.agents.decisions import record_decision
from tidings.agents.state import load, set_doing
from tidings.audience.selection import Selection, select_for_channels, select_people
from tidings.campaigns import approved, capping, repository, versions
from tidings.campaigns.attaching import check_ahead
from tidings.campaigns.drafts import personal, posted, variants
from tidings.campaigns.messages import every
from tidings.campaigns.rewriting import REWRITE, Rewriter
from tidings.campaigns.sequences.life import EDIT, SequenceLife
from tidings.content.rendering.short import render_short
from tidings.content.service import load_brand
from tidings.distribution.attachments import attached
from tidings.distribution.repository import channel_of
from tidings.domain.actor import AgentName
from tidings.domain.brief import Brief
from tidings.domain.campaign import CampaignState
from tidings.domain.channel import PERSONAL, Channel
from tidings.domain.consent import Purpose, marketing_purpose
from tidings.domain.decision import Decision
from tidings.domain.errors import InvalidInputError, TidingsError
from tidings.domain.ids import new_id
from tidings.domain.instant import HOUR, Clock, Instant
from tidings.domain.revision import Revision
from tidings.scheduling.reasons import held_back_text
from tidings.store.confirmations import is_confirmation
from tidings.store.tables import campaign

if TYPE_CHECKING:
    from tidings.analytics.agent import AnalyticsAgent
    from tidings.content.agent import ContentAgent
    from tidings.distribution.postings.service import PostingService
    from tidings.distribution.service import DistributionService
    from tidings.domain.brand import Brand
    from tidings.domain.claim import Claim
    from tidings.domain.draft import Draft
    from tidings.domain.invitation import Invitation
    from tidings.engine.jobs import Jobs
    from tidings.events.activity import ActivityFeed
    from tidings.scheduling.agent import Proposal, SchedulingAgent
    from tidings.scheduling.planning import Division
    from tidings.store.database import Database

log = logging.getLogger("tidings.campaigns")

_BY_WEIGHT = (Channel.EMAIL, Channel.SMS, Channel.PUSH)
"""Who has room for one message only gets it by the first of these."""
DRAFT, PLAN, LAUNCH, REPORT = "content.draft", "scheduling.plan", "distribution.launch", "analytics.report"


@dataclass(frozen=True, slots=True)
class Stage:
    """A state in which an agent works, and the job that does it."""

    state: CampaignState
    job: str
    agent: AgentName


STAGES = (
    Stage(CampaignState.DRAFTING, DRAFT, AgentName.CONTENT),
    Stage(CampaignState.PLANNING, PLAN, AgentName.SCHEDULING),
    Stage(CampaignState.SENDING, LAUNCH, AgentName.DISTRIBUTION),
)


class CampaignRun:
    """Hands the work from agent to agent; holds no state of its own."""

    def __init__(
        self, db: Database, clock: Clock, jobs: Jobs, feed: ActivityFeed, *,
        content: ContentAgent, scheduling: SchedulingAgent, distribution: DistributionService,
        analytics: AnalyticsAgent, postings: PostingService,
    ) -> None:  # fmt: skip
        self.db = db
        self.clock = clock
        self.jobs = jobs
        self.feed = feed
        self.content = content
        self.scheduling = scheduling
        self.distribution = distribution
        self.analytics = analytics
        self.postings = postings
        self.planning = threading.Lock()
        self.sequences = SequenceLife(self)
        self.rewriter = Rewriter(self)

    def register(self) -> None:
        """Makes the stages known to the engine, each on the queue of its agent."""
        for name, work in ((DRAFT, self.draft), (PLAN, self.plan), (LAUNCH, self.launch), (REPORT, self.report)):
            agent = AgentName(name.partition(".")[0])
            self.jobs.job(name, queue=agent.value)(self._shown(agent, work))
        self.sequences.register()
        self.rewriter.register()
        self.jobs.on_error = self.blocked

    def start_stage(self, conn: Connection, campaign_id: str) -> None:
        """Enqueues the job that the campaign's state asks for; nothing when it is paused or waits for a person."""
        row = repository.get_campaign(conn, campaign_id)
        if row.paused_at is not None:
            return
        for stage in STAGES:
            if row.state == stage.state.value and not (stage.job == LAUNCH and row.launched_at is not None):
                self.jobs.enqueue(conn, stage.job, row.id, row.epoch, id=f"{stage.job}:{row.id}:{row.epoch}")

    def restart_waiting(self, conn: Connection, agent: AgentName) -> int:
        """Starts again what waited for an agent that was paused; returns how many campaigns."""
        states = {stage.state.value for stage in STAGES if stage.agent is agent}
        waiting = repository.list_campaigns(
            conn, brands=frozenset(), states=frozenset(states), before_pk=None, limit=500
        )
        for row in waiting:
            repository.touch(conn, row, at=self.clock.now(), state_reason="")
            self.start_stage(conn, row.id)
        return len(waiting)

    def draft(self, campaign_id: str, epoch: int) -> None:
        """Content agent: from the brief to checked drafts, kept as a new revision."""
        row = self._ready(campaign_id, epoch, AgentName.CONTENT, "Writing drafts for")
        if row is None:
            return
        if row.is_sequence:
            self.sequences.draft(row, epoch)
            return
        with self.db.reading() as conn:
            brief, brand, claims, config = self.assignment(conn, row)
            recent = repository.recent_stock(conn, row.brand_id)
            trials = self.analytics.subject_trials(conn, row.brand_id)
            few = versions.few_readers(conn, brief, self.clock.now())
        # The epoch is part of the seed: asked to try again, the writer takes another way.
        seed = zlib.crc32(f"{campaign_id}:{epoch}".encode())
        written = versions.write(
            self.content, brief, brand, claims, few=few, seed=seed, at=self.clock.now(), recent=recent,
            max_words=config["max_words"], trials=trials,
        )  # fmt: skip
        with self.db.transaction() as conn:
            row = self._still(conn, campaign_id, epoch)
            if row is None:
                return
            for decision in written.decisions:
                self.record(conn, AgentName.CONTENT, row, decision)
            revised = self.revise(conn, row, brief, written.drafts)
            if written.outage:
                self.rewriter.wait_for(conn, row.id, revised.id, written.outage)
            broken = dict.fromkeys(words for draft in written.drafts for words in draft.blocked_by)
            if broken:
                repository.move(
                    conn, row, CampaignState.BLOCKED, at=self.clock.now(), revision_id=revised.id,
                    reason=f"The drafts do not pass: {'; '.join(broken)}. Change the brief or edit the draft.",
                )  # fmt: skip
                self.feed.note(conn, "content", f"could not write “{row.name}” without a finding", row.id)
                return
            repository.move(conn, row, CampaignState.PLANNING, at=self.clock.now(), revision_id=revised.id)
            self.feed.note(conn, "content", f"wrote {len(written.drafts)} variants of “{row.name}”", row.id)
            self.start_stage(conn, row.id)

    def plan(self, campaign_id: str, epoch: int) -> None:
        """Scheduling agent: a slot for each person, proposed for approval."""
        row = self._ready(campaign_id, epoch, AgentName.SCHEDULING, "Planning send times for")
        if row is None:
            return
        if not personal(self._drafts(row)):
            self._plan_posting(campaign_id, epoch)
            return
        with self.planning:  # one plan at a time: each counts what the others have already given a person
            with self.db.reading() as conn:
                proposal = self._propose(conn, row)
            self.scheduling.write(row.pk, proposal)
            with self.db.transaction() as conn:
                row = self._still(conn, campaign_id, epoch)
                if row is None:
                    return
                self.scheduling.keep(conn, row.pk, proposal)
                plan = proposal.summary
                repository.move(conn, row, CampaignState.REVIEW, at=self.clock.now(), plan_id=plan.id)
                self.feed.note(conn, "scheduling", f"planned “{row.name}” for {plan.people:,} people", row.id)

    def launch(self, campaign_id: str, epoch: int) -> None:
        """Distribution agent: freezes the audience into the ledger; from here the sender works."""
        row = self._ready(campaign_id, epoch, AgentName.DISTRIBUTION, "Starting")
        if row is None:
            return
        with self.db.transaction() as conn:
            row = self._still(conn, campaign_id, epoch)
            if row is None or row.launched_at is not None:
                return
            if row.is_sequence:
                self.sequences.launch(conn, row)
                return
            now, at_once = self.clock.now(), bool(row.policy.get("send_now"))
            plan = repository.plan_summary(conn, row.plan_id)
            if not at_once and plan.first_at is not None and plan.first_at < now:
                # Approval took longer than the plan allowed for: the same people, at the same hours of a later day.
                plan = self.scheduling.postpone(conn, row.pk, row.plan_id)
                repository.touch(conn, row, at=now, plan_id=plan.id)
                row = repository.get_campaign(conn, campaign_id)
            revised = repository.revision_of(conn, row.revision_id)
            approved.check_as_approved(conn, row, revised)
            brand, _ = load_brand(conn, row.brand_id, row.brief)
            check_ahead(revised.invitation, now)
            people = self._launch_people(conn, row, revised, brand, now, at_once=at_once)
            due_at = now if at_once else max(now, plan.first_at or now)
            templates = [render_short(draft, brand) for draft in posted(revised.drafts)]
            posts = self.postings.launch(conn, row.pk, row.name, row.brand_id, templates, due_at)
            repository.touch(conn, row, at=now, launched_at=now)
            parts = [f"{people:,} deliveries"] if people else []
            parts += [f"{posts:,} posting{'s' if posts > 1 else ''}"] if posts else []
            self.feed.note(conn, "distribution", f"started “{row.name}”: {' and '.join(parts)}", row.id)

    def _launch_people(
        self, conn: Connection, row: Row[Any], revised: Revision, brand: Brand, now: Instant, *, at_once: bool
    ) -> int:
        """Deliveries for the people of the plan; none where the campaign only posts."""
        templates = [each for each in every(revised, brand, row.id) if channel_of(each) in PERSONAL]
        if not templates:
            return 0
        people = self.distribution.launch(conn, row.pk, templates, now, ignore_plan_times=at_once)
        if not people:
            raise InvalidInputError(
                "Nobody is left in the plan.", remedy="Cancel it, or start a new campaign for other people."
            )
        return people

    def finished(self, conn: Connection, campaign_pk: int) -> None:
        """Called in the transaction that made the last delivery, or the last posting, terminal.

        When nothing of either is open any more, the campaign is done and its report is due.
        """
        repository.lock(conn, campaign_pk)  # else the last delivery and the last posting would each wait for the other
        row = repository.campaign_of_pk(conn, campaign_pk)
        if row.state != CampaignState.SENDING.value or row.is_sequence:  # a sequence goes on: others may enter
            return
        if self.postings.counts(conn, campaign_pk) and (
            self.postings.something_open(conn, campaign_pk) or self.distribution.something_open(conn, campaign_pk)
        ):
            return
        epoch = repository.move(conn, row, CampaignState.DONE, at=self.clock.now(), done_at=self.clock.now())
        self.feed.note(conn, "distribution", f"finished “{row.name}”", row.id)
        if is_confirmation(row.policy):  # nothing of it is measured
            return
        self.jobs.enqueue(conn, REPORT, row.id, epoch, id=f"{REPORT}:{row.id}:{epoch}")
        # The first report mostly says that it is too early; the second one comes when the clicks are in.
        wait = load(conn, AgentName.ANALYTICS).config["report_after_hours"] * HOUR
        self.jobs.enqueue(conn, REPORT, row.id, epoch, id=f"{REPORT}:{row.id}:{epoch}:final", delay_ms=wait)

    def report(self, campaign_id: str, epoch: int) -> None:
        """Analytics agent: what happened and what follows from it, or that it is too early to say."""
        row = self._ready(campaign_id, epoch, AgentName.ANALYTICS, "Reporting on")
        if row is None:
            return
        with self.db.transaction() as conn:
            self.analytics.report(conn, row.pk, campaign_id)
            self.feed.note(conn, "analytics", f"reported on “{row.name}”", row.id)

    def blocked(self, name: str, args: tuple[Any, ...], error: BaseException) -> None:
        """An agent could not go on: the campaign says why and what to do, and waits for a person."""
        campaign_id = str(args[0])
        if isinstance(error, TidingsError):
            reason = str(error)
        else:
            log.error("job %s failed", name, exc_info=error)
            reason = f"{name} failed unexpectedly ({type(error).__name__}). See `tidings logs`, then retry."
        if name == REWRITE:  # the draft there is stands
            return
        if name == EDIT:
            self.sequences.edit_failed(campaign_id, reason)
            return
        with self.db.transaction() as conn:
            row = repository.get_campaign(conn, campaign_id)
            if name == REPORT:
                self.feed.note(conn, "analytics", f"could not report on “{row.name}”: {reason}", row.id)
                return
            if len(args) > 1 and row.epoch != args[1]:
                return
            repository.move(conn, row, CampaignState.BLOCKED, at=self.clock.now(), reason=reason)
            self.feed.note(conn, name.partition(".")[0], f"is stuck on “{row.name}”: {reason}", row.id)

    def _shown(self, agent: AgentName, work: Callable[[str, int], None]) -> Callable[[str, int], None]:
        """The stage, after which the agent's page says that it is idle again, whatever came of it."""

        @wraps(work)
        def stage(campaign_id: str, epoch: int) -> None:
            try:
                work(campaign_id, epoch)
            finally:
                with self.db.transaction() as conn:
                    set_doing(conn, agent, "", self.clock.now())

        return stage

    def _propose(self, conn: Connection, row: Row[Any]) -> Proposal:
        """A send plan for the people who may be written to now. Raises InvalidInputError when there is nobody."""
        now = self.clock.now()
        revised = repository.revision_of(conn, row.revision_id)
        selection = self._selection(conn, row, revised, now)
        if not selection.people:
            held = ", ".join(
                f"{count} {reason.value.replace('_', ' ')}" for reason, count in selection.held_back.items()
            )
            raise InvalidInputError(
                f"Nobody in this audience may be written to ({held or 'it is empty'}).",
                remedy="Choose another segment or import contacts with consent.",
            )
        policy = self.scheduling.policy_for(conn, revised.brief, now)
        proposal = self.scheduling.prepare(
            conn, campaign_pk=row.pk, campaign_id=row.id, revision_id=revised.id, selection=selection,
            variants=self._variants(conn, revised, selection, now), policy=policy, seed=zlib.crc32(row.id.encode()),
        )  # fmt: skip
        if not proposal.summary.people:
            why = " ".join(held_back_text(reason, held) for reason, held in proposal.summary.held_back.items() if held)
            used_by = capping.told(
                conn, proposal.summary.cap_holders, (row.brand_id,)
            ).words  # whoever reads it sees it
            used = f"The limit is used up by {used_by}." if used_by else ""
            raise InvalidInputError(
                " ".join(filter(None, ("The plan reaches nobody.", why, used))),
                remedy="Cancel campaigns that wait with plans for the same people, or allow more days, then retry.",
            )
        return proposal

    def _variants(
        self, conn: Connection, revised: Revision, selection: Selection, now: Instant
    ) -> list[str] | Division:
        """What people are divided among: the variants, or the versions with theirs. From here on it is fixed."""
        if not revised.brief.versions:
            return variants(revised.drafts)
        return versions.divided(conn, revised.brief, personal(revised.drafts), selection.people, now)

    def _selection(self, conn: Connection, row: Row[Any], revised: Revision, now: Instant) -> Selection:
        """Who may be written to by one of its channels at least, each by those they agreed to."""
        named = {Channel(draft.channel) for draft in personal(revised.drafts)}
        ways = [(marketing_purpose(each), each.value) for each in _BY_WEIGHT if each in named]
        return select_for_channels(conn, row.segment_id, ways, now)

    def _drafts(self, row: Row[Any]) -> tuple[Draft, ...]:
        with self.db.reading() as conn:
            return repository.revision_of(conn, row.revision_id).drafts

    def _plan_posting(self, campaign_id: str, epoch: int) -> None:
        """A campaign that only posts needs no people: one time for everybody who follows."""
        with self.db.transaction() as conn:
            row = self._still(conn, campaign_id, epoch)
            if row is None:
                return
            now = self.clock.now()
            revised = repository.revision_of(conn, row.revision_id)
            selection = select_people(conn, row.segment_id, Purpose.MARKETING_EMAIL, "email", now)
            plan = self.scheduling.plan_posting(
                conn, campaign_pk=row.pk, campaign_id=row.id, revision_id=revised.id, people=selection.people,
                policy=self.scheduling.policy_for(conn, revised.brief, now),
            )  # fmt: skip
            repository.move(conn, row, CampaignState.REVIEW, at=now, plan_id=plan.id)
            self.feed.note(conn, "scheduling", f"planned the postings of “{row.name}”", row.id)

    def assignment(self, conn: Connection, row: Row[Any]) -> tuple[Brief, Brand, list[Claim], dict[str, Any]]:
        """Brief, brand and claims, with the Content agent's settings applied."""
        brand, claims = load_brand(conn, row.brand_id, row.brief)
        config = load(conn, AgentName.CONTENT).config
        brief = Brief.model_validate(row.brief)
        brief = brief.model_copy(update={"subjects": max(brief.subjects, config["subjects"])})
        if config["voice"] != "brand":
            brand = brand.model_copy(update={"voice": config["voice"]})
        return brief, brand, claims, config

    def revise(self, conn: Connection, row: Row[Any], brief: Brief, drafts: tuple[Draft, ...]) -> Revision:
        """The drafts as the agent's next revision; which one is in force is the caller's to say."""
        revised = Revision(
            id=new_id("revision"), number=repository.next_revision_number(conn, row.pk), author="Content agent",
            author_id=AgentName.CONTENT.value, brief=brief, drafts=drafts, attachments=attached(conn, row.pk),
            invitation=self._invitation(conn, row, brief),
        )  # fmt: skip
        repository.insert_revision(conn, row.pk, revised, self.clock.now())
        return revised

    def _invitation(self, conn: Connection, row: Row[Any], brief: Brief) -> Invitation | None:
        """What the drafts before had, else the brief's."""
        if row.revision_id:
            return repository.revision_of(conn, row.revision_id).invitation
        return brief.invitation.after(None, self.clock.now()) if brief.invitation is not None else None

    def record(self, conn: Connection, agent: AgentName, row: Row[Any], fields: Any) -> None:
        """Keeps a decision about the campaign."""
        record_decision(
            conn,
            Decision(
                id=new_id("decision"), agent=agent, at=self.clock.now(), kind=fields.kind, summary=fields.summary,
                reason=fields.reason, decided_by=fields.decided_by, campaign_id=row.id, inputs=fields.inputs,
                alternatives=tuple(fields.alternatives), evidence=fields.evidence,
            ),
        )  # fmt: skip

    def _ready(self, campaign_id: str, epoch: int, agent: AgentName, doing: str) -> Row[Any] | None:
        """The campaign when its stage may run now; a paused agent leaves a note of what waits for it."""
        with self.db.transaction() as conn:
            row = self._still(conn, campaign_id, epoch)
            if row is None:
                return None
            now = self.clock.now()
            if load(conn, agent).paused:
                conn.execute(
                    campaign.update()
                    .where(campaign.c.pk == row.pk)
                    .values(state_reason=f"The {agent.value.capitalize()} agent is paused; this waits for it.")
                )
                return None
            set_doing(conn, agent, f"{doing} “{row.name}”", now)
            return row

    def _still(self, conn: Connection, campaign_id: str, epoch: int) -> Row[Any] | None:
        """The campaign unless it was paused or moved on since the job was enqueued."""
        query = select(campaign.c.pk).where(
            campaign.c.id == campaign_id, campaign.c.epoch == epoch, campaign.c.paused_at.is_(None)
        )
        found = conn.execute(query).scalar_one_or_none()
        return None if found is None else repository.get_campaign(conn, campaign_id)
