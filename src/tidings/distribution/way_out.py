"""The unsubscribe page: GET only shows, POST acts before it answers, a mail program's one click suffices (RFC 8058).

A person who left by mistake can come back on the page itself for a day; an address that bounced, complained or was
suppressed by hand cannot. Whoever lets us see opens can forbid just that here; where a brand would see them, whoever
has not allowed it can do so. Instead of leaving, a pause that ends by itself; beside it, what the person decides of
their other channels, and their language.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs

from sqlalchemy import Connection

from tidings.audience.preferences import PAUSES, Preferences
from tidings.distribution import pages, repository
from tidings.distribution.conversions import tracking_of
from tidings.distribution.hooks import MayTrack, nobody_is_tracked
from tidings.distribution.page_texts import language_of
from tidings.distribution.page_texts_short import words_for
from tidings.distribution.pages import Opens
from tidings.distribution.preference_page import preference_page, resume_words
from tidings.distribution.preference_texts import LANGUAGES
from tidings.distribution.tokens import OUT_OF, Token
from tidings.domain.channel import Channel
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import Clock
from tidings.events.log import append
from tidings.store.database import Database

_ONE_CLICK = "one-click"
_DAYS = frozenset(str(days) for days in PAUSES)


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


Known = Callable[[Connection, int], Preferences | None]
"""How everything stands with a contact; None for nobody."""
Pause = Callable[[Connection, int, str, int, str], bool]
"""Contact, channel, days and source: whether it was paused."""
Resume = Callable[[Connection, int, str, str, str], bool]
"""Contact, channel, source and the words they agreed to: whether a pause was ended."""
ChooseLanguage = Callable[[Connection, int, str], bool]
"""Contact and language: whether it changed."""


def nobody_known(_conn: Connection, _contact_pk: int) -> Preferences | None:
    """The `Known` of an installation without an audience."""
    return None


def nothing_paused(_conn: Connection, _contact_pk: int, _channel: str, _days: int, _source: str) -> bool:
    """The `Pause` of an installation without an audience."""
    return False


def nothing_resumed(_conn: Connection, _contact_pk: int, _channel: str, _source: str, _wording: str) -> bool:
    """The `Resume` of an installation without an audience."""
    return False


def nothing_chosen(_conn: Connection, _contact_pk: int, _language: str) -> bool:
    """The `ChooseLanguage` of an installation without an audience."""
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
    preferences: Known = nobody_known
    pause: Pause = nothing_paused
    resume: Resume = nothing_resumed
    choose_language: ChooseLanguage = nothing_chosen


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was posted; `channel` is whose messages it is about."""

    what: str
    source: str
    channel: Channel
    days: int = 0
    language: str = ""

    @property
    def of(self) -> dict[str, str]:
        """The channel as the audience is told it."""
        return {} if self.channel is Channel.EMAIL else {"channel": self.channel.value}


class _Place(NamedTuple):
    """Of the message somebody comes from."""

    language: str
    brand: str
    sees_opens: bool
    """The brand would see opens, of people who allow it."""


_Act = Callable[[Connection, Token, _Place, _Wish], bytes]


