"""What a rule gives of a limit that several senders keep together, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tidings.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class Gift:
    """Turns, as instants from which each may be used; and what the next one who asks must know."""

    turns: Sequence[float]
    kept: Mapping[str, Any]
    again: float
    """Where none was given: when it is worth asking again."""


class Rule(Protocol):
    """Pure: who asks holds the row of the limit meanwhile."""

    @property
    def want(self) -> int:
        """So many turns a sender asks for at once."""
        ...

    @property
    def late(self) -> float:
        """Milliseconds after its instant in which a turn may still be used."""
        ...

    def give(self, kept: Mapping[str, Any], now: Instant, want: int, unused: Sequence[float]) -> Gift:
        """At most `want` turns. `unused` were given before and nobody left at them."""
        ...
