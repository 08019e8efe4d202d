"""Drafts written while a better writer could not be reached: written anew later, as a proposal a person decides on.

Nothing is swapped silently: what the writer makes of it is a revision that is not in force, beside a recommendation.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from tidings.agents.state import load
from tidings.analytics.repository import insert_recommendation
from tidings.campaigns import repository, versions
from tidings.campaigns.revising import Reviser, Why
from tidings.content.service import load_brand
from tidings.domain.actor import AgentName
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ConflictError, UnavailableError
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, MINUTE
from tidings.llm.base import OutageError
from tidings.store.tables import campaign, decision

if TYPE_CHECKING:
    from tidings.campaigns.run import CampaignRun
    from tidings.campaigns.versions import Written
    from tidings.content.agent import DecisionFields
    from tidings.domain.actor import Actor

REWRITE, KIND = "content.rewrite", "rewrite"
WAITS = (5 * MINUTE, 15 * MINUTE, 60 * MINUTE)
"""How long until the next try; the last is repeated."""
GIVES_UP_AFTER = 7 * DAY
OPEN = frozenset({CampaignState.PLANNING.value, CampaignState.REVIEW.value, CampaignState.BLOCKED.value})
"""Written, and not approved."""


class Rewriter:
    """Part of the campaign's run: it waits, tries, and proposes."""

    def __init__(self, run: CampaignRun) -> None:
        self._run = run

    def register(self) -> None:
        """Makes the job known to the engine."""
        self._run.jobs.job(REWRITE, queue=AgentName.CONTENT.value)(self.rewrite)

    def wait_for(self, conn: Connection, campaign_id: str, revision_id: str, writers: Sequence[str]) -> None:
        """Called where drafts were kept that those writers would have written."""
        self._later(conn, campaign_id, revision_id, list(writers), self._run.clock.now(), 0)

    def look_now(self, conn: Connection) -> int:
        """Somebody ended offline mode: tries at once what waits; how many campaigns that are."""
        now = self._run.clock.now()
        found = list(self._waiting(conn))
        for row, writers in found:
            key = f"{REWRITE}:{row.revision_id}:now:{now}"
            self._run.jobs.enqueue(conn, REWRITE, row.id, row.revision_id, writers, now, 0, id=key)
        return len(found)

    def rewrite(self, campaign_id: str, revision_id: str, writers: list[str], since: int, attempt: int) -> None:
        """The job: proposes, waits on, or lets it be where the draft is approved, edited or proposed for already."""
        now = self._run.clock.now()
        with self._run.db.reading() as conn:
            row = repository.get_campaign(conn, campaign_id)
            if not self._wanted(conn, row, revision_id):
                return
            brief, brand, claims, config = self._run.assignment(conn, row)
            recent = repository.recent_stock(conn, row.brand_id)
            trials = self._run.analytics.subject_trials(conn, row.brand_id)
            few = versions.few_readers(conn, brief, now)
            paused = load(conn, AgentName.CONTENT).paused
        result = None
        try:
            if not paused:
                seed = zlib.crc32(f"{revision_id}:rewrite".encode())
                result = versions.write(
                    self._run.content, brief, brand, claims, few=few, seed=seed, at=now, recent=recent,
                    max_words=config["max_words"], only=writers, trials=trials,
                )  # fmt: skip
        except OutageError:
            pass
        except UnavailableError:  # it was asked, and wrote nothing that passes: the draft there is stands
            return
        with self._run.db.transaction() as conn:
            row = repository.get_campaign(conn, campaign_id)
            if not self._wanted(conn, row, revision_id):
                return
            if result is not None:
                self._propose(conn, row, result)
            elif now - since < GIVES_UP_AFTER:
                self._later(conn, campaign_id, revision_id, writers, since, attempt + 1)

    def accept(self, conn: Connection, actor: Actor, asked: Row[Any]) -> None:
        """A person's yes: the proposed drafts as a new revision, checked by today's claims and approved anew.

        Raises ConflictError when the draft it was made for is no longer in force or is approved.
        """
        if asked.kind != KIND:
            return
        row = repository.get_campaign(conn, asked.campaign_id)
        figures: dict[str, str] = asked.body["figures"]
        if row.state not in OPEN - {CampaignState.PLANNING.value} or row.revision_id != figures["instead_of"]:
            raise ConflictError(
                "The drafts were changed or approved since this was proposed.",
                remedy="Compare it with the draft in force under Revisions; there it can still be taken.",
            )
        run = self._run
        before, wanted = (repository.revision_of(conn, each) for each in (row.revision_id, figures["revision"]))
        brand, claims = load_brand(conn, row.brand_id, row.brief)
        now = run.clock.now()
        drafts = [
            draft.model_copy(
                update={"findings": run.content.verify(draft, wanted.brief_of(draft), brand, claims, at=now)}
            )
            for draft in wanted.drafts
        ]
        why = Why(
            "drafts", f"accepted revision {wanted.number}, written anew after an outage", "campaign.rewrite",
            f"took the drafts that {wanted.drafts[0].writer} wrote anew for “{row.name}”",
        )  # fmt: skip
        Reviser(run.clock, run, run.feed).keep(conn, actor, row, before, drafts, why)

    def _later(
        self, conn: Connection, campaign_id: str, revision_id: str, writers: list[str], since: int, attempt: int
    ) -> None:
        key, wait = f"{REWRITE}:{revision_id}:{since}:{attempt}", WAITS[min(attempt, len(WAITS) - 1)]
        arguments = (campaign_id, revision_id, writers, since, attempt)
        self._run.jobs.enqueue(conn, REWRITE, *arguments, id=key, delay_ms=wait)

    def _wanted(self, conn: Connection, row: Row[Any], revision_id: str) -> bool:
        """Whether the draft is still the agent's own, not approved, and nothing is proposed for it yet."""
        if row.state not in OPEN or row.revision_id != revision_id or row.is_sequence:
            return False
        proposed = select(decision.c.inputs).where(decision.c.campaign_id == row.id, decision.c.kind == KIND)
        return all(inputs.get("instead_of") != revision_id for inputs in conn.execute(proposed).scalars())

    def _waiting(self, conn: Connection) -> list[tuple[Row[Any], list[str]]]:
        """Campaigns whose agent's own draft in force was written in an outage, and who would have written it."""
        query = (
            select(campaign.c.id, decision.c.evidence)
            .join(decision, decision.c.campaign_id == campaign.c.id)
            .where(campaign.c.state.in_(OPEN), decision.c.kind == "draft")
            .order_by(decision.c.pk)
        )
        latest = {campaign_id: evidence.get("outage") for campaign_id, evidence in conn.execute(query)}
        rows = [(repository.get_campaign(conn, each), writers) for each, writers in latest.items() if writers]
        return [(row, writers) for row, writers in rows if self._by_agent(conn, row)]

    def _by_agent(self, conn: Connection, row: Row[Any]) -> bool:
        if row.revision_id is None or not self._wanted(conn, row, row.revision_id):
            return False
        return repository.revision_of(conn, row.revision_id).author_id == AgentName.CONTENT.value

    def _propose(self, conn: Connection, row: Row[Any], result: Written) -> None:
        run, now = self._run, self._run.clock.now()
        before = repository.revision_of(conn, row.revision_id)
        made = run.revise(conn, row, before.brief, result.drafts)
        old, new = before.drafts[0].writer, result.drafts[0].writer
        for fields in result.decisions:
            fields.inputs["instead_of"] = before.id
            run.record(conn, AgentName.CONTENT, row, _renamed(fields, old, new))
        body = {
            "proposed_change": f"Take the drafts of revision {made.number}, which {new} wrote",
            "why": f"{new} could not be reached when {old} wrote revision {before.number}. Nothing was changed.",
            "subjects": " / ".join(dict.fromkeys(draft.subject for draft in result.drafts if draft.subject)),
            "caution": "Accepted, it is a new revision that is checked and approved anew.",
            "figures": {
                "revision": made.id,
                "instead_of": before.id,
                "writer": new,
                "compare": [before.number, made.number],
            },
        }
        title = f"{new} wrote the drafts anew"
        insert_recommendation(
            conn, id=new_id("recommendation"), campaign_pk=row.pk, kind=KIND, status="proposed", title=title, body=body,
            at=now,
        )  # fmt: skip
        run.feed.note(conn, "content", f"proposes other drafts for “{row.name}”, now that {new} is there", row.id)


def _renamed(fields: DecisionFields, old: str, new: str) -> DecisionFields:
    reason = f"{new} could not be reached when {old} wrote the drafts in force; they stand until a person accepts."
    return replace(fields, kind=KIND, summary=f"Proposes drafts by {new}", reason=f"{reason} {fields.reason}")
