"""The composer as a writer: needs no model and no network, and invents nothing by construction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tidings.content.composer.body import Page, compose_body
from tidings.content.composer.choice import Chooser
from tidings.content.composer.material import DETAILS, Unit, claim_unit, holds, rank_claims, said_already, units
from tidings.content.composer.ranking import Rank, ranked
from tidings.content.composer.stock import ANGLES, CommonVoice, TypeStock, common_stock, type_stock
from tidings.content.composer.subjects import Candidate, candidates, chosen, preheader
from tidings.content.composer.versions import Version, versions
from tidings.content.sentences import words
from tidings.content.writers.base import Assignment, Writing, variant_letter
from tidings.domain.brief import Brief
from tidings.domain.claim import Claim
from tidings.domain.draft import Draft, Trace

NAME = "Composer"
MOST_CLAIMS = 2
LEAST_RELEVANCE = 0.2


@dataclass(frozen=True, slots=True)
class Composed:
    """The full body and what went into it."""

    kept: list[Unit]
    left_out: tuple[str, ...]
    claims: list[Claim]
    weighed: list[dict[str, Any]]
    page: Page


def composed(assignment: Assignment, chooser: Chooser) -> Composed:
    """The full body of an assignment."""
    kept, left_out = _within(units(assignment.brief), assignment)
    claims, weighed = _claims(assignment, kept)
    stock, common = _stock(assignment)
    page = compose_body(kept, [claim_unit(claim) for claim in claims], stock, common, chooser)
    return Composed(kept, left_out, claims, weighed, page)


def others(whole: Composed, assignment: Assignment, chooser: Chooser) -> list[Version]:
    """The other bodies that were asked for, as far as the brief holds something for them."""
    stock, common = _stock(assignment)
    return versions(whole.kept, [claim_unit(each) for each in whole.claims], stock, common, chooser, whole.page)


def _stock(assignment: Assignment) -> tuple[TypeStock, CommonVoice]:
    tongue = assignment.tongue
    return type_stock(assignment.brief.type, tongue), common_stock(assignment.voice, tongue)


@dataclass(frozen=True, slots=True)
class Composer:
    """Arranges confirmed sentences. Each variant differs from A in one thing: the subject's angle, or the body."""

    rank: Rank | None = None

    @property
    def name(self) -> str:
        """The name shown as the draft's author."""
        return NAME

    @property
    def deterministic(self) -> bool:
        """Always: choice is seeded."""
        return True

    def write(self, assignment: Assignment) -> Writing:
        """The variants A, B, …; facts that would make the mail too long are left out and named."""
        brief, voice = assignment.brief, assignment.voice
        chooser = Chooser(assignment)
        stock, common = _stock(assignment)
        whole = composed(assignment, chooser)
        order = ranked(candidates(whole.kept, stock.of(voice), chooser), assignment, self.rank)
        picked = chosen(order.lines, brief.subjects)
        heads = [(subject, preheader(whole.kept, subject, common.preheaders, chooser)) for subject in picked]
        other = others(whole, assignment, chooser)
        # One thing at a time: first another subject over the same body, then another body under A's subject.
        pages = [*((head, whole.page) for head in heads), *((heads[0], version.page) for version in other)]
        told = [*("" if no == 0 else f"subject: {_angle(each)}" for no, each in enumerate(picked))]
        told += [f"body: {version.shape.words}" for version in other]
        drafts = tuple(
            _draft(assignment, index, subject, preview, body).model_copy(
                update={"differs": told[index], "ranked": order.place_of(subject) if index < len(heads) else ""}
            )
            for index, ((subject, preview), body) in enumerate(pages)
        )
        said = _bodies(drafts[len(heads) :], other, brief)
        reason = _reason(drafts, picked, whole.claims, whole.left_out, voice, said) + order.reason
        shapes = [
            {"what": "body", "text": each.shape.name, "angle": each.shape.words, "chosen": True} for each in other
        ]
        weighed = (*_alternatives(order.lines, picked), *shapes, *whole.weighed)
        return Writing(drafts, reason, weighed, whole.left_out, {"voice": voice, "ranking": order.as_json()})


def _angle(subject: Candidate) -> str:
    return ANGLES.get(subject.angle, subject.angle)


