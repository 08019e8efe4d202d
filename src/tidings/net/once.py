"""A request that has an effect on the other side: whoever asks learns whether it may have arrived."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import httpx2

from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.net.client import MOST_BYTES, TIMEOUT, Answer, Guard, GuardedTransport

log = logging.getLogger("tidings.net")

# Nothing of the request can have reached the service; whatever else goes wrong may have come after it did.
_BEFORE = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


class NotSentError(Exception):
    """Nothing left: the place cannot be reached now. Asking again is harmless."""


class AnswerLostError(Exception):
    """The request may have arrived and had its effect; its answer was lost."""


class OnceClient:
    """Sends each request at most once: no retry, no redirect. Blocking; may be used from several threads."""

    def __init__(self, guard: Guard, *, timeout: httpx2.Timeout = TIMEOUT) -> None:
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
        host = ""
        try:
            host = httpx2.URL(url).host
            with self._client.stream(
                method, url, json=json, data=dict(form) if form is not None else None, content=content,
                params=dict(params) if params is not None else None, headers=dict(headers or {}),
            ) as response:  # fmt: skip
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
            raise AnswerLostError(f"the answer of {host} was lost") from error

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def _read(response: httpx2.Response) -> bytes:
    """The body up to the limit; what is beyond it is not needed to know what became of the request."""
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            break
    return bytes(body)
