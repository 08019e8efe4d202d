"""Suggestions for a draft's sentences: asked for by a person, checked by the verifier, accepted or rejected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, insert, select, update

from tidings.access import audit
from tidings.access.permissions import Permission
from tidings.campaigns import actions
from tidings.campaigns.attaching import campaign_for
from tidings.campaigns.editing import DraftChange, EditingService, draft_of
from tidings.content.sentences import folded, sentences
from tidings.content.service import load_brand
from tidings.content.suggest import Proposal, Suggester
from tidings.content.writers.base import Assignment
from tidings.domain.blocks import Block, Columns, texts_of
from tidings.domain.draft import Draft, Finding, Severity, Trace
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.store.tables import suggestion

if TYPE_CHECKING:
    from tidings.campaigns.views import CampaignDetail
    from tidings.domain.actor import Actor
    from tidings.domain.instant import Instant
    from tidings.domain.revision import Revision

OPEN, ACCEPTED, REJECTED = "open", "accepted", "rejected"
MOST_SENTENCES = 6


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """Other words for one sentence. `notes` are what the verifier would warn of."""

    id: str
    variant: str
    place: str
    """`subject`, `preheader` or `body`."""
    before: str
    after: str
    source: str
    writer: str
    reason: str
    notes: tuple[str, ...]
    state: str
    asked_by: str
    asked_at: Instant
    decided_by: str
    decided_at: Instant | None


@dataclass(frozen=True, slots=True)
class Swap:
    """Other words in place of a sentence."""

    place: str
    before: str
    after: str
    trace: Trace


class SuggestionService:
    """A suggestion changes nothing until a person accepts it; what the verifier would refuse is never shown."""

    def __init__(self, editing: EditingService, suggester: Suggester) -> None:
        self._editing, self._suggester = editing, suggester
        self._db, self._clock, self._content = editing.db, editing.clock, editing.content

    def suggestions(self, actor: Actor, campaign_id: str, *, state: str | None = OPEN) -> list[SuggestionView]:
        """The campaign's suggestions, oldest first. Open ones whose sentence is gone are left out."""
        with self._db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            query = select(suggestion).where(suggestion.c.campaign_pk == row.pk)
            if state is not None:
                query = query.where(suggestion.c.state == state)
            found = [_view(each) for each in conn.execute(query.order_by(suggestion.c.asked_at, suggestion.c.id))]
            if row.revision_id is None:
                return found
            drafts = {draft.variant: draft for draft in self._editing.reviser.in_force(conn, row).drafts}
            return [s for s in found if s.state != OPEN or (s.variant in drafts and _stands(drafts[s.variant], s))]

    def suggest(
        self, actor: Actor, campaign_id: str, variant: str, *, block: int | None = None, sentence: str | None = None
    ) -> list[SuggestionView]:
        """Asks for other words: for one sentence, for every sentence of a block, or without both for the subject.

        What comes back passed the verifier. Raises InvalidInputError for what the draft does not say; an empty list
        means that nobody has other words for it. May take some seconds where a model is asked.
        """
        with self._db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            actions.check_editable(row)
            revised = self._editing.reviser.in_force(conn, row)
            draft = draft_of(revised, variant)
            brand, claims = load_brand(conn, row.brand_id)
        wanted, place = _wanted(draft, block, sentence)
        now = self._clock.now()
        brief = revised.brief_of(draft)
        spoken = [claim for claim in claims if not brief.language or claim.speaks(brief.language)]
        usable = tuple(claim for claim in spoken if claim.usable(at=now, channel="email"))
        assignment = Assignment(brief, brand.speaking(brief.language), usable, draft.seed)
        traces = {folded(trace.sentence): trace for trace in draft.traces}
        taken = {folded(each.subject) for each in revised.drafts if place == "subject"}  # a test needs others
        kept: list[tuple[str, Proposal, tuple[str, ...]]] = []
        for text in wanted:
            for proposal in self._suggester.proposals(assignment, traces.get(folded(text)), text, place):
                if folded(proposal.text) in taken:
                    continue
                with self._db.reading() as conn:
                    try:
                        tried = self._tried(conn, row, revised, draft, Swap(place, text, proposal.text, proposal.trace))
                    except InvalidInputError:
                        continue
                if not _worse(draft.findings, tried.findings, Severity.ERROR):
                    kept.append((text, proposal, tuple(_worse(draft.findings, tried.findings, Severity.WARNING))))
        return self._written(actor, campaign_id, variant, place, kept)

    def accept(
        self, actor: Actor, campaign_id: str, suggestion_id: str, *, expected_version: int | None = None
    ) -> CampaignDetail:
        """The suggestion's words in place of the sentence, as a new revision under the same gates.

        Only a person accepts. Raises ConflictError when the sentence does not stand there any more or the suggestion
        is settled, NotFoundError.
        """
        if not actor.is_person:
            raise ConflictError("Only a person accepts a suggestion.", remedy="Let somebody look at it.")
        with self._db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            actions.check_version(row, expected_version)
            actions.check_editable(row)
            asked = _open(conn, row, suggestion_id)
            revised = self._editing.reviser.in_force(conn, row)
            draft = draft_of(revised, asked.variant)
            swap = Swap(asked.place, asked.before, asked.after, _trace(asked))
            after = self._tried(conn, row, revised, draft, swap)
            if _worse(draft.findings, after.findings, Severity.ERROR):
                raise ConflictError("The verifier refuses these words now.", remedy="Ask for others.")
            words = f"accepted {asked.writer}'s words for “{asked.before[:80]}”"
            self._editing.keep(conn, actor, row, revised, after, words)
            self._decide(conn, actor, row, suggestion_id, ACCEPTED)
        return self._editing.campaigns.get(actor, campaign_id)

    def reject(self, actor: Actor, campaign_id: str, suggestion_id: str) -> None:
        """Settles a suggestion with no. Raises NotFoundError, ConflictError when it is settled."""
        with self._db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            _open(conn, row, suggestion_id)
            self._decide(conn, actor, row, suggestion_id, REJECTED)

    def _tried(self, conn: Connection, row: Row[Any], revised: Revision, draft: Draft, swap: Swap) -> Draft:
        return self._editing.changed(conn, row, revised, draft.variant, replaced(draft, swap))

    def _written(
        self, actor: Actor, campaign_id: str, variant: str, place: str,
        kept: Sequence[tuple[str, Proposal, tuple[str, ...]]],
    ) -> list[SuggestionView]:  # fmt: skip
        """Those asked for, on record; one that was proposed before and is open or was rejected is not again."""
        made: list[str] = []
        with self._db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            mine = select(suggestion).where(suggestion.c.campaign_pk == row.pk, suggestion.c.variant == variant)
            known = {(s.place, folded(s.before), folded(s.after)): s for s in conn.execute(mine)}
            for before, proposal, notes in kept:
                earlier = known.get((place, folded(before), folded(proposal.text)))
                if earlier is not None and earlier.state == OPEN:
                    made.append(earlier.id)
                if earlier is not None and earlier.state != ACCEPTED:
                    continue
                made.append(new_id("suggestion"))
                conn.execute(
                    insert(suggestion).values(
                        id=made[-1], campaign_pk=row.pk, variant=variant, place=place, before=before,
                        after=proposal.text,
                        source=proposal.trace.source, writer=proposal.writer, model_hash=proposal.model_hash,
                        reason=proposal.reason, notes=list(notes), state=OPEN, asked_by=actor.name,
                        asked_at=self._clock.now(), decided_by="",
                    )
                )  # fmt: skip
        return [each for each in self.suggestions(actor, campaign_id) if each.id in made]

    def _decide(self, conn: Connection, actor: Actor, row: Row[Any], suggestion_id: str, state: str) -> None:
        now = self._clock.now()
        values = {"state": state, "decided_by": actor.name, "decided_at": now}
        conn.execute(update(suggestion).where(suggestion.c.id == suggestion_id).values(values))
        audit.record(conn, now, actor, f"campaign.suggestion_{state}", row.id, {"suggestion": suggestion_id})


