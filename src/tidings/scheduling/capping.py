"""Which campaigns use up the frequency cap of the people whom it leaves out or moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from tidings.domain.instant import Instant
from tidings.scheduling.repository import messages_of_others
from tidings.store.among import among, keys
from tidings.store.tables import campaign


def holders(
    conn: Connection, campaign_pk: int, people: Sequence[int], span: tuple[Instant, Instant]
) -> dict[int, dict[str, int]]:
    """Of each of these people: the other campaigns, by id, with messages to them in the span, and how many."""
    if not people:
        return {}
    messages = messages_of_others(campaign_pk, *span)
    query = (
        select(messages.c.contact_pk, campaign.c.id, messages.c.number)
        .join(campaign, campaign.c.pk == messages.c.campaign_pk)
        .where(among(conn.dialect.name, messages.c.contact_pk, "people"))
    )
    found: dict[int, Counter[str]] = {}
    for contact_pk, campaign_id, number in conn.execute(query, {"people": keys(conn, people)}):
        found.setdefault(contact_pk, Counter())[campaign_id] += number
    return {contact_pk: dict(counts) for contact_pk, counts in found.items()}


def count(found: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    """How many of the people each campaign writes to, the most first."""
    people = Counter(campaign_id for counts in found.values() for campaign_id in counts)
    return dict(sorted(people.items(), key=lambda each: (-each[1], each[0])))
