"""A worker of postings as a process of its own, to be killed: `posting_program.py DATABASE`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy import Connection
from tests.conftest import DATABASE_KEY

from tidings.distribution.accounts.service import ChannelService
from tidings.distribution.postings.service import PostingService
from tidings.distribution.postings.worker import PostingHooks, PostingWorker
from tidings.engine.clock import SystemClock
from tidings.keys.secrets import Secrets
from tidings.net.addresses import AddressRule
from tidings.net.client import Guard
from tidings.store.database import open_sqlite


def nothing(*_: object) -> None:
    """Nobody listens here."""


def finished(_conn: Connection, _campaign_pk: int) -> None:
    """The campaign's end is not this process's."""


def main() -> None:
    """Works until it is killed."""
    db, clock = open_sqlite(Path(sys.argv[1]), DATABASE_KEY), SystemClock()
    secrets = Secrets(signing_key=b"s" * 32, hash_key=b"h" * 32)  # those of the fixture
    channels = ChannelService(db, clock, secrets, Guard(AddressRule(frozenset({"127.0.0.1"}))))
    hooks = PostingHooks(nothing, finished)
    PostingWorker(db, clock, PostingService(clock, channels), channels, hooks, every=0.05, first_look=100).start()
    while True:
        time.sleep(1)


if __name__ == "__main__":
    main()
