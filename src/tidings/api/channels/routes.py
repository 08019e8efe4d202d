"""The routes of providers and accounts."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tidings.access.permissions import Permission
from tidings.api.authentication import CurrentActor, needs
from tidings.api.channels import schemas
from tidings.api.given import Given

router = APIRouter(prefix="/channels", tags=["channels"])
LOOK = needs(Permission.AGENTS_READ, Permission.CAMPAIGNS_READ)
CHANGE = needs(Permission.SETTINGS_WRITE)


@router.get("/providers", summary="List the providers", **LOOK)
def list_providers(actor: CurrentActor, given: Given) -> schemas.Providers:
    """Every service messages can leave through, with the form of its account."""
    return schemas.Providers(items=[schemas.Provider.model_validate(each) for each in given.channels.providers(actor)])


@router.get("", summary="List the accounts at providers", **LOOK)
def list_channels(actor: CurrentActor, given: Given) -> schemas.ChannelAccounts:
    """By channel; the one in use before the others."""
    items = [schemas.ChannelAccount.model_validate(each) for each in given.channels.accounts(actor)]
    return schemas.ChannelAccounts(items=items)


@router.post("", status_code=201, summary="Set up an account", **CHANGE)
def create_channel(actor: CurrentActor, given: Given, body: schemas.NewChannelAccount) -> schemas.ChannelAccount:
    """Its secrets are stored apart and never shown again."""
    made = given.channels.create(
        actor, provider_name=body.provider, name=body.name, values=body.settings, brand_id=body.brand_id,
        priority=body.priority, enabled=body.enabled,
    )  # fmt: skip
    return schemas.ChannelAccount.model_validate(made)


@router.post("/push-links", status_code=201, summary="Make a notification link", **needs(Permission.CONTACTS_WRITE))
def create_push_link(
    actor: CurrentActor, given: Given, body: schemas.PushContact, response: Response
) -> schemas.PushLink:
    """Whoever opens it allows notifications in the contact's name: hand it to that person only."""
    response.headers["Cache-Control"] = "no-store"
    return schemas.PushLink(url=given.channels.push_link(actor, body.contact_id))


@router.get("/{account_id}", summary="Get an account", **LOOK)
def get_channel(actor: CurrentActor, given: Given, account_id: str) -> schemas.ChannelAccount:
    """By its id or name."""
    return schemas.ChannelAccount.model_validate(given.channels.get(actor, account_id))


@router.patch("/{account_id}", summary="Change an account", **CHANGE)
def update_channel(
    actor: CurrentActor, given: Given, account_id: str, body: schemas.ChannelAccountChanges
) -> schemas.ChannelAccount:
    """What is left out stays, secrets too."""
    changed = given.channels.update(actor, account_id, name=body.name, values=body.settings, priority=body.priority)
    return schemas.ChannelAccount.model_validate(changed)


@router.post("/{account_id}/check", summary="Check an account", **CHANGE)
def check_channel(actor: CurrentActor, given: Given, account_id: str) -> schemas.ChannelAccount:
    """Proves its credentials by a request that changes nothing; `state` and `problem` say what came of it."""
    return schemas.ChannelAccount.model_validate(given.channels.check(actor, account_id))


@router.post("/{account_id}/test", summary="Send a test message", **CHANGE)
def try_channel(actor: CurrentActor, given: Given, account_id: str, body: schemas.TestMessage) -> schemas.TestAnswer:
    """One short message by this account, made by the code that sends campaigns."""
    return schemas.TestAnswer.model_validate(given.channels.send_test(actor, account_id, body.to))


@router.post("/{account_id}/enable", summary="Turn an account on", **CHANGE)
def enable_channel(actor: CurrentActor, given: Given, account_id: str) -> schemas.ChannelAccount:
    """Messages may leave by it again."""
    return schemas.ChannelAccount.model_validate(given.channels.enable(actor, account_id))


@router.post("/{account_id}/disable", summary="Turn an account off", **CHANGE)
def disable_channel(actor: CurrentActor, given: Given, account_id: str) -> schemas.ChannelAccount:
    """Nothing leaves by it; what waits for it stays."""
    return schemas.ChannelAccount.model_validate(given.channels.enable(actor, account_id, enabled=False))


@router.delete("/{account_id}", status_code=204, summary="Remove an account", **CHANGE)
def remove_channel(actor: CurrentActor, given: Given, account_id: str) -> None:
    """It and its secrets are forgotten."""
    given.channels.remove(actor, account_id)
