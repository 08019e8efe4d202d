"""A long list of keys as one value of a statement, so that the statement's text is always the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY


def among(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the column is one of the numbers given as parameter `name`, made by `keys`."""
    if dialect == "sqlite":
        return column.in_(text(f"SELECT value FROM json_each(:{name})"))  # type: ignore[arg-type]  # text is one
    return column == bindparam(name, type_=ARRAY(BigInteger)).any_()  # type: ignore[no-any-return]


def keys(conn: Connection, numbers: Sequence[int]) -> Any:
    """The numbers as `among` takes them."""
    return json.dumps(list(numbers)) if conn.dialect.name == "sqlite" else list(numbers)
