"""Errors as words on stderr and an exit code: 1 error, 2 usage, 3 not found, 4 may not, 5 server unavailable."""

from __future__ import annotations

import sys
from typing import Any

from tidings.cli.output import say, say_error

ERROR, USAGE, NOT_FOUND, MAY_NOT, UNAVAILABLE = 1, 2, 3, 4, 5
_BY_STATUS = {401: MAY_NOT, 403: MAY_NOT, 404: NOT_FOUND, 422: USAGE, 400: USAGE, 502: UNAVAILABLE, 504: UNAVAILABLE}


class CommandError(Exception):
    """Something the command line itself finds wrong, with its remedy and exit code."""

    def __init__(self, detail: str, remedy: str = "", code: int = ERROR) -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
        self.code = code


def explain(error: Exception) -> int | None:
    """Says the error and gives its exit code; None for one that was not made for people."""
    if isinstance(error, CommandError):
        say_error(error.detail, error.remedy)
        return error.code
    if _is(error, "tidings_client.errors"):
        return _explain_answer(error)
    if _is(error, "tidings.domain.errors"):
        inner: Any = error
        say_error(inner.message, inner.remedy)
        return _code_of(inner.status, inner.code)
    return None


def _code_of(status: int, code: str) -> int:
    """Locally a locked store is an error of its file or key, not a server that is down."""
    if status == 503:
        return ERROR if code == "store_locked" else UNAVAILABLE
    return _BY_STATUS.get(status, ERROR)


def _is(error: Exception, module: str) -> bool:
    """Whether it is the module's TidingsError, without importing what this command may not have needed."""
    loaded = sys.modules.get(module)
    return loaded is not None and isinstance(error, loaded.TidingsError)


def _explain_answer(error: Any) -> int:
    """One field to a line where the server named several."""
    if len(error.errors) > 1:
        say_error("These fields cannot be used:")
        for wrong in error.errors:
            say(f"  {wrong['message']}")
        if error.remedy:
            say(error.remedy)
    else:
        say_error(error.detail, error.remedy)
    if type(error).__name__ == "UnavailableError":
        return UNAVAILABLE
    return _BY_STATUS.get(error.status, ERROR)
