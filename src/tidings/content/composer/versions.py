"""Bodies that differ in one stated way: in length, in angle, or in where the call to action stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tidings.content.composer.body import Page, Shape, compose_body
from tidings.content.composer.choice import Chooser
from tidings.content.composer.material import DETAILS, Unit, holds, outside_quotation, stems
from tidings.content.composer.stock import CommonVoice, TypeStock
from tidings.content.writers.base import Assignment
from tidings.domain.claim import ClaimKind

GAINS = frozenset({ClaimKind.ABILITY, ClaimKind.BENEFIT})
SHORT_UNITS = 2
"""Facts a short body keeps besides those it may not leave out."""
_LIMITS = re.compile(
    r"\b(?:not|no|never|nothing|only|except|excluding|unless|if|must|until|minimum|at least|may|can fall)\b"
    r"|\b(?:applies|apply|risks?)\b|n't\b",
    re.IGNORECASE,
)
"""Words of a condition or a warning: who shortens a mail must not shorten those away."""
_LEANING = re.compile(r"\b(?:it|its|they|them|their)\b", re.IGNORECASE)
SHAPES = (
    Shape("short", "short: without the facts that neither limit nor date it"),
    Shape("proof first", "proof first: what others say or what was measured stands at the top", ahead=ClaimKind.PROOF),
    Shape("benefit first", "benefit first: what the reader can do or gets stands at the top", ahead=ClaimKind.BENEFIT),
    Shape("button first", "button first: the call to action stands right after the opening", button_first=True),
)
"""In the order in which they are tried."""
ANY_LANGUAGE = frozenset({"button first"})
"""Shapes that need not know what a fact speaks of, which is told from English words."""


@dataclass(frozen=True, slots=True)
class Version:
    """A body and what is different about it. `left_out` are facts that only this body leaves out."""

    shape: Shape
    page: Page
    left_out: tuple[str, ...] = ()


def versions(
    kept: Sequence[Unit], claims: Sequence[Unit], stock: TypeStock, common: CommonVoice, of: Chooser,
    full: Page,
) -> list[Version]:  # fmt: skip
    """At most `brief.bodies - 1` bodies beside the full one, all with its heading, opening and close.

    `of` made the picks of the full one. A shape the brief has nothing for is passed over: every body differs from all
    others.
    """
    assignment = of.assignment
    found: list[Version] = []
    seen = {_shown(full)}
    for shape in SHAPES:
        if len(found) >= assignment.brief.bodies - 1:
            break
        if assignment.tongue != "en" and shape.name not in ANY_LANGUAGE:
            continue
        units = _units(shape, kept, assignment)
        if units is None:
            continue
        chooser = Chooser(assignment, like=of.picks)
        page = compose_body(units, claims, stock, common, chooser, shape=shape, frame=full.frame)
        if _shown(page) not in seen:
            seen.add(_shown(page))
            left = tuple(unit.text for unit in kept if unit not in units)
            found.append(Version(shape, page, left))
    return found


def _units(shape: Shape, kept: Sequence[Unit], assignment: Assignment) -> list[Unit] | None:
    """The facts of this shape, None where the brief holds nothing for it."""
    if shape.name == "short":
        short = _short(kept, assignment)
        return short if len(short) < len(kept) else None
    if shape.ahead is None:
        return list(kept)
    ahead = [unit for unit in kept if shape.takes(unit)]
    if not ahead or len(ahead) == len(kept) or ahead[0] is kept[0]:
        return None
    named = bool(assignment.brief.product.strip())
    # What is moved to the top must not point at something that comes after it.
    if any(_LEANING.search(outside_quotation(unit.traces[0].sentence)) for unit in ahead) or (
        kept[0].starts_with_it and not named
    ):
        return None
    return list(kept)


def _short(kept: Sequence[Unit], assignment: Assignment) -> list[Unit]:
    """The first fact, the one nearest the call to action, and all that carry an offer, a date, a place, a limit or a
    word that must be said.
    """
    brief, needed = assignment.brief, binding(kept, assignment)
    wanted = stems(f"{brief.call_to_action} {brief.goal}")
    spare = sorted(
        (unit for unit in kept[1:] if unit not in needed),
        key=lambda unit: (-len(stems(unit.text) & wanted), unit.kind not in GAINS),
    )
    chosen = [*kept[:1], *spare][:SHORT_UNITS]
    return _with_what_it_means(kept, [unit for unit in kept if unit in needed or unit in chosen])


def binding(kept: Sequence[Unit], assignment: Assignment) -> list[Unit]:
    """What no body may leave out: an offer, a date, a place, a limit, a word that must be said."""
    must = (*assignment.brief.must_say, *assignment.brand.required_words)
    return [unit for unit in kept if unit.kind in DETAILS or _LIMITS.search(unit.text) or holds(unit.text, must)]


def _with_what_it_means(kept: Sequence[Unit], short: Sequence[Unit]) -> list[Unit]:
    """With the fact before each "It …", which may be what is meant: "The form has four questions. It closes …"."""
    needed = set(short)
    for before, unit in reversed(list(pairwise(kept))):
        if unit in needed and unit.starts_with_it and before.has_own_subject:
            needed.add(before)
    return [unit for unit in kept if unit in needed]


def _shown(page: Page) -> str:
    return "\n".join(block.model_dump_json() for block in page.blocks)
