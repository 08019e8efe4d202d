"""How well and how fast returned mail is understood, beside flufl.bounce. Run: `python bench/returns.py [folder]`.

The folder holds `messages/*.eml` and `truth.json`, as `../shared/data/bounces` does. Bars: right address ≥ 97 %, hard
found ≥ 95 %, soft called hard ≤ 2 %, six classes ≥ 85 %, ≤ 2 ms of CPU a message, no ordinary mail flagged.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any

from tidings.distribution.returns.classify import classify
from tidings.distribution.returns.report import Kind, Reason

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
CLASSES = {
    Reason.ADDRESS: "userunknown hostunknown notaccept hasmoved",
    Reason.MAILBOX: "mailboxfull suspend",
    Reason.POLICY: "authfailure badreputation blocked requireptr rejected policyviolation filtered norelaying"
    " securityerror notcompliantrfc spamdetected",
    Reason.TEMPORARY: "expired networkerror systemerror systemfull toomanyconn speeding mailererror",
    Reason.CONTENT: "contenterror mesgtoobig exceedlimit virusdetected",
    Reason.OTHER: "onhold syntaxerror undefined",
}
CLASS_OF = {name: reason for reason, names in CLASSES.items() for name in names.split()}
NO_BOUNCE = {"feedback", "vacation", "delivered"}
Found = dict[str, tuple[bool, Reason | None]]
"""Address → is it hard, and its class where the tool has such a thing."""


def ours(raw: bytes) -> Found:
    """Our classifier."""
    report = classify(raw)
    return {each.recipient.lower(): (each.hard and report.kind is Kind.BOUNCE, each.reason) for each in report.verdicts}


def flufl(raw: bytes) -> Found:
    """flufl.bounce 6: permanent and temporary failures, without a class."""
    from flufl.bounce import all_failures

    temporary, permanent = all_failures(message_from_bytes(raw))
    found: Found = {address.decode("utf-8", "replace").lower(): (False, None) for address in temporary}
    found.update({address.decode("utf-8", "replace").lower(): (True, None) for address in permanent})
    return found


def measure(name: str, tool: Callable[[bytes], Found], mails: dict[str, bytes], truth: dict[str, Any]) -> None:
    """One line of the table."""
    count: Counter[str] = Counter()
    spent: list[float] = []
    for case, raw in mails.items():
        began = time.process_time()
        try:
            found = tool(raw)
        except Exception:
            count["crashes"] += 1
            found = {}
        spent.append(time.process_time() - began)
        for want in truth[case]["bounces"]:
            if want["recipient"].endswith(".invalid"):
                continue
            hit = found.get(want["recipient"].lower())
            count["addresses"] += 1
            count["right"] += hit is not None
            if want["reason"] in NO_BOUNCE:
                continue
            only = next(iter(found.values())) if len(found) == 1 else (False, None)
            hard, reason = hit or only
            kind = "hard" if want["hardbounce"] else "soft"
            count[kind] += 1
            count[f"{kind} called hard"] += hard
            count["classes"] += reason is CLASS_OF[want["reason"]]
    failures = count["hard"] + count["soft"]
    classes = f"{count['classes'] / failures:8.1%}" if name == "Tidings" else "       –"
    print(
        f"{name:14}{count['right'] / count['addresses']:14.1%}{count['hard called hard'] / count['hard']:13.1%}"
        f"{count['soft called hard'] / count['soft']:18.1%}{classes:>13}"
        f"{1000 * sum(spent) / len(spent):10.2f}{1000 * max(spent):9.1f}{count['crashes']:9}"
    )


def main() -> None:
    """The table, then ordinary and broken mails."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA / "bounces"
    if not folder.exists():
        print(f"no data in {folder}")
        return
    truth = json.loads((folder / "truth.json").read_text())
    mails = {name: (folder / "messages" / f"{name}.eml").read_bytes() for name in truth}
    print(
        f"{len(mails)} returned mails\n{'':14}{'right address':>14}{'hard found':>13}{'soft called hard':>18}", end=""
    )
    print(f"{'six classes':>13}{'CPU ms':>10}{'worst':>9}{'crashes':>9}")
    tools: list[tuple[str, Callable[[bytes], Found]]] = [("Tidings", ours), ("flufl.bounce", flufl)]
    for name, tool in tools:
        try:
            tool(next(iter(mails.values())))  # its modules are loaded before the clock runs
        except ImportError:
            print(f"{name:14}is not installed")
            continue
        measure(name, tool, mails, truth)
    kinds = Counter(classify(path.read_bytes()).kind.value for path in sorted((DATA / "torture" / "mime").glob("*")))
    print("torture/mime:", ", ".join(f"{number} {kind}" for kind, number in kinds.most_common()))


if __name__ == "__main__":
    main()
