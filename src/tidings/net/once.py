"""A request that has an effect on the other side: whoever asks learns whether it may have arrived."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Mapping
from typing import Any, Self

import httpx2

from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.net.client import MOST_BYTES, TIMEOUT, Answer, Guard, GuardedTransport

log = logging.getLogger("tidings.net")

# Nothing of the request can have reached the service; whatever else goes wrong may have come after it did.
_BEFORE = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


WHOLE_SECONDS = 60.0
"""Timeouts count from byte to byte; an answer as a whole may take this long, from when the request was sent."""
_SENT = "http11.send_request_body.complete"  # the client's trace of a request that has left wholly


class NotSentError(Exception):
    """Nothing left: the place cannot be reached now. Asking again is harmless."""


class AnswerLostError(Exception):
    """The request may have arrived and had its effect; its answer was lost.

    `status` is what its head said, where that came and only the rest was lost.
    """

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
        self.status = status


class OnceClient:
    """Sends each request at most once: no retry, no redirect. Blocking; may be used from several threads.

    A whole answer comes within `seconds`: who answers byte by byte is cut off like who does not answer.
    """

    def __init__(self, guard: Guard, *, timeout: httpx2.Timeout = TIMEOUT, seconds: float = WHOLE_SECONDS) -> None:
        self._seconds = seconds
        self._client = httpx2.Client(
            transport=GuardedTransport(guard), timeout=timeout, follow_redirects=False, trust_env=False,
            headers={"User-Agent": "tidings"},
        )  # fmt: skip

    def call(
        self, method: str, url: str, *, json: object = None, form: Mapping[str, str] | None = None,
        content: bytes | None = None, params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """The whole answer, whatever its status.

        Raises NotSentError, AnswerLostError, or ForbiddenError when the guard does not let the request out.
        """
        host, status = "", None
        cut = _Cut(self._seconds)
        try:
            host = httpx2.URL(url).host
            with cut, self._client.stream(
                method, url, json=json, data=dict(form) if form is not None else None, content=content,
                params=dict(params) if params is not None else None, headers=dict(headers or {}),
                extensions={"trace": cut.saw},
            ) as response:  # fmt: skip
                status = response.status_code
                return Answer(response.status_code, response.headers, _read(response))
        except _BEFORE as error:
            log.warning("%s cannot be reached: %s", host, type(error).__name__)
            raise NotSentError(f"{host} cannot be reached") from error
        except UnavailableError as error:  # the breaker or the name server, both asked before anything leaves
            raise NotSentError(str(error)) from error
        except httpx2.InvalidURL as error:
            raise InvalidInputError("That is not an address on the web.") from error
        except httpx2.HTTPError as error:
            log.warning("the answer of %s was lost: %s", host, type(error).__name__)
            late = cut.done or isinstance(error, httpx2.TimeoutException)
            words = f"{host} did not answer in time" if late else f"the answer of {host} was lost"
            raise AnswerLostError(words, status) from error

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


class _Cut:
    """Cuts a connection off when the answer takes too long: whoever waits at it then meets its end.

    It has a handle of its own on the connection, which TLS around it leaves alone.
    """

    def __init__(self, seconds: float) -> None:
        self.done = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._now)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def saw(self, event: str, info: Mapping[str, Any]) -> None:
        """The client's trace of a request."""
        if event == "connection.connect_tcp.complete":
            self._socket = info["return_value"].get_extra_info("socket").dup()
        elif event == _SENT:
            self._timer.start()

    def _now(self) -> None:
        with self._lock:
            self.done = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it has ended by itself
                    self._socket.shutdown(socket.SHUT_RDWR)


def _read(response: httpx2.Response) -> bytes:
    """The body up to the limit; what is beyond it is not needed to know what became of the request."""
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            break
    return bytes(body)
