"""What can go wrong in a call, as exceptions that carry the server's own words and remedy."""

from __future__ import annotations

import json
from typing import Any, cast


class TidingsError(Exception):
    """Base of every error of this package.

    `detail` says what is wrong, `remedy` what to do, `field` which field it was, `errors` every wrong field.
    """

    def __init__(
        self,
        detail: str,
        *,
        remedy: str = "",
        status: int = 0,
        type: str = "",  # noqa: A002 - the member's name in RFC 9457
        field: str | None = None,
        errors: tuple[dict[str, str], ...] = (),
    ) -> None:
        super().__init__(f"{detail} {remedy}".strip())
        self.detail = detail
        self.remedy = remedy
        self.status = status
        self.type = type
        self.field = field
        self.errors = errors

    @property
    def code(self) -> str:
        """The last part of the problem's type, e.g. `not_found`."""
        return self.type.rpartition("/")[2]


class InvalidInputError(TidingsError):
    """What was given cannot be used; nothing was changed (422)."""


class UnauthenticatedError(TidingsError):
    """No token, or one that is unknown, expired or revoked (401)."""


class ForbiddenError(TidingsError):
    """The role or the token's scopes do not allow it (403)."""


class NotFoundError(TidingsError):
    """There is no such thing, or you may not know of it (404)."""


class ConflictError(TidingsError):
    """Its state does not allow it, or it changed meanwhile (409, 412, 428)."""


class RateLimitedError(TidingsError):
    """Too many requests (429)."""


class UnavailableError(TidingsError):
    """The server cannot be reached, or something it needs is down (503); later may help."""


class ServerError(TidingsError):
    """Something went wrong inside the server (500)."""


_BY_STATUS: dict[int, type[TidingsError]] = {
    400: InvalidInputError, 401: UnauthenticatedError, 403: ForbiddenError, 404: NotFoundError, 409: ConflictError,
    412: ConflictError, 413: InvalidInputError, 422: InvalidInputError, 428: ConflictError, 429: RateLimitedError,
    502: UnavailableError, 503: UnavailableError, 504: UnavailableError,
}  # fmt: skip


def of_answer(status: int, body: bytes) -> TidingsError:
    """The exception of an answer that is not a success; whatever the body is, something sayable comes out."""
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else TidingsError)
    problem: dict[str, Any] = {}
    try:
        loaded = json.loads(body)
        problem = cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}
    except ValueError:
        pass
    return kind(
        str(problem.get("detail") or f"The server answered {status}."),
        remedy=str(problem.get("remedy", "")),
        status=status,
        type=str(problem.get("type", "")),
        field=problem.get("field"),
        errors=tuple(problem.get("errors", ())),
    )
