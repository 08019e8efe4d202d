"""Why a channel has no sender, as health and doctor say it: the process that sends may be on another machine."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from tidings.domain.errors import TidingsError
from tidings.domain.instant import Instant
from tidings.store.settings import get_setting, put_setting

_KEY = "no_way"


def no_way(conn: Connection) -> dict[str, Any]:
    """The trouble of each channel nothing is sent by now, as `words` and `remedy`."""
    return get_setting(conn, _KEY) or {}


def note_way(conn: Connection, channel: str, error: TidingsError | None, at: Instant) -> bool:
    """Keeps why the channel has no sender, None when it has one. True if that is news; else nothing is written."""
    known = no_way(conn)
    told = {"words": error.message, "remedy": error.remedy} if error is not None else None
    if known.get(channel) == told:
        return False
    others = {name: trouble for name, trouble in known.items() if name != channel}
    put_setting(conn, _KEY, {**others, channel: told} if told else others, at)
    return True
