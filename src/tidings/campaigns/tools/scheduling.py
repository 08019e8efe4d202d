"""What the Scheduling agent can do when asked: tell the plan and the value of hours, and plan anew."""

from __future__ import annotations

from typing import Any

from tidings.agents.policy import Effect
from tidings.agents.tools import Tool, tool
from tidings.campaigns.tools.plain import Given, Kit, OfCampaign, moment, percent, row_told, without_addresses
from tidings.domain.actor import Actor


class Nothing(Given):
    """No input."""


def scheduling_tools(kit: Kit) -> tuple[Tool[Any], ...]:
    """Every tool of the Scheduling agent, beside the list of campaigns."""

    @tool("read_plan", effect=Effect.READ, given=OfCampaign)
    def read_plan(actor: Actor, given: OfCampaign) -> Any:
        """Reads a campaign's send plan: how many people when, why then, who is held back why, and the expected gain."""
        plan = kit.campaigns.get(actor, given.campaign_id).plan
        if plan is None:
            return {"plan": None, "why": "There is no plan yet."}
        hours = [{"hour": moment(at), "people": people} for at, people in sorted(plan.by_hour.items())]
        return without_addresses(
            {
                "people": plan.people, "first": moment(plan.first_at), "last": moment(plan.last_at),
                "by_hour": hours[:72], "by_reason": plan.by_reason, "by_variant": plan.by_variant,
                "held_back": plan.held_back, "held_back_in_all": sum(plan.held_back.values()),
                "messages_by_channel": plan.by_channel, "not_reached_by_channel": plan.held_by_channel,
                "zones_assumed": plan.zones_assumed, "expected_gain": plan.expected_gain,
            }
        )  # fmt: skip

    @tool("value_of_hours", effect=Effect.READ, given=Nothing)
    def value_of_hours(actor: Actor, given: Nothing) -> Any:  # noqa: ARG001  # the same for everybody who may read
        """Tells the expected click rate of each hour of people's own day, with its 95 % interval."""
        with kit.campaigns.db.reading() as conn:
            model = kit.campaigns.run.scheduling.hour_model(conn)
        hours = [
            {"local_hour": hour, "click_rate": percent(rate, 2),
             "interval_95": f"{100 * max(0.0, rate - 1.96 * sd):.2f} to {100 * (rate + 1.96 * sd):.2f} %"}
            for hour, (rate, sd) in enumerate(zip(model.hour_rate.tolist(), model.hour_sd.tolist(), strict=True))
        ]  # fmt: skip
        sure = "Not enough clicks yet to promise anything." if model.thin else "From the clicks of people themselves."
        return {"hours": hours, "clicks": int(model.clicks), "how_sure": sure}

    @tool("propose_plan", effect=Effect.PROPOSE_PLAN, given=OfCampaign)
    def propose_plan(actor: Actor, given: OfCampaign) -> Any:
        """Makes a new send plan for a campaign in review or approved; an approval it has is asked for anew."""
        row = kit.campaigns.replan(actor, given.campaign_id).row
        return without_addresses({**row_told(row), "done": "The Scheduling agent plans it anew."})

    return (read_plan, value_of_hours, propose_plan)
