"""Every question to a model on record, and its budget: tokens are reserved before, settled after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from tidings.domain.errors import UnavailableError
from tidings.domain.instant import Clock, Instant
from tidings.store.database import Database, take_turns
from tidings.store.tables import model_call


class BudgetSpentError(UnavailableError):
    """The month's tokens of a model, or those of one campaign, are used up; the next writer goes on."""

    code = "budget_spent"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is, for the record. `prompt` is kept only where it leaves the machine."""

    model_id: str
    model_name: str
    purpose: str
    destination: str
    left_machine: bool
    prompt: str
    prompt_hash: str
    reasons: Sequence[str]
    campaign_id: str | None = None


class Calls:
    """Blocking; each method is one transaction."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def reserve(self, asked: Asked, tokens: int, monthly: int | None) -> int:
        """Sets tokens aside and notes the question; its number. Raises BudgetSpentError."""
        now = self._clock.now()
        with self._db.transaction() as conn:
            if monthly is not None:
                take_turns(conn, f"budget:{asked.model_id}")
                left = monthly - spent(conn, asked.model_id, month_start(now))
                if left < tokens:
                    raise BudgetSpentError(
                        f"{asked.model_name} has {max(0, left):,} of its {monthly:,} tokens of this month left.",
                        remedy="Raise its budget, or wait for the next month; the Composer writes meanwhile.",
                    )
            row = {
                "at": now, "model_id": asked.model_id, "purpose": asked.purpose, "campaign_id": asked.campaign_id,
                "destination": asked.destination, "left_machine": asked.left_machine, "outcome": "asked",
                "reasons": list(asked.reasons), "prompt_hash": asked.prompt_hash,
                "prompt": asked.prompt if asked.left_machine else "", "reserved": tokens,
            }  # fmt: skip
            key: tuple[Any, ...] | None = conn.execute(insert(model_call).values(**row)).inserted_primary_key  # pyright: ignore[reportAssignmentType]
            return int(key[0]) if key else 0

    def note_closed(self, asked: Asked) -> None:
        """A question that a gate kept from being asked, with the router's reasons: nothing left, nothing was spent."""
        row = {
            "at": self._clock.now(), "model_id": asked.model_id, "purpose": asked.purpose,
            "campaign_id": asked.campaign_id, "destination": asked.destination, "left_machine": False,
            "outcome": "not_asked", "reasons": list(asked.reasons), "prompt_hash": asked.prompt_hash, "prompt": "",
        }  # fmt: skip
        with self._db.transaction() as conn:
            conn.execute(insert(model_call).values(**row))

    def settle(self, number: int, outcome: str, tokens_in: int = 0, tokens_out: int = 0) -> None:
        """What came of it. A call that was never settled, for its process died, keeps its reservation."""
        with self._db.transaction() as conn:
            conn.execute(
                update(model_call)
                .where(model_call.c.pk == number)
                .values(outcome=outcome, tokens_in=tokens_in, tokens_out=tokens_out, reserved=0)
            )

    def latest(self, *, left_machine: bool | None = None, limit: int = 50) -> Sequence[Row[Any]]:
        """The newest first."""
        query = select(model_call).order_by(model_call.c.pk.desc()).limit(limit)
        if left_machine is not None:
            query = query.where(model_call.c.left_machine.is_(left_machine))
        with self._db.reading() as conn:
            return conn.execute(query).all()

    def spent_this_month(self, model_id: str) -> int:
        """Tokens, those reserved included."""
        with self._db.reading() as conn:
            return spent(conn, model_id, month_start(self._clock.now()))


def spent(conn: Connection, model_id: str, since: Instant) -> int:
    """Tokens of one model since an instant, those reserved included."""
    total = func.sum(model_call.c.tokens_in + model_call.c.tokens_out + model_call.c.reserved)
    query = select(total).where(model_call.c.model_id == model_id, model_call.c.at >= since)
    return int(conn.execute(query).scalar() or 0)


def forget_prompts(conn: Connection, before: Instant) -> int:
    """Removes what was sent, keeping that it was; for retention."""
    old = (model_call.c.at < before) & (model_call.c.prompt != "")
    return conn.execute(update(model_call).where(old).values(prompt="")).rowcount


def month_start(now: Instant) -> Instant:
    """The first instant of the month, UTC."""
    moment = datetime.fromtimestamp(now / 1000, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(moment.timestamp() * 1000)
