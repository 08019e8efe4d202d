"""Whether clouds are left alone: a switch, and what the last attempts to reach one came to. Shared by all processes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from tidings.domain.errors import ConflictError, InvalidInputError
from tidings.domain.instant import SECOND, Clock, Instant
from tidings.store.database import Database
from tidings.store.settings import get_setting, put_setting

SWITCH, SEEN = "offline", "offline.seen"
FAILURES = 2
"""So many attempts in a row that reached nothing mean: there is no network."""
AGAIN_AFTER = 60 * SECOND
"""So long nothing is tried then; after it the next question finds out."""


class Offline(StrEnum):
    """The mode: `on` asks no cloud, `off` asks whatever happens, `auto` goes by the last attempts."""

    ON = "on"
    OFF = "off"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class NetworkState:
    """The mode as it stands. `reason` says why clouds are left alone; empty: they are asked.

    `fixed`: the installation's own setting decides, and nobody switches it here.
    """

    mode: Offline
    reason: str
    fixed: bool = False
    by: str = ""
    at: Instant | None = None

    @property
    def offline(self) -> bool:
        """Whether clouds are left alone."""
        return bool(self.reason)


def offline_mode(text: str) -> Offline:
    """The mode of a word. Raises InvalidInputError that names the three."""
    try:
        return Offline(text.strip().lower())
    except ValueError:
        raise InvalidInputError(
            f"{text!r} is no offline mode.", remedy="Use `on`, `off` or `auto`.", field="mode"
        ) from None


class Network:
    """Blocking; small enough to be asked before every question."""

    def __init__(self, db: Database, clock: Clock, fixed: Offline | None = None) -> None:
        """`fixed`: what the installation's settings say, where they say something."""
        self._db, self._clock, self._fixed = db, clock, fixed

    def state(self) -> NetworkState:
        """The mode, and why clouds are left alone if they are."""
        with self._db.reading() as conn:
            return self.read(conn)

    def read(self, conn: Connection) -> NetworkState:
        """The same within a transaction."""
        found = get_setting(conn, SWITCH) or {}
        if self._fixed is not None:
            mode, by, at = self._fixed, "TIDINGS_OFFLINE", None
        else:
            mode, by, at = Offline(found.get("mode", Offline.AUTO)), str(found.get("by", "")), found.get("at")
        reason = ""
        if mode is Offline.ON:
            reason = f"offline mode is on (by {by})"
        elif mode is Offline.AUTO:
            reason = self._unreached(get_setting(conn, SEEN) or {})
        return NetworkState(mode, reason, self._fixed is not None, by, at)

    def reason(self) -> str:
        """Why clouds are left alone; empty when they may be asked. For the router."""
        return self.state().reason

    def switch(self, conn: Connection, mode: Offline, by: str) -> bool:
        """Changes the mode, forgetting what failed before; False when it stood so. The caller checked the rights.

        Raises ConflictError where the installation's own setting decides.
        """
        if self._fixed is not None:
            raise ConflictError(
                f"TIDINGS_OFFLINE={self._fixed.value} decides this.",
                remedy="Change or remove it where Tidings is started, then start Tidings again.",
            )
        now = self._clock.now()
        changed = self.read(conn).mode is not mode
        put_setting(conn, SWITCH, {"mode": mode.value, "by": by, "at": now}, now)
        put_setting(conn, SEEN, {"failures": 0, "at": now}, now)
        return changed

    def note(self, host: str, *, reached: bool) -> None:
        """What an attempt to reach a cloud came to. Written only where it changes something."""
        with self._db.reading() as conn:
            seen = get_setting(conn, SEEN) or {}
        failures = 0 if reached else int(seen.get("failures", 0)) + 1
        if reached and not seen.get("failures"):
            return
        now = self._clock.now()
        with self._db.transaction() as conn:
            put_setting(conn, SEEN, {"failures": failures, "at": now, "host": host}, now)

    def _unreached(self, seen: dict[str, Any]) -> str:
        failures, at = int(seen.get("failures", 0)), int(seen.get("at", 0))
        if failures < FAILURES or self._clock.now() - at >= AGAIN_AFTER:
            return ""
        return f"offline: the last {failures} attempts reached nothing, the latest of them {seen.get('host', '')}"
