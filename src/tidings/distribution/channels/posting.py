"""The contract of every way out that posts once for everybody instead of writing to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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
    """What the service said: the outcome, its own name for the post, and the address where it can be seen."""

    outcome: Outcome
    provider_id: str = ""
    url: str = ""


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
        """Posts it. Blocking. An answer that was lost after the request left is UNCERTAIN, never a retry."""
        ...

    def find(self, post: Post) -> Posted | None:
        """Looks whether an uncertain post is there; None when that cannot be told."""
        ...
