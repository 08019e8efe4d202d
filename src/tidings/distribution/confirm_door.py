"""The page behind the link of a confirmation mail: GET only shows, since mail scanners open links; POST confirms.

The link is valid for `CONFIRM_WITHIN` from the moment its mail left, however long that waited for the way out.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from sqlalchemy import Connection

from tidings.audience.confirming import Standing, confirm, standing
from tidings.distribution import confirm_pages, repository
from tidings.distribution.page_texts import language_of
from tidings.distribution.tokens import Token
from tidings.domain.consent import CONFIRM_WITHIN
from tidings.domain.instant import Clock, Instant, to_datetime
from tidings.store.database import Database

Answer = tuple[int, bytes]
"""Status and page."""


class _Asked(NamedTuple):
    """Of the mail somebody comes from."""

    language: str
    brand: str
    left_at: Instant
    campaign_id: str


class ConfirmDoor:
    """Blocking; each call is one transaction at most."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def ask(self, token: Token) -> Answer | None:
        """The page that asks, or the one that says why it does not; None when there was no such mail."""
        with self._db.reading() as conn:
            asked = self._asked(conn, token)
            if asked is None:
                return None
            stands = standing(conn, token.contact_pk, self._clock.now())
        return self._unless_waiting(asked, stands) or (HTTPStatus.OK, confirm_pages.ask(asked.language, asked.brand))

    def act(self, token: Token) -> Answer | None:
        """Writes the yes down in one synced commit, if it can still be said, and gives the page that says so."""
        with self._db.transaction() as conn:
            asked = self._asked(conn, token)
            if asked is None:
                return None
            now = self._clock.now()
            if self._is_late(asked):
                stands = standing(conn, token.contact_pk, now)
            else:
                wording = confirm_pages.agreed_to(asked.language, asked.brand)
                stands = confirm(conn, token.contact_pk, _source(asked), wording, now)
        return self._unless_waiting(asked, stands) or (HTTPStatus.OK, confirm_pages.done(asked.language, asked.brand))

    def _unless_waiting(self, asked: _Asked, stands: Standing) -> Answer | None:
        """What is said to those who cannot confirm, or need not; None to the others."""
        if stands is Standing.CONFIRMED:
            return HTTPStatus.OK, confirm_pages.already(asked.language, asked.brand)
        if stands is Standing.CLOSED:
            return HTTPStatus.GONE, confirm_pages.closed(asked.language, asked.brand)
        return (HTTPStatus.GONE, confirm_pages.expired(asked.language, asked.brand)) if self._is_late(asked) else None

    def _is_late(self, asked: _Asked) -> bool:
        return self._clock.now() >= asked.left_at + CONFIRM_WITHIN

    def _asked(self, conn: Connection, token: Token) -> _Asked | None:
        row = repository.confirmation_of(conn, token.campaign_pk, token.contact_pk, token.step)
        if row is None:
            return None
        left_at = row.due_at if row.at is None else row.at
        return _Asked(language_of(row.variant), row.brand, left_at, row.campaign_id)


def _source(asked: _Asked) -> str:
    """Where the yes comes from: the proof names the mail in which the person found the link."""
    return f"double opt-in: link in the e-mail of {to_datetime(asked.left_at):%Y-%m-%d %H:%M} UTC, {asked.campaign_id}"
