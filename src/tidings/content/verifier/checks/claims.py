"""The claims a draft leans on must be approved, still valid, and meant for this channel and language."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content.sentences import folded
from tidings.content.verifier.examined import Examined, error, warning
from tidings.domain.claim import Claim, ClaimState
from tidings.domain.draft import Finding, Trace

_WHY = {
    ClaimState.RETIRED: "is retired",
    ClaimState.PROPOSED: "is not approved",
    ClaimState.EXPIRED: "has expired",
}


def check(examined: Examined) -> Iterator[Finding]:
    """Looks at the claims the traces name, and at claims said without a trace."""
    by_id = {claim.id: claim for claim in examined.claims}
    for trace in examined.draft.traces:
        for claim_id in trace.claim_ids:
            claim = by_id.get(claim_id)
            if claim is None:
                yield error(
                    "claims",
                    "body",
                    "This rests on a claim the brand does not have.",
                    quote=trace.sentence,
                    remedy="Remove it.",
                )
            else:
                yield from _of(examined, claim, trace)
    text = folded(examined.everything)
    named = {claim_id for trace in examined.draft.traces for claim_id in trace.claim_ids}
    facts = {folded(fact.sentence) for fact in examined.brief.facts}
    for claim in examined.claims:
        if claim.id not in named and folded(claim.sentence) in text and folded(claim.sentence) not in facts:
            yield from _of(examined, claim, Trace(sentence=claim.sentence, source="claim", claim_ids=(claim.id,)))


def _of(examined: Examined, claim: Claim, trace: Trace) -> Iterator[Finding]:
    if not claim.usable(at=examined.at, channel=examined.draft.channel):
        why = _WHY.get(claim.state(examined.at), "is not meant for this channel")
        remedy = "Have it approved or renewed, or draft again."
        yield error("claims", "body", f"The claim {why}.", quote=trace.sentence, remedy=remedy)
    if not claim.speaks(examined.language):
        yield warning("claims", "body", f"The claim is in another language ({claim.locale}).", quote=trace.sentence)