class WayOut:
    """Blocking; each call is one transaction at most."""

    def __init__(self, db: Database, clock: Clock, wishes: Wishes) -> None:
        self._db, self._clock, self._wishes = db, clock, wishes

    def ask(self, token: Token) -> bytes:
        """The page that asks."""
        with self._db.reading() as conn:
            return self._shown(conn, token, self._place(conn, token))

    def act(self, token: Token, body: bytes) -> bytes:
        """Does what was posted, in one synced commit, and gives the page that says so."""
        wish = _wish(token, body)
        with self._db.transaction() as conn:
            place = self._place(conn, token)
            others: dict[str, _Act] = {
                "opens": self._refuse, "see": self._allow, "again": self._again, "pause": self._choose,
                "resume": self._choose, "language": self._choose,
            }  # fmt: skip
            return others.get(wish.what, self._leave)(conn, token, place, wish)

    def _shown(
        self, conn: Connection, token: Token, place: _Place, *, saved: bool = False, left: bool = False
    ) -> bytes:
        """How everything stands now. `left`: they have just left, whatever is known of them."""
        known = self._wishes.preferences(conn, token.contact_pk)
        language, brand, channel = place.language, place.brand, token.channel
        if known is None and left:
            return pages.done(language, brand, again=True, channel=channel)
        opens = self._opens(conn, token, place)
        if known is None:
            return pages.ask(language, brand, opens=opens, channel=channel)
        return preference_page(language, brand, known, channel=channel, opens=opens, saved=saved)

    def _opens(self, conn: Connection, token: Token, place: _Place) -> Opens:
        if token.channel is Channel.EMAIL and self._wishes.may_track(conn, [token.contact_pk], self._clock.now()):
            return Opens.SEEN
        return Opens.ASKED if place.sees_opens and self._wishes.may_ask(conn, token.contact_pk) else Opens.UNSAID

    def _refuse(self, conn: Connection, token: Token, place: _Place, wish: _Wish) -> bytes:
        self._wishes.refuse_opens(conn, token.contact_pk, wish.source)
        return pages.opens_stopped(place.language, place.brand)

    def _again(self, conn: Connection, token: Token, place: _Place, wish: _Wish) -> bytes:
        wording = words_for(place.language, wish.channel).again
        back = self._wishes.again(conn, token.contact_pk, wish.source, wording, **wish.of)
        if wish.channel is not token.channel:
            return self._shown(conn, token, place, saved=back)
        shown = pages.subscribed if back else pages.too_late
        return shown(place.language, place.brand, channel=token.channel)

    def _choose(self, conn: Connection, token: Token, place: _Place, wish: _Wish) -> bytes:
        """A pause, its end, or a language: what does not fit how things stand changes nothing."""
        person, channel, saved = token.contact_pk, wish.channel, False
        if wish.what == "pause":
            self._wishes.pause(conn, person, channel.value, wish.days, wish.source)
        elif wish.what == "resume":
            wording = resume_words(place.language, channel)
            saved = self._wishes.resume(conn, person, channel.value, wish.source, wording)
        elif wish.language in LANGUAGES:
            self._wishes.choose_language(conn, person, wish.language)
            saved = True
            place = place._replace(language=wish.language)
        return self._shown(conn, token, place, saved=saved)

    def _allow(self, conn: Connection, token: Token, place: _Place, wish: _Wish) -> bytes:
        """Writes down the words they read and pressed; a form of another's making finds nothing to allow."""
        words = words_for(place.language, token.channel)
        read = f"{words.see_words} {words.see}".replace("{brand}", place.brand)
        if place.sees_opens and self._wishes.allow_opens(conn, token.contact_pk, wish.source, read):
            return pages.opens_allowed(place.language, place.brand)
        return self._shown(conn, token, place)

    def _leave(self, conn: Connection, token: Token, place: _Place, wish: _Wish) -> bytes:
        """The no and its event."""
        if self._wishes.unsubscribe(conn, token.contact_pk, token.campaign_pk, wish.source, **wish.of):
            event = Event(
                EventKind.UNSUBSCRIBED, self._clock.now(), token.campaign_pk, token.contact_pk,
                wish.channel.value, token.step,
                variant=_variant(conn, token), detail={"source": wish.source},
            )  # fmt: skip
            append(conn, [event])
        if wish.source == _ONE_CLICK:
            return pages.done(place.language, place.brand, again=False, channel=token.channel)
        elsewhere = wish.channel is not token.channel
        return self._shown(conn, token, place, saved=elsewhere, left=not elsewhere)

    def _place(self, conn: Connection, token: Token) -> _Place:
        where = (token.campaign_pk, token.step, _variant(conn, token), token.channel)
        found = repository.sender_of(conn, *where)
        if found is None:
            return _Place("en", "us", sees_opens=False)
        sees = token.channel is Channel.EMAIL and tracking_of(conn, found.brand_id).opens
        return _Place(language_of(found.language), found.name, sees_opens=sees)


def _wish(token: Token, body: bytes) -> _Wish:
    """What a form or a mail program posted; whatever is not understood is the no it most likely meant."""
    if b"List-Unsubscribe=One-Click" in body:
        return _Wish("leave", _ONE_CLICK, token.channel)
    posted = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
    named = next((channel for channel in OUT_OF if channel.value == posted.get("channel")), token.channel)
    days = posted.get("days", "")
    return _Wish(
        posted.get("what", "leave"), "unsubscribe page", named, int(days) if days in _DAYS else 0,
        posted.get("language", ""),
    )  # fmt: skip


def _variant(conn: Connection, token: Token) -> str:
    """Which variant the person got by the channel they come from."""
    facts = repository.facts_of(conn, token.campaign_pk, token.step, [token.contact_pk])
    return next((variant for _, variant, _, _, channel in facts if channel == token.channel.value), "A")
