"""Accounts, sessions, tokens, the audit trail, and settings changed at run time."""

from sqlalchemy import Boolean, Column, Integer, Table, Text

from tidings.store.tables.base import instant, json, metadata, pk, public_id, ref, text

account = Table(
    "account",
    metadata,
    public_id(),
    Column("email", Text, nullable=False, unique=True),
    text("name"),
    text("role", None),
    json("brands", list),  # empty: every brand
    text("password_hash"),  # argon2id; empty: signs in by link only
    Column("active", Boolean, nullable=False, default=True),
    Column("sample", Boolean, nullable=False, default=False),
    instant("created_at"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("token_hash", Text, primary_key=True),
    ref("account_id", "account.id"),
    instant("expires_at"),
    instant("used_at", nullable=True),
)

session = Table(
    "session",
    metadata,
    Column("id_hash", Text, primary_key=True),
    ref("account_id", "account.id"),
    instant("created_at"),
    instant("expires_at"),
)

api_token = Table(
    "api_token",
    metadata,
    public_id(),
    Column("token_hash", Text, nullable=False, unique=True),
    ref("account_id", "account.id"),
    text("name"),
    json("scopes", list),  # empty: everything the account's role may do
    instant("created_at"),
    instant("expires_at", nullable=True),
    instant("revoked_at", nullable=True),
)

# Append-only and hash-chained: each row's hash covers the row before it.
audit = Table(
    "audit",
    metadata,
    pk(),
    instant("at"),
    text("actor_kind", None),
    text("actor_id", None),
    text("actor_name"),
    text("action", None),
    text("object_id", index=True),
    json("detail"),
    text("previous_hash"),
    text("hash", None),
)

setting = Table(
    "setting",
    metadata,
    Column("key", Text, primary_key=True),
    json("value"),
    instant("updated_at"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", Text, primary_key=True),  # account and key
    text("body_hash", None),
    Column("status", Integer, nullable=False),
    json("response"),
    instant("at", index=True),
)
