"""Meta's Graph API, as Facebook and Instagram share it: requests, and what its error codes mean.

https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.posting import Posted
from tidings.distribution.channels.remote import RENEW, Service, body_of, text_of, wait_of
from tidings.net.client import Answer, Guard

BASE = "https://graph.facebook.com"
VERSION = "v24.0"
_TOKEN = frozenset({102, 190})
_LATER = frozenset({2, 4, 17, 32, 341, 613, 9007})
_DOUBT = frozenset({1})
_BLOCKED = frozenset({368})


class Graph:
    """One token at the Graph API."""

    def __init__(self, title: str, token: str, guard: Guard, base: str, version: str) -> None:
        self._token, self._root = token, f"{base}/{version}"
        self.service = Service(title, guard, secrets=(token,))

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """An object; empty when the API does not give it. Raises ChannelDownError without an answer."""
        answer = self.service.call("GET", f"{self._root}/{path}", params=params, headers=self._signed())
        return body_of(answer) if answer.status == 200 else {}

    def ask(self, path: str, **params: str) -> dict[str, Any]:
        """An object the account must be able to see. Raises ChannelDownError with the reason when it is not given."""
        answer = self.service.call("GET", f"{self._root}/{path}", params=params, headers=self._signed())
        if answer.status == 200:
            return body_of(answer)
        said = self.refusal(answer).outcome
        raise ChannelDownError(f"{self.service.title}: {said.words}")

    def make(self, path: str, fields: Mapping[str, str]) -> Answer:
        """A request that creates something. Raises AnswerLostError when that is in doubt."""
        return self.service.send("POST", f"{self._root}/{path}", form=fields, headers=self._signed())

    def refusal(self, answer: Answer) -> Posted:
        """What an error means by its code; the status alone says little. Raises ChannelDownError for the account's."""
        error: dict[str, Any] = body_of(answer).get("error") or {}
        code = int(error.get("code") or 0)
        words = self.service.clean(str(error.get("message") or text_of(answer)))
        title = self.service.title
        if code in _TOKEN or (not code and answer.status == 401):
            raise ChannelDownError(
                f"{title} does not accept the access token any more ({words}). {RENEW}", refused=True
            )
        if code == 10 or 200 <= code <= 299 or code in _BLOCKED or (not code and answer.status == 403):
            raise ChannelDownError(
                f"{title} does not let this account post ({words}). Give it the rights named in docs/postings.md.",
                refused=True,
            )
        if code in _LATER:
            return self.service.posted(Result.DEFERRED, code, words, wait_ms=wait_of(answer.headers))
        if code in _DOUBT:
            return self.service.posted(Result.UNCERTAIN, code, f"{words}: it may have been posted all the same")
        if code and answer.status < 500:
            return self.service.posted(Result.FAILED, code, words)
        return self.service.refusal(answer, words)

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}
