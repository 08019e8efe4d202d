"""The Content agent: from a brief to verified drafts, with the reasons. Pure; the campaign's run stores them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidings.content.composer.ranking import Rank
from tidings.content.composer.short import compose_shorts
from tidings.content.edit import apply_edit, rewritten
from tidings.content.images import image_places
from tidings.content.verifier import verify as verifier
from tidings.content.writers.base import Assignment, UnsoundError, Writer
from tidings.content.writers.calls import calls_tested, with_other_calls
from tidings.content.writers.composer import Composer
from tidings.domain.blocks import Block
from tidings.domain.brand import Brand
from tidings.domain.brief import Brief
from tidings.domain.channel import Channel
from tidings.domain.claim import Claim
from tidings.domain.draft import Draft, Finding, Trace
from tidings.domain.errors import UnavailableError
from tidings.domain.experience import SubjectTrial
from tidings.domain.instant import Instant
from tidings.domain.short import rule_of
from tidings.llm.base import OutageError


@dataclass(frozen=True, slots=True)
class DecisionFields:
    """What a decision record needs from the drafting; the run adds id, instant and campaign."""

    kind: str
    summary: str
    reason: str
    decided_by: str
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    alternatives: tuple[dict[str, Any], ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class DraftingResult:
    """The verified drafts, one a variant, and the decision behind them. `left_out` are facts the drafts do not say."""

    drafts: tuple[Draft, ...]
    decision: DecisionFields
    left_out: tuple[str, ...] = ()
    outage: tuple[str, ...] = ()
    """Writers that would have been asked before, and could not be reached."""

    @property
    def sendable(self) -> bool:
        """Whether no draft has a finding that blocks it."""
        return all(draft.sendable for draft in self.drafts)


class ContentAgent:
    """Asks the writers in order until one gives drafts; the composer stands last and always can."""

    def __init__(
        self, writers: Callable[[], Sequence[Writer]] = tuple, *, rank: Rank | None = None,
        on_draft: Callable[[str, bool], None] = lambda _name, _passed: None, images_at: str = "",
    ) -> None:  # fmt: skip
        """`writers`: the licensed models at this moment. `rank`: a judge. `on_draft` hears how each model fared.

        `images_at`: what the addresses of this installation's own pictures begin with.
        """
        self._writers, self._composer, self._on_draft = writers, Composer(rank), on_draft
        self._images_at = images_at

    def draft(
        self,
        brief: Brief,
        brand: Brand,
        claims: Sequence[Claim],
        *,
        seed: int,
        at: Instant,
        recent: Collection[str] = (),
        max_words: int = 220,
        models: bool = True,
        only: Collection[str] | None = None,
        trials: Sequence[SubjectTrial] = (),
    ) -> DraftingResult:
        """Writes and verifies `brief.subjects` variants of the e-mail, and a short copy for each other channel.

        `claims` are all of the brand's; only usable ones reach the writer. `recent` are stock sentences of the brand's
        latest mails, to be avoided. Without `models` only the composer is asked, whatever `only` says. The same
        arguments give the same result with a deterministic writer.
        `only`: the writers that may write, by name; raises UnavailableError when none of them can. `trials` are the
        brand's past experiments on subject lines.
        """
        brand = brand.speaking(brief.language)
        usable = tuple(
            claim
            for claim in claims
            if claim.usable(at=at, channel="email") and (not brief.language or claim.speaks(brief.language))
        )
        assignment = Assignment(brief, brand, usable, seed, frozenset(recent), max_words, tuple(trials))
        failures: list[str] = []
        outage: list[str] = []
        for writer in self._asked(only) if models else (self._composer,):
            try:
                writing = writer.write(assignment)
            except UnavailableError as failure:
                failures.append(f"{writer.name}: {failure.message}")
                if isinstance(failure, OutageError):
                    outage.append(writer.name)
                if isinstance(failure, UnsoundError):
                    self._on_draft(writer.name, False)
                continue
            written = with_other_calls(writing.drafts, brief) if Channel.EMAIL in brief.channels else ()
            written = (*written, *compose_shorts(assignment, brief.channels))
            told = {"language": assignment.language}
            drafts = tuple(self._verified(d.model_copy(update=told), brief, brand, claims, at) for d in written)
            mails = [draft for draft in drafts if draft.channel == Channel.EMAIL.value]
            sendable = all(draft.sendable for draft in mails)
            if writer is not self._composer:
                self._on_draft(writer.name, sendable)
            if writer is self._composer or sendable:
                reason = writing.reason + calls_tested(mails)
                fields = _fields(brief, brand, usable, drafts, seed, reason, writing.alternatives, failures)
                fields.evidence.update({name: writing.notes[name] for name in ("ranking",) if name in writing.notes})
                if outage:
                    fields.evidence["outage"] = outage
                return DraftingResult(drafts, fields, writing.left_out, tuple(outage))
            failures.append(f"{writer.name}: the verifier refused its draft")
        error = OutageError if outage else UnavailableError
        raise error("No writer could write.", remedy="; ".join(failures))

    def _asked(self, only: Collection[str] | None) -> Sequence[Writer]:
        writers = (*self._writers(), self._composer)
        return writers if only is None else [each for each in writers if each.name in only]

    def verify(
        self, draft: Draft, brief: Brief, brand: Brand, claims: Sequence[Claim], at: Instant
    ) -> tuple[Finding, ...]:
        """The findings of a draft, errors first. `claims` are all of the brand's, so that expired ones are noticed."""
        return verifier.verify(draft, brief, brand, claims, at, self.image_places(brand))

    def image_places(self, brand: Brand) -> tuple[str, ...]:
        """What addresses of own pictures begin with: the brand's tracking address first, where it has one."""
        return image_places(brand, self._images_at)

    def edited(
        self,
        draft: Draft,
        brief: Brief,
        brand: Brand,
        claims: Sequence[Claim],
        *,
        at: Instant,
        subject: str | None = None,
        preheader: str | None = None,
        texts: Mapping[int, str] | None = None,
    ) -> Draft:
        """A person's edit (see `edit.apply_edit`), verified again."""
        changed = apply_edit(draft, subject=subject, preheader=preheader, texts=texts)
        return self._verified(changed, brief, brand, claims, at)

    def rewritten(
        self, draft: Draft, brief: Brief, brand: Brand, claims: Sequence[Claim], *, at: Instant,
        subject: str | None = None, preheader: str | None = None, blocks: Sequence[Block] | None = None,
        known: Sequence[Trace] = (),
    ) -> Draft:  # fmt: skip
        """The draft with other texts and blocks (see `edit.rewritten`), verified again."""
        changed = rewritten(draft, subject=subject, preheader=preheader, blocks=blocks, known=known)
        return self._verified(changed, brief, brand, claims, at)

    def _verified(self, draft: Draft, brief: Brief, brand: Brand, claims: Sequence[Claim], at: Instant) -> Draft:
        return draft.model_copy(update={"findings": self.verify(draft, brief, brand, claims, at)})


