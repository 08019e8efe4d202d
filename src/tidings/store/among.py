"""Many rows in and out of one statement, for paths that are walked thousands of times a second.

A long list of keys is one value, so the statement's text is always the same and is compiled once. On SQLite the rows
come back as one JSON value too: row by row, each would make this thread wait its turn among Python's others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Text, bindparam, func, select, text, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY


def among(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the column is one of the numbers given as parameter `name`, made by `keys`."""
    if dialect == "sqlite":
        return column.in_(text(f"SELECT value FROM json_each(:{name})"))
    return column == func.any(bindparam(name, type_=ARRAY(BigInteger)))


def keys(conn: Connection, numbers: Sequence[int]) -> Any:
    """The numbers as `among` takes them."""
    return json.dumps(list(numbers)) if conn.dialect.name == "sqlite" else list(numbers)


def together(dialect: str, *columns: ColumnElement[Any]) -> Select[Any]:
    """A query of numbers and texts for `rows`. JSON columns come as text on SQLite."""
    if dialect == "sqlite":
        return select(func.json_group_array(func.json_array(*(type_coerce(each, _PLAIN) for each in columns))))
    return select(*columns)


def rows(conn: Connection, query: Select[Any], values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """The rows of a query made by `together`."""
    if conn.dialect.name == "sqlite":
        return json.loads(conn.execute(query, values).scalar_one())
    return conn.execute(query, values).all()


def listed(dialect: str, column: ColumnElement[int]) -> Select[Any]:
    """A query of one column of numbers for `numbers`."""
    return select(func.json_group_array(column)) if dialect == "sqlite" else select(column)


def numbers(conn: Connection, query: Select[Any], values: Mapping[str, Any]) -> Sequence[int]:
    """The numbers of a query made by `listed`."""
    if conn.dialect.name == "sqlite":
        return json.loads(conn.execute(query, values).scalar_one())
    return conn.execute(query, values).scalars().all()


_PLAIN = Text()
