"""The routes of accounts, sign-in links, tokens, and the one who asks."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tidings.access.permissions import Permission, may
from tidings.api.access import schemas
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given

router = APIRouter(tags=["access"])
ONCE = "no-store"
"""Marks answers that hold a secret: caches and the idempotency store must not keep them."""


@router.get("/me", summary="Who am I, and what may I do?", **needs())
def get_me(actor: CurrentActor) -> schemas.Me:
    """The account behind the token or session."""
    return schemas.Me(
        kind=actor.kind,
        id=actor.id,
        name=actor.name,
        role=actor.role,
        brands=sorted(actor.brands),
        permissions=[permission for permission in Permission if may(actor, permission)],
    )


@router.get("/accounts", summary="List accounts", **needs(Permission.ACCOUNTS_MANAGE))
def list_accounts(actor: CurrentActor, given: Given) -> schemas.Accounts:
    """Everybody who can sign in, and who no longer can."""
    return schemas.Accounts(items=[schemas.Account.model_validate(item) for item in given.access.accounts(actor)])


@router.post("/accounts", status_code=201, summary="Create an account", **needs(Permission.ACCOUNTS_MANAGE))
def create_account(actor: CurrentActor, given: Given, body: schemas.NewAccount) -> schemas.Account:
    """It has no password yet: make it a sign-in link."""
    made = given.access.create_account(
        actor, email=body.email, name=body.name, role=body.role, brands=tuple(body.brands)
    )
    return schemas.Account.model_validate(made)


@router.put("/accounts/{account_id}/role", summary="Change what an account may do", **needs(Permission.ACCOUNTS_MANAGE))
def set_role(actor: CurrentActor, given: Given, account_id: str, body: schemas.NewRole) -> schemas.Account:
    """It holds at once, in open sessions and for its tokens, too."""
    return schemas.Account.model_validate(given.access.set_role(actor, account_id, body.role, body.brands))


@router.post("/accounts/{account_id}/close", summary="Close an account", **needs(Permission.ACCOUNTS_MANAGE))
def close_account(actor: CurrentActor, given: Given, account_id: str) -> schemas.Account:
    """Its sessions, links and tokens end at once. What its person did stays, with their name."""
    return schemas.Account.model_validate(given.access.set_active(actor, account_id, active=False))


@router.post("/accounts/{account_id}/open", summary="Open a closed account again", **needs(Permission.ACCOUNTS_MANAGE))
def open_account(actor: CurrentActor, given: Given, account_id: str) -> schemas.Account:
    """Its tokens stay revoked: make it a sign-in link."""
    return schemas.Account.model_validate(given.access.set_active(actor, account_id, active=True))


@router.post(
    "/accounts/{account_id}/sign-in-links",
    status_code=201,
    summary="Make a one-time sign-in link",
    **needs(Permission.ACCOUNTS_MANAGE),
)
def create_sign_in_link(
    actor: CurrentActor, given: Given, account_id: str, response: Response, body: schemas.NewSignInLink | None = None
) -> schemas.SignInLink:
    """Whoever has the link is signed in as this account: hand it over on a safe way."""
    minutes = body.minutes if body else 15
    account = given.access.account(actor, account_id)
    secret = given.access.create_sign_in_link(account.id, minutes=minutes, actor=actor)
    response.headers["Cache-Control"] = ONCE
    return schemas.SignInLink(url=sign_in_url(given.base_url, secret), minutes=minutes)


def sign_in_url(base_url: str, secret: str) -> str:
    """Where the web page redeems a link."""
    return f"{base_url}/sign-in/link?token={secret}"


@router.get("/tokens", summary="List your tokens", **needs())
def list_tokens(actor: CurrentActor, given: Given) -> schemas.Tokens:
    """Without their secrets, which are not kept."""
    return schemas.Tokens(items=[schemas.Token.model_validate(token) for token in given.access.tokens(actor)])


@router.post("/tokens", status_code=201, summary="Make a token", **needs())
def create_token(actor: CurrentActor, given: Given, body: schemas.NewToken, response: Response) -> schemas.TokenSecret:
    """It can do at most what you may. Its secret is shown only now."""
    scopes = tuple(scope.value for scope in body.scopes)
    made, secret = given.access.create_token(actor, name=body.name, scopes=scopes, days=body.days)
    response.headers["Cache-Control"] = ONCE
    return schemas.TokenSecret(id=made, secret=secret)


@router.delete("/tokens/{token_id}", status_code=204, summary="Revoke a token", **needs())
def revoke_token(actor: CurrentActor, given: Given, token_id: str) -> None:
    """It stops working at once."""
    given.access.revoke_token(actor, token_id)
