"""The statements of the sending path in plain SQL: they run thousands of times a second.

`?` stands for a value; `session.py` writes it as the driver wants it. On SQLite the commonest ones take a whole batch
as one JSON value: one step of the database for hundreds of rows, during which Python sends on.
"""

from __future__ import annotations

from tidings.distribution.repository import WAITING

PAUSE_KEY = "sending_paused"
"""The setting that is there while all sending is paused."""

_WAITING = ", ".join(f"'{state}'" for state in WAITING)
_DUE = (
    "SELECT contact_pk, step, variant, attempt FROM delivery{} WHERE campaign_pk = ? AND chunk_no = ?"
    " AND state IN (" + _WAITING + ") AND due_at <= ? ORDER BY contact_pk LIMIT ?"
)
DUE = {  # without statistics SQLite would read the whole campaign for each chunk
    True: "SELECT json_group_array(json_array(contact_pk, step, variant, attempt)) FROM ("
    + _DUE.format(" INDEXED BY ix_delivery_chunk")
    + ")",
    False: _DUE.format(""),
}
ROW = "campaign_pk = ? AND contact_pk = ? AND channel = 'email' AND step = ?"
_STEP = "campaign_pk = ? AND channel = 'email' AND step = ?"
FENCE = "(SELECT fence FROM chunk WHERE chunk.campaign_pk = delivery.campaign_pk AND chunk.no = delivery.chunk_no) = ?"
CLAIM = {  # campaign, step, people
    True: "UPDATE delivery SET state = 'claimed' WHERE campaign_pk = ?1 AND channel = 'email' AND step = ?2"
    f" AND state IN ({_WAITING}) AND contact_pk IN (SELECT value FROM json_each(?3))",
    False: f"UPDATE delivery SET state = 'claimed' WHERE {_STEP} AND state IN ({_WAITING}) AND contact_pk = ANY(?)",
}
GATE = (
    "SELECT 1 FROM campaign WHERE pk = ? AND epoch = ? AND state = 'sending' AND paused_at IS NULL"
    f" AND NOT EXISTS (SELECT 1 FROM setting WHERE key = '{PAUSE_KEY}')"
    " AND NOT EXISTS (SELECT 1 FROM agent WHERE name = 'distribution' AND paused)"
)
# The claim may be minutes old by now where a relay is slow: a no said since must still be heard.
_NO_SINCE = (
    "EXISTS (SELECT 1 FROM suppression WHERE suppression.address_hash = contact.address_hash"
    " AND suppression.channel IN ('email', '*'))"
)
MAY_HEAR = (
    f"EXISTS (SELECT 1 FROM contact WHERE contact.pk = delivery.contact_pk AND contact.email <> '' AND NOT {_NO_SINCE})"
)
MAY_STILL = (  # the same on SQLite, of many: those of a JSON list of people to whom it may go
    "SELECT json_group_array(contact.pk) FROM json_each(?) AS asked CROSS JOIN contact ON contact.pk = asked.value"
    f" WHERE contact.email <> '' AND NOT {_NO_SINCE}"
)
HELD = "SELECT 1 FROM chunk WHERE campaign_pk = ? AND no = ? AND fence = ? AND state = 'leased'"
ATTEMPTING = f"UPDATE delivery SET state = 'attempting' WHERE {ROW} AND state = 'claimed' AND {FENCE} AND {MAY_HEAR}"
IS_ATTEMPTING = f"SELECT 1 FROM delivery WHERE {ROW} AND state = 'attempting' AND {FENCE}"
ANSWER = (
    "UPDATE delivery SET state = ?, at = ?, code = ?, reason = ?, attempt = ?"
    f" WHERE {ROW} AND state IN ('attempting', 'claimed', 'uncertain', 'cancelled')"
)
ACCEPTED = (  # many alike, on SQLite: code, number, {person: "instant words"}, campaign, step
    "UPDATE delivery SET state = 'accepted', at = CAST(substr(told.value, 1, 13) AS INTEGER), code = ?1,"
    " reason = substr(told.value, 15), attempt = ?2"
    # LIMIT and + keep the batch in the outer loop, whatever SQLite believes of the sizes
    " FROM (SELECT CAST(key AS INTEGER) AS pk, value FROM json_each(?3) LIMIT 1000000) AS told"
    " WHERE delivery.campaign_pk = ?4 AND delivery.contact_pk = +told.pk"
    " AND delivery.channel = 'email' AND delivery.step = ?5"
    " AND delivery.state IN ('attempting', 'claimed', 'uncertain', 'cancelled')"
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
# What a dead sender's file says of one message; `attempt` guards against an older word on the same row. Its new state
# is asked for once more at the end: what was cancelled is not tried again.
FLOWN = (
    "UPDATE delivery SET state = ?, at = ?, code = ?, reason = ?, due_at = coalesce(?, due_at), attempt = ?"
    f" WHERE {ROW} AND attempt = ?"
    " AND (state IN ('attempting', 'claimed') OR (state = 'cancelled' AND ? <> 'deferred'))"
)
