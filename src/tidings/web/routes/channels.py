"""Channels: the accounts at providers by which messages leave; each with its state and, if it has one, its problem."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from tidings.access.permissions import Permission, require
from tidings.distribution.accounts.schemas import AccountView, ProviderView, TestAnswer
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError, TidingsError
from tidings.web.schema_form import Field, config_of, fields_of
from tidings.web.visit import FormHere, Visit, VisitHere, text_of

router = APIRouter()


@router.get("/channels")
def channels(visit: VisitHere) -> Response:
    """The page."""
    return _page(visit)


@router.get("/channels/new")
def new_account(visit: VisitHere, provider: str) -> Response:
    """The form of one provider."""
    require(visit.actor, Permission.SETTINGS_WRITE)
    return _form(visit, _provider(visit, provider))


@router.post("/channels/new")
def create(visit: VisitHere, fields: FormHere) -> Response:
    """Sets the account up; what is wrong is said above the filled-in form, whose secrets must be given again."""
    require(visit.actor, Permission.SETTINGS_WRITE)
    kind = _provider(visit, text_of(fields, "provider"))
    sent = {name: text_of(fields, name) for name in fields}
    try:
        visit.services.channels.create(
            visit.actor, provider_name=kind.name, name=sent.get("name", ""), values=_values(kind, sent),
            brand_id=sent.get("brand_id") or None, priority=_priority(sent),
        )  # fmt: skip
    except (InvalidInputError, ConflictError, NotFoundError) as problem:
        return _form(visit, kind, problem=problem, sent=sent)
    return visit.back("/channels", "channel_added")


@router.get("/channels/{account_id}")
def edit_account(visit: VisitHere, account_id: str) -> Response:
    """An account's form; secrets that are set stay unless new ones are given."""
    require(visit.actor, Permission.SETTINGS_WRITE)
    account = visit.services.channels.get(visit.actor, account_id)
    return _form(visit, _provider(visit, account.provider), account)


@router.post("/channels/{account_id}")
def update(visit: VisitHere, account_id: str, fields: FormHere) -> Response:
    """Changes the account."""
    require(visit.actor, Permission.SETTINGS_WRITE)
    account = visit.services.channels.get(visit.actor, account_id)
    kind = _provider(visit, account.provider)
    sent = {name: text_of(fields, name) for name in fields}
    try:
        visit.services.channels.update(
            visit.actor, account_id, name=sent.get("name"), values=_values(kind, sent), priority=_priority(sent)
        )
    except (InvalidInputError, ConflictError, NotFoundError) as problem:
        return _form(visit, kind, account, problem=problem, sent=sent)
    return visit.back("/channels", "channel_saved")


@router.post("/channels/{account_id}/check")
def check(visit: VisitHere, account_id: str) -> Response:
    """Proves the credentials; the page then shows what came of it."""
    try:
        account = visit.services.channels.check(visit.actor, account_id)
    except InvalidInputError as problem:
        return _page(visit, problem=problem)
    return visit.back("/channels", "" if account.problem else "channel_works")


@router.post("/channels/{account_id}/test")
def send_test(visit: VisitHere, account_id: str, to: Annotated[str, Form()]) -> Response:
    """One short message; what the provider said is shown."""
    try:
        answer = visit.services.channels.send_test(visit.actor, account_id, to.strip())
    except TidingsError as problem:
        return _page(visit, problem=problem)
    return _page(visit, tested=visit.services.channels.get(visit.actor, account_id), answer=answer)


@router.post("/channels/{account_id}/enable")
def enable(visit: VisitHere, account_id: str) -> Response:
    """Messages may leave by it."""
    visit.services.channels.enable(visit.actor, account_id)
    return visit.back("/channels", "channel_on")


@router.post("/channels/{account_id}/disable")
def disable(visit: VisitHere, account_id: str) -> Response:
    """Nothing leaves by it."""
    visit.services.channels.enable(visit.actor, account_id, enabled=False)
    return visit.back("/channels", "channel_off")


@router.post("/channels/{account_id}/remove")
def remove(visit: VisitHere, account_id: str) -> Response:
    """Forgets it and its secrets."""
    visit.services.channels.remove(visit.actor, account_id)
    return visit.back("/channels", "channel_removed")


def _page(
    visit: Visit, *, problem: TidingsError | None = None, tested: AccountView | None = None,
    answer: TestAnswer | None = None,
) -> Response:  # fmt: skip
    service = visit.services.channels
    providers = service.providers(visit.actor)
    return visit.page(
        "channels.html", status=problem.status if problem else 200, accounts=service.accounts(visit.actor),
        providers=providers, kinds={each.name: each for each in providers}, problem=problem, tested=tested,
        answer=answer, brands=_brands(visit),
    )  # fmt: skip


def _form(
    visit: Visit, kind: ProviderView, account: AccountView | None = None, *, problem: TidingsError | None = None,
    sent: dict[str, str] | None = None,
) -> Response:  # fmt: skip
    values: dict[str, Any] = dict(account.config) if account else {}
    fields = fields_of(kind.schema, values)
    if sent is not None:
        fields = [_as_sent(field, sent) for field in fields]
    name = account.name if account else kind.title
    return visit.page(
        "channel_form.html", status=problem.status if problem else 200, kind=kind, account=account, fields=fields,
        required=set(kind.schema.get("required", ())), problem=problem,
        name=sent.get("name", name) if sent else name,
        priority=sent.get("priority", "0") if sent else str(account.priority if account else 0),
        brand_id=sent.get("brand_id", "") if sent else "", brands=_brands(visit),
    )  # fmt: skip


def _as_sent(field: Field, sent: dict[str, str]) -> Field:
    from dataclasses import replace

    from tidings.web.schema_form import PREFIX

    text = sent.get(PREFIX + field.name, "")
    if field.kind == "secret":
        return field
    return replace(field, value=text == "true" if field.kind == "boolean" else text)


def _values(kind: ProviderView, sent: dict[str, str]) -> dict[str, Any]:
    """The settings a sent form means: an empty field is its default, an empty secret is left as it is."""
    fields = fields_of(kind.schema, {})
    values = config_of([field for field in fields if not _is_blank_number(field, sent)], sent)
    defaults = {name: part.get("default") for name, part in kind.schema.get("properties", {}).items()}
    for field in fields:
        if values.get(field.name, "") == "" and (field.kind == "secret" or field.name not in values):
            values.pop(field.name, None)
        elif values[field.name] == "" and defaults.get(field.name):
            values[field.name] = defaults[field.name]
    return values


def _is_blank_number(field: Field, sent: dict[str, str]) -> bool:
    from tidings.web.schema_form import PREFIX

    return field.kind in {"integer", "number"} and not field.optional and not sent.get(PREFIX + field.name)


def _priority(sent: dict[str, str]) -> int:
    text = sent.get("priority") or "0"
    try:
        return max(-1000, min(1000, int(text)))
    except ValueError:
        raise InvalidInputError(f"The priority {text!r} is no whole number.", field="priority") from None


def _provider(visit: Visit, name: str) -> ProviderView:
    for each in visit.services.channels.providers(visit.actor):
        if each.name == name:
            return each
    raise NotFoundError(f"There is no provider {name!r}.", remedy="Choose one on the page Channels.")


def _brands(visit: Visit) -> list[Any]:
    return visit.allowed(lambda: visit.services.brands.brands(visit.actor), [])
