"""Forty briefs nobody had in mind while the composer was written: what it makes of them, and what the verifier lets by.

`bench/briefs.py` prints the tables; `--texts DIR` also writes each mail's plain text there, to be read by a person.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from content import distinct, overlap, own_words
from planted import clean, planted
from tidings.content.agent import ContentAgent, DraftingResult
from tidings.content.composer.stock import VOICES, every_pattern, type_stock
from tidings.content.rendering.email import render_email
from tidings.distribution.compile import Addressee, CompiledEmail
from tidings.distribution.tokens import TokenSigner
from tidings.domain.brand import Brand, Sender
from tidings.domain.brief import CAMPAIGN_TYPES, Brief, parse_brief
from tidings.domain.draft import Draft, Finding, Severity
from tidings.domain.instant import Instant

HERE = Path(__file__).resolve().parent
SEEDS = (3, 7, 11)
SIGNER = TokenSigner(b"s" * 32)
AT = Instant(1_795_000_000_000)
AGENT = ContentAgent()
EMPTY: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One business and its brief."""

    brief: Brief
    brand: Brand

    def drafted(self, seed: int = 3, bodies: int = 1) -> DraftingResult:
        """What the composer writes for it."""
        brief = self.brief.model_copy(update={"bodies": bodies})
        return AGENT.draft(brief, self.brand, (), seed=seed, at=AT)


