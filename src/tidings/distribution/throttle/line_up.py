"""Claimed messages in line: who is next for a given relay.

While nothing is limited this is a plain queue. As soon as one provider wants less, each provider has a queue of its
own and they take turns, so that a slow one never stops another.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from tidings.distribution.channels.base import Outgoing
from tidings.domain.instant import Instant


class Limits(Protocol):
    """Who says what may leave now; see `Throttle`."""

    @property
    def limited(self) -> bool:
        """Whether there is anything to ask at all."""
        ...

    def group_of(self, message: Outgoing) -> str:
        """The provider that takes it."""
        ...

    def may(self, relay: str, group: str) -> bool:
        """Whether one more may leave by that relay now."""
        ...


class LineUp:
    """All calls come from the sender's own thread."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._plain: deque[Outgoing] = deque()
        self._groups: dict[str, deque[Outgoing]] = {}
        self._turns: deque[str] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._plain) + self._size

    def __iter__(self) -> Iterator[Outgoing]:
        yield from self._plain
        for group in self._groups.values():
            yield from group

    def extend(self, messages: Iterable[Outgoing]) -> None:
        """Newly claimed ones, at the end."""
        self._plain.extend(messages)

    def next(self, relay: str = "") -> Outgoing | None:
        """The next that may leave by this relay; None when there is none now."""
        if self._limits is None or not self._limits.limited:
            if self._plain:
                return self._plain.popleft()
            if not self._size:
                return None
            self._flatten()
            return self._plain.popleft()
        return self._in_turn(relay, self._limits)

    def waiting(self, group: str) -> int:
        """How many of one provider wait here; for estimates, from any thread."""
        queue = self._groups.get(group)
        return len(queue) if queue is not None else 0

    def clear(self) -> list[Outgoing]:
        """Takes everything out."""
        taken = list(self)
        self._plain.clear()
        self._forget_groups()
        return taken

    def take_out(self, campaigns: set[int]) -> list[Outgoing]:
        """Takes out what belongs to these campaigns."""
        return self._take_out(lambda message: message.campaign_pk in campaigns)

    def take_out_waiting(self, since: Instant) -> list[Outgoing]:
        """Takes out what was claimed before that and its provider has not let go."""
        if self._limits is None or not self._limits.limited:
            return []
        return self._take_out(lambda message: message.claimed_at < since)

    def _take_out(self, which: Callable[[Outgoing], bool]) -> list[Outgoing]:
        out = [message for message in self if which(message)]
        if out:
            kept = [message for message in self if not which(message)]
            self._forget_groups()
            self._plain = deque(kept)
        return out

    def _in_turn(self, relay: str, limits: Limits) -> Outgoing | None:
        if self._plain:
            self._sort_in(limits)
        turns, groups = self._turns, self._groups
        for _ in range(len(turns)):
            group = turns[0]
            turns.rotate(-1)
            queue = groups[group]
            if not limits.may(relay, group):
                continue
            message = queue.popleft()
            self._size -= 1
            if not queue:
                del groups[group]
                turns.remove(group)
            return message
        return None

    def _sort_in(self, limits: Limits) -> None:
        for message in self._plain:
            group = limits.group_of(message)
            queue = self._groups.get(group)
            if queue is None:
                queue = self._groups[group] = deque()
                self._turns.append(group)
            queue.append(message)
            self._size += 1
        self._plain.clear()

    def _flatten(self) -> None:
        self._plain.extend(message for queue in self._groups.values() for message in queue)
        self._forget_groups()

    def _forget_groups(self) -> None:
        self._groups, self._turns, self._size = {}, deque(), 0
