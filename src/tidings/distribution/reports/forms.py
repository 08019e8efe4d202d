"""Adds to a provider's form what its reports are checked with, so that every face asks for it as for the rest."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, Field, SecretStr, create_model

from tidings.distribution.reports.registry import reader


@lru_cache(maxsize=64)
def with_reports(provider: str, form: type[BaseModel]) -> type[BaseModel]:
    """The form with the keys of the provider's reader; as it is for a provider that reports nothing."""
    understands = reader(provider)
    if understands is None:
        return form
    more: dict[str, Any] = {
        name: (SecretStr | None, Field(default=None, description=f"For its reports: {about}."))
        for name, about in understands.keys.items()
        if name not in form.model_fields
    }
    return create_model(form.__name__, __base__=form, __doc__=form.__doc__, **more) if more else form
