"""One channel taken out of a campaign under way: what has not left by it never does, and the rest goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.campaigns.actions import hint, state_words
from tidings.campaigns.views import ChannelView
from tidings.domain.channel import Channel
from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.short import rule_of

if TYPE_CHECKING:
    from tidings.distribution.postings.service import PostingService
    from tidings.distribution.service import DistributionService

_UNDER_WAY = frozenset({"sending", "blocked"})


def channel_title(channel: str) -> str:
    """The channel as people call it."""
    return "e-mail" if channel == Channel.EMAIL.value else rule_of(channel).title.lower()


def channels_of(
    conn: Connection, row: Row[Any], distribution: DistributionService, postings: PostingService
) -> tuple[ChannelView, ...]:
    """How each of several channels of a launched campaign stands; empty for a campaign of one."""
    if row.launched_at is None or row.is_sequence or len(row.brief.get("channels") or ()) < 2:
        return ()
    states = {**distribution.counts_by_channel(conn, row.pk), **postings.counts_by_channel(conn, row.pk)}
    able = row.state in _UNDER_WAY and len(states) > 1
    return tuple(
        ChannelView(channel, sum(counts.values()), left, able and left > 0)
        for channel, counts in sorted(states.items())
        for left in (distribution.not_left_in(counts),)
    )


def drop(
    conn: Connection, row: Row[Any], named: str, reason: str, distribution: DistributionService,
    postings: PostingService,
) -> tuple[str, int]:  # fmt: skip
    """Cancels what has not left by the channel, with the reason; the channel's name for people, and how many.

    Raises InvalidInputError for a channel the campaign does not have; ConflictError where nothing is under way, where
    it is the only one, or where nothing waits.
    """
    if row.is_sequence:
        raise ConflictError(f"“{row.name}” is a sequence.", remedy="Take the step out of its definition.")
    if row.state not in _UNDER_WAY or row.launched_at is None:
        raise ConflictError(
            f"“{row.name}” is {state_words(row)}; a channel is taken out while it is under way.", remedy=hint(row)
        )
    found = {view.channel: view for view in channels_of(conn, row, distribution, postings)}
    if named not in found:
        names = ", ".join(found) or "one channel only; cancel the campaign instead"
        raise InvalidInputError(f"“{row.name}” has no channel {named[:40]!r}.", remedy=f"It has {names}.")
    title = channel_title(named)
    if not found[named].can_drop:
        raise ConflictError(
            f"The {title} of “{row.name}” cannot be taken out: nothing waits there any more, or it is the only one.",
            remedy="Cancel the campaign to stop all of it.",
        )
    channel = Channel(named)
    stopped = distribution.cancel_channel(conn, row.pk, channel, reason)
    return title, stopped + postings.cancel_channel(conn, row.pk, channel, reason)
