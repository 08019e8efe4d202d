"""The unsubscribe page: GET only shows, POST acts before it answers, a mail program's one click suffices (RFC 8058).

A person who left by mistake can come back on the page itself for a day; an address that bounced, complained or was
suppressed by hand cannot. Whoever lets us see opens can forbid just that here; where a brand would see them, whoever
has not allowed it can do so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs

from sqlalchemy import Connection

from tidings.distribution import pages, repository
from tidings.distribution.conversions import tracking_of
from tidings.distribution.hooks import MayTrack, nobody_is_tracked
from tidings.distribution.page_texts import language_of
from tidings.distribution.page_texts_short import words_for
from tidings.distribution.pages import Opens
from tidings.distribution.tokens import Token
from tidings.domain.channel import Channel
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Clock
from tidings.events.log import append
from tidings.store.database import Database


class Unsubscribe(Protocol):
    """`AudienceService.unsubscribe`, in the caller's transaction: whether the no was new."""

    def __call__(
        self, conn: Connection, contact_pk: int, campaign_pk: int | None, source: str, /, *, channel: str = "email"
    ) -> bool:
        """Says no for one channel."""
        ...


class Again(Protocol):
    """`AudienceService.resubscribe`, in the caller's transaction: whether they may be written to again."""

    def __call__(
        self, conn: Connection, contact_pk: int, source: str, wording: str, /, *, channel: str = "email"
    ) -> bool:
        """Takes back a no to one channel, with the wording they agreed to."""
        ...


RefuseOpens = Callable[[Connection, int, str], None]
"""Contact and source: opens may no longer be seen."""

AllowOpens = Callable[[Connection, int, str, str], bool]
"""Contact, source and the words they agreed to: opens may be seen from now on; whether it was written down."""
MayAsk = Callable[[Connection, int], bool]
"""Whether a contact could allow that opens are seen."""


def nobody_comes_back(
    _conn: Connection,
    _contact_pk: int,
    _source: str,
    _wording: str,
    /,
    *,
    channel: str = "email",  # noqa: ARG001
) -> bool:
    """The `Again` of an installation without an audience."""
    return False


def nothing_to_refuse(_conn: Connection, _contact_pk: int, _source: str) -> None:
    """The `RefuseOpens` of an installation without an audience."""


def nobody_to_ask(_conn: Connection, _contact_pk: int) -> bool:
    """The `MayAsk` of an installation without an audience."""
    return False


def nothing_to_allow(_conn: Connection, _contact_pk: int, _source: str, _wording: str) -> bool:
    """The `AllowOpens` of an installation without an audience."""
    return False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the audience does for readers' wishes, given as callables so that the page can be tested alone."""

    unsubscribe: Unsubscribe
    again: Again = nobody_comes_back
    refuse_opens: RefuseOpens = nothing_to_refuse
    may_track: MayTrack = field(default=nobody_is_tracked)
    may_ask: MayAsk = nobody_to_ask
    allow_opens: AllowOpens = nothing_to_allow


class _Place(NamedTuple):
    """Of the message somebody comes from."""

    language: str
    brand: str
    sees_opens: bool
    """The brand would see opens, of people who allow it."""


class WayOut:
    """Blocking; each call is one transaction at most."""

    def __init__(self, db: Database, clock: Clock, wishes: Wishes) -> None:
        self._db, self._clock, self._wishes = db, clock, wishes

    def ask(self, token: Token) -> bytes:
        """The page that asks."""
        with self._db.reading() as conn:
            place = self._place(conn, token)
            seen = token.channel is Channel.EMAIL and bool(
                self._wishes.may_track(conn, [token.contact_pk], self._clock.now())
            )
            asks = place.sees_opens and not seen and self._wishes.may_ask(conn, token.contact_pk)
        opens = Opens.SEEN if seen else Opens.ASKED if asks else Opens.UNSAID
        return pages.ask(place.language, place.brand, opens=opens, channel=token.channel)

    def act(self, token: Token, body: bytes) -> bytes:
        """Does what was posted, in one synced commit, and gives the page that says so."""
        if b"List-Unsubscribe=One-Click" in body:
            what, source = "leave", "one-click"
        else:
            what = parse_qs(body.decode("latin-1")).get("what", ["leave"])[0]
            source = "unsubscribe page"
        with self._db.transaction() as conn:
            language, brand, _ = place = self._place(conn, token)
            if what == "opens":
                self._wishes.refuse_opens(conn, token.contact_pk, source)
                return pages.opens_stopped(language, brand)
            if what == "see":
                return self._allow(conn, token, place, source)
            if what == "again":
                wording = words_for(language, token.channel).again
                back = self._wishes.again(conn, token.contact_pk, source, wording, **_of(token))
                shown = pages.subscribed if back else pages.too_late
                return shown(language, brand, channel=token.channel)
            self._leave(conn, token, source)
        return pages.done(language, brand, again=source != "one-click", channel=token.channel)

    def _allow(self, conn: Connection, token: Token, place: _Place, source: str) -> bytes:
        """Writes down the words they read and pressed; a form of another's making finds nothing to allow."""
        words = words_for(place.language, token.channel)
        read = f"{words.see_words} {words.see}".replace("{brand}", place.brand)
        if place.sees_opens and self._wishes.allow_opens(conn, token.contact_pk, source, read):
            return pages.opens_allowed(place.language, place.brand)
        return pages.ask(place.language, place.brand, opens=Opens.UNSAID, channel=token.channel)

    def _leave(self, conn: Connection, token: Token, source: str) -> None:
        """The no and its event."""
        if not self._wishes.unsubscribe(conn, token.contact_pk, token.campaign_pk, source, **_of(token)):
            return
        event = Event(
            EventKind.UNSUBSCRIBED, self._clock.now(), token.campaign_pk, token.contact_pk,
            token.channel.value, token.step,
            variant=_variant(conn, token), detail={"source": source},
        )  # fmt: skip
        append(conn, [event])

    def _place(self, conn: Connection, token: Token) -> _Place:
        where = (token.campaign_pk, token.step, _variant(conn, token), token.channel)
        found = repository.sender_of(conn, *where)
        if found is None:
            return _Place("en", "us", sees_opens=False)
        sees = token.channel is Channel.EMAIL and tracking_of(conn, found.brand_id).opens
        return _Place(language_of(found.language), found.name, sees_opens=sees)


def _of(token: Token) -> dict[str, str]:
    return {} if token.channel is Channel.EMAIL else {"channel": token.channel.value}


def _variant(conn: Connection, token: Token) -> str:
    """Which variant the person got by the channel they come from."""
    facts = repository.facts_of(conn, token.campaign_pk, token.step, [token.contact_pk])
    return next((variant for _, variant, _, _, channel in facts if channel == token.channel.value), "A")
