"""Builds the API as one application, to be mounted at `/api/v1`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from tidings.api import problems
from tidings.api.access.routes import router as access
from tidings.api.activity.routes import router as activity
from tidings.api.agents.routes import router as agents
from tidings.api.analytics.routes import router as analytics
from tidings.api.approvals.routes import router as approvals
from tidings.api.attachments.routes import router as attachments
from tidings.api.audience.routes import router as audience
from tidings.api.audit.routes import router as audit
from tidings.api.authentication import COOKIE, Authentication
from tidings.api.body_limit import BodyLimit
from tidings.api.brands.routes import claims
from tidings.api.brands.routes import router as brands
from tidings.api.briefs.routes import router as briefs
from tidings.api.campaigns.routes import router as campaigns
from tidings.api.campaigns.schemas import BRIEF_EXAMPLE
from tidings.api.channels.routes import router as channels
from tidings.api.confirmations.routes import router as confirmations
from tidings.api.conversions.routes import router as conversions
from tidings.api.decisions.routes import router as decisions
from tidings.api.deliveries.routes import router as deliveries
from tidings.api.docs import docs_page
from tidings.api.editing.routes import router as editing
from tidings.api.editing.shelf import router as shelf
from tidings.api.health.routes import router as health
from tidings.api.idempotency import Idempotency
from tidings.api.mailbox.routes import router as mailbox_routes
from tidings.api.models.routes import router as models
from tidings.api.parameters import only_known
from tidings.api.problems import MEDIA_TYPE, Problem, UnexpectedErrors
from tidings.api.rate_limit import RateLimit
from tidings.api.replies.routes import router as replies
from tidings.api.sending.routes import router as sending
from tidings.api.sequences.routes import router as sequences
from tidings.api.sequences.schemas import SEQUENCE_EXAMPLE

if TYPE_CHECKING:
    from tidings.distribution.mailbox.service import MailboxService
    from tidings.services import Services

MOUNT = "/api/v1"
ROUTERS: tuple[APIRouter, ...] = (
    campaigns, approvals, agents, decisions, brands, audience, analytics, mailbox_routes, activity, sending, models,
    access, audit, health, conversions, attachments, deliveries, replies, sequences, channels, claims, briefs, editing,
    shelf, confirmations,
)  # fmt: skip

DESCRIPTION = """\
Campaigns, approvals, agents, audience and results of one Tidings installation.

* Send an API token: `Authorization: Bearer tid_…`. What it may do is its scopes and its account's role together.
* Lists come in pages: give `next` of one page as `after` of the following.
* Instants are RFC 3339 in UTC. Identifiers carry their noun: `cmp_…`, `rev_…`, `con_…`.
* A parameter or field that an operation does not know is an error, never ignored.
* Every error is a problem (RFC 9457) with a stable `type`, `detail` and a `remedy`.
* Give every POST an `Idempotency-Key`; sent twice within a day it happens once and is answered the same.
* Edits of what is read with an ETag ask for `If-Match` with it.
"""


def build_api(services: Services, mailbox: MailboxService | None) -> FastAPI:
    """The REST API over the use cases. Mount it at `/api/v1`; the document is at `openapi.json` under it."""
    app = FastAPI(
        title="Tidings",
        version="1",
        description=DESCRIPTION,
        openapi_url="/openapi.json",
        docs_url=None,  # the usual page loads scripts from elsewhere; `docs.py` has one that does not
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        responses={"default": {"description": "A problem", "content": {MEDIA_TYPE: {"schema": _ref("Problem")}}}},
    )
    app.state.services = services
    app.state.mailbox = mailbox
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(only_known)])
    # The last one added is the outermost.
    app.add_middleware(Idempotency, db=services.db, clock=services.clock)
    app.add_middleware(RateLimit, clock=services.clock)
    app.add_middleware(Authentication, access=services.access)
    app.add_middleware(BodyLimit)
    app.add_middleware(UnexpectedErrors)
    plain = app.openapi
    app.openapi = lambda: _finish(plain())  # pyright: ignore[reportAttributeAccessIssue] - FastAPI's own way
    app.add_api_route(
        "/docs", lambda: docs_page(app.openapi(), document_url=f"{MOUNT}/openapi.json"), include_in_schema=False
    )
    return app


def _operation_id(route: APIRoute) -> str:
    """The function's name: `list_campaigns` reads better in a generated client than a path does."""
    return route.name


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _finish(document: dict[str, Any]) -> dict[str, Any]:
    """Adds what FastAPI does not derive: the two credentials, the problem's schema and the mount point."""
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    if "Problem" not in schemas:
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token, `tid_…`"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A browser's session"},
    }
    document["security"] = [{"token": []}, {"session": []}]
    document["servers"] = [{"url": MOUNT}]
    for path in ("/campaigns", "/campaigns/check-brief"):  # taken raw, so that a wrong brief gets its own words
        media: dict[str, Any] = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        media["schema"] = _ref("Brief")
        media["example"] = BRIEF_EXAMPLE
    for path, method in (("/sequences", "post"), ("/sequences/check", "post"), ("/sequences/{sequence_id}", "put")):
        media = document["paths"][path][method]["requestBody"]["content"]["application/json"]
        media["schema"] = _ref("SequenceDefinition")
        media["example"] = SEQUENCE_EXAMPLE
    return document
