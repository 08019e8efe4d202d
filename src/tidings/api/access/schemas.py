"""What crosses the API about accounts and tokens."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from tidings.access.permissions import Permission
from tidings.api.pages import Body, Moment, Schema
from tidings.domain.actor import ActorKind, Role


class Me(Schema):
    """The one who asks, and what they may do."""

    kind: ActorKind
    id: str
    name: str
    role: Role
    brands: list[str] = Field(description="Empty: every brand")
    permissions: list[Permission]


class Account(Schema):
    """One person's account."""

    id: str
    email: str
    name: str
    role: Role
    brands: list[str]
    active: bool
    has_password: bool = Field(description="Without one, they sign in by link only")
    sample: bool
    created_at: Moment


class Accounts(Schema):
    """Every account."""

    items: list[Account]


class NewAccount(Body):
    """A person who is to sign in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "ada@example.com", "name": "Ada", "role": "approver"}]}
    )

    email: str = Field(min_length=3, max_length=320)
    name: str = Field(min_length=1, max_length=120)
    role: Role
    brands: list[str] = Field(default_factory=list[str], description="Ids; empty reaches every brand")


class NewRole(Body):
    """What an account may do from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"role": "approver"}]})

    role: Role
    brands: list[str] | None = Field(default=None, description="Ids; empty reaches every brand; none: as before")


class SignInLink(Schema):
    """Opens a session once, within the minutes. It is shown only here."""

    url: str
    minutes: int


class NewSignInLink(Body):
    """How long the link may lie."""

    minutes: int = Field(default=15, ge=1, le=24 * 60)


class Token(Schema):
    """An API token, without its secret."""

    id: str
    name: str
    scopes: list[str] = Field(description="Empty: everything the account's role may do")
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None


class Tokens(Schema):
    """Your tokens."""

    items: list[Token]


class NewToken(Body):
    """A token for a program. It can do at most what you may."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "nightly report", "scopes": ["analytics:read"], "days": 90}]}
    )

    name: str = Field(min_length=1, max_length=120)
    scopes: list[Permission] = Field(default_factory=list[Permission])
    days: int | None = Field(default=None, ge=1, le=3650, description="Until it expires; none: it does not")


class TokenSecret(Schema):
    """A new token. The secret is shown only here."""

    id: str
    secret: str
