"""Use cases of the Analytics room: the overview, a campaign's report, recommendations and the answer to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row

from tidings.access.audit import record
from tidings.access.permissions import Permission, require
from tidings.agents.state import load
from tidings.analytics import overview as numbers
from tidings.analytics import reporting, repository
from tidings.analytics.views import OPENS_OFF, CampaignReport, OverviewNumbers, RecommendationView
from tidings.domain.actor import Actor, AgentName
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.instant import HOUR, Clock
from tidings.store.database import Database

MAX_DAYS = 366
OnAccept = Callable[[Connection, Actor, Row[Any]], None]


class AnalyticsService:
    """Numbers and recommendations, cut down to the actor's brands."""

    def __init__(self, db: Database, clock: Clock, on_accept: OnAccept = lambda _conn, _actor, _row: None) -> None:
        """`on_accept` makes the change where it is somebody's to make at once, in the answer's transaction."""
        self.db = db
        self.clock = clock
        self.on_accept = on_accept

    def overview(self, actor: Actor, days: int = 60, *, compared_days: int = 7, zone: str = "UTC") -> OverviewNumbers:
        """The last `compared_days` days up to now against as many before, and `days` local days for the chart.

        Raises ForbiddenError, and InvalidInputError for days outside 1 to 366.
        """
        require(actor, Permission.ANALYTICS_READ)
        for name, value in (("days", days), ("compared_days", compared_days)):
            if not 1 <= value <= MAX_DAYS:
                raise InvalidInputError(f"`{name}` must be 1 to {MAX_DAYS}.", field=name)
        now = self.clock.now()
        until = now // HOUR * HOUR + HOUR  # the running hour counts, the numbers are live
        since, before = until - compared_days * 24 * HOUR, until - 2 * compared_days * 24 * HOUR
        starts = numbers.day_starts(now, days, zone)
        with self.db.reading() as conn:
            rows = repository.hour_counts(conn, actor, min(before, starts[0]), max(until, starts[-1]))
            confirms = repository.confirming(conn)
            coming = repository.next_sends(conn, actor)
        new = numbers.counts_between(rows, since, until, confirms)
        old = numbers.counts_between(rows, before, since, confirms)
        opens = new.opened + old.opened > 0
        return OverviewNumbers(
            since=since,
            until=until,
            days=days,
            compared_days=compared_days,
            delivered=numbers.plain("Delivered", new.delivered, old.delivered, compared_days),
            opened=(
                numbers.rated("Opened", (new.opened, new.delivered), (old.opened, old.delivered), compared_days)
                if opens
                else None
            ),
            opened_note="" if opens else OPENS_OFF,
            clicked=numbers.rated("Clicked", (new.clicked, new.delivered), (old.clicked, old.delivered), compared_days),
            unsubscribed=numbers.rated(
                "Unsubscribed", (new.unsubscribed, new.delivered), (old.unsubscribed, old.delivered), compared_days, 2
            ),
            chart=numbers.chart(rows, starts),
            next_sends=tuple(coming),
        )

    def campaign_report(self, actor: Actor, campaign_id: str) -> CampaignReport:
        """Per variant and hour what came of a campaign, with intervals, and what may be said of the variants.

        Raises ForbiddenError and NotFoundError.
        """
        require(actor, Permission.ANALYTICS_READ)
        with self.db.reading() as conn:
            row = repository.find_campaign(conn, actor, campaign_id)
            settings = load(conn, AgentName.ANALYTICS).config
            return reporting.report(
                conn,
                row,
                now=self.clock.now(),
                wait_hours=settings["report_after_hours"],
                least=settings["min_people"],
            )

    def recommendations(
        self, actor: Actor, campaign_id: str | None = None, *, limit: int = 50
    ) -> list[RecommendationView]:
        """Recommendations, newest first; of one campaign if it is named. Raises ForbiddenError."""
        require(actor, Permission.ANALYTICS_READ)
        with self.db.reading() as conn:
            return [_view(row) for row in repository.list_recommendations(conn, actor, campaign_id, limit)]

    def decide_recommendation(
        self,
        actor: Actor,
        recommendation_id: str,
        accept: bool,
    ) -> RecommendationView:
        """A person's answer. It is recorded; the change itself is made where it belongs, by whoever owns it.

        Raises ForbiddenError, NotFoundError, and ConflictError when it is decided already or nothing to decide.
        """
        require(actor, Permission.CAMPAIGNS_WRITE)
        with self.db.transaction() as conn:
            row = repository.find_recommendation(conn, actor, recommendation_id)
            if row.brand_id is not None:
                require(actor, Permission.CAMPAIGNS_WRITE, row.brand_id)
            status, at = "accepted" if accept else "rejected", self.clock.now()
            if not repository.decide(conn, recommendation_id, status, actor.name, at):
                raise ConflictError(
                    f"This recommendation is {row.status} and cannot be answered.", remedy="Look at the newest ones."
                )
            if accept:
                self.on_accept(conn, actor, row)
            record(conn, at, actor, f"recommendation.{status}", recommendation_id, {"title": row.title})
            return self._reread(conn, actor, recommendation_id)

    def _reread(self, conn: Connection, actor: Actor, recommendation_id: str) -> RecommendationView:
        return _view(repository.find_recommendation(conn, actor, recommendation_id))


def _view(row: Row[Any]) -> RecommendationView:
    return RecommendationView(
        id=row.id,
        campaign_id=row.campaign_id,
        kind=row.kind,
        status=row.status,
        title=row.title,
        body=row.body,
        created_at=row.created_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
