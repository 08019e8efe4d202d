"""What the Analytics agent can do when asked: a campaign's numbers, the overview, and its recommendations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from tidings.agents.policy import Effect
from tidings.agents.tools import Tool, tool
from tidings.campaigns.tools.plain import Given, Kit, OfCampaign, moment, share_told, without_addresses
from tidings.domain.actor import Actor

if TYPE_CHECKING:
    from tidings.analytics.views import Metric, VariantLine


class Period(Given):
    """The last days up to now."""

    days: int = Field(7, ge=1, le=365, description="How many days; they are compared with as many before")


class PerhapsOfCampaign(Given):
    """One campaign, or all."""

    campaign_id: str | None = Field(None, pattern=r"^cmp_\w{1,40}$", description="Only of this campaign")


def analytics_tools(kit: Kit) -> tuple[Tool[Any], ...]:
    """Every tool of the Analytics agent, beside the list of campaigns."""

    @tool("read_numbers", effect=Effect.READ, given=OfCampaign)
    def read_numbers(actor: Actor, given: OfCampaign) -> Any:
        """Tells what came of a campaign: each variant's shares with 95 % intervals, and what may be concluded."""
        report = kit.analytics.campaign_report(actor, given.campaign_id)
        return without_addresses(
            {
                "variants": [_line(line) for line in report.lines], "count": len(report.lines),
                "total": _line(report.total), "complete": report.complete, "verdict": report.verdict,
                "winners": sorted(report.winners),
            }
        )  # fmt: skip

    @tool("read_overview", effect=Effect.READ, given=Period)
    def read_overview(actor: Actor, given: Period) -> Any:
        """Tells the numbers of all campaigns of the last days against as many days before."""
        told = kit.analytics.overview(actor, 1, compared_days=given.days)
        return without_addresses(
            {
                "days": told.compared_days, "until": moment(told.until), "delivered": _metric(told.delivered),
                "opened": _metric(told.opened) if told.opened else told.opened_note,
                "clicked": _metric(told.clicked), "unsubscribed": _metric(told.unsubscribed),
            }
        )  # fmt: skip

    @tool("read_recommendations", effect=Effect.READ, given=PerhapsOfCampaign)
    def read_recommendations(actor: Actor, given: PerhapsOfCampaign) -> Any:
        """Lists the newest recommendations with their evidence, and whether somebody accepted them."""
        found = kit.analytics.recommendations(actor, given.campaign_id, limit=10)
        told = [
            {"title": each.title, "kind": each.kind, "status": each.status, "campaign_id": each.campaign_id,
             "at": moment(each.created_at), "evidence": each.body}
            for each in found
        ]  # fmt: skip
        return without_addresses({"recommendations": told, "count": len(told)})

    return (read_numbers, read_overview, read_recommendations)


def _line(line: VariantLine) -> dict[str, Any]:
    return {
        "variant": line.variant, "subject": line.subject, "sent": line.sent, "delivered": line.delivered,
        "opened": share_told(line.opened), "clicked": share_told(line.clicked),
        "unsubscribed": share_told(line.unsubscribed), "bounced": share_told(line.bounced),
    }  # fmt: skip


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "count": metric.count, "share": share_told(metric.share), "count_before": metric.before_count,
        "share_before": share_told(metric.before_share), "change": metric.change,
    }  # fmt: skip
