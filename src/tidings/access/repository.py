"""Queries on accounts, links, sessions and tokens."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from tidings.access.accounts import Account, Token
from tidings.domain.errors import NotFoundError
from tidings.domain.instant import Instant
from tidings.store.tables import account, api_token, session, sign_in_link


def account_by_id(conn: Connection, account_id: str) -> Account:
    """The account. Raises NotFoundError."""
    row = conn.execute(select(account).where(account.c.id == account_id)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such account.")
    return Account.of(row)


def credentials(conn: Connection, email: str) -> tuple[Account, str] | None:
    """The account of an address in stored form, with its password hash."""
    row = conn.execute(select(account).where(account.c.email == email)).one_or_none()
    return None if row is None else (Account.of(row), row.password_hash)


def all_accounts(conn: Connection) -> list[Account]:
    """Every account, by name."""
    return [Account.of(row) for row in conn.execute(select(account).order_by(account.c.name, account.c.id))]


def add_account(conn: Connection, values: dict[str, Any]) -> None:
    """A new row."""
    conn.execute(insert(account).values(values))


def change_account(conn: Connection, account_id: str, **values: Any) -> None:
    """Changes the given columns."""
    conn.execute(update(account).where(account.c.id == account_id).values(values))


def add_link(conn: Connection, token_hash: str, account_id: str, expires_at: Instant) -> None:
    """A sign-in link that has not been used."""
    conn.execute(insert(sign_in_link).values(token_hash=token_hash, account_id=account_id, expires_at=expires_at))


def use_link(conn: Connection, token_hash: str, at: Instant) -> Account | None:
    """Uses the link up and gives its account; None when it is unknown, used, too old, or the account is closed.

    One statement decides, so that of two clicks at the same moment one signs in.
    """
    used = conn.execute(
        update(sign_in_link)
        .where(
            sign_in_link.c.token_hash == token_hash, sign_in_link.c.used_at.is_(None), sign_in_link.c.expires_at > at
        )
        .values(used_at=at)
        .returning(sign_in_link.c.account_id)
    ).scalar()
    found = account_by_id(conn, used) if used else None
    return found if found and found.active else None


def add_session(conn: Connection, id_hash: str, account_id: str, at: Instant, expires_at: Instant) -> None:
    """A new session; those that have ended are cleared away by the way."""
    conn.execute(delete(session).where(session.c.expires_at <= at))
    conn.execute(insert(session).values(id_hash=id_hash, account_id=account_id, created_at=at, expires_at=expires_at))


def session_account(conn: Connection, id_hash: str, at: Instant) -> tuple[Account, Instant, Instant] | None:
    """The active account of a session that has not ended, with when the session began and ends."""
    row = conn.execute(
        select(account, session.c.created_at.label("began_at"), session.c.expires_at)
        .join(session, session.c.account_id == account.c.id)
        .where(session.c.id_hash == id_hash, session.c.expires_at > at, account.c.active)
    ).one_or_none()
    return None if row is None else (Account.of(row), row.began_at, row.expires_at)


def prolong_session(conn: Connection, id_hash: str, expires_at: Instant) -> None:
    """Moves the end of a session."""
    conn.execute(update(session).where(session.c.id_hash == id_hash).values(expires_at=expires_at))


def end_session(conn: Connection, id_hash: str) -> None:
    """Ends one session."""
    conn.execute(delete(session).where(session.c.id_hash == id_hash))


def end_everything(conn: Connection, account_id: str, at: Instant, *, tokens: bool) -> None:
    """Ends the account's sessions and open links, and with `tokens` its API tokens as well."""
    conn.execute(delete(session).where(session.c.account_id == account_id))
    conn.execute(delete(sign_in_link).where(sign_in_link.c.account_id == account_id))
    if tokens:
        conn.execute(
            update(api_token)
            .where(api_token.c.account_id == account_id, api_token.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )


def add_token(conn: Connection, values: dict[str, Any]) -> None:
    """A new API token."""
    conn.execute(insert(api_token).values(values))


def token_account(conn: Connection, token_hash: str, at: Instant) -> tuple[Account, tuple[str, ...], str] | None:
    """The active account of a token that is in force, its scopes, and what it is called."""
    row = conn.execute(
        select(account, api_token.c.scopes, api_token.c.id.label("token_id"), api_token.c.name.label("token_name"))
        .join(api_token, api_token.c.account_id == account.c.id)
        .where(
            api_token.c.token_hash == token_hash,
            api_token.c.revoked_at.is_(None),
            api_token.c.expires_at.is_(None) | (api_token.c.expires_at > at),
            account.c.active,
        )
    ).one_or_none()
    return None if row is None else (Account.of(row), tuple(row.scopes), f"{row.token_name} ({row.token_id})")


def tokens_of(conn: Connection, account_id: str | None = None) -> list[Token]:
    """The tokens of one account, or of all, newest first."""
    query = select(api_token).order_by(api_token.c.created_at.desc(), api_token.c.id.desc())
    if account_id is not None:
        query = query.where(api_token.c.account_id == account_id)
    return [_token(row) for row in conn.execute(query)]


def token_by_id(conn: Connection, token_id: str) -> Token | None:
    """One token, or None."""
    row = conn.execute(select(api_token).where(api_token.c.id == token_id)).one_or_none()
    return None if row is None else _token(row)


def revoke(conn: Connection, token_id: str, at: Instant) -> None:
    """Ends a token; the first revocation's instant stays."""
    conn.execute(
        update(api_token).where(api_token.c.id == token_id, api_token.c.revoked_at.is_(None)).values(revoked_at=at)
    )


def people_of(conn: Connection, roles: list[str], brand_id: str) -> int:
    """How many active, real accounts of these roles reach the brand. An account without brands reaches every one."""
    query = select(account.c.brands).where(account.c.active, ~account.c.sample, account.c.role.in_(roles))
    return sum(not brands or brand_id in brands for brands in conn.execute(query).scalars())


def _token(row: Any) -> Token:
    return Token(row.id, row.account_id, row.name, tuple(row.scopes), row.created_at, row.expires_at, row.revoked_at)
