"""Content: time per e-mail, what the verifier finds, and how much drafts resemble each other.

The peer for resemblance is a fixed template with the same facts, which is what a mail merge would send.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.unit.content_faults import faults
from tests.unit.content_material import AT, brand, briefs, claims

from tidings.content.agent import ContentAgent
from tidings.content.rendering.email import render_email
from tidings.content.sentences import words
from tidings.content.verifier.verify import verify
from tidings.content.writers.base import Assignment
from tidings.content.writers.composer import Composer
from tidings.domain.brief import Brief
from tidings.domain.draft import Draft, Severity

AGENT = ContentAgent()


def draft_of(brief: Brief, seed: int = 3) -> Draft:
    """Variant A."""
    return AGENT.draft(brief, brand(brief.brand), claims(brief.brand), seed=seed, at=AT).drafts[0]


def milliseconds(act: Callable[[Brief], object]) -> list[float]:
    """Processor time of each brief's run, after one to warm up."""
    act(briefs()[0])
    taken: list[float] = []
    for brief in briefs() * 3:
        start = time.process_time_ns()
        act(brief)
        taken.append((time.process_time_ns() - start) / 1e6)
    return taken


def speed() -> None:
    """Each step alone and all together, per e-mail."""
    drafts = {brief.name: draft_of(brief) for brief in briefs()}
    single = [brief.model_copy(update={"subjects": 1}) for brief in briefs()]
    by_name = {brief.name: brief for brief in single}

    def whole(brief: Brief) -> object:
        return render_email(draft_of(by_name[brief.name]), brand(brief.brand))

    steps: dict[str, Callable[[Brief], object]] = {
        "compose": lambda brief: Composer().write(Assignment(by_name[brief.name], brand(brief.brand), (), 1)),
        "verify": lambda brief: verify(drafts[brief.name], brief, brand(brief.brand), (), AT),
        "render": lambda brief: render_email(drafts[brief.name], brand(brief.brand)),
        "all": whole,
    }
    print(f"{'step':<10}{'median ms':>12}{'p95 ms':>10}{'worst ms':>10}   bar: 30 ms in all")
    for name, step in steps.items():
        taken = sorted(milliseconds(step))
        print(f"{name:<10}{statistics.median(taken):>12.2f}{taken[int(len(taken) * 0.95)]:>10.2f}{taken[-1]:>10.2f}")
    sizes = [
        len(render_email(draft, brand(b.brand)).html.encode())
        for b, draft in zip(briefs(), drafts.values(), strict=True)
    ]
    print(f"HTML: median {statistics.median(sizes) / 1024:.1f} kB, largest {max(sizes) / 1024:.1f} kB   bar: 102 kB\n")


def verifier() -> None:
    """Faults found, false alarms raised."""
    planted = missed = 0
    for brief in briefs():
        for fault in faults(draft_of(brief), brief, brand(brief.brand)):
            planted += 1
            findings = verify(fault.draft, fault.brief, fault.brand, claims(brief.brand), AT)
            missed += (
                not {finding.check for finding in findings if finding.severity is not Severity.INFO} & fault.checks
            )
    clean = [draft_of(brief, seed) for brief in briefs() for seed in range(5)]
    alarms = sum(bool(draft.findings) for draft in clean)
    print(f"planted faults found: {planted - missed} of {planted} ({1 - missed / planted:.1%})   bar: 98 %")
    print(f"clean drafts with an alarm: {alarms} of {len(clean)}   bar: 2 %\n")


def resemblance() -> None:
    """Distinct-2 (share of different word pairs; more is richer) and mean overlap of the sentences not of the brief."""
    composed = [own_words(draft_of(brief)) for brief in briefs()]
    fixed = [
        "We have news for you. Here is what you need to know. We look forward to hearing from you. Kind regards,"
    ] * len(composed)
    print(f"{'':<16}{'distinct-2':>12}{'overlap':>10}   of what is not the brief's own")
    for name, texts in (("composer", composed), ("fixed template", fixed)):
        print(f"{name:<16}{distinct(texts):>12.3f}{overlap(texts):>10.3f}")


def own_words(draft: Draft) -> str:
    """What the composer added to the brief's facts."""
    return " ".join(trace.sentence for trace in draft.traces if trace.source == "stock")


def pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of neighbouring words."""
    plain = [word.casefold() for word in words(text)]
    return list(pairwise(plain))


def distinct(texts: Sequence[str]) -> float:
    """Different word pairs by all word pairs."""
    every = [pair for text in texts for pair in pairs(text)]
    return len(set(every)) / len(every)


def overlap(texts: Sequence[str]) -> float:
    """Mean share of word pairs two texts have in common (Jaccard)."""
    sets = [set(pairs(text)) for text in texts]
    return statistics.fmean(len(one & other) / (len(one | other) or 1) for one, other in combinations(sets, 2))


if __name__ == "__main__":
    speed()
    verifier()
    resemblance()