def replaced(draft: Draft, swap: Swap) -> DraftChange:
    """The change that puts other words in a sentence's first place. Raises ConflictError when it is not there."""
    known = (swap.trace,)
    if swap.place == "subject" and draft.subject == swap.before:
        return DraftChange(subject=swap.after, known=known)
    if swap.place == "preheader" and draft.preheader == swap.before:
        return DraftChange(preheader=swap.after, known=known)
    blocks = list(draft.blocks)
    for index, block in enumerate(blocks if swap.place == "body" else ()):
        changed = _with(block, swap.before, swap.after)
        if changed is not None:
            blocks[index] = changed
            return DraftChange(blocks=[each.model_dump() for each in blocks], known=known)
    raise ConflictError("That sentence does not stand in the draft any more.", remedy="Look at the draft again.")


def _with(block: Block, before: str, after: str) -> Block | None:
    for name, value in block.model_dump(exclude={"kind", "url"}).items():
        if isinstance(value, str) and before in value:
            return block.model_copy(update={name: value.replace(before, after, 1)})
    if isinstance(block, Columns):
        at = next((no for no, text in enumerate(block.texts) if before in text), None)
        if at is not None:
            texts = (*block.texts[:at], block.texts[at].replace(before, after, 1), *block.texts[at + 1 :])
            return block.model_copy(update={"texts": texts})
    return None


