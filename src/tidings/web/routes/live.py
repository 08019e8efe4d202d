"""The live feed: server-sent events with one line of HTML each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from tidings.web.visit import Visit, VisitHere

router = APIRouter()
EVERY = 1.0  # seconds between looks at the feed
QUIET = 15.0  # seconds after which a comment keeps proxies from closing the stream
LASTS = 600.0  # seconds; then the browser connects anew and its session is checked again


@router.get("/live")
async def live(request: Request, visit: VisitHere, after: int = 0) -> StreamingResponse:
    """Lines after number `after`, or after the last one the browser says it has seen, as they come."""
    seen = request.headers.get("last-event-id", "")
    start = int(seen) if seen.isdigit() else after
    return StreamingResponse(
        _lines(request, visit, start), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


async def _lines(request: Request, visit: Visit, pk: int) -> AsyncIterator[str]:
    began = said = time.monotonic()
    yield ": following\n\n"
    while time.monotonic() - began < LASTS and not await request.is_disconnected():
        for line in await asyncio.to_thread(visit.services.activity.since, pk, 100, visit.actor):
            pk = line.pk
            html = visit.html("activity_line.html", line=line, fresh=True).strip().replace("\n", " ")
            said = time.monotonic()
            yield f"id: {pk}\ndata: {html}\n\n"
        if time.monotonic() - said > QUIET:
            said = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(EVERY)
