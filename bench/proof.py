"""Two hundred rendered mails through a real Postfix, and what our lint, dkimpy, SpamAssassin and a reader find.

    python bench/proof.py [--mails 200]

The mails are of different briefs, brands and seeds; every fifth carries a file, every seventh a calendar invitation.
The bar: lint 100 %, DKIM (RSA and Ed25519) 100 %, SpamAssassin at most 0.5, one-click works, no pixel without consent.
Needs root, the postfix package and spamassassin; exits with 1 when the bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/integration"))
import proof_bed as bed

from tidings.store.database import open_sqlite
from tidings.store.migrations import migrate


def main() -> int:
    """Runs it once and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=200)
    mails: int = parser.parse_args().mails
    with tempfile.TemporaryDirectory(prefix="tidings-proof-") as folder:
        db = open_sqlite(Path(folder) / "tidings.db", bed.bed.KEY)
        migrate(db)
        try:
            made = bed.make_campaigns(db, mails)
            began = time.monotonic()
            with bed.postfix() as (port, box), bed.spamd() as at:
                bed.send_all(db, made, port, 120)
                bed.bed.wait_for(lambda: box.exists() and len(list(box.iterdir())) == mails, 60)
                sent = time.monotonic() - began
                found = bed.judge(db, made, box, at)
        except bed.MissingError as missing:
            print(f"skipped: {missing}")
            return 0
        finally:
            db.close()
    good = show(found, sent)
    for problem in dict.fromkeys(found.problems):
        print(f"  ! {problem}")
    return 0 if good else 1


def show(found: bed.Verdicts, seconds: float) -> bool:
    """The table; whether every line holds."""
    scores, number = sorted(found.scores), found.mails
    lines = [
        ("through Postfix into a maildir", f"{number} in {seconds:.1f} s, both daemons' start included", number > 0),
        ("own lint without a finding", f"{found.lint_clean} of {number}", found.lint_clean == number),
        *(
            (f"DKIM by dkimpy, {key.algorithm}", f"{found.dkim[key.algorithm]} of {number}",
             found.dkim[key.algorithm] == number)
            for key in bed.KEYS.keys
        ),
        ("SpamAssassin -L, highest (median)", f"{scores[-1]:.1f} ({scores[number // 2]:.1f})", scores[-1] <= bed.SCORE),
        ("one-click POST unsubscribes", f"{found.unsubscribed} of {number}", found.unsubscribed == number),
        ("hidden pictures", f"{found.pixels}", found.pixels == 0),
        ("files and invitations as enclosed", f"{found.enclosed} of {number}", found.enclosed == number),
    ]  # fmt: skip
    for name, figure, holds in lines:
        print(f"{'ok  ' if holds else 'MISS'} {name:<36} {figure}")
    return all(holds for *_, holds in lines)


if __name__ == "__main__":
    sys.exit(main())
