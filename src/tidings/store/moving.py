"""The whole of the encrypted file into an empty PostgreSQL database: in one transaction there, from one view here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Connection, Table, Text, func, select, text, type_coerce
from sqlalchemy.engine import make_url

from tidings.domain.delivery import DeliveryState
from tidings.domain.errors import ConflictError, InvalidInputError, StoreLockedError
from tidings.store.database import Database
from tidings.store.files import flights
from tidings.store.migrations import HEAD, migrate, schema_version
from tidings.store.tables import delivery, metadata, posting

MOVED = "moved"
"""Setting of a file whose data went elsewhere: `{"at", "to"}`. Two that both send would write to everybody twice."""
_LEFT = frozenset({"worker"})
"""Tables of what runs now."""
_BATCH = 2_000
_NUL, _INSTEAD = "\x00", "\ufffd"

Progress = Callable[[str, int, int], None]
"""The table in hand, the rows moved so far, all rows."""


@dataclass(slots=True)
class Moved:
    """What went over."""

    rows: dict[str, int] = field(default_factory=dict[str, int])
    """By table."""
    cleaned: int = 0
    """Texts in which a NUL, which PostgreSQL does not keep, became a replacement character."""

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


def prepare(source: Database, path: Path, target: Database) -> None:
    """Looks whether it can be done, and gives the target its tables. Raises what is in the way, with the remedy."""
    with source.reading() as conn:
        if schema_version(conn) != HEAD:
            raise ConflictError(
                f"The database in {path.parent} is of another version of Tidings.", remedy="Run `tidings db migrate`."
            )
        _refuse_in_hand(conn, path)
    if target.is_sqlite:
        raise InvalidInputError("It can only be moved to PostgreSQL.", field="database_url")
    migrate(target)
    with target.reading() as conn:
        taken = [table.name for table in _tables() if conn.execute(select(1).select_from(table).limit(1)).first()]
    if taken:
        raise ConflictError(
            f"There is data of Tidings in {shown_address(target)} already (in {', '.join(taken[:3])}).",
            remedy="Give TIDINGS_DATABASE_URL the address of an empty database; nothing is ever overwritten.",
        )


def move(source: Connection, target: Connection, progress: Progress) -> Moved:
    """Copies every row in the target's transaction, and counts both sides: whatever ends it leaves that empty."""
    done, tables = Moved(), _tables()
    counts = {table.name: source.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}
    everything = sum(counts.values())
    for table in tables:
        done.rows[table.name] = 0
        for batch in _batches(source, table, done):
            _write(target, table, batch)
            done.rows[table.name] += len(batch)
            progress(table.name, done.total, everything)
        _go_on_counting(target, table)
    for table in tables:
        arrived = target.execute(select(func.count()).select_from(table)).scalar_one()
        if arrived != counts[table.name]:
            raise ConflictError(
                f"Of {counts[table.name]:,} rows of `{table.name}` {arrived:,} arrived; nothing was moved.",
                remedy="Look whether anything else writes to one of the two, then try again.",
            )
    return done


def shown_address(target: Database) -> str:
    """Where it is, without the password."""
    return make_url(target.engine.url).render_as_string(hide_password=True).replace("+psycopg", "", 1)


def refuse_moved(moved: dict[str, Any] | None) -> None:
    """Raises StoreLockedError for a file whose data lives elsewhere now."""
    if moved is not None:
        raise StoreLockedError(
            f"The data of this file was moved to {moved.get('to')}.",
            remedy="Set TIDINGS_DATABASE_URL to it. If that database is given up, `tidings db move --undo` opens the "
            "file again, as it was; what happened there since is not in it.",
        )


def _tables() -> list[Table]:
    return [table for table in metadata.sorted_tables if table.name not in _LEFT]


def _refuse_in_hand(conn: Connection, path: Path) -> None:
    """What a sender had in hand is settled by the next one on the same file; another database could not tell."""
    hands = (DeliveryState.CLAIMED.value, DeliveryState.ATTEMPTING.value)
    found = sum(
        conn.execute(select(func.count()).select_from(table).where(table.c.state.in_(hands))).scalar_one()
        for table in (delivery, posting)
    )
    if found or flights(path):
        raise ConflictError(
            f"A sender that did not end in order left {found:,} messages in its hand.",
            remedy="Start Tidings once (`tidings up`), end it with Ctrl-C, then move.",
        )


def _batches(source: Connection, table: Table, done: Moved) -> Iterator[list[list[Any]]]:
    """The rows in the order of their key; JSON as it is written."""
    columns = [type_coerce(c, Text()).label(c.name) if isinstance(c.type, JSON) else c for c in table.columns]
    found = source.execution_options(yield_per=_BATCH).execute(select(*columns).order_by(*table.primary_key.columns))
    for part in found.partitions():
        yield [[_kept(value, done) for value in row] for row in part]


def _kept(value: Any, done: Moved) -> Any:
    if type(value) is str and _NUL in value:
        done.cleaned += 1
        return value.replace(_NUL, _INSTEAD)
    return value


def _write(target: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    quote = target.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    cursor = target.connection.cursor()
    with cursor.copy(f"COPY {quote(table.name)} ({names}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row(row)


def _go_on_counting(target: Connection, table: Table) -> None:
    """The next number a table gives is above those that were brought."""
    for column in _counted(table):
        target.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence(:name, :key), greatest(max({column.name}), 1)) "  # names of ours
                f"FROM {table.name} HAVING count(*) > 0"
            ),
            {"name": table.name, "key": column.name},
        )


def _counted(table: Table) -> list[Column[Any]]:
    return [column for column in table.primary_key.columns if column.autoincrement is True]
