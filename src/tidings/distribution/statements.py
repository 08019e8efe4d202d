"""The statements of the sending path in plain SQL: they run thousands of times a second.

`?` stands for a value; `session.py` writes it as the driver wants it. On SQLite the commonest ones take a whole batch
as one JSON value: one step of the database for hundreds of rows, during which Python sends on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tidings.distribution.repository import STILL_OPEN, WAITING
from tidings.domain.channel import Channel

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
FENCE = "(SELECT fence FROM chunk WHERE chunk.campaign_pk = delivery.campaign_pk AND chunk.no = delivery.chunk_no) = ?"
_STOPPED = (
    f"(EXISTS (SELECT 1 FROM setting WHERE key = '{PAUSE_KEY}')"
    " OR EXISTS (SELECT 1 FROM agent WHERE name = 'distribution' AND paused))"
)
STOPPED = f"SELECT 1 WHERE {_STOPPED}"
"""The kill switch, or the agent paused by a person."""
GATE = (
    f"SELECT 1 FROM campaign WHERE pk = ? AND epoch = ? AND state = 'sending' AND paused_at IS NULL AND NOT {_STOPPED}"
)
OWN = {
    True: "SELECT 1 FROM chunk WHERE campaign_pk = ? AND no = ? AND fence = ?",
    False: "SELECT 1 FROM chunk WHERE campaign_pk = ? AND no = ? AND fence = ? FOR UPDATE",
}
"""Whether a chunk is still in the hand of who names its fence, and stays there until the transaction ends."""
HELD = "SELECT 1 FROM chunk WHERE campaign_pk = ? AND no = ? AND fence = ? AND state = 'leased'"
FIRST_DUE = (
    "SELECT state, min(due_at) FROM delivery WHERE campaign_pk = ? AND chunk_no = ? AND state IN ("
    + ", ".join(f"'{state}'" for state in STILL_OPEN)
    + ") GROUP BY state"
)
"""Of a chunk's rows that are not at their end."""
UNDONE = "SELECT 1 FROM chunk WHERE campaign_pk = ? AND state <> 'done' LIMIT 1"
LEASE = (
    "UPDATE chunk SET state = 'leased', owner = ?, fence = ?, boot_id = ?, lease_until = ?"
    " WHERE campaign_pk = ? AND no = ?"
)
RELEASE = (
    "UPDATE chunk SET state = ?, owner = '', lease_until = NULL, next_due_at = coalesce(?, next_due_at)"
    " WHERE campaign_pk = ? AND no = ? AND fence = ?"
)
ATTEMPT = (
    "INSERT INTO attempt (campaign_pk, contact_pk, channel, step, number, at, outcome, code, words, relay, worker)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
REFERENCE = (
    "INSERT INTO provider_reference (provider, reference, campaign_pk, contact_pk, channel, step, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (provider, reference) DO NOTHING"
)
_REACHABLE = {
    Channel.EMAIL: "contact.email <> ''",
    Channel.SMS: "contact.phone <> ''",
    Channel.PUSH: "EXISTS (SELECT 1 FROM push_subscription WHERE push_subscription.contact_pk = contact.pk)",
}
_OWN = dict.fromkeys(_REACHABLE, "suppression.address_hash = contact.address_hash") | {
    Channel.SMS: "suppression.address_hash IN (contact.address_hash, contact.phone_hash)"
}


@dataclass(frozen=True, slots=True)
class ChannelSql:
    """The statements about one channel's deliveries."""

    channel: Channel
    claim: dict[bool, str]
    """Campaign, step, people; under True for SQLite."""
    may_still: str
    """SQLite: those of a JSON list of people to whom it may go."""
    attempting: str
    is_attempting: str
    answer: str
    accepted: str
    """SQLite, many alike: code, number, {person: "instant words"}, campaign, step."""
    defer: str
    give_back: str
    flown: str
    """What a dead sender's file says of one message; `attempt` guards against an older word on the same row."""


@cache
def of_channel(channel: Channel) -> ChannelSql:
    """The statements, with the channel's name in them: it is one of ours and never comes from outside."""
    one = f"campaign_pk = ? AND contact_pk = ? AND channel = '{channel.value}' AND step = ?"
    # The claim may be minutes old by now where a relay is slow: a no said since must still be heard.
    no_since = (
        f"EXISTS (SELECT 1 FROM suppression WHERE {_OWN[channel]} AND suppression.channel IN ('{channel.value}', '*'))"
    )
    willing = f"{_REACHABLE[channel]} AND NOT {no_since}"
    may_hear = f"EXISTS (SELECT 1 FROM contact WHERE contact.pk = delivery.contact_pk AND {willing})"
    return ChannelSql(
        channel=channel,
        claim={
            True: f"UPDATE delivery SET state = 'claimed' WHERE campaign_pk = ?1 AND channel = '{channel.value}'"
            f" AND step = ?2 AND state IN ({_WAITING}) AND contact_pk IN (SELECT value FROM json_each(?3))",
            False: f"UPDATE delivery SET state = 'claimed' WHERE campaign_pk = ? AND channel = '{channel.value}'"
            f" AND step = ? AND state IN ({_WAITING}) AND contact_pk = ANY(?)",
        },
        may_still="SELECT json_group_array(contact.pk) FROM json_each(?) AS asked CROSS JOIN contact"
        f" ON contact.pk = asked.value WHERE {willing}",
        attempting=f"UPDATE delivery SET state = 'attempting' WHERE {one} AND state = 'claimed' AND {FENCE}"
        f" AND {may_hear}",
        is_attempting=f"SELECT 1 FROM delivery WHERE {one} AND state = 'attempting' AND {FENCE}",
        answer="UPDATE delivery SET state = ?, at = ?, code = ?, reason = ?, attempt = ?"
        f" WHERE {one} AND state IN ('attempting', 'claimed', 'uncertain', 'cancelled')",
        accepted=_accepted(channel),
        defer="UPDATE delivery SET state = CASE WHEN (SELECT state FROM campaign WHERE pk = delivery.campaign_pk)"
        " = 'cancelled' THEN 'cancelled' ELSE 'deferred' END, at = ?, code = ?, reason = ?, due_at = ?, attempt = ?"
        f" WHERE {one} AND state IN ('attempting', 'claimed') AND {FENCE}",
        give_back=f"UPDATE delivery SET state = 'planned' WHERE {one}"
        # A channel may give back after it was allowed to let go, if it knows that nothing left.
        f" AND state IN ('claimed', 'attempting') AND {FENCE}",
        # Its new state is asked for once more at the end: what was cancelled is not tried again.
        flown="UPDATE delivery SET state = ?, at = ?, code = ?, reason = ?, due_at = coalesce(?, due_at), attempt = ?"
        f" WHERE {one} AND attempt = ?"
        " AND (state IN ('attempting', 'claimed') OR (state = 'cancelled' AND ? <> 'deferred'))",
    )


def _accepted(channel: Channel) -> str:
    # LIMIT and + keep the batch in the outer loop, whatever SQLite believes of the sizes
    return (
        "UPDATE delivery SET state = 'accepted', at = CAST(substr(told.value, 1, 13) AS INTEGER), code = ?1,"
        " reason = substr(told.value, 15), attempt = ?2"
        " FROM (SELECT CAST(key AS INTEGER) AS pk, value FROM json_each(?3) LIMIT 1000000) AS told"
        " WHERE delivery.campaign_pk = ?4 AND delivery.contact_pk = +told.pk"
        f" AND delivery.channel = '{channel.value}' AND delivery.step = ?5"
        " AND delivery.state IN ('attempting', 'claimed', 'uncertain', 'cancelled')"
    )
