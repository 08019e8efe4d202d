"""Asking people to confirm their consent: who may, whom it reaches, and how it stands.

An asking is a campaign of the ledger with fixed words, so that it is sent, held, paused, cancelled and proved by the
code that sends everything else. It needs no approval, because nobody wrote it, and no cap counts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.access import audit
from tidings.access.permissions import Permission, require
from tidings.campaigns import repository as campaigns
from tidings.campaigns.confirming import repository
from tidings.campaigns.confirming.views import AskingView, ConfirmationCounts, Confirmations
from tidings.content.repository import brand_for, brands, brands_here
from tidings.distribution.confirm_mail import confirmation_mail
from tidings.distribution.enlist import enlist
from tidings.distribution.page_texts import language_of
from tidings.domain.brief import Brief
from tidings.domain.campaign import CampaignState
from tidings.domain.channel import Channel
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.fact import Fact
from tidings.domain.instant import DAY, to_datetime
from tidings.store.confirmations import POLICY
from tidings.store.database import take_turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidings.distribution.service import DistributionService
    from tidings.domain.actor import Actor
    from tidings.domain.brand import Brand
    from tidings.domain.instant import Clock, Instant
    from tidings.events.activity import ActivityFeed
    from tidings.store.database import Database

_SHOWN = 20


class ConfirmationService:
    """Use cases of double opt-in. What people answer is written down by the page behind their link."""

    def __init__(self, db: Database, clock: Clock, distribution: DistributionService, feed: ActivityFeed) -> None:
        self._db, self._clock, self._distribution, self._feed = db, clock, distribution, feed

    def overview(self, actor: Actor) -> Confirmations:
        """How many wait, were asked and confirmed, and the latest askings of the actor's brands."""
        require(actor, Permission.CONTACTS_READ)
        with self._db.reading() as conn:
            return self._overview(conn, actor)

    def ask(self, actor: Actor, brand: str = "", *, reminder: bool = False) -> Confirmations:
        """Asks everybody who waits and was not asked yet, or reminds once those who have not answered, in a brand's
        name; an empty one is the only brand there is. Gives how it stands then.

        Raises InvalidInputError for a brand that is not there, ConflictError when there is nobody to ask.
        """
        require(actor, Permission.CAMPAIGNS_SEND)
        with self._db.transaction() as conn:
            chosen = _brand(conn, actor, brand)
            require(actor, Permission.CAMPAIGNS_SEND, chosen.id)
            take_turns(conn, "confirmation mails")  # of two who ask at once, the second finds nobody
            now = self._clock.now()
            people = repository.people_to_ask(conn, now, reminder=reminder)
            if not people:
                raise _nobody(self._overview(conn, actor).counts, reminder=reminder)
            self._write(conn, actor, chosen, people, now, reminder=reminder)
            return self._overview(conn, actor)

    def _write(
        self, conn: Connection, actor: Actor, chosen: Brand, people: Sequence[tuple[int, str]], now: Instant, *,
        reminder: bool,
    ) -> None:  # fmt: skip
        """The campaign, its messages in the languages it needs, and a delivery for each person, in one transaction."""
        brief = _brief(chosen, now, reminder=reminder)
        row = campaigns.insert_campaign(
            conn, brief=brief, brand_id=chosen.id, segment_id=None, author=actor, sample=False, at=now
        )
        step = repository.REMINDER if reminder else repository.FIRST
        rows = [(pk, _spoken(locale, chosen), now) for pk, locale in people]
        mails = [confirmation_mail(chosen, each, reminder=reminder) for each in sorted({row[1] for row in rows})]
        campaigns.touch(conn, row, at=now, state=CampaignState.SENDING.value, policy=POLICY, launched_at=now)
        self._distribution.add_messages(conn, row.pk, step, mails)
        enlist(conn, row.pk, step, Channel.EMAIL, rows)
        what = "confirmation.remind" if reminder else "confirmation.ask"
        audit.record(conn, now, actor, what, row.id, {"people": len(rows), "brand": chosen.name})
        self._feed.note(conn, "person", f"{actor.name} asked {len(rows):,} people to confirm their consent", row.id)

    def _overview(self, conn: Connection, actor: Actor) -> Confirmations:
        now = self._clock.now()
        found, to_remind = repository.counts(conn, now)
        each = {name: found.get(name, 0) for name in repository.CATEGORIES}
        counts = ConfirmationCounts(
            pending=sum(each.values()), **each, to_remind=to_remind, confirmed=repository.confirmed(conn, now)
        )
        rows = repository.askings(conn, actor.brands, _SHOWN)
        return Confirmations(counts, tuple(self._asking(conn, row) for row in rows))

    def _asking(self, conn: Connection, row: Row[Any]) -> AskingView:
        counts = self._distribution.counts(conn, row.pk)
        return AskingView(
            campaign_id=row.id, name=row.name, brand_name=row.brand_name, reminder=row.reminder,
            by_name=row.author_name, at=row.created_at, state=CampaignState(row.state),
            paused=row.paused_at is not None, people=sum(counts.values()), counts=counts,
        )  # fmt: skip


def _brand(conn: Connection, actor: Actor, named: str) -> Brand:
    """The brand of that id or name, or the only one there is. Raises InvalidInputError that names those there are."""
    if named.strip():
        return brand_for(conn, actor, named)
    seen = [each for each in brands(conn) if actor.sees_brand(each.id)]
    if len(seen) != 1:
        raise InvalidInputError(
            "It is not said in which brand's name to ask.", remedy=brands_here(conn, actor), field="brand"
        )
    return seen[0]


def _spoken(locale: str, brand: Brand) -> str:
    """The language of a person's mail. A bare `en` is what an import without a language leaves: then the brand's."""
    return language_of(brand.locale if locale in {"", "en"} else locale)


def _nobody(counts: ConfirmationCounts, *, reminder: bool) -> ConflictError:
    if reminder:
        days = repository.REMIND_AFTER // DAY
        return ConflictError(
            "There is nobody to remind.",
            remedy=f"A reminder goes once to each, {days} days after the first mail left and was not answered.",
        )
    waiting = counts.pending - counts.to_ask
    return ConflictError(
        "There is nobody to ask.",
        remedy=f"All {waiting:,} who wait were asked already; remind those who do not answer." if waiting else
        "Consents are pending after an import whose column `consent` says so.",
    )  # fmt: skip


def _brief(brand: Brand, now: Instant, *, reminder: bool) -> Brief:
    """What the campaign's page shows of it. Its words are not written from this: they are fixed."""
    what = "Reminder to confirm consent" if reminder else "Confirmation of consent"
    return Brief(
        name=f"{what}, {to_datetime(now):%Y-%m-%d %H:%M} UTC", type="update",
        goal="Ask people whose consent is pending to confirm it (double opt-in).", brand=brand.id,
        facts=(
            Fact(sentence="The words of this mail are fixed; it holds no marketing and measures nothing."),
            Fact(sentence="Whoever does not confirm gets no marketing e-mails."),
        ),
        call_to_action="Confirm", link=brand.website, late="send", language="",
    )  # fmt: skip
