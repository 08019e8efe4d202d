"""What the tables share: one metadata, instants as 64-bit milliseconds, JSON as one type."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Integer, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes a column an alias of its rowid only when it is declared INTEGER.
BigKey = BigInteger().with_variant(Integer(), "sqlite")


def pk() -> Column[int]:
    """This node's number for a row: small, fast in the ledger, never shown outside."""
    return Column("pk", BigKey, primary_key=True, autoincrement=True)


def public_id(*, primary: bool = True) -> Column[str]:
    """The typed public identifier."""
    return Column("id", Text, primary_key=primary, nullable=False, unique=not primary)


def instant(name: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    """Milliseconds since 1970 UTC."""
    return Column(name, BigInteger, nullable=nullable, index=index)


def json(name: str, default: Any = dict) -> Column[Any]:
    """A JSON document."""
    return Column(name, JSON, nullable=False, default=default)


def text(name: str, default: str | None = "", *, nullable: bool = False, index: bool = False) -> Column[str]:
    """A text, empty by default; `default=None` makes it required."""
    return Column(name, Text, nullable=nullable, default=default, index=index)


def ref(name: str, target: str, *, nullable: bool = False, index: bool = True) -> Column[Any]:
    """A foreign key with an index."""
    kind = BigKey if target.endswith(".pk") else Text()
    return Column(name, kind, ForeignKey(target, ondelete="CASCADE"), nullable=nullable, index=index)
