"""What a model wrote in its own words must say only what its sources say."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content import truth
from tidings.content.verifier.examined import Examined, error, warning
from tidings.domain.draft import Finding


def check(examined: Examined) -> Iterator[Finding]:
    """Error for a sentence the truth gate refuses; a warning for one that has a word no source has."""
    for trace in examined.draft.traces:
        if trace.source != "model":
            continue
        why = truth.refused(trace.sentence, examined.ground)
        if why:
            yield error(
                "truth", "body", f"A model's sentence goes beyond its sources: {why}.", quote=trace.sentence,
                remedy="Take it out, or say it with the words of the brief.",
            )  # fmt: skip
            continue
        strange = truth.unknown_words(trace.sentence, examined.ground)
        if strange:
            yield warning(
                "truth", "body", f"No source says “{'”, “'.join(strange)}”.", quote=trace.sentence,
                remedy="Read the sentence beside the brief: does it say more than that?",
            )  # fmt: skip
