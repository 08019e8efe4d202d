"""Errors people see. Each says what is wrong and what to do about it."""

from __future__ import annotations


class TidingsError(Exception):
    """Base of every error meant for a person.

    `code` is stable and ends up in the API's problem type; `remedy` is what the person can do next.
    """

    code = "error"
    status = 500

    def __init__(self, message: str, *, remedy: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.field = field

    def __str__(self) -> str:
        """One line: what is wrong, then the remedy."""
        return f"{self.message} {self.remedy}".strip()


class InvalidInputError(TidingsError):
    """What was given cannot be used; nothing was changed."""

    code = "invalid_input"
    status = 422


class NotFoundError(TidingsError):
    """There is no such thing, or the asker may not know of it."""

    code = "not_found"
    status = 404


class ConflictError(TidingsError):
    """The thing changed meanwhile, or its state does not allow this."""

    code = "conflict"
    status = 409


class UnauthenticatedError(TidingsError):
    """Nobody is signed in, or the credential is not valid."""

    code = "unauthenticated"
    status = 401


class ForbiddenError(TidingsError):
    """The role or policy does not allow this effect."""

    code = "forbidden"
    status = 403


class UnavailableError(TidingsError):
    """Something needed is down or not configured; trying later may help."""

    code = "unavailable"
    status = 503


class UnreachableError(UnavailableError):
    """No connection could be made: the name is unknown here, or nobody listens at its address."""

    code = "unreachable"


class StoreLockedError(TidingsError):
    """The store cannot be opened: wrong key, missing key, or another instance holds it."""

    code = "store_locked"
    status = 503


class RateLimitedError(TidingsError):
    """Too many attempts in a short time; waiting helps."""

    code = "rate_limited"
    status = 429
