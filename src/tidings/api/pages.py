"""What all answers share: pages by cursor, instants as RFC 3339, versions as ETags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from fastapi import Header, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from tidings.domain.errors import ConflictError, InvalidInputError, TidingsError
from tidings.domain.instant import from_datetime, iso

if TYPE_CHECKING:
    from starlette.responses import Response

T = TypeVar("T")


def _moment(value: Any) -> Any:
    return iso(value) if isinstance(value, int) else value


Moment = Annotated[
    str,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T09:15:00.000Z"]}),
]
"""An instant of the house (milliseconds) as RFC 3339 in UTC."""


class Schema(BaseModel):
    """Base of what the API answers: read from the services' views by their attributes."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Body(BaseModel):
    """Base of what the API takes: an unknown field is a mistake and is said to be one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Page(Schema, Generic[T]):
    """One page of a list. `next` goes into `after` for the following page; it is empty on the last."""

    items: list[T]
    next: str = ""


After = Annotated[str, Query(max_length=200, description="Where to go on: `next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200, description="Most items on the page")]


class PreconditionRequiredError(TidingsError):
    """An edit without If-Match could undo somebody else's."""

    code = "precondition_required"
    status = 428


class PreconditionFailedError(ConflictError):
    """The thing is not any more as the editor saw it."""

    code = "precondition_failed"
    status = 412


IfMatch = Annotated[str | None, Header(description="The ETag of what you saw, or `*` for whatever it is now")]


def set_etag(response: Response, version: int) -> None:
    """Names the version of what is answered."""
    response.headers["ETag"] = f'"{version}"'


def check_if_match(header: str | None, version: int) -> int | None:
    """The version the edit was made on; None where it overwrites whatever is there (`*`).

    Raises when that is not the present version, or the edit does not say on which it was made.
    """
    if header is None:
        raise PreconditionRequiredError(
            "This edit must say which version it changes.",
            remedy="Read it first and send its ETag as If-Match; `If-Match: *` overwrites whatever is there.",
            field="If-Match",
        )
    if header.strip() != "*" and f'"{version}"' not in [tag.strip().removeprefix("W/") for tag in header.split(",")]:
        raise PreconditionFailedError(
            "It has been changed by somebody else since you read it.",
            remedy=f'Read it again and make your edit on the present version, "{version}".',
        )
    return None if header.strip() == "*" else version


def parse_moment(text: str, field: str) -> int:
    """The instant of an RFC 3339 text. Raises InvalidInputError; a time without a zone names no instant."""
    from datetime import datetime

    try:
        return from_datetime(datetime.fromisoformat(text))
    except ValueError:
        raise InvalidInputError(
            f"`{text}` is not an instant.",
            remedy="Write it as RFC 3339 with its zone, for example 2026-12-01T09:30:00+01:00.",
            field=field,
        ) from None
