"""Idempotency-Key on POST: the same request sent twice happens once and is answered the same."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tidings.api import repository
from tidings.api.body_limit import too_large
from tidings.api.problems import problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tidings.domain.instant import Clock
    from tidings.store.database import Database

HEADER = "idempotency-key"
_NOT_FINAL = frozenset({401, 403, 429})
"""Below 500, yet a later try with the same key may rightly end otherwise."""
_KEPT_HEADERS = ("content-type", "etag", "location")


class Idempotency:
    """ASGI: keeps the final answers of POSTs that carry a key, per actor, for 24 hours.

    Another body under the same key is refused with 422; a key whose first request still runs, with 409.
    Answers marked `no-store` hold a secret and are not kept: repeating such a request says so.
    """

    def __init__(self, app: ASGIApp, db: Database, clock: Clock) -> None:
        self.app = app
        self.db = db
        self.clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets everything but a signed-in POST with a key pass as it is."""
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" and scope["method"] == "POST" else None
        actor = scope["state"].get("actor") if key else None
        if not key or actor is None:
            await self.app(scope, receive, send)
            return
        if not 8 <= len(key) <= 200:
            refusal = problem_response(
                422,
                "invalid_input",
                "An Idempotency-Key has 8 to 200 characters.",
                remedy="Use a new UUID for each act.",
                field=HEADER,
            )
            await refusal(scope, receive, send)
            return
        try:
            body = await _read(receive)
        except HTTPException:
            await too_large()(scope, receive, send)
            return
        await self._once(f"{actor.id}:{key}", body, scope, send)

    async def _once(self, key: str, body: bytes, scope: Scope, send: Send) -> None:
        digest = _digest(scope, body)
        kept = await asyncio.to_thread(self._claim, key, digest)
        if kept is not None:
            await _answer_again(kept, digest)(scope, _nothing, send)
            return
        answer = _Recorder(send)
        try:
            await self.app(scope, _replay(body), answer)
        finally:
            # A cancelled or failed request leaves no trace; a finished one is kept even if the client is gone.
            await asyncio.shield(asyncio.to_thread(self._finish, key, answer))

    def _claim(self, key: str, digest: str) -> repository.Kept | None:
        with self.db.transaction() as conn:
            return repository.claim(conn, key, digest, self.clock.now())

    def _finish(self, key: str, answer: _Recorder) -> None:
        with self.db.transaction() as conn:
            if not 200 <= answer.status < 500 or answer.status in _NOT_FINAL:
                repository.release(conn, key)
            else:
                repository.keep(conn, key, answer.status, answer.to_keep())


class _Recorder:
    """Sends an answer on and remembers it."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.status = 0
        self.headers = Headers()
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = Headers(raw=message["headers"])
        elif message["type"] == "http.response.body" and not self.secret:
            self.body += message.get("body", b"")
        await self.send(message)

    @property
    def secret(self) -> bool:
        """Whether the answer is not to be kept; it may be a large file, too."""
        return "no-store" in self.headers.get("cache-control", "")

    def to_keep(self) -> dict[str, Any]:
        """The answer as JSON; without its body when that holds a secret."""
        headers = {name: self.headers[name] for name in _KEPT_HEADERS if name in self.headers}
        return {"secret": True} if self.secret else {"body": self.body.decode(), "headers": headers}


def _digest(scope: Scope, body: bytes) -> str:
    head = json.dumps([scope["method"], scope["path"], scope["query_string"].decode("latin-1")])
    return hashlib.sha256(head.encode() + b"\0" + body).hexdigest()


def _answer_again(kept: repository.Kept, digest: str) -> Response:
    if kept.body_hash != digest:
        return problem_response(
            422,
            "idempotency_mismatch",
            "This Idempotency-Key was used for a different request.",
            remedy="Use a new key for each act.",
            field=HEADER,
        )
    if kept.status == repository.IN_PROGRESS:
        return problem_response(
            409,
            "idempotency_in_progress",
            "The first request with this key has not been answered yet.",
            remedy="Wait a moment and send it again. If this persists, the first was cut off: look whether it "
            "took effect before trying with a new key.",
        )
    if kept.response.get("secret"):
        return problem_response(
            409,
            "shown_once",
            "This request has been carried out; its secret was shown once and is not kept.",
            remedy="If the secret is lost, make another with a new key.",
        )
    headers = {**kept.response["headers"], "Idempotent-Replayed": "true"}
    return Response(kept.response["body"], kept.status, headers=headers)


async def _read(receive: Receive) -> bytes:
    """The whole body; `BodyLimit` keeps it small enough."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return bytes(body)


def _replay(body: bytes) -> Receive:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()  # nothing more comes; whoever listens for a disconnect is cancelled
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
