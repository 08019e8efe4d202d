"""What a plan amounts to: the summary people see and the decision record behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from tidings.domain.actor import AgentName
from tidings.domain.decision import Decision
from tidings.domain.ids import new_id
from tidings.domain.instant import HOUR, Instant
from tidings.domain.plan import HeldBack, PlanSummary, SlotReason
from tidings.scheduling.gain import NAMES, Gain, gain, gain_in_words
from tidings.scheduling.model import HourModel
from tidings.scheduling.planning import Plan
from tidings.scheduling.policy import PlanPolicy
from tidings.scheduling.reasons import held_back_text

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def summarise(
    plan: Plan,
    *,
    campaign_id: str,
    revision_id: str,
    held_back: dict[HeldBack, int],
    expected_gain: str,
    at: Instant,
    held_by_channel: Mapping[str, Mapping[HeldBack, int]] | None = None,
    cap_holders: Mapping[str, int] | None = None,
) -> PlanSummary:
    """The summary of a plan; `held_back` are those held back before planning, to whom the plan's own are added.

    `held_by_channel` is the same by channel, of a campaign that has several.
    """
    hours, people = np.unique(plan.due_at // HOUR * HOUR, return_counts=True)
    assumed = np.array([zone.assumed for zone in plan.zones], dtype=np.bool_)
    held = Counter({reason.value: count for reason, count in held_back.items()})
    held.update({reason.value: count for reason, count in plan.held_back.items()})
    return PlanSummary(
        id=new_id("plan"),
        campaign_id=campaign_id,
        revision_id=revision_id,
        created_at=at,
        people=len(plan.pk),
        first_at=int(plan.due_at.min()) if len(plan.pk) else None,
        last_at=int(plan.due_at.max()) if len(plan.pk) else None,
        by_hour=dict(zip(hours.tolist(), people.tolist(), strict=True)),
        by_reason=dict(Counter(plan.reasons)),
        by_variant=_by_variant(plan),
        held_back=dict(held),
        zones_assumed=int(assumed[plan.zone].sum()) if len(plan.pk) else 0,
        expected_gain=expected_gain,
        by_channel=dict(Counter(channel for ways in plan.channels for channel in ways)),
        held_by_channel=_held_by_channel(plan, held_by_channel or {}),
        cap_holders=dict(cap_holders or {}),
    )


def _held_by_channel(plan: Plan, before: Mapping[str, Mapping[HeldBack, int]]) -> dict[str, dict[str, int]]:
    """Whom each channel does not reach; somebody without a slot is held back from no channel in particular."""
    held = {channel: {why.value: count for why, count in found.items()} for channel, found in before.items()}
    for channel, count in plan.cut.items():
        held.setdefault(channel, {})[HeldBack.FREQUENCY_CAP.value] = count
    return held


def _by_variant(plan: Plan) -> dict[str, int]:
    """How many get each variant of the mail; who gets no mail counts where nobody does."""
    mailed = np.array(["email" in ways for ways in plan.channels], dtype=np.bool_)
    who = plan.variant[mailed] if mailed.any() else plan.variant
    counts: list[int] = np.bincount(who, minlength=len(plan.variants)).tolist()
    return dict(zip(plan.variants, counts, strict=True))


def gains(plan: Plan, model: HourModel, seed: int) -> dict[str, Gain | None]:
    """What the plan is expected to gain over each alternative."""
    return {name: gain(model, plan.cells["plan"], plan.cells[name], seed) for name in NAMES}


def expected_gain(model: HourModel, found: dict[str, Gain | None]) -> str:
    """The plan's promise in words, against the harder of the alternatives: one best hour for everybody."""
    return gain_in_words(model, found["best_global_hour"], "best_global_hour")


def decision(
    plan: Plan, summary: PlanSummary, policy: PlanPolicy, model: HourModel, found: dict[str, Gain | None], seed: int
) -> Decision:
    """The record: why these times, on what counts, and what else was possible."""
    held = sum(summary.held_back.values())
    return Decision(
        id=new_id("decision"),
        agent=AgentName.SCHEDULING,
        at=summary.created_at,
        kind="send_plan",
        summary=f"Planned {summary.people:,} people over {len(summary.by_hour)} hours; {held:,} held back",
        reason=_reason(plan, summary, model),
        decided_by="rule: weekday × hour click model with capacity prices",
        campaign_id=summary.campaign_id,
        inputs={"policy": policy.as_json(), "seed": seed, "plan_id": summary.id, "revision_id": summary.revision_id},
        alternatives=tuple(_alternative(name, plan, model, found[name]) for name in NAMES),
        evidence={
            "expected_clicks": _expected(plan, model, "plan"),
            "clicks_learned_from": int(model.clicks),
            "mails_learned_from": int(model.sends.sum()),
            "best_hours": best_hours(model),
            "optimality_gap": round(plan.gap, 6),
            "by_reason": summary.by_reason,
            "held_back": summary.held_back,
            "by_channel": summary.by_channel,
            "held_by_channel": summary.held_by_channel,
            "zones_assumed": summary.zones_assumed,
        },
    )


def best_hours(model: HourModel, count: int = 5) -> list[dict[str, Any]]:
    """The local weekday hours with the highest click rate, each with its standard deviation and number of mails."""
    rate, sd, mails = model.rate.ravel(), model.sd.ravel(), model.sends.ravel()
    order: list[int] = np.argsort(-rate, kind="stable")[:count].tolist()
    return [
        {
            "when": f"{_DAYS[cell // 24]} {cell % 24:02}:00",
            "rate": round(float(rate[cell]), 5),
            "sd": round(float(sd[cell]), 5),
            "mails": int(mails[cell]),
        }
        for cell in order
    ]


def _reason(plan: Plan, summary: PlanSummary, model: HourModel) -> str:
    by = summary.by_reason
    sentences = [
        f"{by.get(SlotReason.BEST_HOUR.value, 0):,} get the best hour of the window.",
        _channels(summary),
        _count(by, SlotReason.QUIET_HOURS, "moved out of their quiet hours"),
        _count(by, SlotReason.FREQUENCY_CAP, "moved past the limit of messages one person gets"),
        _count(by, SlotReason.SLOT_FULL, "moved because better hours were full"),
        _count(by, SlotReason.HOLDOUT_TIME, "at a random allowed hour, to measure what the others gain"),
        f"{summary.zones_assumed:,} time zones are assumed." if summary.zones_assumed else "",
        *(held_back_text(reason, count) for reason, count in plan.held_back.items()),
        "Too few clicks are known yet, so the general profile decides." if model.thin else "",
        summary.expected_gain,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _channels(summary: PlanSummary) -> str:
    """How many each of several channels reaches."""
    if len(summary.by_channel) < 2:
        return ""
    parts = [f"{count:,} by {channel}" for channel, count in summary.by_channel.items()]
    return f"Channels: {', '.join(parts)}."


def _count(by: dict[str, int], reason: SlotReason, words: str) -> str:
    return f"{by[reason.value]:,} {words}." if by.get(reason.value) else ""


def _alternative(name: str, plan: Plan, model: HourModel, found: Gain | None) -> dict[str, Any]:
    return {
        "what": name,
        "words": NAMES[name].capitalize(),
        "expected_clicks": _expected(plan, model, name),
        "in_quiet_hours": plan.disturbed[name],
        "gain_of_plan": None if found is None else {"middle": found.middle, "low": found.low, "high": found.high},
    }


def _expected(plan: Plan, model: HourModel, name: str) -> float:
    return round(float((plan.cells[name] * model.rate).sum()), 2)
