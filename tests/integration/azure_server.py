"""An honest stand-in for Azure OpenAI and a Foundry project: it refuses what the services refuse.

Shapes: the public OpenAPI documents of the v1 APIs. Where Microsoft's own validator of Responses bodies is installed
(`azure-ai-agentserver-responses`), each body is held against it besides.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

KEY, TOKEN = "azure-key", "entra-token"
PROJECT = "/api/projects/marketing"
_CALL = {"agent_reference", "input", "max_output_tokens", "store", "metadata", "conversation", "previous_response_id"}
_DEFINITION = {"kind", "model", "instructions", "text", "tools", "temperature", "top_p", "reasoning"}


class AzureService:
    """Keeps agents' versions and what it was asked. `faults`: answers given before any work, in order."""

    def __init__(self) -> None:
        self.versions: dict[str, list[dict[str, Any]]] = {}
        self.faults: list[Response | str] = []
        self.calls: list[tuple[str, str, Any]] = []
        self.answer: dict[str, Any] = {}
        self.text = '{"subject": "Bread"}'
        self.base_url = ""

    async def chat(self, request: Request) -> Response:
        """`POST /openai/v1/chat/completions`."""
        body = await self._body(request)
        if request.headers.get("api-key") != KEY and not _signed_in(request):
            return _error(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
        if fault := self._fault():
            return fault
        if "max_tokens" in body:
            return _error(400, "unsupported_parameter", "Use 'max_completion_tokens' instead.")
        if body.get("model") != "gpt-test":
            return _error(404, "DeploymentNotFound", "The API deployment for this resource does not exist.")
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": self.text}}
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        return JSONResponse({"id": "c", "object": "chat.completion", "model": "gpt-test", "choices": [choice],
                             "usage": usage})  # fmt: skip

    async def list_versions(self, request: Request) -> Response:
        """`GET /agents/{name}/versions?api-version=v1`."""
        await self._body(request)
        if refused := self._refused(request, versioned=True):
            return refused
        found = self.versions.get(request.path_params["name"])
        if found is None:
            return _error(404, "not_found", "Agent not found.")
        return JSONResponse({"object": "list", "data": found[::-1], "has_more": False})

    async def create_version(self, request: Request) -> Response:
        """`POST /agents/{name}/versions?api-version=v1`."""
        body = await self._body(request)
        if refused := self._refused(request, versioned=True):
            return refused
        definition = body.get("definition") or {}
        wrong = set(definition) - _DEFINITION
        if definition.get("kind") != "prompt" or not definition.get("model") or wrong:
            return _error(400, "invalid_payload", f"Invalid definition {sorted(wrong)}.")
        form = (definition.get("text") or {}).get("format")
        if form is not None and (form.get("type") != "json_schema" or not form.get("name") or "schema" not in form):
            return _error(400, "invalid_payload", "Invalid text format.")
        metadata = body.get("metadata") or {}
        if any(len(key) > 64 or len(value) > 512 for key, value in metadata.items()):
            return _error(400, "invalid_payload", "Metadata too long.")
        name = request.path_params["name"]
        versions = self.versions.setdefault(name, [])
        number = str(len(versions) + 1)
        made = {
            "object": "agent.version", "id": f"{name}:{number}", "name": name, "version": number,
            "metadata": metadata, "definition": definition, "created_at": 1_780_000_000,
        }  # fmt: skip
        versions.append(made)
        return JSONResponse(made)

    async def respond(self, request: Request) -> Response:
        """`POST /openai/v1/responses`."""
        body = await self._body(request)
        if refused := self._refused(request, versioned=False):
            return refused
        for name in ("tools", "tool_choice", "text", "instructions", "model"):
            if name in body:
                return _error(400, "invalid_payload", f"Not allowed when agent is specified. Param: {name}")
        unknown = set(body) - _CALL
        reference = body.get("agent_reference") or {}
        if unknown or reference.get("type") != "agent_reference":
            return _error(400, "invalid_payload", f"Invalid body {sorted(unknown)}.")
        known = {each["version"] for each in self.versions.get(reference.get("name"), [])}
        if reference.get("version") not in known:
            return _error(404, "not_found", "Agent version not found.")
        problems = _microsofts_opinion(body)
        if problems:
            return _error(400, "invalid_payload", json.dumps(problems))
        message = {"type": "message", "id": "m", "role": "assistant", "status": "completed",
                   "content": [{"type": "output_text", "text": self.text, "annotations": []}]}  # fmt: skip
        done = {
            "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-test", "output": [message],
            "error": None, "incomplete_details": None,
            "usage": {"input_tokens": 21, "output_tokens": 9, "total_tokens": 30},
        }  # fmt: skip
        return JSONResponse(done | self.answer)

    async def _body(self, request: Request) -> Any:
        raw = await request.body()
        body = json.loads(raw) if raw else None
        self.calls.append((request.method, request.url.path, body))
        return body

    def _fault(self) -> Response | None:
        if not self.faults:
            return None
        fault = self.faults.pop(0)
        return _Cut() if isinstance(fault, str) else fault

    def _refused(self, request: Request, *, versioned: bool) -> Response | None:
        if not _signed_in(request):
            return _error(401, "unauthorized", "Access token is missing or invalid.")
        if versioned and request.query_params.get("api-version") != "v1":
            return _error(400, "invalid_api_version", "api-version is required.")
        return self._fault()

    def responses(self) -> int:
        """How many answers were asked for."""
        return sum(path.endswith("/responses") for _, path, _ in self.calls)


class _Cut(Response):
    """Announces more than it sends: the connection breaks in the middle of the answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"5000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"status": "comp', "more_body": True})
        raise ConnectionResetError


def _signed_in(request: Request) -> bool:
    return request.headers.get("authorization") == f"Bearer {TOKEN}"


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message, "param": None, "type": "error"}}, status)


def busy(status: int, **headers: str) -> JSONResponse:
    """The service says later."""
    return JSONResponse(
        {"error": {"code": str(status), "message": "Requests have exceeded call rate limit."}}, status,
        {name.replace("_", "-"): value for name, value in headers.items()},
    )  # fmt: skip


def filtered() -> JSONResponse:
    """The content filter's answer."""
    inner = {"code": "ResponsibleAIPolicyViolation"}
    return JSONResponse({"error": {"code": "content_filter", "message": "Filtered.", "innererror": inner}}, 400)


def nonsense() -> PlainTextResponse:
    """No JSON at all."""
    return PlainTextResponse("<html>Bad gateway</html>")


def _microsofts_opinion(body: dict[str, Any]) -> list[Any]:
    with contextlib.suppress(ImportError):
        validators = importlib.import_module("azure.ai.agentserver.responses.models._request_validators")
        problems: list[Any] = []
        validators._validate_CreateResponse(body, "$", problems)
        return problems
    return []


@contextmanager
def serving(service: AzureService) -> Iterator[AzureService]:
    """Runs it on a free port of this machine."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    service.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = Starlette(
        routes=[
            Route("/openai/v1/chat/completions", service.chat, methods=["POST"]),
            Route(PROJECT + "/agents/{name}/versions", service.list_versions, methods=["GET"]),
            Route(PROJECT + "/agents/{name}/versions", service.create_version, methods=["POST"]),
            Route(PROJECT + "/openai/v1/responses", service.respond, methods=["POST"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield service
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
