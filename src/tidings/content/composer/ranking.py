"""Which subject line goes first: what its angle promises, what worked before, and what a judge says reads well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tidings.content.composer.experience import Experience, learned, with_past
from tidings.content.composer.subjects import Candidate, judged
from tidings.content.writers.base import Assignment

MOST_JUDGED = 20
JUDGED = "en"
Rank = Callable[[str, Sequence[str]], tuple[str, list[float]] | None]
"""A judge: context and lines → its name and a score for each, or None when it cannot now."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The lines, best first, and by what. `judge` is empty where nobody could judge."""

    lines: list[Candidate]
    judge: str
    past: Experience

    @property
    def reason(self) -> str:
        """By what it was ranked, as sentences."""
        by = f" {self.judge} judged the subject lines." if self.judge else ""
        return f"{by} What worked before: {self.past.words}."

    def place_of(self, line: Candidate) -> str:
        """Where a line stands and what moved it there; for the first also what was learned, and what was not."""
        place = self.lines.index(line) + 1
        parts = [f"{line.past:+.2f} by what worked before"] if self.past.effects else []
        parts += [f"{line.judge:+.2f} by {self.judge}"] if self.judge else []
        moved = f": {line.score - line.past - line.judge:.2f}, {', '.join(parts)}" if parts else ""
        what = f" What worked before: {self.past.words}." if place == 1 else ""
        return f"No. {place} of {len(self.lines)} subject lines weighed{moved}.{what}"

    def as_json(self) -> dict[str, Any]:
        """For the decision record."""
        return {"judge": self.judge or "nobody could judge", **self.past.as_json()}


def ranked(found: Sequence[Candidate], assignment: Assignment, rank: Rank | None) -> Ranking:
    """The candidates anew: first by what worked before, then the first of them by the judge, whose exam is English."""
    past = learned(assignment.trials)
    lines = with_past(found, past) if past.effects else list(found)
    if rank is None or len(lines) < 2 or not assignment.language.startswith(JUDGED):
        return Ranking(lines, "", past)
    context = f"A good subject line of an e-mail. Its goal: {assignment.brief.goal}."
    known = rank(context, [each.text for each in lines[:MOST_JUDGED]])
    if known is None:
        return Ranking(lines, "", past)
    name, scores = known
    again = [*judged(lines[:MOST_JUDGED], scores), *lines[MOST_JUDGED:]]
    return Ranking(again, name, past)
