"""Takes in what a provider posts: proved, noted once for each event, and given its effect, in one transaction."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel, SecretStr
from sqlalchemy import Connection, Row

from tidings.distribution.accounts.schemas import Account
from tidings.distribution.reports import repository
from tidings.distribution.reports.base import (
    Batch,
    Context,
    Fetch,
    Happening,
    Reader,
    RefusedError,
    Reported,
    Request,
    made_id,
)
from tidings.distribution.reports.effects import FAILURES, Effects, Suppress, judge_failure
from tidings.distribution.reports.matching import Hash, find_all, recipient_hash
from tidings.distribution.reports.registry import reader
from tidings.distribution.returns.guard import Guard
from tidings.distribution.returns.matching import Match
from tidings.distribution.tokens import TokenPurpose, TokenSigner
from tidings.domain.errors import NotFoundError
from tidings.domain.instant import DAY, HOUR, Clock, Instant
from tidings.events.log import append
from tidings.store.database import Database

log = logging.getLogger("tidings.distribution.reports")
GENERIC = "generic"
MOST_EVENTS = 5_000
_WAIT = 2 * HOUR
_MOST_BODY = 20_000
_MOST_ID = 200
_NOBODY: dict[str, Any] = {"campaign_pk": None, "contact_pk": None}

FindAccount = Callable[[Connection, str], Account]
"""`ChannelService.account`. Raises NotFoundError."""


class ReportDesk:
    """Blocking; safe to call from several threads and processes, for the same request too."""

    def __init__(
        self, db: Database, clock: Clock, signer: TokenSigner, *, account: FindAccount, fetch: Fetch,
        suppress: Suppress, guard: Guard, hashed: Hash, own_url: str,
    ) -> None:  # fmt: skip
        self._db, self._clock, self._signer = db, clock, signer
        self._account, self._fetch, self._hashed, self._own_url = account, fetch, hashed, own_url
        self._suppress, self._guard = suppress, guard

    def take(self, provider: str, account_id: str, request: Request) -> tuple[Batch, int]:
        """The batch, and how many of its events wait for what they are about.

        Raises NotFoundError for an unknown account or provider, and what a reader raises.
        """
        now = self._clock.now()
        account, understands = self._open(provider, account_id)
        batch = understands.read(request, _secrets(account.form, understands), Context(now, self._fetch))
        if not batch.events:
            return batch, 0
        if len(batch.events) > MOST_EVENTS:
            raise RefusedError("there are too many events in one request")
        with self._db.transaction() as conn:
            return batch, self._record(conn, account, batch, now)

    def _open(self, provider: str, account_id: str) -> tuple[Account, Reader]:
        with self._db.reading() as conn:
            account = self._account(conn, account_id)
        own = reader(account.provider)
        given = provider.replace("_", "-")
        understands = own if given == account.provider.replace("_", "-") else None
        if own is None and given in {GENERIC, account.provider.replace("_", "-")}:
            understands = reader(GENERIC)
        if understands is None or account.id != account_id:
            raise NotFoundError("There is no such address for reports.")
        return account, understands

    def _record(self, conn: Connection, account: Account, batch: Batch, now: Instant) -> int:
        events = list({event.id: event for event in map(_named_shortly, batch.events)}.values())
        if batch.nonce and not repository.keep(conn, [self._nonce(account, batch.nonce, now)]):
            return 0  # a replay
        matches = find_all(conn, self._signer, account.provider, events, now, self._hashed)
        rows = [self._row(account, event, matches.get(event.id), now) for event in events]
        new = repository.keep(conn, rows)
        fresh = [event for event in events if event.id in new]
        return self._apply(conn, account.id, account.provider, fresh, matches, now)

    def _apply(
        self, conn: Connection, account_id: str, provider: str, events: Sequence[Reported],
        matches: Mapping[str, Match], now: Instant,
    ) -> int:  # fmt: skip
        effects = Effects(conn, now, provider, self._is_own, self._suppress)
        waiting = 0
        for event in sorted(events, key=lambda each: each.at or now):
            match = matches.get(event.id)
            if match is None:
                waiting += _may_come(event, now)
            elif not effects.apply(event, match):
                repository.settled_as(conn, account_id, event.id, "waiting", {})
                waiting += 1
        append(conn, effects.events)
        effects.look(self._guard)
        return waiting

    def _is_own(self, url: str) -> bool:
        """One of our click links, at whatever address of ours: installations and brands may have one for tracking."""
        before, _, rest = url.partition("/t/")
        token = rest.partition("?")[0].rstrip("/")
        return url.startswith(self._own_url) or bool(before and self._signer.read(token, TokenPurpose.CLICK))

    def again(self) -> int:
        """Tries events anew that came before the sending was on record; how many still wait."""
        now = self._clock.now()
        with self._db.transaction() as conn:
            repository.give_up(conn, now - _WAIT)
            rows = repository.waiting(conn, now - _WAIT, 1_000)
            left = 0
            for place in dict.fromkeys((row.account_id, row.provider) for row in rows):
                those = [row for row in rows if (row.account_id, row.provider) == place]
                left += self._retry(conn, *place, those, now)
        return left

    def _retry(
        self, conn: Connection, account_id: str, provider: str, rows: Sequence[Row[Any]], now: Instant
    ) -> int:  # fmt: skip
        events = [_said(row) for row in rows]
        matches = find_all(conn, self._signer, provider, events, now, self._hashed)
        for event in events:
            match = matches.get(event.id)
            if match is not None:
                repository.settled_as(conn, account_id, event.id, "done", _named(match))
        found = [event for event in events if event.id in matches]
        return len(events) - len(found) + self._apply(conn, account_id, provider, found, matches, now)

    def _row(self, account: Account, event: Reported, match: Match | None, now: Instant) -> dict[str, Any]:
        state = "done" if match is not None else "waiting" if _may_come(event, now) else "nobody"
        return {
            "account_id": account.id, "event_id": event.id, "provider": account.provider,
            "kind": event.kind.value, "native": event.native[:200], "state": state, "at": event.at or now,
            "received_at": now, "hard": event.kind in FAILURES and judge_failure(event).hard,
            **(_named(match) if match is not None else {**_NOBODY, "channel": event.channel, "step": 0, "matched": ""}),
            "recipient_hash": recipient_hash(event, self._hashed),
            "said": _saying(event), "body": _small(event.body),
        }  # fmt: skip

    def _nonce(self, account: Account, nonce: str, now: Instant) -> dict[str, Any]:
        """The row that says that a token was used; it stands beside the events."""
        return {
            "account_id": account.id, "event_id": f"token {nonce}"[:200], "provider": account.provider,
            "kind": Happening.UNKNOWN.value, "native": "token", "state": "nobody", "at": now, "received_at": now,
            "hard": False, **_NOBODY, "channel": "", "step": 0, "matched": "", "recipient_hash": "", "said": {},
            "body": {},
        }  # fmt: skip


def _named(match: Match) -> dict[str, Any]:
    return {
        "campaign_pk": match.campaign_pk, "contact_pk": match.contact_pk, "channel": match.channel, "step": match.step,
        "matched": match.by,
    }  # fmt: skip


def _may_come(event: Reported, now: Instant) -> bool:
    """Whether what the event is about may be recorded in a moment: providers report before our commit at times."""
    fresh = event.at is None or event.at > now - DAY
    return fresh and bool(event.references) and event.kind not in {Happening.INBOUND, Happening.UNKNOWN}


def _saying(event: Reported) -> dict[str, Any]:
    said = asdict(event)
    del said["body"]
    return {name: value for name, value in said.items() if value not in ("", (), None, False, 0.0)}


def _said(row: Row[Any]) -> Reported:
    said: dict[str, Any] = {"native": row.native, **row.said, "id": row.event_id, "kind": Happening(row.kind)}
    for name in ("references", "message_ids", "tokens"):
        said[name] = tuple(said.get(name, ()))
    return Reported(body={}, **said)


def _named_shortly(event: Reported) -> Reported:
    return event if len(event.id) <= _MOST_ID else replace(event, id=made_id(event.id))


def _small(body: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's own event, unless it is unreasonably long."""
    size = len(json.dumps(body, default=str))
    return dict(body) if size <= _MOST_BODY else {"left_out": f"{size} characters"}


def _secrets(form: BaseModel, understands: Reader) -> dict[str, str]:
    """What the account holds of the names the reader may use."""
    found: dict[str, str] = {}
    for name in understands.keys:
        value: object = getattr(form, name, None)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and text:
            found[name] = text
    return found
