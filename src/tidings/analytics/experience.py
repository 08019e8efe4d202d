"""What worked before: the subject lines a brand has tested, with what became of each, for whoever ranks new ones."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, func, select

from tidings.analytics.metrics import Counts, counts_of
from tidings.domain.campaign import CampaignState
from tidings.domain.channel import Channel
from tidings.domain.experience import SubjectArm, SubjectTrial
from tidings.domain.instant import HOUR, Instant
from tidings.store.tables import campaign, revision, rollup_hour, sequence

MOST_TRIALS = 60


def subject_trials(conn: Connection, brand_id: str, now: Instant, wait_hours: int) -> tuple[SubjectTrial, ...]:
    """The brand's latest experiments on subject lines, the newest first.

    Only campaigns that were done `wait_hours` ago, so that their clicks are in; of the variants with one subject line
    the first, for the others test something else.
    """
    query = (
        select(campaign.c.pk, campaign.c.name, revision.c.body)
        .join(revision, revision.c.id == campaign.c.revision_id)
        .where(
            campaign.c.brand_id == brand_id, campaign.c.state == CampaignState.DONE.value,
            campaign.c.pk.not_in(select(sequence.c.campaign_pk)), campaign.c.done_at <= now - wait_hours * HOUR,
        )
        .order_by(campaign.c.pk.desc())
        .limit(MOST_TRIALS)
    )  # fmt: skip
    found = {row.pk: (row.name, _subjects(row.body)) for row in conn.execute(query)}
    tested = {pk: (name, drafts) for pk, (name, drafts) in found.items() if len(drafts) > 1}
    counts = _counts(conn, list(tested))
    trials = (SubjectTrial(name, _arms(drafts, counts[pk])) for pk, (name, drafts) in tested.items())
    return tuple(trial for trial in trials if len(trial.arms) > 1)


def _subjects(body: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Variant → (subject, angle), of each subject line the first variant."""
    first: dict[str, tuple[str, str]] = {}
    for draft in body.get("drafts", ()):
        if draft.get("channel", Channel.EMAIL.value) == Channel.EMAIL.value:
            first.setdefault(draft["subject"], (draft["variant"], draft.get("angle", "")))
    return {variant: (subject, angle) for subject, (variant, angle) in first.items()}


def _counts(conn: Connection, campaigns: list[int]) -> dict[int, dict[str, Counts]]:
    query = (
        select(rollup_hour.c.campaign_pk, rollup_hour.c.variant, rollup_hour.c.kind, func.sum(rollup_hour.c.people))
        .where(rollup_hour.c.campaign_pk.in_(campaigns))
        .group_by(rollup_hour.c.campaign_pk, rollup_hour.c.variant, rollup_hour.c.kind)
    )
    people: defaultdict[int, defaultdict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for pk, variant, kind, count in conn.execute(query):
        people[pk][variant][kind] = int(count)
    found: defaultdict[int, dict[str, Counts]] = defaultdict(dict)
    for pk, variants in people.items():
        found[pk] = {name: counts_of(kinds) for name, kinds in variants.items()}
    return found


def _arms(drafts: dict[str, tuple[str, str]], counts: dict[str, Counts]) -> tuple[SubjectArm, ...]:
    seen = any(each.opened for each in counts.values())
    return tuple(
        SubjectArm(subject, angle, got.delivered, min(got.clicked, got.delivered), _opened(got) if seen else None)
        for variant, (subject, angle) in drafts.items()
        if (got := counts.get(variant)) is not None and got.delivered
    )


def _opened(got: Counts) -> int:
    return min(got.opened, got.delivered)