def _bodies(drafts: Sequence[Draft], other: Sequence[Version], brief: Brief) -> str:
    """What differs in the bodies, in words; empty when one body was asked for."""
    if brief.bodies == 1:
        return ""
    told: list[str] = []
    for draft, version in zip(drafts, other, strict=True):
        count = len(version.left_out)
        without = f" ({count} fact{'s' if count > 1 else ''} fewer)" if count else ""
        told.append(f"{draft.variant} {version.shape.words}{without}")
    lacking = brief.bodies - 1 - len(other)
    said = f"The body, under A's subject: {'; '.join(told)}." if told else ""
    missing = "The brief holds too little for more bodies that differ." if lacking else ""
    return " ".join(part for part in (said, missing) if part)


def _draft(assignment: Assignment, index: int, subject: Candidate, preview: Trace, body: Page) -> Draft:
    every = (Trace(sentence=subject.text, source=subject.source), preview, *body.traces)
    return Draft(
        variant=variant_letter(index), channel="email", subject=subject.text, preheader=preview.sentence,
        blocks=tuple(body.blocks), writer=NAME, seed=assignment.seed, traces=tuple(dict.fromkeys(every)),
        angle=subject.angle,
    )  # fmt: skip


def _within(found: Sequence[Unit], assignment: Assignment) -> tuple[list[Unit], tuple[str, ...]]:
    """The units that fit into the words allowed: what must be said and the details before the rest."""
    brief = assignment.brief
    ranked = sorted(
        range(len(found)),
        key=lambda n: (not holds(found[n].text, brief.must_say), found[n].kind not in DETAILS and n > 0, n),
    )
    kept: set[int] = set()
    used = 0
    for number in ranked:
        length = len(words(found[number].text))
        if not kept or used + length <= assignment.max_words:
            kept.add(number)
            used += length
    forbidden_facts = [f.sentence for f in brief.facts if holds(f.sentence, brief.must_not_say)]
    too_long = [found[n].text for n in range(len(found)) if n not in kept]
    return [found[n] for n in sorted(kept)], (*forbidden_facts, *too_long)


def _claims(assignment: Assignment, kept: Sequence[Unit]) -> tuple[list[Claim], list[dict[str, Any]]]:
    """At most two claims that share telling words with the brief, and all of them with their scores."""
    brief, brand = assignment.brief, assignment.brand
    banned = (*brief.must_not_say, *brand.banned_words, *brand.manner.dont)
    usable = [c for c in assignment.claims if not said_already(c, brief) and not holds(c.sentence, banned)]
    ranked = rank_claims(brief, usable, brand.required_words)
    room = MOST_CLAIMS if sum(len(words(unit.text)) for unit in kept) < assignment.max_words else 0
    # A claim that opens with "It" or "They" would point at whatever stands before it.
    fitting = [
        c for score, c in ranked if score >= LEAST_RELEVANCE and not c.sentence.startswith(("It ", "They ", "This "))
    ]
    picked = fitting[:room]
    weighed = [
        {"what": "claim", "text": claim.sentence, "score": score, "chosen": claim in picked}
        for score, claim in ranked[:8]
    ]
    return picked, weighed


def _alternatives(ranked: Sequence[Candidate], picked: Sequence[Candidate]) -> list[dict[str, Any]]:
    return [
        {
            "what": "subject",
            "text": candidate.text,
            "angle": _angle(candidate),
            "score": candidate.score,
            **({"judge": candidate.judge} if candidate.judge else {}),
            **({"worked_before": candidate.past} if candidate.past else {}),
            "chosen": candidate in picked,
        }
        for candidate in ranked[:10]
    ]


def _reason(
    drafts: Sequence[Draft], picked: Sequence[Candidate], claims: Sequence[Claim], left_out: Sequence[str], voice: str,
    bodies: str,
) -> str:  # fmt: skip
    angles = ", ".join(
        f"{draft.variant} {_angle(subject)}"
        for draft, subject in zip(drafts, picked, strict=False)  # the bodies' variants come after
    )
    parts = [
        f"The body states the brief's facts word for word in a {voice} voice.",
        f"The variants differ in the subject line only: {angles}."
        if not bodies
        else f"Each variant differs from A in one thing. The subject line: {angles}. {bodies}",
    ]
    if claims:
        parts.append(f"{len(claims)} approved claim{'s' if len(claims) > 1 else ''} of the brand fit the brief.")
    if left_out:
        parts.append(
            f"{len(left_out)} fact{'s were' if len(left_out) > 1 else ' was'} left out: too long, or not to be said."
        )
    return " ".join(parts)
