"""Every sentence has a source, and the source really says it."""

from __future__ import annotations

from collections.abc import Iterator

from tidings.content.composer.body import reason_line
from tidings.content.composer.stock import is_stock
from tidings.content.sentences import folded
from tidings.content.verifier.examined import Examined, Place, error
from tidings.domain.draft import Finding, Trace
from tidings.domain.short import hashtag_of


def check(examined: Examined) -> Iterator[Finding]:
    """Errors for sentences without a trace and for traces that name a source which does not say it."""
    for trace in examined.draft.traces:
        if not _honest(examined, trace):
            remedy = "Use the sentence as its source has it, or add it to the brief."
            yield error(
                "sources", "body", f"The {trace.source} does not say this.", quote=trace.sentence, remedy=remedy
            )
    known = sorted({folded(trace.sentence) for trace in examined.draft.traces}, key=len, reverse=True)
    for place in examined.places:
        rest = _untraced(place, known)
        if rest:
            remedy = "Take it out, or add it to the brief as a fact."
            yield error("sources", place, "Nobody vouches for this text.", quote=rest, remedy=remedy)


def _honest(examined: Examined, trace: Trace) -> bool:
    text = folded(trace.sentence)
    brief, brand = examined.brief, examined.brand
    match trace.source:
        case "brief":
            said = (*(fact.sentence for fact in brief.facts), brief.product, *brief.calls, *brief.must_say)
            said = (*said, hashtag_of(brief.product), brief.picture_alt)
            return any(text == folded(sentence) for sentence in said)
        case "claim":
            ids = set(trace.claim_ids)
            return any(text == folded(claim.sentence) for claim in examined.claims if claim.id in ids)
        case "brand":
            return text in {
                folded(said)
                for said in (
                    brand.name,
                    brand.sender.name,
                    reason_line(brand.name, examined.tongue),
                    *brand.required_words,
                )
            } | {folded(hashtag_of(brand.name))}
        case "stock":
            return is_stock(trace.sentence, brief.product, brand.name, examined.tongue)
        case _:  # a model's words are its own, `truth` measures them; the composer may not claim to be one
            return trace.source == "person" or (trace.source == "model" and examined.draft.writer != "Composer")


def _untraced(place: Place, known: list[str]) -> str:
    """What is left of a text when every traced sentence is taken out."""
    if place.part in {"quote", "source"}:  # halves of one traced sentence
        bare = folded(place.text).strip(' ,"')
        return "" if any(bare in sentence for sentence in known) else place.text
    rest = folded(place.text.replace("• ", " "))
    for sentence in known:
        rest = rest.replace(sentence, " ") if sentence in rest else rest
    return " ".join(rest.strip(" .!?\n").split()) if any(letter.isalnum() for letter in rest) else ""
