"""The child process that runs one model: requests come as JSON lines on stdin, answers leave on stdout.

It ends when its stdin does, so it never outlives its parent. llama.cpp listens on a loopback port of its own accord;
a random key closes it, and only this process uses it, to turn text into tokens.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

_SLOTS = 8
"""Lines scored side by side: each step through the weights moves all of them on by a token, for half the work."""
_SLOT_TOKENS = 512
_NICE = {"score": 2, "complete": 10}
"""Sending and serving come first. A ranking is soon over and somebody waits for it; writing takes its time."""
_SCORE_TOKENS = 200


class Engine:
    """The model, loaded once to write and once to judge, each when first needed; the weights are shared."""

    def __init__(self, path: str, threads: int, context: int) -> None:
        self._library: Any = importlib.import_module("xllamacpp")  # optional, and without types
        self._path, self._threads, self._context = path, threads, context
        self._key = secrets.token_urlsafe(32)
        self._servers: dict[str, Any] = {}

    def ready(self, role: str) -> Any:
        """The server that answers `complete`, or the one that answers `score`."""
        if role not in self._servers:
            with ThreadPoolExecutor(1) as place:  # Linux keeps a priority by thread, and those it starts inherit it
                self._servers[role] = place.submit(self._made, role).result()
        return self._servers[role]

    def _made(self, role: str) -> Any:
        os.nice(_NICE[role])
        slots = _SLOTS if role == "score" else 1
        params: Any = self._library.CommonParams()
        params.model.path, params.verbosity, params.n_parallel = self._path, -1, slots
        params.n_ctx = slots * _SLOT_TOKENS if role == "score" else self._context
        params.cpuparams.n_threads = self._threads
        params.n_threads_http = slots
        params.api_keys = [self._key]
        return self._library.Server(params)

    def complete(self, request: dict[str, Any]) -> dict[str, Any]:
        """A chat's next message."""
        body: dict[str, Any] = {
            "messages": request["messages"], "max_tokens": request["max_tokens"], "seed": request["seed"],
            "temperature": request.get("temperature", 0.7), "cache_prompt": True,
        }  # fmt: skip
        if request.get("schema"):
            form = {"name": "answer", "schema": request["schema"], "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        answer: dict[str, Any] = self.ready("complete").handle_chat_completions(body)
        if "error" in answer:
            return {"error": str(answer["error"].get("message") or answer["error"])[:300]}
        choice: dict[str, Any] = answer["choices"][0]
        usage: dict[str, Any] = answer.get("usage") or {}
        return {
            "text": choice["message"].get("content") or "", "finish": choice.get("finish_reason"),
            "tokens_in": usage.get("prompt_tokens", 0), "tokens_out": usage.get("completion_tokens", 0),
        }  # fmt: skip

    def score(self, request: dict[str, Any]) -> dict[str, Any]:
        """The mean log-likelihood per token of each line after the context; None for a line without any."""
        context = self._tokens(request["context"], start=True)[-(_SLOT_TOKENS - _SCORE_TOKENS - 1) :]
        with ThreadPoolExecutor(_SLOTS) as side_by_side:
            return {"scores": list(side_by_side.map(partial(self._score, context), request["lines"]))}

    def _score(self, context: list[int], line: str) -> float | None:
        """Tokens are forced one by one by a grammar; forcing the text itself would tokenise it otherwise."""
        ids = self._tokens(" " + line.strip())[:_SCORE_TOKENS]
        if not ids:
            return None
        grammar = "%llguidance {}\nstart: " + " ".join(f"<[{each}]>" for each in ids)
        body: dict[str, Any] = {
            "prompt": context, "n_predict": len(ids), "grammar": grammar, "n_probs": 1, "temperature": 1.0,
            "samplers": [], "cache_prompt": True,
        }  # fmt: skip
        told: list[dict[str, Any]] = self._ask("/completion", body).get("completion_probabilities") or []
        values: list[float] = [each["logprob"] for each in told]
        return sum(values) / len(values) if values else None

    def _tokens(self, text: str, *, start: bool = False) -> list[int]:
        return self._ask("/tokenize", {"content": text, "add_special": start})["tokens"]

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310  # this process's own port
            self.ready("score").listening_address + path,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=600) as answer:
            return json.load(answer)


def main() -> None:
    """Says when it is there, loads what it is asked for, and answers until stdin ends."""
    path, threads, context = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # the library prints as it likes
    try:
        engine = Engine(path, threads, context)  # without its library there is nothing to wait for
    except BaseException as error:
        out.write(json.dumps({"error": str(error)[:300] or type(error).__name__}) + "\n")
        out.flush()
        raise SystemExit(1) from error
    _say(out, {"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _answered(engine, request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        _say(out, answer)
    out.close()
    os._exit(0)  # what the library tears down at leisure is of no use to anybody


def _answered(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    match request["op"]:
        case "ready":
            engine.ready(request["for"])
            return {"ready": True}
        case "score":
            return engine.score(request)
        case _:
            return engine.complete(request)


def _say(out: Any, answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
