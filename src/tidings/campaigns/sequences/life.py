"""A sequence's life as a campaign: written, approved, begun, edited while it runs, ended."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, func, select

from tidings.agents.decisions import record_decision
from tidings.agents.state import load, set_doing
from tidings.audience.segments import find_segment
from tidings.campaigns import approved
from tidings.campaigns import repository as campaigns
from tidings.campaigns.sequences import drafting, repository
from tidings.campaigns.sequences.messages import fix_messages
from tidings.domain.actor import AgentName
from tidings.domain.campaign import CampaignState
from tidings.domain.decision import Decision
from tidings.domain.errors import ConflictError
from tidings.domain.ids import new_id
from tidings.domain.instant import Instant
from tidings.domain.revision import Revision
from tidings.domain.sequence import END, SequenceDefinition
from tidings.scheduling.policy import policy_from
from tidings.scheduling.zones import start_of_day
from tidings.store.tables import campaign, contact, event

if TYPE_CHECKING:
    from tidings.campaigns.run import CampaignRun
    from tidings.domain.brief import Brief

EDIT = "content.sequence"
"""The job that writes an edit of a sequence that runs."""


class SequenceLife:
    """What the campaign's run does otherwise when the campaign is a sequence."""

    def __init__(self, run: CampaignRun) -> None:
        self._run = run

    def register(self) -> None:
        """Makes the job of edits known to the engine."""
        self._run.jobs.job(EDIT, queue=AgentName.CONTENT.value)(self.write_edit)

    # Writing

    def draft(self, row: Row[Any], epoch: int) -> None:
        """Content agent: every step's message, kept as a new revision for approval."""
        run = self._run
        with run.db.reading() as conn:
            before = _last_good(conn, row)
            wanted = self._wanted(conn, row)
            trials = run.analytics.subject_trials(conn, row.brand_id)
            task = drafting.assignment(conn, row, wanted, before, f"{row.id}:{epoch}", run.clock.now(), trials)
        written = drafting.write(run.content, task, run.clock.now())
        with run.db.transaction() as conn:
            if not _still(conn, row.id, epoch):
                return
            row = campaigns.get_campaign(conn, row.id)
            revised = self._keep(conn, row, wanted, written)
            repository.change(conn, row.pk, wanted=None)
            values: dict[str, Any] = {"revision_id": revised.id, "brief": revised.brief.model_dump(mode="json")}
            if written.problems:
                reason = f"The drafts do not pass: {'; '.join(written.problems)}. Change the brief or edit the draft."
                campaigns.move(conn, row, CampaignState.BLOCKED, at=run.clock.now(), reason=reason, **values)
                run.feed.note(conn, "content", f"could not write “{row.name}” without a finding", row.id)
                return
            campaigns.move(conn, row, CampaignState.REVIEW, at=run.clock.now(), **values)
            run.feed.note(conn, "content", f"wrote {len(wanted.sends)} messages of “{row.name}”", row.id)

    def want(self, conn: Connection, row: Row[Any], definition: SequenceDefinition) -> None:
        """Asks for another definition: written at once, in force when it is approved."""
        repository.change(conn, row.pk, wanted=definition.model_dump_json())
        epoch = campaigns.touch(conn, row, at=self._run.clock.now(), name=definition.name)
        if row.state == CampaignState.SENDING.value:
            self._run.jobs.enqueue(conn, EDIT, row.id, id=f"{EDIT}:{row.id}:{epoch}")
        else:
            row = campaigns.get_campaign(conn, row.id)
            if row.state != CampaignState.DRAFTING.value:
                campaigns.move(conn, row, CampaignState.DRAFTING, at=self._run.clock.now())
            self._run.start_stage(conn, row.id)

    def write_edit(self, campaign_id: str) -> None:
        """Content agent: the messages an edit changes; the sequence goes on as it was until it is approved."""
        run = self._run
        with run.db.transaction() as conn:
            row = campaigns.get_campaign(conn, campaign_id)
            known = repository.sequence_row(conn, row.pk)
            if known is None or known.wanted is None or row.state != CampaignState.SENDING.value:
                return
            if load(conn, AgentName.CONTENT).paused:
                raise ConflictError("The Content agent is paused.", remedy="Resume it, then save the edit again.")
            set_doing(conn, AgentName.CONTENT, f"Writing an edit of “{row.name}”", run.clock.now())
            wanted = _definition(known.wanted)
            before = campaigns.revision_of(conn, known.proposed_id or row.revision_id)
            trials = run.analytics.subject_trials(conn, row.brand_id)
            task = drafting.assignment(conn, row, wanted, before, f"{row.id}:{row.epoch}", run.clock.now(), trials)
        try:
            written = drafting.write(run.content, task, run.clock.now())
        finally:
            with run.db.transaction() as conn:
                set_doing(conn, AgentName.CONTENT, "", run.clock.now())
        with run.db.transaction() as conn:
            row = campaigns.get_campaign(conn, campaign_id)
            now_known = repository.sequence_row(conn, row.pk)
            if now_known is None or now_known.wanted != known.wanted:
                return  # edited again meanwhile: that edit has a job of its own
            if written.problems:
                words = "; ".join(written.problems)
                repository.change(conn, row.pk, wanted=None)
                run.feed.note(conn, "content", f"could not write the edit of “{row.name}”: {words}", row.id)
                return
            revised = self._keep(conn, row, wanted, written)
            repository.change(conn, row.pk, wanted=None, proposed_id=revised.id)
            run.feed.note(conn, "content", f"wrote an edit of “{row.name}”; it waits for approval", row.id)

    def edit_failed(self, campaign_id: str, reason: str) -> None:
        """An edit could not be written: the sequence goes on as it was."""
        with self._run.db.transaction() as conn:
            row = campaigns.get_campaign(conn, campaign_id)
            repository.change(conn, row.pk, wanted=None)
            self._run.feed.note(conn, "content", f"could not write the edit of “{row.name}”: {reason}", row.id)

    def _keep(
        self, conn: Connection, row: Row[Any], definition: SequenceDefinition, written: drafting.Written
    ) -> Revision:
        run = self._run
        revised = Revision(
            id=new_id("revision"), number=campaigns.next_revision_number(conn, row.pk), author="Content agent",
            author_id=AgentName.CONTENT.value, brief=face_brief(definition, written.briefs), drafts=written.drafts,
            sequence=definition, step_briefs=written.briefs,
        )  # fmt: skip
        campaigns.insert_revision(conn, row.pk, revised, run.clock.now())
        for fields in written.decisions:
            record_decision(
                conn,
                Decision(
                    id=new_id("decision"), agent=AgentName.CONTENT, at=run.clock.now(), kind=fields.kind,
                    summary=fields.summary, reason=fields.reason, decided_by=fields.decided_by, campaign_id=row.id,
                    inputs=fields.inputs, alternatives=tuple(fields.alternatives), evidence=fields.evidence,
                ),
            )  # fmt: skip
        return revised

    def _wanted(self, conn: Connection, row: Row[Any]) -> SequenceDefinition:
        known = repository.sequence_row(conn, row.pk)
        if known is not None and known.wanted is not None:
            return _definition(known.wanted)
        revised = campaigns.revision_of(conn, row.revision_id)
        if revised.sequence is None:
            raise ConflictError(f"“{row.name}” is no sequence.")
        return revised.sequence

    # Running

    def launch(self, conn: Connection, row: Row[Any]) -> None:
        """Distribution agent: fixes the messages; from here people enter. Raises ConflictError if not as approved."""
        revised = campaigns.revision_of(conn, row.revision_id)
        approved.check_as_approved(conn, row, revised)
        now = self._run.clock.now()
        self._take_force(conn, row, revised)
        newest = conn.execute(select(func.max(event.c.pk))).scalar() or 0
        known_to = conn.execute(select(func.max(contact.c.pk))).scalar() or 0
        enter_at = self._enter_at(conn, revised, now)
        repository.change(conn, row.pk, enter_at=enter_at, seen_event=newest, known_to=known_to)
        campaigns.touch(conn, row, at=now, launched_at=now)
        self._run.feed.note(conn, "scheduling", f"began “{row.name}”", row.id)

    def apply(self, conn: Connection, row: Row[Any], revised: Revision) -> None:
        """An approved edit comes into force: people at a step that is gone go on to the next that is left."""
        now = self._run.clock.now()
        before = campaigns.revision_of(conn, row.revision_id)
        self._take_force(conn, row, revised)
        values: dict[str, Any] = {"proposed_id": None}
        old, new = before.sequence, revised.sequence
        if old is not None and new is not None:
            repository.move_on(conn, row.pk, successors(old, new), now)
            if old.trigger != new.trigger:
                values["enter_at"] = self._enter_at(conn, revised, now)
        repository.change(conn, row.pk, **values)
        campaigns.touch(conn, row, at=now, revision_id=revised.id, brief=revised.brief.model_dump(mode="json"))

    def propose(self, conn: Connection, row: Row[Any], revised: Revision) -> None:
        """A person's edit of a running sequence's words waits for approval."""
        repository.change(conn, row.pk, proposed_id=revised.id)

    def refuse(self, conn: Connection, row: Row[Any]) -> None:
        """A person's no to an edit: the sequence goes on as it was."""
        repository.change(conn, row.pk, proposed_id=None)

    def end(self, campaign_pk: int) -> None:
        """Its last day is over: nobody enters or goes on, what was due later is cancelled."""
        run = self._run
        with run.db.transaction() as conn:
            row = campaigns.campaign_of_pk(conn, campaign_pk)
            if row.state != CampaignState.SENDING.value:
                return
            campaigns.move(conn, row, CampaignState.DONE, at=run.clock.now(), done_at=run.clock.now())
            run.distribution.cancel_open(conn, campaign_pk)
            run.feed.note(conn, "scheduling", f"ended “{row.name}” as its definition says", row.id)

    def _take_force(self, conn: Connection, row: Row[Any], revised: Revision) -> None:
        definition = revised.sequence
        if definition is None:
            raise ConflictError(f"“{row.name}” is no sequence.")
        variants = fix_messages(conn, self._run.distribution, row, revised)
        ends_at = None
        if definition.ends is not None:
            ends_at = start_of_day(self._zone(conn), definition.ends + timedelta(days=1))
        segment_id = find_segment(conn, definition.trigger.audience)
        repository.change(conn, row.pk, variants=variants, ends_at=ends_at, segment_id=segment_id)

    def _enter_at(self, conn: Connection, revised: Revision, now: Instant) -> Instant | None:
        trigger = revised.sequence.trigger if revised.sequence is not None else None
        if trigger is None or trigger.kind in {"import", "api"}:
            return None
        return now if trigger.at is None else max(now, start_of_day(self._zone(conn), trigger.at))

    def _zone(self, conn: Connection) -> str:
        return policy_from(load(conn, AgentName.SCHEDULING).config).fallback_zone


