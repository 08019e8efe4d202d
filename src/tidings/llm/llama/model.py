"""One GGUF file as a language model. Its process starts with the first question and ends after a while of silence."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast

from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.llm.base import BadAnswerError, Completion, Prompt, Where
from tidings.llm.llama.gguf import GgufInfo, fingerprint, read_gguf

log = logging.getLogger("tidings.llm")
LOAD_SECONDS = 120.0
IDLE_SECONDS = 60.0
MOST_CONTEXT = 4096


def installed() -> bool:
    """Whether llama.cpp is there to run a file with."""
    return importlib.util.find_spec("xllamacpp") is not None


@dataclass(eq=False)
class LlamaModel:
    """Contract: `LanguageModel`; beside it `score` for judging. One question at a time; others wait their turn."""

    name: str
    path: Path
    threads: int = 0
    """0: all cores but one."""
    idle_seconds: float = IDLE_SECONDS
    _child: _Child | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _stopper: threading.Timer | None = field(default=None, init=False, repr=False)

    @property
    def where(self) -> Where:
        """Always this machine."""
        return Where.LOCAL

    @property
    def host(self) -> str:
        """What the breaker counts by: the file."""
        return f"file:{self.path.name}"

    @cached_property
    def info(self) -> GgufInfo:
        """What the file says of itself. Raises InvalidInputError when it is no model."""
        return read_gguf(self.path)

    @cached_property
    def model_hash(self) -> str:
        """SHA-256 of the file."""
        return fingerprint(self.path)

    def complete(
        self, prompt: Prompt, *, schema: dict[str, Any] | None = None, max_tokens: int = 1024, seed: int = 0,
        seconds: float = 60.0,
    ) -> Completion:  # fmt: skip
        """See `LanguageModel`."""
        messages = [{"role": "system", "content": prompt.instructions}, {"role": "user", "content": prompt.task}]
        asked = {"op": "complete", "messages": messages, "max_tokens": max_tokens, "seed": seed, "schema": schema}
        answer = self._ask(asked, seconds)
        if answer.get("finish") == "length":
            raise BadAnswerError(f"{self.name} ran out of room before the end of its answer.", remedy="Ask for less.")
        return Completion(answer["text"], self.name, int(answer["tokens_in"]), int(answer["tokens_out"]))

    def score(self, context: str, lines: Sequence[str], *, seconds: float = 60.0) -> list[float]:
        """How likely each line is after the context: mean log-likelihood per token, nearer to 0 is likelier.

        Raises UnavailableError as `complete` does. A line without a token scores minus infinity.
        """
        scores = self._ask({"op": "score", "context": context, "lines": list(lines)}, seconds)["scores"]
        return [float("-inf") if each is None else float(each) for each in scores]

    def close(self) -> None:
        """Ends the process."""
        with self._lock:
            self._stop()

    def _ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        with self._lock:
            if self._stopper is not None:
                self._stopper.cancel()
            child = self._running()
            try:
                child.load(request["op"], self.path.name)  # which is no part of answering in time
                answer = child.ask(request, seconds)
            except (UnavailableError, InvalidInputError):
                self._stop()
                raise
            self._stopper = threading.Timer(self.idle_seconds, self.close)
            self._stopper.daemon = True
            self._stopper.start()
        if "error" in answer:
            raise UnavailableError(f"{self.name} could not answer: {answer['error']}")
        return answer

    def _running(self) -> _Child:
        if self._child is None or not self._child.alive:
            if not installed():
                raise UnavailableError(
                    f"{self.name} needs llama.cpp, which is not installed.", remedy="Run `tidings models add smollm2`."
                )
            context = min(self.info.context or MOST_CONTEXT, MOST_CONTEXT)
            self._child = _Child(self.name, self.path, self.threads or max(1, (os.cpu_count() or 2) - 1), context)
        return self._child

    def _stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None


class _Child:
    """A running process and its pipes."""

    def __init__(self, name: str, path: Path, threads: int, context: int) -> None:
        self._name = name
        # Waiting threads must sleep: spinning on a busy machine is thirty times slower.
        environ = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": str(threads)}
        self._process = subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "tidings.llm.llama.child", str(path), str(threads), str(context)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ, text=True,
            encoding="utf-8",
        )  # fmt: skip
        self._stdin, self._stdout = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        self._lines: queue.Queue[str] = queue.Queue()
        self._loaded: set[str] = set()
        threading.Thread(target=self._read, name="llama-read", daemon=True).start()
        first = self._next(LOAD_SECONDS)
        if not first.get("ready"):
            self.stop()
            raise UnavailableError(f"llama.cpp cannot run: {first.get('error', 'it said nothing')}.")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, Any]:
        """One question. Raises UnavailableError when the process is gone or takes too long."""
        try:
            self._stdin.write(json.dumps(request) + "\n")
            self._stdin.flush()
        except (OSError, ValueError) as error:
            raise self._gone() from error
        return self._next(seconds)

    def load(self, role: str, file: str) -> None:
        """Sees to it that the model is there for this kind of question. Raises InvalidInputError when it is none."""
        if role in self._loaded:
            return
        answer = self.ask({"op": "ready", "for": role}, LOAD_SECONDS)
        if not answer.get("ready"):
            raise InvalidInputError(
                f"llama.cpp cannot load {file}: {answer.get('error', 'it said nothing')}.",
                remedy="Check that the file is whole and of a kind that this version of llama.cpp knows.",
            )
        self._loaded.add(role)

    def stop(self) -> None:
        """Ends it, by force if it does not end by itself."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
        self._stdout.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in self._stdout:
                self._lines.put(line)
        self._lines.put("")

    def _next(self, seconds: float) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left)
            except queue.Empty:
                break
            if not line:
                raise self._gone()
            with contextlib.suppress(ValueError):
                return json.loads(line)
        raise BadAnswerError(f"{self._name} did not answer within {seconds:.0f} seconds.", remedy="Ask for less.")

    def _gone(self) -> UnavailableError:
        return UnavailableError(f"{self._name}'s process ended unexpectedly.", remedy="It is started anew next time.")
