"""Looks up whose machines take an unknown domain's mail, in a thread of its own: no mail ever waits for the DNS."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from tidings.distribution.dns.names import is_reserved
from tidings.distribution.dns.resolver import DnsResolver, DnsUnreachableError, Resolver
from tidings.distribution.throttle import repository
from tidings.distribution.throttle.groups import Groups
from tidings.domain.instant import Clock
from tidings.store.database import Database

log = logging.getLogger("tidings.distribution")
_AT_MOST = 20_000  # domains that wait; more stand for themselves until a later campaign
_TOGETHER = 50
_SECONDS = 20.0
_REST_SECONDS = 300.0  # after name servers did not answer


class Lookup:
    """Called with a domain nothing is known of; what is found is kept in the database, where the throttle reads it."""

    def __init__(self, db: Database, clock: Clock, nameserver: str | None, resolver: Resolver | None = None) -> None:
        self._db, self._clock, self._nameserver, self._resolver = db, clock, nameserver, resolver
        self._groups = Groups()
        self._waiting: deque[str] = deque()
        self._asked: set[str] = set()
        self._rest_until = 0.0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, domain: str) -> None:
        """To be looked up some time. Never blocks."""
        with self._lock:
            if domain in self._asked or is_reserved(domain) or len(self._asked) >= _AT_MOST:
                return
            self._asked.add(domain)
            self._waiting.append(domain)
            if time.monotonic() >= self._rest_until and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._work, name="tidings-mx", daemon=True)
                self._thread.start()

    def join(self, seconds: float) -> None:
        """Waits until what was asked is looked up."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _work(self) -> None:
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(_TOGETHER, len(self._waiting)))]
                if not batch:
                    self._thread = None
                    return
            try:
                self._keep(self._find(batch))
            except DnsUnreachableError:
                with self._lock:  # asked again when the next unknown domain comes after the rest
                    self._waiting.extend(batch)
                    self._rest_until = time.monotonic() + _REST_SECONDS
                    self._thread = None
                return
            except Exception:  # it is only an optimisation, whatever went wrong
                log.exception("the providers of some domains could not be looked up")

    def _find(self, batch: list[str]) -> dict[str, str]:
        resolver = self._resolver or DnsResolver(self._nameserver, seconds=_SECONDS)
        found: dict[str, str] = {}
        for domain in batch:
            try:
                found[domain] = self._groups.by_mx(host for _, host in resolver.mx(domain))
            except DnsUnreachableError:
                if not found:
                    raise
                with self._lock:
                    self._asked.discard(domain)
        return found

    def _keep(self, found: dict[str, str]) -> None:
        with self._db.transaction() as conn:
            repository.save_providers(conn, found, self._clock.now())
