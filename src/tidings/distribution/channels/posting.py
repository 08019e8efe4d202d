"""The contract of every way out that posts once for everybody instead of writing to a person.

To add one: write `channels/<name>.py` with a class that keeps `Poster` and a `PROVIDER`, name it in registry.PROVIDERS,
and run it through the contract tests (tests/unit/test_distribution_posters.py); docs/postings.md walks through it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tidings.distribution.channels.base import Outcome


@dataclass(frozen=True, slots=True)
class Post:
    """What is to be posted, final: links stand in it, nothing is open any more.

    `key` is the same at every try of the same posting, for services that refuse to take one twice.
    """

    key: str
    text: str
    title: str = ""
    link: str = ""
    image_url: str = ""
    image_alt: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Posted:
    """What the service said: the outcome, its own name for the post, and the address where it can be seen.

    `wait_ms` is how long the service asks to be left alone before the next try; 0: it does not say.
    """

    outcome: Outcome
    provider_id: str = ""
    url: str = ""
    wait_ms: int = 0


class Poster(Protocol):
    """One account at a service that posts."""

    @property
    def name(self) -> str:
        """What people see, without credentials."""
        ...

    def problems(self, post: Post) -> list[str]:
        """What the service would refuse (too long, no picture), in words with the remedy; empty when it is fine."""
        ...

    def post(self, post: Post) -> Posted:
        """Posts it. Blocking. An answer that was lost after the request left is UNCERTAIN, never a retry.

        Raises ChannelDownError when nothing was posted because the way is closed: `refused` false, the service cannot
        be reached; true, it does not accept the account (the words name the remedy).
        """
        ...

    def find(self, post: Post) -> Posted | None:
        """Looks whether an uncertain post is there: ACCEPTED with its address, or DEFERRED when it is surely not
        there (or a repeat could do no harm), so that it may be posted again. None when that cannot be told.
        """
        ...


@runtime_checkable
class HasSchedule(Protocol):
    """A poster with waits of its own between its tries, in milliseconds; when they are used up it has failed."""

    schedule: tuple[int, ...]


@runtime_checkable
class RenewsSecrets(Protocol):
    """A poster whose secrets change in use (tokens that are renewed): it hands the new ones to `keep` at once."""

    keep: Callable[[Mapping[str, str]], None]
