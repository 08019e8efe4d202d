"""Errors as RFC 9457 problems: a stable `type`, what is wrong, what to do, and which field it was."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from tidings.domain.brief import InvalidBriefError
from tidings.domain.errors import TidingsError, UnavailableError
from tidings.domain.ids import new_id
from tidings.domain.wording import problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("tidings.api")

TYPE_BASE = "https://tidings.invalid/problems/"
"""An identifier, not an address: it stays the same wherever Tidings is installed."""
MEDIA_TYPE = "application/problem+json"
_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_DESCRIBED = "The API is described at /api/v1/openapi.json."
_REMEDIES = {400: _DESCRIBED, 404: _DESCRIBED, 405: _DESCRIBED, 413: "Send it in parts."}
_AWAY_SECONDS = 5
_SOURCES = frozenset({"body", "query", "path", "header", "cookie"})


class WrongField(BaseModel):
    """One field that could not be used."""

    field: str = Field(description="Its path for programs, lists counted from 0: `versions.1.name`")
    message: str = Field(description="What is wrong, naming the field as people do: `version 2, name is missing`")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": TYPE_BASE + "conflict",
                    "title": "Conflict",
                    "status": 409,
                    "detail": "A campaign that is done cannot be sent.",
                    "remedy": "Make a new campaign from its brief.",
                }
            ]
        }
    )

    type: str = Field(description="Stable identifier of the sort of problem")
    title: str
    status: int
    detail: str = Field(description="What is wrong, in a sentence for people")
    remedy: str = Field(default="", description="What to do about it")
    field: str | None = Field(default=None, description="The field that is wrong, when it is one")
    errors: list[WrongField] = Field(default_factory=list[WrongField], description="Every wrong field")


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    remedy: str = "",
    field: str | None = None,
    errors: Sequence[WrongField] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer for one problem; empty members are left out."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if remedy:
        body["remedy"] = remedy
    if field is not None:
        body["field"] = field
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    all_headers = dict(headers or {})
    if status == 401:
        all_headers.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(body, status, headers=all_headers, media_type=MEDIA_TYPE)


def of_error(error: TidingsError, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The problem of one of the house's own errors. Only their texts were written for people to see."""
    wrong = error.problems if isinstance(error, InvalidBriefError) else ()
    errors = [WrongField(field=field, message=words) for field, words in wrong]
    return problem_response(
        error.status, error.code, error.message, remedy=error.remedy, field=error.field, errors=errors, headers=headers
    )


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem."""

    async def tidings_error(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, TidingsError)  # noqa: S101 - registered for exactly this class
        return of_error(error)

    async def wrong_request(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        return _of_validation(error)

    async def http_error(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        return _of_http(error)

    app.add_exception_handler(TidingsError, tidings_error)
    app.add_exception_handler(RequestValidationError, wrong_request)
    app.add_exception_handler(HTTPException, http_error)


def _of_validation(error: RequestValidationError) -> JSONResponse:
    found = list(error.errors())
    if found and found[0]["type"] == "json_invalid":
        words = f"The body is not JSON (character {found[0]['loc'][-1]})."
        return problem_response(422, "invalid_input", words, remedy="Send one JSON object.", field="body")
    if found and found[0]["loc"] == ("body",) and isinstance(error.body, bytes):
        remedy = "Send it with the header Content-Type: application/json."
        return problem_response(422, "invalid_input", "The body was not sent as JSON.", remedy=remedy, field="body")
    wrong = [_wrong(item) for item in found]
    listed = "; ".join(item.message for item in wrong)
    return problem_response(
        422,
        "invalid_input",
        f"The request cannot be used: {listed}.",
        remedy="Mend the named fields; nothing was changed.",
        field=wrong[0].field if wrong else None,
        errors=wrong,
    )


def _wrong(item: Mapping[str, Any]) -> WrongField:
    place = _place(item["loc"])
    return WrongField(field=place, message=problem(place, item))


def _place(location: Sequence[int | str]) -> str:
    parts = [str(part) for part in location]
    if parts and parts[0] in _SOURCES and len(parts) > 1:
        parts = parts[1:]
    return ".".join(parts)


def _of_http(error: HTTPException) -> JSONResponse:
    remedy = _REMEDIES.get(error.status_code, "")
    code = _CODES.get(error.status_code, "http_error")
    detail = "There is nothing at this address." if error.status_code == 404 else f"{error.detail}."
    return problem_response(error.status_code, code, detail, remedy=remedy, headers=error.headers)


class UnexpectedErrors:
    """ASGI: turns whatever nobody expected into a problem that tells nothing of the inside.

    The log gets the frames and the class, not the message: a message can carry an address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and answers 500 if it fails before an answer has begun.

        A database that is away is met before any route is: by who looks at the credential.
        """
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except UnavailableError as error:
            log.warning("%s %s: %s", scope["method"], scope["path"], error.message)
            if started:
                raise
            await of_error(error, headers={"Retry-After": str(_AWAY_SECONDS)})(scope, receive, send)
        except Exception as error:  # the last line of defence
            incident = new_id("event").removeprefix("evt_")
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("incident %s: %s at %s\n%s", incident, type(error).__name__, scope["path"], frames)  # noqa: TRY400 - see above
            if started:
                raise
            await problem_response(
                500,
                "internal",
                "Something went wrong inside Tidings.",
                remedy=f"Look for incident {incident} in `tidings logs`.",
            )(scope, receive, send)
