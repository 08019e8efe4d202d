"""Query parameters that an operation does not know are mistakes: a misspelt filter would filter nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import Request  # read at run time
from fastapi.routing import APIRoute

from tidings.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant


def only_known(request: Request) -> None:
    """Raises InvalidInputError that names the parameters there are."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = sorted(set(_names(route.dependant)))
    for name in request.query_params:
        if name not in known:
            remedy = f"Use {', '.join(known)}." if known else "Leave it out."
            raise InvalidInputError(f"There is no parameter `{name[:60]}` here.", remedy=remedy, field=name[:60])


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (each.alias for each in dependant.query_params)
    for each in dependant.dependencies:
        yield from _names(each)
