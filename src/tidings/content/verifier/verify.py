"""Runs every check over a draft."""

from __future__ import annotations

from collections.abc import Sequence

from tidings.content.verifier.checks import (
    accessibility,
    claim_words,
    claims,
    dates,
    length,
    links,
    meaning,
    merge_fields,
    names,
    numbers,
    placeholders,
    prices,
    quotations,
    sources,
    tone,
    truth,
    wording,
)
from tidings.content.verifier.examined import Check, Examined
from tidings.domain.brand import Brand
from tidings.domain.brief import Brief
from tidings.domain.claim import Claim
from tidings.domain.draft import Draft, Finding, Severity
from tidings.domain.instant import Instant

CHECKS: dict[str, Check] = {
    "sources": sources.check,
    "truth": truth.check,
    "numbers": numbers.check,
    "dates": dates.check,
    "prices": prices.check,
    "names": names.check,
    "links": links.check,
    "quotations": quotations.check,
    "meaning": meaning.check,
    "claims": claims.check,
    "claim_words": claim_words.check,
    "placeholders": placeholders.check,
    "truncation": placeholders.truncation,
    "merge_fields": merge_fields.check,
    "call_to_action": links.call_to_action,
    "wording": wording.check,
    "length": length.check,
    "repetition": tone.repetition,
    "tone": tone.check,
    "accessibility": accessibility.check,
    "language": accessibility.language,
}
"""All checks by name, in the order in which their findings are shown within one severity."""

_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def verify(
    draft: Draft, brief: Brief, brand: Brand, claims: Sequence[Claim], at: Instant, images: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """The findings, errors first, none twice. `claims` are all of the brand's, so that expired ones are noticed.

    `images`: what the addresses of own pictures begin with.
    """
    examined = Examined(draft, brief, brand, tuple(claims), at, tuple(images))
    found = dict.fromkeys(finding for check in CHECKS.values() for finding in check(examined))
    return tuple(sorted(found, key=lambda finding: _WEIGHT[finding.severity]))


def report(findings: Sequence[Finding]) -> dict[str, object]:
    """The verifier's report for a decision record: what was checked and how many findings of each severity."""
    counts = {severity.value: sum(finding.severity is severity for finding in findings) for severity in Severity}
    return {
        "checks": list(CHECKS),
        "findings": counts,
        "errors": [f.message for f in findings if f.severity is Severity.ERROR],
    }
