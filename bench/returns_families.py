"""How well the classifier does on mail systems it knows nothing of: `python bench/returns_families.py [-v]`.

For each family of the corpus, every phrase that decided only in mails of that family is taken away before the family
is judged. That is harsher than new mails of known systems are, and says how much rests on having seen a system.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from returns import CLASS_OF, DATA, NO_BOUNCE  # type: ignore[import-not-found]  # the bench beside it
from tidings.distribution.returns import phrases, status
from tidings.distribution.returns.classify import classify
from tidings.distribution.returns.report import Cause, Kind

FOLDER = DATA / "bounces"
Table = tuple[tuple[Cause, tuple[str, ...]], ...]


class Spy:
    """Stands in for the look-up of phrases: notes which decided where, and leaves some out."""

    def __init__(self) -> None:
        self.used: defaultdict[str, set[str]] = defaultdict(set)
        self.left_out: set[str] = set()
        self.family = ""

    def __call__(self, text: str, table: Table = phrases.PHRASES) -> Cause | None:
        for cause, known in table:
            for phrase in known:
                if phrase not in self.left_out and phrase in text:
                    self.used[phrase].add(self.family)
                    return cause
        return None


def judge(spy: Spy, names: Iterable[str], truth: dict[str, Any], *, tell: bool = False) -> Counter[str]:
    """Counts of right and wrong."""
    count: Counter[str] = Counter()
    for name in names:
        spy.family = name.rsplit("-", 1)[0]
        report = classify((FOLDER / "messages" / f"{name}.eml").read_bytes())
        by = {each.recipient.lower(): each for each in report.verdicts}
        for want in truth[name]["bounces"]:
            if want["recipient"].endswith(".invalid") or want["reason"] in NO_BOUNCE:
                continue
            verdict = by.get(want["recipient"].lower()) or (report.verdicts[0] if len(by) == 1 else None)
            hard = bool(verdict and verdict.hard and report.kind is Kind.BOUNCE)
            kind = "hard" if want["hardbounce"] else "soft"
            count[kind] += 1
            count[f"{kind} called hard"] += hard
            right = verdict is not None and verdict.reason is CLASS_OF[want["reason"]]
            count["classes"] += right
            if tell and (not right or hard != bool(want["hardbounce"])):
                print(f"  {name}: {want['reason']}, taken for {verdict and verdict.cause.value}, hard: {hard}")
    return count


def show(title: str, count: Counter[str]) -> None:
    """One line."""
    print(
        f"{title:34} hard found {count['hard called hard'] / count['hard']:6.1%}   soft called hard"
        f" {count['soft called hard'] / count['soft']:5.1%}   six classes"
        f" {count['classes'] / (count['hard'] + count['soft']):6.1%}"
    )


def main() -> None:
    """The whole, then family by family."""
    truth = json.loads((FOLDER / "truth.json").read_text())
    spy = Spy()
    status.cause_of_words = spy
    show("all that is known", judge(spy, truth, truth))
    used = {phrase: set(families) for phrase, families in spy.used.items()}
    blind: Counter[str] = Counter()
    for family in sorted({name.rsplit("-", 1)[0] for name in truth}):
        spy.left_out = {phrase for phrase, families in used.items() if families == {family}}
        names = [name for name in truth if name.rsplit("-", 1)[0] == family]
        blind += judge(spy, names, truth, tell="-v" in sys.argv)
    show("without what one family taught", blind)


if __name__ == "__main__":
    main()