def face_brief(definition: SequenceDefinition, briefs: dict[str, Brief]) -> Brief:
    """The brief a list shows for the whole: its first message's, under the sequence's name and for its people."""
    first = next(iter(briefs.values()))
    return first.model_copy(update={"name": definition.name, "audience": definition.trigger.audience, "versions": ()})


def successors(old: SequenceDefinition, new: SequenceDefinition) -> dict[str, str]:
    """For each step that is gone the step, or `END`, where its people go on."""
    names = [step.id for step in old.steps]
    left = {step.id for step in new.steps}
    return {
        name: next((later for later in names[place + 1 :] if later in left), END)
        for place, name in enumerate(names)
        if name not in left
    }


def _definition(text: str) -> SequenceDefinition:
    return SequenceDefinition.model_validate(json.loads(text))


def _still(conn: Connection, campaign_id: str, epoch: int) -> bool:
    query = select(campaign.c.pk).where(
        campaign.c.id == campaign_id, campaign.c.epoch == epoch, campaign.c.paused_at.is_(None)
    )
    return conn.execute(query).first() is not None


def _last_good(conn: Connection, row: Row[Any]) -> Revision | None:
    """The revision whose words may stay; None when a person asked for others."""
    if not row.revision_id:
        return None
    revised = campaigns.revision_of(conn, row.revision_id)
    return None if campaigns.last_verdict(conn, revised) == "changes_requested" else revised


def shape_of(definition: SequenceDefinition) -> dict[str, Any]:
    """What the audit trail says of a definition: its shape, not its words."""
    return {"steps": [f"{step.id}: {step.kind}" for step in definition.steps]}
