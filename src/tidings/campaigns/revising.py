"""Keeping a changed revision: what every edit by a person does, whichever face it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.access import audit
from tidings.campaigns import actions, repository
from tidings.campaigns.drafts import name_of
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ConflictError
from tidings.domain.ids import new_id
from tidings.domain.revision import Revision

if TYPE_CHECKING:
    from tidings.campaigns.run import CampaignRun
    from tidings.domain.actor import Actor
    from tidings.domain.draft import Draft
    from tidings.domain.instant import Clock
    from tidings.events.activity import ActivityFeed


@dataclass(frozen=True, slots=True)
class Why:
    """How a change is recorded: what was set, the reason, the audit's name for it, and the words of the feed."""

    what: str
    reason: str
    action: str
    words: str


class Reviser:
    """Writes revisions inside the caller's transaction; the caller has checked the rights."""

    def __init__(self, clock: Clock, run: CampaignRun, feed: ActivityFeed) -> None:
        self.clock, self.run, self.feed = clock, run, feed

    def in_force(self, conn: Connection, row: Row[Any]) -> Revision:
        """The revision in force. Raises ConflictError where there is none yet."""
        if row.proposed_id is not None and row.state == CampaignState.SENDING.value:
            return repository.revision_of(conn, row.proposed_id)  # the edit of a running sequence that waits
        if not row.revision_id:
            raise ConflictError(f"“{row.name}” has no draft yet.", remedy=actions.hint(row))
        return repository.revision_of(conn, row.revision_id)

    def keep(
        self, conn: Connection, actor: Actor, row: Row[Any], before: Revision, drafts: Sequence[Draft], why: Why
    ) -> Revision:
        """The drafts as a new revision that needs its own approval; who changed what is on record."""
        now = self.clock.now()
        who = {"author": actor.name, "author_id": actor.id}
        number = repository.next_revision_number(conn, row.pk)
        revised = before.model_copy(update={"id": new_id("revision"), "number": number, "drafts": tuple(drafts), **who})
        repository.insert_revision(conn, row.pk, revised, now)
        repository.insert_override(
            conn, object_id=row.id, what=why.what, before={"revision": before.number},
            after={"revision": revised.number}, reason=why.reason, actor=actor, at=now,
        )  # fmt: skip
        self._go_on(conn, row, revised)
        audit.record(conn, now, actor, why.action, row.id, {"revision": revised.number})
        self.feed.note(conn, "person" if actor.is_person else "system", f"{actor.name} {why.words}", row.id)
        return revised

    def _go_on(self, conn: Connection, row: Row[Any], revised: Revision) -> None:
        """An edit voids an approval; a campaign without a plan goes on to get one, one with errors says so."""
        now = self.clock.now()
        broken = [name_of(draft) for draft in revised.drafts if not draft.sendable]
        if row.is_sequence and row.state == CampaignState.SENDING.value:
            self.run.sequences.propose(conn, row, revised)  # approval refuses it while it has findings
            repository.touch(conn, row, at=now)
        elif broken:
            reason = f"Variant {', '.join(broken)} has findings that block it. Edit it until they are gone."
            values: dict[str, Any] = {"revision_id": revised.id}
            if row.state != CampaignState.BLOCKED.value:
                values["state"] = CampaignState.BLOCKED.value
            repository.touch(conn, row, at=now, state_reason=reason, **values)
        elif row.state == CampaignState.REVIEW.value:
            repository.touch(conn, row, at=now, revision_id=revised.id)
        elif row.plan_id is None and not row.is_sequence:
            repository.move(conn, row, CampaignState.PLANNING, at=now, revision_id=revised.id)
            self.run.start_stage(conn, row.id)
        else:
            repository.move(conn, row, CampaignState.REVIEW, at=now, revision_id=revised.id)
