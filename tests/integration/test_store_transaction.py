"""A transaction is kept whatever its statements went through."""

from __future__ import annotations

import pytest

from tidings.distribution.session import Statements
from tidings.store.database import Database
from tidings.store.settings import get_setting

_WRITE = "INSERT INTO setting (key, value, updated_at) VALUES (?, ?, ?)"


def test_statements_of_the_drivers_own_cursor_alone_are_committed(database: Database) -> None:
    with database.transaction() as conn:
        Statements.within(conn).run(_WRITE, ("plain", "1", 0))

    with database.reading() as conn:
        assert get_setting(conn, "plain") == 1


def test_and_undone_when_the_block_fails(database: Database) -> None:
    def broken() -> None:
        with database.transaction() as conn:
            Statements.within(conn).run(_WRITE, ("plain", "1", 0))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        broken()
    with database.reading() as conn:
        assert get_setting(conn, "plain") is None
