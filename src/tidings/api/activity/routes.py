"""The routes of the live feed: a list, and a stream of server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse

from tidings.access.permissions import Permission
from tidings.api.activity.schemas import Line, Lines
from tidings.api.authentication import CurrentActor, needs
from tidings.api.given import Given

if TYPE_CHECKING:
    from tidings.domain.actor import Actor
    from tidings.services import Services

router = APIRouter(prefix="/activity", tags=["activity"])
POLL_S = 0.5
KEEP_ALIVE_S = 15.0
LASTS_S = 600.0  # then the reader connects anew, and its credential is checked again
Since = Annotated[int | None, Query(ge=0, description="Only lines after this number")]


@router.get("", summary="List what just happened", **needs(Permission.CAMPAIGNS_READ))
def list_activity(
    actor: CurrentActor, given: Given, since: Since = None, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> Lines:
    """The newest lines, newest first; with `since`, those after it, oldest first."""
    found = given.activity.latest(limit, actor) if since is None else given.activity.since(since, limit, actor)
    return Lines(items=[Line.model_validate(line) for line in found])


_STREAM = needs(Permission.CAMPAIGNS_READ)
_STREAM["responses"] = {200: {"description": "Lines as server-sent events", "content": {"text/event-stream": {}}}}


@router.get("/stream", summary="Follow what happens", response_class=StreamingResponse, **_STREAM)
async def stream_activity(
    actor: CurrentActor,
    given: Given,
    request: Request,
    since: Since = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Server-sent events named `activity`, whose data is a line; `Last-Event-ID` goes on where it broke off."""
    start = int(last_event_id) if last_event_id and last_event_id.isdigit() else since
    events = follow(actor, given, start, request.is_disconnected)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def follow(
    actor: Actor, given: Services, since: int | None, gone: Callable[[], Awaitable[bool]]
) -> AsyncIterator[str]:
    """The feed as text of an event stream, until the reader is gone. Starts with a comment, so that it is open."""
    if since is None:
        newest = await asyncio.to_thread(given.activity.latest, 1)
        since = newest[0].pk if newest else 0
    yield ": open\n\n"
    quiet, until = 0.0, time.monotonic() + LASTS_S
    while time.monotonic() < until and not await gone():
        lines = await asyncio.to_thread(given.activity.since, since, 100, actor)
        for line in lines:
            shown = Line.model_validate(line)
            yield f"id: {line.pk}\nevent: activity\ndata: {shown.model_dump_json()}\n\n"
        since = lines[-1].pk if lines else since
        quiet = 0.0 if lines else quiet + POLL_S
        if quiet >= KEEP_ALIVE_S:  # proxies close what is silent
            yield ": still here\n\n"
            quiet = 0.0
        await asyncio.sleep(POLL_S)
