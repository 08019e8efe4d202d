"""The contract of every way out. A channel pulls messages from its feed and reports what became of each.

To add one: write `channels/<name>.py` with a class that keeps `Channel`, and run it through the contract tests
(tests/unit/test_distribution_channels.py, where a `Way` says how to reach its other side). The rules that make
"nothing lost, nothing twice" hold:

- a message's body leaves only after `Feed.ask` called back with True: the ledger has then recorded the attempt;
- every message taken is reported exactly once, whatever happens, or given back with `Feed.give_back` if the other
  side cannot have it;
- an answer that was lost after the other side may have accepted is `UNCERTAIN`, never a retry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from tidings.distribution.throttle.replies import About
from tidings.domain.instant import Instant


class Result(StrEnum):
    """What became of one attempt."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"  # the other side said: later
    FAILED = "failed"  # it said: no, for good
    UNCERTAIN = "uncertain"  # its answer was lost


@dataclass(frozen=True, slots=True)
class EmailParts:
    """A mail for a provider that makes the MIME itself: the same texts, headers and addresses, uncoded."""

    from_name: str
    from_address: str
    to: str
    subject: str
    text: str
    html: str
    reply_to: str
    headers: Mapping[str, str]
    """Those beyond From, To, Subject, Reply-To and Date: Message-ID, List-Unsubscribe and the like."""


@dataclass(frozen=True, slots=True)
class ShortParts:
    """A text message or a notification as one person gets it. `link` is where a tap on a notification leads."""

    to: str
    text: str
    title: str = ""
    link: str = ""
    image_url: str = ""
    language: str = "en"
    subscriptions: tuple[Mapping[str, str], ...] = ()
    """For push: each of the person's browsers, with its `endpoint`, `p256dh` and `auth`."""


@dataclass(slots=True, eq=False)
class Outgoing:
    """One claimed delivery on its way: its place in the ledger, what rendering needs, then envelope and bytes."""

    campaign_pk: int
    contact_pk: int
    step: int
    variant: str
    attempt: int
    chunk_no: int
    fence: int
    epoch: int
    fields: Mapping[str, Any]
    claimed_at: Instant
    sender: str = ""
    recipient: str = ""
    body: bytes = b""
    envid: str = ""
    """What a delivery report names it by (RFC 3461); empty where none is asked for."""
    opens: bool = False
    """Whether the person allowed, when it was claimed, that opening is seen."""
    relay: str = ""
    """The one of several relays that took it on."""
    group: str = ""
    """The provider whose limit it counts for."""
    most: int = 0
    """So many of its group a connection may carry; 0: any number."""
    parts: EmailParts | ShortParts | None = None
    """Instead of `body` for a channel that has `wants_parts`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the other side said. `hard` says the recipient does not exist, so the address must not be tried again."""

    result: Result
    code: str = ""
    words: str = ""
    hard: bool = False
    about: About = About.NOTHING
    wait: int = 0
    """Milliseconds until the next try, when the other side asked for it; 0: as the schedule says."""
    provider: str = ""
    reference: str = ""
    """The provider's own name for the message, by which its later reports find the delivery."""

    @property
    def said(self) -> str:
        """The reply code and the words, for people; the words begin with the enhanced code where there is one."""
        return f"{self.code[:3]} {self.words[:200]}".strip()


class ChannelDownError(Exception):
    """The way out cannot be used now; messages are held with these words. `refused`: it is reachable and says no.

    `offline`: not even its name or its network can be reached.
    """

    def __init__(self, words: str, *, refused: bool = False, offline: bool = False) -> None:
        super().__init__(words)
        self.refused, self.offline = refused, offline


class Feed(Protocol):
    """Where a channel gets its messages and leaves its answers. All calls come from the event loop's thread."""

    def take(self) -> Outgoing | None:
        """The next message; None when there is nothing to send now (`Channel.wake` tells when there may be)."""
        ...

    def ask(self, message: Outgoing, go: Callable[[bool], None]) -> None:
        """Calls back with True once the attempt is on record, or with False when it must not leave any more."""
        ...

    def report(self, message: Outgoing, outcome: Outcome) -> None:
        """What became of a message that was let go, or that was refused before."""
        ...

    def give_back(self, message: Outgoing) -> None:
        """A taken message that did not leave; it will be planned again."""
        ...

    def down(self, words: str, *, refused: bool) -> None:
        """No lane is left."""
        ...


class Channel(Protocol):
    """A way out with some lanes."""

    @property
    def name(self) -> str:
        """What people see, without credentials."""
        ...

    @property
    def lanes(self) -> int:
        """How many lanes are open now."""
        ...

    async def connect(self, feed: Feed) -> None:
        """Opens at least one lane. Raises ChannelDownError with words for people."""
        ...

    def wake(self) -> None:
        """There may be something to take."""
        ...

    async def close(self) -> None:
        """Lets what is on the wire finish, then closes every lane."""
        ...
