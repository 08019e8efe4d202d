"""A small service that speaks OpenAI's chat completions on loopback and misbehaves when told to."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route


class FakeService:
    """Answers each request with the next of `answers`; repeats the last. Keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Response] = []
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.base_url = ""

    async def complete(self, request: Request) -> Response:
        """The one endpoint."""
        self.asked.append((dict(request.headers), await request.json()))
        if not self.answers:
            return says('{"subject": "Bread"}')
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def says(text: str, *, finish: str = "stop", **message: Any) -> JSONResponse:
    """A normal answer."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    body = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny-1",
        "choices": [choice],
        "usage": usage,
    }
    return JSONResponse(body)


def fails(status: int, code: str = "", **headers: str) -> JSONResponse:
    """An error as these services word it."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse({"error": {"code": code, "message": "said so"}}, status_code=status, headers=names)


def nonsense() -> PlainTextResponse:
    """A web page where JSON should be."""
    return PlainTextResponse("<html>It works!</html>")


def elsewhere() -> RedirectResponse:
    """A redirect, as a captive network or an attacker would send."""
    return RedirectResponse("http://169.254.169.254/latest/meta-data/")


def forms(text: str) -> JSONResponse:
    """Valid JSON of another form."""
    return JSONResponse(json.loads(text))


@contextmanager
def serving(service: FakeService) -> Iterator[FakeService]:
    """Runs it on a free port of this machine."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    service.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    app = Starlette(routes=[Route("/v1/chat/completions", service.complete, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield service
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
