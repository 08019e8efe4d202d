"""Fakes of what reads claims and briefs: the real rules over one brand, without a database and a network."""

from __future__ import annotations

from datetime import date
from typing import Any

from tidings.access.permissions import Permission, require
from tidings.content.briefing.plain import Known, ParsedBrief, parse_plain
from tidings.content.proposing.sentences import pick
from tidings.content.proposing.service import Proposal, Taken
from tidings.content.proposing.source import passages_of_file, passages_of_text
from tidings.domain.actor import Actor
from tidings.domain.errors import ForbiddenError


class FakeProposals:
    """Reads texts and files as the real one does; pages are none."""

    def from_text(self, actor: Actor, brand_id: str, text: str) -> Proposal:
        require(actor, Permission.BRANDS_WRITE)
        picked = pick(passages_of_text(text))
        return Proposal("pasted text", "", picked.suggestions, picked.left_out)

    def from_file(self, actor: Actor, brand_id: str, name: str, content: bytes) -> Proposal:
        require(actor, Permission.BRANDS_WRITE)
        picked = pick(passages_of_file(name, content))
        return Proposal(name, "", picked.suggestions, picked.left_out)

    def from_page(self, actor: Actor, brand_id: str, url: str) -> Proposal:
        require(actor, Permission.BRANDS_WRITE)
        raise ForbiddenError("It is not on the public internet.", remedy="Paste the text.")

    def confirm(self, actor: Actor, brand_id: str, chosen: Any) -> Taken:
        require(actor, Permission.BRANDS_WRITE)
        return Taken((), tuple((each.sentence, "The brand has this claim already.") for each in chosen))


class FakeBriefs:
    """One brand, two segments, a Sunday in November."""

    def parse(self, actor: Actor, text: str) -> ParsedBrief:
        require(actor, Permission.CAMPAIGNS_WRITE)
        return parse_plain(text, Known(("Northwind Bakery",), ("Newsletter readers", "Vienna"), date(2026, 11, 22)))