@cache
def cases() -> tuple[Case, ...]:
    """The forty of `briefs_unseen.yaml`."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for number, raw in enumerate(yaml.safe_load((HERE / "briefs_unseen.yaml").read_text())):
        house: dict[str, str] = raw.pop("house")
        brand = Brand(
            id=f"b{number}",
            name=house["name"],
            sender=Sender(name=house["name"], address=f"hello@{house['website'].removeprefix('https://')}"),
            postal_address=house["place"],
            website=house["website"],
        )
        yield Case(parse_brief({**raw, "brand": brand.name}), brand)


def sentence_count(draft: Draft) -> int:
    """What a reader reads: every traced sentence but sender and footer."""
    return sum(trace.source != "brand" for trace in draft.traces)


def drafts() -> None:
    """What the composer made: findings, sentences, variants."""
    made = [(case, case.drafted(seed)) for case in cases() for seed in SEEDS]
    every = [draft for _, result in made for draft in result.drafts]
    errors = sum(not draft.sendable for draft in every)
    warned = sum(any(f.severity is Severity.WARNING for f in draft.findings) for draft in every)
    print(f"drafts: {len(every)} of {len(cases())} briefs and {len(SEEDS)} seeds, refused {errors}, warned {warned}")
    first = [result.drafts[0] for _, result in made[:: len(SEEDS)]]
    stray = sum(trace.source not in {"brief", "stock", "brand"} for draft in every for trace in draft.traces)
    said = sum(sentence_count(draft) for draft in first)
    print(f"sentences of variant A, one seed: {said}; without a source: {stray}   bar: 0 invented facts")
    left = sum(len(result.left_out) for _, result in made)
    print(f"facts left out: {left}")
    more = [case.drafted(3, bodies=3) for case in cases()]
    bodies = Counter(len({draft.blocks for draft in result.drafts}) for result in more)
    bad = sum(not draft.sendable for result in more for draft in result.drafts)
    print(f"bodies asked 3, different ones got: {dict(sorted(bodies.items(), reverse=True))}; refused {bad}\n")


def resemblance() -> None:
    """How much drafts resemble each other, in all and within a type, beside a fixed template."""
    made = [(case, own_words(case.drafted().drafts[0])) for case in cases()]
    fixed = ["We have news for you. Here is what you need to know. We look forward to hearing from you. Kind regards,"]
    print(f"{'':<16}{'distinct-2':>12}{'overlap':>10}   of what is not the brief's own")
    for name, texts in (("composer", [text for _, text in made]), ("fixed template", fixed * len(made))):
        print(f"{name:<16}{distinct(texts):>12.3f}{overlap(texts):>10.3f}")
    alike: list[float] = []
    for kind in CAMPAIGN_TYPES:
        texts = [text for case, text in made if case.brief.type == kind]
        alike.append(overlap(texts))
        print(f"  {kind:<14}{distinct(texts):>12.3f}{alike[-1]:>10.3f}")
    whole = [" ".join(trace.sentence for trace in case.drafted().drafts[0].traces) for case in cases()]
    print(f"whole mails: distinct-2 {distinct(whole):.3f}, overlap {overlap(whole):.3f}\n")


def faults() -> None:
    """Planted faults found, as a person's edit and as a model's words; alarms over clean edits."""
    print(f"{'vouched for by':<16}{'planted':>8}{'kinds':>7}{'found':>9}{'blocked':>9}   bar: 98 %")
    for source in ("person", "model"):
        told: list[tuple[str, bool, bool]] = []  # kind, found, blocked
        for case in cases():
            draft = case.drafted().drafts[0]
            before = marks(draft.findings)
            for each in planted(draft, case.brief, source, 1):
                fresh = [
                    f for f in AGENT.verify(each.draft, case.brief, case.brand, EMPTY, AT) if mark(f) not in before
                ]
                loud = [f for f in fresh if f.severity is not Severity.INFO]
                told.append((each.kind, bool(loud), any(f.severity is Severity.ERROR for f in loud)))
        found, blocked = sum(row[1] for row in told) / len(told), sum(row[2] for row in told) / len(told)
        kinds = len({row[0] for row in told})
        print(f"{source:<16}{len(told):>8}{kinds:>7}{found:>9.1%}{blocked:>9.1%}")
        missed = Counter(row[0] for row in told if not row[1])
        print(f"  missed: {', '.join(f'{kind} {count}' for kind, count in missed.most_common()) or 'none'}")
    edits = alarms = 0
    for case in cases():
        draft = case.drafted().drafts[0]
        for kind, edited in clean(draft, case.brief):
            loud = [
                f for f in AGENT.verify(edited, case.brief, case.brand, EMPTY, AT) if f.severity is not Severity.INFO
            ]
            edits += 1
            alarms += bool(loud)
            if loud:
                print(f"  false alarm, {kind}: {loud[0].check} {loud[0].quote!r}")
    print(f"clean edits with an alarm: {alarms} of {edits} ({alarms / edits:.1%})   bar: 2 %\n")


def mark(finding: Finding) -> tuple[str, str, str]:
    """A finding without its wording."""
    return finding.check, finding.place, finding.quote


def marks(found: tuple[Finding, ...]) -> set[tuple[str, str, str]]:
    """The findings a draft had before."""
    return {mark(finding) for finding in found}


def richness() -> None:
    """What there is to choose from."""
    rows = [type_stock(kind).of(voice) for kind in CAMPAIGN_TYPES for voice in VOICES]
    least = {name: min(len(getattr(row, name)) for row in rows) for name in ("openings", "closes", "headings")}
    subjects = min(sum(len(patterns) for patterns in row.subjects.values()) for row in rows)
    print(f"types {len(CAMPAIGN_TYPES)} × voices {len(VOICES)}; at least {least}, subject patterns {subjects}")
    print(f"stock sentences in all: {len(every_pattern())}   bar: 6 openings × 4 closes\n")


def mails(count: int) -> None:
    """The finished messages: longest line, and SpamAssassin's local score where it is installed."""
    program = shutil.which("spamassassin")
    longest = 0
    scores: list[float] = []
    for case in cases():
        raw = message(case)
        longest = max(longest, *(len(line) for line in raw.splitlines()))
        if program and len(scores) < count:
            done = subprocess.run([program, "-L", "-t"], input=raw, capture_output=True, check=False)
            scores.extend(
                float(score)
                for score in re.findall(rb"^X-Spam-Status:[^,]*, score=(-?[\d.]+)", done.stdout, re.MULTILINE)
            )
    print(f"longest line of {len(cases())} messages: {longest} octets   bar: 998, wished 78")
    if scores:
        print(f"SpamAssassin -L on {len(scores)}: worst {max(scores)}, mean {statistics.fmean(scores):.2f}   bar: 0.5")


def message(case: Case) -> bytes:
    """The e-mail as it leaves."""
    compiled = CompiledEmail(
        render_email(case.drafted().drafts[0], case.brand), campaign_pk=7, campaign_id="cmp_bench",
        base_url=case.brand.website, signer=SIGNER,
    )  # fmt: skip
    return compiled.render(Addressee(42, 0, {"email": "ada@example.com", "first_name": "Ada"}), AT)[1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=Path, help="a directory for the plain texts, to be read")
    parser.add_argument("--spam", type=int, default=4, help="how many messages SpamAssassin is asked about")
    asked = parser.parse_args()
    if asked.texts:
        asked.texts.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(cases()):
            text = render_email(each.drafted().drafts[0], each.brand).text
            (asked.texts / f"{number:02d}.txt").write_text(text)
    richness()
    drafts()
    resemblance()
    faults()
    mails(asked.spam)