def _name(draft: Draft) -> str:
    """The draft's letter; of another channel than e-mail, its channel before it."""
    return draft.variant if draft.channel == Channel.EMAIL.value else f"{draft.channel} {draft.variant}"


def _summary(drafts: Sequence[Draft]) -> str:
    """The e-mail's subjects, each once, and the other channels there is a copy for."""
    mails = [draft.subject for draft in drafts if draft.channel == Channel.EMAIL.value]
    shorts = list(dict.fromkeys(rule_of(d.channel).title for d in drafts if d.channel != Channel.EMAIL.value))
    subjects = " / ".join(dict.fromkeys(mails))
    parts = [f"{len(mails)} variant{'s' if len(mails) > 1 else ''}: {subjects}"] if mails else []
    parts += [f"a short copy for {', '.join(shorts)}"] if shorts else []
    return "Wrote " + "; ".join(parts)


def _fields(
    brief: Brief,
    brand: Brand,
    claims: Sequence[Claim],
    drafts: Sequence[Draft],
    seed: int,
    reason: str,
    alternatives: tuple[dict[str, Any], ...],
    failures: Sequence[str],
) -> DecisionFields:
    sources = [trace.source for trace in drafts[0].traces]
    evidence: dict[str, Any] = {
        "verifier": {_name(draft): verifier.report(draft.findings) for draft in drafts},
        "sentences": {source: sources.count(source) for source in dict.fromkeys(sources)},
    }
    if failures:
        evidence["writers_that_failed"] = list(failures)
    return DecisionFields(
        kind="draft",
        summary=_summary(drafts),
        reason=reason,
        decided_by=drafts[0].writer,
        inputs={
            "type": brief.type,
            "voice": brief.tone or brand.voice,
            "brand": brand.name,
            "facts": len(brief.facts),
            "claims_usable": len(claims),
            "seed": seed,
        },
        alternatives=alternatives,
        evidence=evidence,
    )
