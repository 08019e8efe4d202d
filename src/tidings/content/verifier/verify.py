"""Runs every check over a draft."""

from __future__ import annotations

from collections.abc import Sequence

from tidings.content.verifier.checks import (
    accessibility,
    claim_words,
    claims,
    dates,
    facts,
    fidelity,
    language,
    length,
    links,
    manner,
    meaning,
    merge_fields,
    names,
    numbers,
    placeholders,
    prices,
    quotations,
    readers,
    short,
    sources,
    tone,
    truth,
    wording,
)
from tidings.content.verifier.examined import Check, Examined
from tidings.domain.brand import Brand
from tidings.domain.brief import Brief, language_of
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
    "fidelity": fidelity.check,
    "claims": claims.check,
    "claim_words": claim_words.check,
    "placeholders": placeholders.check,
    "invisible": placeholders.invisible,
    "truncation": placeholders.truncation,
    "merge_fields": merge_fields.check,
    "call_to_action": links.call_to_action,
    "readers": readers.check,
    "wording": wording.check,
    "manner": manner.check,
    "length": length.check,
    "repetition": tone.repetition,
    "tone": tone.check,
    "accessibility": accessibility.check,
    "language": language.check,
    "address": language.one_address,
    "footer": accessibility.footer,
    "contradiction": facts.contradictions,
    "left_out": facts.left_out,
}
"""All checks by name, in the order in which their findings are shown within one severity."""

SHORT_CHECKS: dict[str, Check] = {**CHECKS, "length": short.check}
"""The checks of a draft for a channel of short texts."""

_WEIGHT = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def verify(
    draft: Draft, brief: Brief, brand: Brand, claims: Sequence[Claim], at: Instant, images: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """The findings, errors first, none twice. `claims` are all of the brand's, so that expired ones are noticed.

    `images`: what the addresses of own pictures begin with.
    """
    examined = Examined(draft, brief, brand.speaking(language_of(brief, brand)), tuple(claims), at, tuple(images))
    checks = CHECKS if draft.channel == "email" else SHORT_CHECKS
    found = dict.fromkeys(_weighed(draft, finding) for check in checks.values() for finding in check(examined))
    return tuple(sorted(found, key=lambda finding: _WEIGHT[finding.severity]))


def _weighed(draft: Draft, finding: Finding) -> Finding:
    """Where there is no room for all a brand demands of a mail, its absence asks instead of blocking."""
    if draft.channel != "email" and finding.check == "required_words":
        return finding.model_copy(update={"severity": Severity.WARNING})
    return finding


def report(findings: Sequence[Finding]) -> dict[str, object]:
    """The verifier's report for a decision record: what was checked and how many findings of each severity."""
    counts = {severity.value: sum(finding.severity is severity for finding in findings) for severity in Severity}
    return {
        "checks": list(CHECKS),
        "findings": counts,
        "errors": [f.message for f in findings if f.severity is Severity.ERROR],
    }
