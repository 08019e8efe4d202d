"""How many mail programs know a feature of HTML or CSS: facts of caniemail.com as of May 2026 (MIT; see docs/mails.md).

The table beside this file counts, for the newest version of each mail program and platform that was tested, how many
support the feature, in part, and not. What caniemail does not list is `basic` (as old as HTML 4 and CSS 1) or `own` (of
one program or reader, passed over by all others).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

_PREFIXED = ("-webkit-", "-moz-", "-ms-", "-o-")


class Level(StrEnum):
    """`yes`: most programs support it in full; `partly`: most do with exceptions; `no`: most do not."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """A feature that a mail uses: its kind (property, value, function, at-rule, selector, element, attribute), name."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Support:
    """The facts on one feature; no counts where caniemail does not list it."""

    feature: str
    yes: int = 0
    partly: int = 0
    no: int = 0

    @property
    def tested(self) -> int:
        """Of how many programs caniemail knows."""
        return self.yes + self.partly + self.no

    @property
    def level(self) -> Level:
        """By the majority of the tested programs."""
        if not self.tested or 2 * self.yes > self.tested:
            return Level.YES
        return Level.PARTLY if 2 * (self.yes + self.partly) > self.tested else Level.NO


def support_of(use: Use) -> Support | None:
    """The facts on what is used; None where the table does not have it."""
    known = _table()
    found = known.get(use)
    if found is None and use.kind == "property" and use.name.startswith(_PREFIXED):
        return known.get(Use("property", use.name.split("-", 2)[2]))
    return found


@cache
def _table() -> dict[Use, Support]:
    text = (resources.files("tidings.content.rendering") / "mail_support.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return {
        Use(kind, name): Support(feature, *(int(count or 0) for count in counts))
        for kind, name, feature, *counts in rows
    }
