"""Which page has the button of an address that only takes forms: where a reload or the address bar leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from fastapi.routing import APIRoute
from starlette.routing import Match

_CHANNELS = ("check", "test", "enable", "disable", "remove")
ELSEWHERE = {
    **{f"/channels/{{account_id}}/{verb}": "/channels" for verb in _CHANNELS},
    "/agents/decisions/{decision_id}/override": "/",
    "/campaigns/{campaign_id}/attachments/{attachment_id}/remove": "/campaigns/{campaign_id}",
    "/campaigns/{campaign_id}/test/{variant}": "/campaigns/{campaign_id}/preview/{variant}",
    "/sign-out": "/settings",
    "/sending/lift": "/agents/distribution",
    "/brands/new/sample": "/brands/new",
    "/brands/{brand_id}/sample": "/brands/{brand_id}",
}
"""Where the page is not simply the nearest one above the address."""


def way_back(routes: Sequence[APIRoute], path: str) -> str:
    """The page with the button that sends to `path`, quoted; the overview where there is none."""
    for route in routes:
        found, child = route.matches({"type": "http", "method": "POST", "path": path})
        if found is Match.FULL and route.path in ELSEWHERE:
            return quote(ELSEWHERE[route.path].format(**child["path_params"]))
    return next((quote(above) for above in _above(path) if _is_page(routes, above)), "/")


def _above(path: str) -> Iterator[str]:
    """The address itself, then each above it."""
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(len(parts), 1, -1))


def _is_page(routes: Sequence[APIRoute], path: str) -> bool:
    scope = {"type": "http", "method": "GET", "path": path}
    return any(route.matches(scope)[0] is Match.FULL for route in routes)
