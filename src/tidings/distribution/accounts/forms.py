"""A provider's form: what of it may be shown, what is secret, and both together again."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from tidings.distribution.channels.account_form import AccountForm
from tidings.domain.errors import InvalidInputError, StoreLockedError
from tidings.keys.seal import seal, unseal


def schema_of(form: type[BaseModel]) -> dict[str, Any]:
    """The form's JSON Schema; what every account has, and seldom needs to be touched, comes last."""
    schema = form.model_json_schema()
    fields: dict[str, Any] = schema.get("properties", {})
    schema["properties"] = dict(sorted(fields.items(), key=lambda field: field[0] in _EVERYBODYS))
    return schema


_EVERYBODYS = frozenset({*AccountForm.model_fields, "api_url", "login_url"})


def secret_names(form: type[BaseModel]) -> tuple[str, ...]:
    """The fields of a form that are secret."""
    return tuple(name for name, info in form.model_fields.items() if _is_secret(info.annotation))


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))


def filled(form: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """The form with these values. Raises InvalidInputError that names the first wrong field, never its value."""
    unknown = sorted(set(values) - set(form.model_fields))
    if unknown:
        known = ", ".join(form.model_fields)
        raise InvalidInputError(
            f"There is no setting {unknown[0]!r}.", remedy=f"Those there are: {known}.", field=unknown[0]
        )
    try:
        return form.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        words = {"missing": "it is needed"}.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise InvalidInputError(
            f"{name or 'The account'} cannot be used: {words}.".replace("..", "."),
            remedy="See what the provider's form says about it.",
            field=name or None,
        ) from None  # its context holds what was given


def apart(made: BaseModel) -> tuple[dict[str, Any], dict[str, str]]:
    """What may be shown, and the secrets that are set, each by field."""
    secrets = secret_names(type(made))
    shown = made.model_dump(mode="json", exclude=set(secrets))
    hidden: dict[str, str] = {}
    for name in secrets:
        value = getattr(made, name)
        if isinstance(value, SecretStr) and value.get_secret_value():
            hidden[name] = value.get_secret_value()
    return shown, hidden


def sealed(key: bytes, account_id: str, hidden: Mapping[str, str]) -> dict[str, Any]:
    """The secrets as they are stored: unreadable without the installation's key, whatever database they lie in."""
    body = seal(key, json.dumps(dict(hidden)).encode(), context=f"channel account {account_id}")
    return {"names": sorted(hidden), "sealed": base64.b64encode(body).decode("ascii")}


def opened(key: bytes, account_id: str, stored: Mapping[str, Any]) -> dict[str, str]:
    """The secrets again. Raises StoreLockedError when they were sealed with another key."""
    if not stored:
        return {}
    try:
        body = base64.b64decode(str(stored["sealed"]), validate=True)
    except (KeyError, ValueError):
        raise StoreLockedError("The account's secrets cannot be read.", remedy="Enter them again.") from None
    return json.loads(unseal(key, body, context=f"channel account {account_id}"))
