"""The statements of the sending path: step A in SQLAlchemy, step B in plain SQL, run thousands of times a second.

In plain SQL `?` stands for a value; `session.py` writes it as the driver wants it.
"""

from __future__ import annotations

from sqlalchemy import bindparam, or_, select, update

from tidings.distribution import repository
from tidings.domain.delivery import DeliveryState
from tidings.store.tables import delivery

D = DeliveryState
PAUSE_KEY = "sending_paused"
"""The setting that is there while all sending is paused."""

_OF_CHUNK = delivery.alias("of_chunk")
# Left to itself SQLite walks the whole campaign for each chunk; this list it reads from the chunk's index alone.
_PEOPLE = select(_OF_CHUNK.c.contact_pk).where(
    _OF_CHUNK.c.campaign_pk == bindparam("campaign"), _OF_CHUNK.c.chunk_no == bindparam("chunk")
)
DUE = (
    select(delivery.c.contact_pk, delivery.c.step, delivery.c.variant, delivery.c.attempt)
    .where(
        delivery.c.campaign_pk == bindparam("campaign"), delivery.c.chunk_no == bindparam("chunk"),
        delivery.c.contact_pk.in_(_PEOPLE), delivery.c.state.in_(repository.WAITING),
        delivery.c.due_at <= bindparam("now"),
    )
    .order_by(delivery.c.contact_pk)
    .limit(bindparam("room"))
)  # fmt: skip
CLAIM = (
    update(delivery)
    .where(
        delivery.c.campaign_pk == bindparam("campaign"), delivery.c.contact_pk == bindparam("person"),
        delivery.c.channel == repository.CHANNEL, delivery.c.step == bindparam("of_step"),
        or_(*(delivery.c.state == state for state in repository.WAITING)),
    )
    .values(state=D.CLAIMED.value)
)  # fmt: skip

ROW = "campaign_pk = ? AND contact_pk = ? AND channel = 'email' AND step = ?"
FENCE = "(SELECT fence FROM chunk WHERE chunk.campaign_pk = delivery.campaign_pk AND chunk.no = delivery.chunk_no) = ?"
GATE = (
    "SELECT 1 FROM campaign WHERE pk = ? AND epoch = ? AND state = 'sending' AND paused_at IS NULL"
    f" AND NOT EXISTS (SELECT 1 FROM setting WHERE key = '{PAUSE_KEY}')"
    " AND NOT EXISTS (SELECT 1 FROM agent WHERE name = 'distribution' AND paused)"
)
# The claim may be minutes old by now where a relay is slow: a no said since must still be heard.
MAY_HEAR = (
    "EXISTS (SELECT 1 FROM contact WHERE contact.pk = delivery.contact_pk AND contact.email <> '' AND NOT EXISTS"
    " (SELECT 1 FROM suppression WHERE suppression.address_hash = contact.address_hash"
    " AND suppression.channel IN ('email', '*')))"
)
ATTEMPTING = f"UPDATE delivery SET state = 'attempting' WHERE {ROW} AND state = 'claimed' AND {FENCE} AND {MAY_HEAR}"
IS_ATTEMPTING = f"SELECT 1 FROM delivery WHERE {ROW} AND state = 'attempting' AND {FENCE}"
ANSWER = (
    "UPDATE delivery SET state = ?, at = ?, code = ?, reason = ?, attempt = ?"
    f" WHERE {ROW} AND state IN ('attempting', 'claimed', 'uncertain')"
)
DEFER = (
    "UPDATE delivery SET state = CASE WHEN (SELECT state FROM campaign WHERE pk = delivery.campaign_pk) = 'cancelled'"
    " THEN 'cancelled' ELSE 'deferred' END, at = ?, code = ?, reason = ?, due_at = ?, attempt = ?"
    f" WHERE {ROW} AND state IN ('attempting', 'claimed') AND {FENCE}"
)
GIVE_BACK = f"UPDATE delivery SET state = 'planned' WHERE {ROW} AND state = 'claimed' AND {FENCE}"
ATTEMPT = (
    "INSERT INTO attempt (campaign_pk, contact_pk, channel, step, number, at, outcome, code, words, relay, worker)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
