"""The messages of a sequence: each send step's words, written by the Content agent or taken over from a campaign."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.agents.state import load
from tidings.campaigns import repository as campaigns
from tidings.campaigns import versions
from tidings.content.service import load_brand
from tidings.domain.actor import AgentName
from tidings.domain.draft import Draft
from tidings.domain.errors import InvalidInputError, NotFoundError
from tidings.domain.instant import Instant
from tidings.domain.version import in_step, step_and_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidings.content.agent import ContentAgent, DecisionFields
    from tidings.domain.brand import Brand
    from tidings.domain.brief import Brief
    from tidings.domain.claim import Claim
    from tidings.domain.experience import SubjectTrial
    from tidings.domain.revision import Revision
    from tidings.domain.sequence import Send, SequenceDefinition, Step


@dataclass(frozen=True, slots=True)
class Assignment:
    """What the agent needs to write a sequence; read once, so that no database is held while it writes."""

    definition: SequenceDefinition
    brand: Brand
    claims: Sequence[Claim]
    config: dict[str, Any]
    recent: frozenset[str]
    few: dict[str, frozenset[str]]
    """Of each step the versions for too few people to be described to a model."""
    kept: dict[str, tuple[Brief, tuple[Draft, ...]]]
    """Steps whose words need not be written: they are there already, or come from another campaign."""
    seed: str
    trials: tuple[SubjectTrial, ...] = ()
    """The brand's past experiments on subject lines."""


@dataclass(frozen=True, slots=True)
class Written:
    """Every step's drafts with the briefs behind them, and the decisions the agent took."""

    drafts: tuple[Draft, ...]
    briefs: dict[str, Brief]
    decisions: tuple[DecisionFields, ...]

    @property
    def problems(self) -> list[str]:
        """What blocks it, each with the step it stands in."""
        return list(
            dict.fromkeys(f"step {_named(draft)}: {words}" for draft in self.drafts for words in draft.blocked_by)
        )


def assignment(
    conn: Connection, row: Row[Any], definition: SequenceDefinition, before: Revision | None, seed: str, now: Instant,
    trials: tuple[SubjectTrial, ...] = (),
) -> Assignment:  # fmt: skip
    """What to write, and what of the revision before can stay because its step asks for the same as it did."""
    brand, claims = load_brand(conn, row.brand_id)
    config = load(conn, AgentName.CONTENT).config
    if config["voice"] != "brand":
        brand = brand.model_copy(update={"voice": config["voice"]})
    few: dict[str, frozenset[str]] = {}
    kept: dict[str, tuple[Brief, tuple[Draft, ...]]] = {}
    for step in definition.sends:
        if step.send is not None and step.send.brief is not None:
            few[step.id] = versions.few_readers(conn, step.send.brief, now)
        if step.send is not None and step.send.draft is not None:
            kept[step.id] = taken_over(conn, row.brand_id, step, step.send)
        elif before is not None and _unchanged(before, step):
            kept[step.id] = before.step_briefs[step.id], before.drafts_of(step.id)
    recent = campaigns.recent_stock(conn, row.brand_id)
    return Assignment(definition, brand, claims, config, recent, few, kept, seed, trials)


def write(agent: ContentAgent, task: Assignment, at: Instant) -> Written:
    """Writes what is not there yet, step after step, each knowing which phrases the ones before have used."""
    recent = set(task.recent)
    drafts: list[Draft] = []
    briefs: dict[str, Brief] = {}
    decisions: list[DecisionFields] = []
    for step in task.definition.sends:
        if step.id in task.kept:
            briefs[step.id], own = task.kept[step.id]
        else:
            briefs[step.id], written = _write_step(agent, task, step, frozenset(recent), at)
            own = tuple(_within(step, draft) for draft in written.drafts)
            decisions += written.decisions
        drafts += own
        recent |= {trace.sentence for draft in own for trace in draft.traces if trace.source == "stock"}
    return Written(tuple(drafts), briefs, tuple(decisions))


def _write_step(
    agent: ContentAgent, task: Assignment, step: Step, recent: frozenset[str], at: Instant
) -> tuple[Brief, versions.Written]:
    asked = step.send.brief if step.send is not None else None
    if asked is None:
        raise InvalidInputError(f"Step `{step.id}` has no brief.", remedy="Give it one, or a draft.")
    return asked, versions.write(
        agent, asked, task.brand, task.claims, few=task.few.get(step.id, frozenset()),
        seed=zlib.crc32(f"{task.seed}:{step.id}".encode()), at=at, recent=recent,
        max_words=task.config["max_words"], trials=task.trials,
    )  # fmt: skip


def _within(step: Step, draft: Draft) -> Draft:
    return draft.model_copy(update={"variant": in_step(step.id, draft.variant)})


def _named(draft: Draft) -> str:
    step, version = step_and_version(draft.variant)
    return f"`{step}`, version {version}" if version else f"`{step}`"


def _unchanged(before: Revision, step: Step) -> bool:
    asked = step.send.brief if step.send is not None else None
    return before.step_briefs.get(step.id) == asked and bool(before.drafts_of(step.id))


def check_drafts(conn: Connection, brand_id: str, definition: SequenceDefinition) -> None:
    """Raises InvalidInputError where a draft to take over is not there, before anything is written."""
    for step in definition.sends:
        if step.send is not None and step.send.draft is not None:
            taken_over(conn, brand_id, step, step.send)


def taken_over(conn: Connection, brand_id: str, step: Step, send: Send) -> tuple[Brief, tuple[Draft, ...]]:
    """A copy of another campaign's draft as it is now. Raises InvalidInputError where there is none."""
    try:
        source = campaigns.get_campaign(conn, send.draft or "")
    except NotFoundError:
        raise InvalidInputError(
            f"Step `{step.id}` takes its words from {send.draft}, and there is no such campaign.",
            remedy="Give the id of a campaign of the same brand, or a brief.", field=step.id,
        ) from None  # fmt: skip
    revised = campaigns.revision_of(conn, source.revision_id) if source.revision_id else None
    found = [draft for draft in revised.drafts if draft.variant == send.variant] if revised else []
    if source.brand_id != brand_id or revised is None or not found:
        raise InvalidInputError(
            f"Step `{step.id}`: “{source.name}” has no variant {send.variant} of this brand.",
            remedy="Name a campaign of the same brand and one of its variants.", field=step.id,
        )  # fmt: skip
    return revised.brief_of(found[0]), (found[0].model_copy(update={"variant": in_step(step.id, "A")}),)