def _wanted(draft: Draft, block: int | None, sentence: str | None) -> tuple[list[str], str]:
    """The sentences to find other words for, and where they stand."""
    if sentence is not None:
        text = sentence.strip()
        place = {draft.subject: "subject", draft.preheader: "preheader"}.get(text, "body")
        replaced(draft, Swap(place, text, text, Trace(sentence=text, source="person")))  # it stands there
        return [text], place
    if block is None:
        return [draft.subject], "subject"
    if not 0 <= block < len(draft.blocks):
        raise InvalidInputError(
            f"There is no block {block}.", remedy=f"Give 0 to {len(draft.blocks) - 1}.", field="block"
        )
    found = [each for text in texts_of(draft.blocks[block]) for each in sentences(text)]
    return found[:MOST_SENTENCES], "body"


def _stands(draft: Draft, asked: SuggestionView) -> bool:
    try:
        replaced(draft, Swap(asked.place, asked.before, asked.before, Trace(sentence=asked.before, source="person")))
    except ConflictError:
        return False
    return True


def _worse(before: Sequence[Finding], after: Sequence[Finding], severity: Severity) -> list[str]:
    """What the verifier would newly say."""
    known = {(finding.check, finding.message) for finding in before}
    return [
        finding.message
        for finding in after
        if finding.severity is severity and (finding.check, finding.message) not in known
    ]


def _trace(asked: Row[Any]) -> Trace:
    model = asked.writer if asked.source != "stock" else ""
    return Trace(sentence=asked.after, source=asked.source, proposed_by=model)


def _open(conn: Connection, row: Row[Any], suggestion_id: str) -> Row[Any]:
    mine = (suggestion.c.id == suggestion_id) & (suggestion.c.campaign_pk == row.pk)
    found = conn.execute(select(suggestion).where(mine)).one_or_none()
    if found is None:
        raise NotFoundError(f"There is no suggestion {suggestion_id} here.", remedy="See the campaign's suggestions.")
    if found.state != OPEN:
        raise ConflictError(f"The suggestion is {found.state} already.", remedy="Ask for another.")
    return found


def _view(row: Row[Any]) -> SuggestionView:
    return SuggestionView(
        id=row.id, variant=row.variant, place=row.place, before=row.before, after=row.after, source=row.source,
        writer=row.writer, reason=row.reason, notes=tuple(row.notes or ()), state=row.state, asked_by=row.asked_by,
        asked_at=row.asked_at, decided_by=row.decided_by, decided_at=row.decided_at,
    )  # fmt: skip
