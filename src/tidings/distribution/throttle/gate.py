"""What the ledger asks before it claims: who is due and must wait all the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from tidings.distribution.channels.base import Outgoing
from tidings.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when, and why. `held`: somebody asked for it; otherwise it is only this row's turn."""

    until: Instant
    reason: str
    held: bool = True


class Gate(Protocol):
    """Called within the ledger's own transaction, beside the sending thread."""

    @property
    def asks(self) -> bool:
        """Whether anybody may have to wait at all: only then `hold_back` is called."""
        ...

    @property
    def unsaved(self) -> bool:
        """Whether something waits to be written."""
        ...

    def sync(self, conn: Connection, now: Instant) -> None:
        """Writes what was learnt, and reads what people and other senders changed."""
        ...

    def hold_back(
        self, conn: Connection, campaign_pk: int, due: Sequence[tuple[int, str]], now: Instant
    ) -> Mapping[int, Wait]:
        """People due with their addresses → those who must wait."""
        ...

    def end_step(self, conn: Connection, now: Instant) -> None:
        """The last in a step's transaction: gives back what others may use."""
        ...

    def leave(self, conn: Connection, now: Instant) -> None:
        """This sender ends: the last in its last transaction."""
        ...

    def done(self, back: Sequence[Outgoing], others: Sequence[Outgoing]) -> None:
        """The step was committed: these went back, and these were answered with something else than yes."""
        ...

    def undone(self) -> None:
        """It was not."""
        ...
