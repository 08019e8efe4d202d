"""What a model or a person wrote in other words must say only what its sources say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tidings.content import truth
from tidings.content.verifier.examined import Examined, error, warning, without_fields
from tidings.domain.draft import Finding, Trace

_WISH = re.compile(
    r"(?:Have|Enjoy|Wishing you|We wish you) (?:an?|your|the|all)(?: [^\W\d_]+){1,3}[.!]?", re.IGNORECASE
)
"""Well-wishing states nothing: "Have a lovely weekend."."""


def check(examined: Examined) -> Iterator[Finding]:
    """Error for a model's sentence the truth gate refuses; a warning for one that has a word no source has.

    People answer for their sentences, and are only asked.
    """
    for trace in examined.draft.traces:
        if trace.source == "person":
            yield from _persons(examined, trace)
        if trace.source != "model":
            continue
        why = truth.refused(trace.sentence, examined.ground, examined.language)
        if why:
            yield error(
                "truth", "body", f"A model's sentence goes beyond its sources: {why}.", quote=trace.sentence,
                remedy="Take it out, or say it with the words of the brief.",
            )  # fmt: skip
            continue
        strange = truth.unknown_words(trace.sentence, examined.ground, examined.language)
        if strange:
            yield warning(
                "truth", "body", f"No source says “{'”, “'.join(strange)}”.", quote=trace.sentence,
                remedy="Read the sentence beside the brief: does it say more than that?",
            )  # fmt: skip


def _persons(examined: Examined, trace: Trace) -> Iterator[Finding]:
    """A warning, so that what the brief does not know is seen before it is approved."""
    plain = without_fields(trace.sentence)
    if _WISH.fullmatch(plain.strip()):
        return
    loose = truth.loose_numbers(plain, examined.ground, examined.language)
    strange = truth.unknown_words(plain, examined.ground, examined.language)
    if loose or strange:
        yield warning(
            "truth", "body", f"The brief does not say this: “{'”, “'.join((*strange, *loose))}”.", quote=trace.sentence,
            remedy="Add it to the brief as a fact if it is true.",
        )  # fmt: skip
