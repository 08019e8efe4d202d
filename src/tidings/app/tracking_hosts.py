"""Addresses that serve tracking alone: the installation's own tracking address and those of its brands."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from tidings.domain.tracking import Tracking
from tidings.store.database import Database
from tidings.store.tables import brand

log = logging.getLogger("tidings.app")
_LOOK_EVERY = 10.0


class TrackingHosts:
    """Which names serve nothing but tracking. The web page's own name never does."""

    def __init__(self, db: Database, base_url: str, tracking_url: str | None) -> None:
        self._db, self._own = db, _host(base_url)
        self._fixed = frozenset({_host(tracking_url)} if tracking_url else ())
        self._found: frozenset[str] = self._fixed
        self._looked = -_LOOK_EVERY

    async def only_tracking(self, headers: Collection[tuple[bytes, bytes]]) -> bool:
        """Whether the request's Host is such a name. Brands' settings are looked at every ten seconds."""
        if time.monotonic() - self._looked >= _LOOK_EVERY:
            self._looked = time.monotonic()
            try:
                self._found = self._fixed | await asyncio.to_thread(self._of_brands)
            except Exception:  # a database that is busy must not take the pages down
                log.exception("the brands' tracking addresses could not be read")
        host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "")
        name = _host(f"https://{host}")
        return name != self._own and name in self._found

    def _of_brands(self) -> frozenset[str]:
        with self._db.reading() as conn:
            bodies: list[dict[str, Any]] = list(conn.execute(select(brand.c.body)).scalars())
        urls = [Tracking.model_validate(body.get("tracking") or {}).url for body in bodies]
        return frozenset(_host(url) for url in urls if url)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
