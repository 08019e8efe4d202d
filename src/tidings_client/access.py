"""Accounts, tokens, and the one who asks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given

if TYPE_CHECKING:
    from collections.abc import Sequence


class Me(Model):
    """The one who asks, and what they may do."""

    kind: str
    id: str
    name: str
    role: str
    brands: list[str]
    permissions: list[str]


class Account(Model):
    """One person's account."""

    id: str
    email: str
    name: str
    role: str
    brands: list[str]
    active: bool
    has_password: bool
    sample: bool
    created_at: datetime


class AccountList(Model):
    """Every account."""

    items: list[Account]


class SignInLink(Model):
    """Opens a session once, within the minutes."""

    url: str
    minutes: int


class Token(Model):
    """An API token, without its secret."""

    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class TokenList(Model):
    """Your tokens."""

    items: list[Token]


class TokenSecret(Model):
    """A new token; the secret is shown only once."""

    id: str
    secret: str


class Accounts(Resource[Mode]):
    """People's accounts."""

    @Endpoint
    def me(self) -> Call[Me]:
        """The one who asks."""
        return Call("GET", "/me", Me)

    @Endpoint
    def list(self) -> Call[AccountList]:
        """All of them."""
        return Call("GET", "/accounts", AccountList)

    @Endpoint
    def create(self, email: str, name: str, role: str, brands: Sequence[str] = ()) -> Call[Account]:
        """A new account; make it a sign-in link next."""
        body = {"email": email, "name": name, "role": role, "brands": list(brands)}
        return Call("POST", "/accounts", Account, body=body)

    @Endpoint
    def set_role(self, account_id: str, role: str, brands: Sequence[str] | None = None) -> Call[Account]:
        """What it may do from now on; without brands, it keeps those it has."""
        body = given(role=role, brands=None if brands is None else list(brands))
        return Call("PUT", f"/accounts/{account_id}/role", Account, body=body)

    @Endpoint
    def close(self, account_id: str) -> Call[Account]:
        """Ends its sessions, links and tokens; nobody signs in with it any more."""
        return Call("POST", f"/accounts/{account_id}/close", Account)

    @Endpoint
    def open(self, account_id: str) -> Call[Account]:
        """Lets its person sign in again; make it a sign-in link next."""
        return Call("POST", f"/accounts/{account_id}/open", Account)

    @Endpoint
    def create_link(self, account_id: str, *, minutes: int = 15) -> Call[SignInLink]:
        """A one-time sign-in link."""
        return Call("POST", f"/accounts/{account_id}/sign-in-links", SignInLink, body={"minutes": minutes})


class Tokens(Resource[Mode]):
    """Your API tokens."""

    @Endpoint
    def list(self) -> Call[TokenList]:
        """All of them, without their secrets."""
        return Call("GET", "/tokens", TokenList)

    @Endpoint
    def create(self, name: str, *, scopes: Sequence[str] = (), days: int | None = None) -> Call[TokenSecret]:
        """A new token. It can do at most what you may."""
        return Call("POST", "/tokens", TokenSecret, body=given(name=name, scopes=list(scopes), days=days))

    @Endpoint
    def revoke(self, token_id: str) -> Call[None]:
        """It stops working at once."""
        return Call("DELETE", f"/tokens/{token_id}")
