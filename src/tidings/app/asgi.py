"""One ASGI application of all faces: tracking before any router, then health, the API and the web pages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse

from tidings.access import audit
from tidings.access.permissions import Permission, require
from tidings.api.body_limit import BodyLimit
from tidings.api.build import MOUNT, build_api
from tidings.app.pictures import PicturesApp
from tidings.app.push import build_push
from tidings.app.returning import build_reports
from tidings.app.tracking_hosts import TrackingHosts
from tidings.audience.selection import may_track
from tidings.content.images import PATH as IMAGES
from tidings.distribution.confirm_door import ConfirmDoor
from tidings.distribution.conversion_door import ConversionDoor
from tidings.distribution.postings.feed_app import FeedApp
from tidings.distribution.push_door import PushDoor
from tidings.distribution.reports.endpoint import PREFIX, ReportsApp
from tidings.distribution.tracking import PATHS, TrackingApp
from tidings.distribution.way_out import Wishes
from tidings.domain.actor import Actor
from tidings.sample.removal import remove_sample
from tidings.web.app import build_web

if TYPE_CHECKING:
    from tidings.app.wiring import House

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def build_asgi(house: House) -> Front:
    """The application of the web process."""

    def without_sample(actor: Actor) -> object:
        require(actor, Permission.SETTINGS_WRITE)
        gone = remove_sample(house.db)
        with house.db.transaction() as conn:
            audit.record(conn, house.clock.now(), actor, "sample.remove", detail=asdict(gone))
        return gone

    audience, services = house.services.audience, house.services
    tracking = TrackingApp(
        house.db, house.clock, house.secrets,
        Wishes(
            audience.unsubscribe, audience.resubscribe, audience.refuse_opens, may_track,
            may_ask=audience.may_ask_for_opens, allow_opens=audience.allow_opens,
            preferences=audience.preferences, pause=audience.pause, resume=audience.resume,
            choose_language=audience.choose_language,
        ),
        interval_ms=house.settings.tracking_interval_ms,
        door=ConversionDoor(house.db, house.secrets, services.conversions, services.postbacks),
        confirming=ConfirmDoor(house.db, house.clock),
    )  # fmt: skip
    hosts = TrackingHosts(house.db, house.settings.base_url, house.settings.tracking_url)
    web = build_web(house.services, mailbox=house.mailbox, remove_sample=without_sample)
    web.add_middleware(BodyLimit)  # anybody may post a form to the sign-in page
    web.add_api_route("/health/live", _live, include_in_schema=False)
    web.add_api_route("/health/ready", _ready, include_in_schema=False)
    feeds, pictures = FeedApp(house.db, house.settings.base_url), PicturesApp(services.images.served)
    beside = Beside(build_reports(house), feeds, build_push(house), pictures, hosts)
    return Front(web, build_api(house.services, house.mailbox), tracking, beside)


@dataclass(frozen=True, slots=True)
class Beside:
    """What else answers the public: reports, feeds, pushes, pictures, and names that serve tracking alone."""

    reports: ReportsApp
    feeds: FeedApp
    push: PushDoor
    pictures: PicturesApp
    hosts: TrackingHosts | None = None


class Front:
    """Readers' requests go straight to tracking, `/hooks/…` to the providers' reports, `/feeds/…` to the feeds,
    `/api/v1` to the API, all else to the pages.

    At a tracking address of its own there is nothing else: no page to sign in, no API.
    """

    def __init__(self, web: Any, api: Any, tracking: TrackingApp, beside: Beside | None = None) -> None:
        self.web = web
        self.api = api
        self.tracking = tracking
        self.reports = beside.reports if beside is not None else None
        self.feeds = beside.feeds if beside is not None else None
        self.push = beside.push if beside is not None else None
        self.pictures = beside.pictures if beside is not None else PicturesApp(lambda _: None)
        self.hosts = beside.hosts if beside is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path: str = scope["path"]
        if path.startswith(IMAGES):
            await self.pictures(scope, receive, send)
        elif path[:3] in PATHS or (self.hosts is not None and await self.hosts.only_tracking(scope["headers"])):
            await self.tracking(scope, receive, send)
        elif self.reports is not None and path.startswith(PREFIX):
            await self.reports(scope, receive, send)
        elif self.feeds is not None and path.startswith("/feeds/"):
            await self.feeds(scope, receive, send)
        elif self.push is not None and path.startswith("/push/"):
            await self.push(scope, receive, send)
        elif path == "/api/docs":
            await RedirectResponse(f"{MOUNT}/docs", 308)(scope, receive, send)
        elif path == MOUNT or path.startswith(MOUNT + "/"):
            # As a mount does it: the API's routes do not know under which path they hang.
            await self.api({**scope, "root_path": scope.get("root_path", "") + MOUNT}, receive, send)
        else:
            await self.web(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Looks after reports that wait; at the end the clicks that wait are written."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self.reports is not None:
                    self.reports.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                if self.reports is not None:
                    self.reports.close()
                await asyncio.to_thread(self.tracking.close)
                await send({"type": "lifespan.shutdown.complete"})
                return


def _live() -> JSONResponse:
    """The process runs."""
    return JSONResponse({"status": "ok"})


def _ready(request: Request) -> JSONResponse:
    """The faces can serve. Says no more than that to anybody; the health page of the API says why."""
    ready = request.app.state.services.health.ready()
    return JSONResponse({"status": "ok" if ready else "fail"}, 200 if ready else 503)
