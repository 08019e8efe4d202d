"""The brief itself: facts that contradict each other, that nothing of is said, or that a draft leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tidings.content.composer.material import holds
from tidings.content.sentences import folded
from tidings.content.verifier.checks.meaning import contrary
from tidings.content.verifier.examined import Examined, error, info, warning
from tidings.content.verifier.extract import without_figures
from tidings.domain.draft import Finding


def contradictions(examined: Examined) -> Iterator[Finding]:
    """Warning for two facts that say the same of different figures, or the one what the other denies."""
    language = examined.language
    facts = {folded(fact.sentence): fact.sentence for fact in examined.brief.facts}  # one said twice is one
    for one, other in combinations(facts.values(), 2):
        alike = without_figures(folded(one), language) == without_figures(folded(other), language)
        if alike or contrary(one, other, language):
            yield warning(
                "contradiction", "brief", f"“{one}” and “{other}” contradict each other.",
                remedy="Keep the one that is true, or say in both what they are about.",
            )  # fmt: skip


def left_out(examined: Examined) -> Iterator[Finding]:
    """Error when no fact of the brief is said; an info for the facts that this draft does without."""
    if examined.draft.writer != "Composer" or examined.draft.channel != "email":
        return  # others may say a fact in their own words, or have no room for all
    said = "\n".join(folded(trace.sentence) for trace in examined.draft.traces)
    facts = [fact.sentence for fact in examined.brief.facts]
    missing = [fact for fact in facts if folded(fact) not in said]
    edited = any(trace.source == "person" for trace in examined.draft.traces)
    if len(missing) == len(facts) and not edited:
        yield error(
            "left_out", "body", "The draft says none of the brief's facts.", quote=facts[0],
            remedy="Look at what must not be said: it forbids every fact.",
        )  # fmt: skip
        return
    missing = [fact for fact in missing if not holds(fact, examined.brief.must_not_say)]  # that was asked for
    if missing:
        yield info(
            "left_out", "body", f"{len(missing)} of {len(facts)} facts are not said here.", quote=missing[0],
            remedy="Shorten the brief, or put them in by hand.",
        )  # fmt: skip
