"""An account's limits as its form says them, kept together by all who send by it."""

from __future__ import annotations

from tidings.distribution.accounts.schemas import Account
from tidings.distribution.channels.account_form import AccountForm
from tidings.distribution.throttle.account import AccountLimit
from tidings.distribution.throttle.windows import Windows
from tidings.domain.instant import Clock
from tidings.store.database import Database


def limit_of(db: Database, clock: Clock, account: Account) -> AccountLimit:
    """Counts what leaves by the account, over all workers and restarts."""
    form = account.form
    windows = Windows(form.per_minute, form.per_hour) if isinstance(form, AccountForm) else Windows(0, 0)
    return AccountLimit(db, clock, account.id, account.name, windows)
