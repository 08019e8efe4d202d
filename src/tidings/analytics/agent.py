"""The Analytics agent: reports on a campaign and recommends one thing, or says that it is too early."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from tidings.agents.base import PROFILES
from tidings.agents.decisions import record_decision
from tidings.agents.policy import Effect, Policy
from tidings.agents.state import load
from tidings.analytics import experience, insights, reporting, repository
from tidings.analytics.advice import Advice, nothing_yet, recommend
from tidings.analytics.views import CampaignReport
from tidings.domain.actor import AgentName, agent_actor
from tidings.domain.decision import Decision
from tidings.domain.experience import SubjectTrial
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, Clock, Instant, to_datetime
from tidings.store.database import Database

QUIET_AFTER = 6
"""Campaigns somebody must have got without a click before resting them is thought of."""
_LOOK_BACK_DAYS = 90


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The agent's settings."""

    least: int
    wait_hours: int
    alpha: float


class AnalyticsAgent:
    """Says what worked, how sure that is, and what to do next. It proposes; a person accepts or rejects."""

    name = AgentName.ANALYTICS
    goal = PROFILES[AgentName.ANALYTICS].goal
    trigger = PROFILES[AgentName.ANALYTICS].trigger
    tools = ()

    def __init__(self, db: Database, clock: Clock, policy: Policy | None = None) -> None:
        self.db = db
        self.clock = clock
        self.policy = policy or Policy()

    def report(self, conn: Connection, campaign_pk: int, campaign_id: str) -> CampaignReport:
        """Writes one recommendation, or "not enough data yet", and the decision behind it, in the caller's transaction.

        What an earlier report of the same campaign said and nobody decided on is taken back.
        """
        self.policy.authorise(agent_actor(self.name), Effect.RECOMMEND, conn=conn)
        row, now = repository.campaign_of_pk(conn, campaign_pk), self.clock.now()
        settings = load(conn, self.name).config
        bounds = _Bounds(settings["min_people"], settings["report_after_hours"], 1 - settings["confidence"])
        report = reporting.report(conn, row, now=now, wait_hours=bounds.wait_hours, least=bounds.least)
        found = self._insights(conn, row, report, bounds, now) if report.complete else []
        advice = recommend(found, bounds.alpha) or nothing_yet(report, found, bounds.least)
        repository.withdraw_undecided(conn, campaign_pk, now)
        recommendation_id = new_id("recommendation")
        repository.insert_recommendation(
            conn,
            id=recommendation_id,
            campaign_pk=campaign_pk,
            kind=advice.kind,
            status="proposed" if advice.proposes else "noted",
            title=advice.title,
            body=advice.body,
            at=now,
        )
        record_decision(conn, _decision(campaign_id, recommendation_id, report, advice, found, now))
        return report

    def subject_trials(self, conn: Connection, brand_id: str) -> tuple[SubjectTrial, ...]:
        """What the brand's tests of subject lines came to, for whoever ranks new ones."""
        wait_hours = load(conn, self.name).config["report_after_hours"]
        return experience.subject_trials(conn, brand_id, self.clock.now(), wait_hours)

    def _insights(
        self, conn: Connection, row: Row[Any], report: CampaignReport, bounds: _Bounds, now: Instant
    ) -> list[insights.Insight]:
        """Everything that could be recommended, each with its q over all of them."""
        times = repository.clicks_by_slot_reason(conn, row.pk)
        quiet = repository.quiet_readers(conn, QUIET_AFTER)
        of_versions = [
            [arm for arm in reporting.arms(lines) if arm.of >= bounds.least]
            for lines in reporting.by_version(report.lines).values()
        ]
        subjects = repository.subjects(conn, row.revision_id)
        whole = report.total
        return insights.judged(
            [
                *(insights.better_variant(arms, subjects) for arms in of_versions),
                insights.chosen_times(times.get("chosen", (0, 0)), times.get("random", (0, 0))),
                insights.send_window(self._by_local_hour(conn, now), bounds.least),
                insights.rest_quiet(quiet.get("never", (0, 0)), quiet.get("clicked", (0, 0)), bounds.least),
                insights.list_hygiene(whole.bounced.count, whole.bounced.of),
            ]
        )

    def _by_local_hour(self, conn: Connection, now: Instant) -> dict[int, tuple[int, int]]:
        """(clicked, sent) people by the local hour at which the mail arrived, over the last 90 days."""
        found: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for zone, hour_at, clicked, sent in repository.clicks_by_arrival(conn, now - _LOOK_BACK_DAYS * DAY):
            hour = to_datetime(hour_at, zone).hour
            before = found[hour]
            found[hour] = before[0] + clicked, before[1] + sent
        return dict(found)


def _decision(
    campaign_id: str,
    recommendation_id: str,
    report: CampaignReport,
    advice: Advice,
    found: list[insights.Insight],
    at: Instant,
) -> Decision:
    return Decision(
        id=new_id("decision"),
        agent=AgentName.ANALYTICS,
        at=at,
        kind="recommendation" if advice.proposes else "not_enough_data",
        summary=advice.title,
        reason=f"{report.verdict} {advice.why}".strip(),
        decided_by="rule: Benjamini–Hochberg over all findings, experiments first",
        campaign_id=campaign_id,
        inputs={"recommendation_id": recommendation_id, "complete": report.complete},
        alternatives=tuple(
            {"what": one.kind, "title": one.title, "q": round(one.q, 5), "evidence": one.evidence} for one in found
        ),
        evidence={
            **advice.body.get("figures", {}),
            "variants": [
                {"variant": line.variant, "delivered": line.delivered, "clicked": line.clicked.count}
                for line in report.lines
            ],
        },
    )
