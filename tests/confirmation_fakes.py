"""Confirmation mails without a house, for the tests of the faces."""

from __future__ import annotations

from tidings.access.permissions import Permission, require
from tidings.campaigns.confirming.views import AskingView, ConfirmationCounts, Confirmations
from tidings.domain.actor import Actor
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ConflictError
from tidings.domain.instant import Instant

AT: Instant = 1_772_445_600_000


class FakeConfirmations:
    """Some who wait; asking is noted, and a second time there is nobody."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.counts = ConfirmationCounts(
            pending=1_240, to_ask=1_000, on_the_way=12, asked=200, expired=25, not_reached=3, to_remind=28,
            confirmed=410,
        )  # fmt: skip

    def overview(self, actor: Actor) -> Confirmations:
        """How it stands."""
        require(actor, Permission.CONTACTS_READ)
        one = AskingView(
            "cmp_9", "Confirmation of consent, 2026-03-02 10:00 UTC", "Northwind Bakery", reminder=False, by_name="Ada",
            at=AT, state=CampaignState.DONE, paused=False, people=240, counts={"accepted": 237, "failed": 3},
        )  # fmt: skip
        return Confirmations(self.counts, (one,))

    def ask(self, actor: Actor, brand: str = "", *, reminder: bool = False) -> Confirmations:
        """Notes it."""
        require(actor, Permission.CAMPAIGNS_SEND)
        if (brand, reminder) in self.asked:
            raise ConflictError("There is nobody to ask.", remedy="All 240 who wait were asked already.")
        self.asked.append((brand, reminder))
        return self.overview(actor)
