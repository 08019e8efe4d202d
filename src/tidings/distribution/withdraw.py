"""Takes single people out of a campaign that runs: what waits for them is cancelled, with the reason shown."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, update

from tidings.distribution.repository import WAITING
from tidings.domain.delivery import DeliveryState
from tidings.domain.instant import Instant
from tidings.store.among import among, keys
from tidings.store.tables import delivery


def withdraw(conn: Connection, campaign_pk: int, people: Sequence[int], reason: str, now: Instant) -> int:
    """Cancels what is not yet in a sender's hand, in the caller's transaction; how many deliveries."""
    if not people:
        return 0
    mine = (delivery.c.campaign_pk == campaign_pk) & among(conn.dialect.name, delivery.c.contact_pk, "people")
    changed = (
        update(delivery)
        .where(mine, delivery.c.state.in_(WAITING))
        .values(state=DeliveryState.CANCELLED.value, at=bindparam("now"), reason=bindparam("why"))
    )
    given = {"people": keys(conn, people), "now": now, "why": reason}
    return conn.execute(changed, given).rowcount
