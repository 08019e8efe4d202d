"""Use cases of accounts at providers: list, set up, check, turn on and off, remove."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import IntegrityError

from tidings.access.audit import record
from tidings.access.permissions import Permission, may, require
from tidings.distribution.accounts import forms, repository
from tidings.distribution.accounts.limits import limit_of
from tidings.distribution.accounts.schemas import Account, AccountView, ProviderView, TestAnswer
from tidings.distribution.channels.base import Result
from tidings.distribution.channels.registry import PROVIDERS, Provider, provider
from tidings.distribution.throttle.account import forget
from tidings.distribution.tokens import Token, TokenPurpose, TokenSigner
from tidings.domain.actor import Actor
from tidings.domain.channel import LOCAL, PERSONAL, Channel
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError, TidingsError, UnavailableError
from tidings.domain.ids import new_id
from tidings.domain.instant import Clock
from tidings.keys.secrets import Secrets
from tidings.net.guard import Guard
from tidings.store.database import Database

if TYPE_CHECKING:
    from tidings.net.client import Outbound

_MOST_NAME = 80


class ChannelService:
    """Blocking. Secrets go in and never come out, but for `account` and `usable`, which serve the rooms that send."""

    def __init__(
        self, db: Database, clock: Clock, secrets: Secrets, guard: Guard | None = None, *, base_url: str = ""
    ) -> None:
        """`guard` judges every address an account names; it is shared with all that leaves this process."""
        self._db, self._clock = db, clock
        self._key = hashlib.blake2b(b"channel accounts", key=secrets.signing_key, digest_size=32).digest()
        self._signer, self._base_url = TokenSigner(secrets.signing_key), base_url or "https://localhost"
        self.guard = guard or Guard()
        self._outbound: Outbound | None = None

    @property
    def outbound(self) -> Outbound:
        """The blocking client behind the guard."""
        from tidings.net.client import Outbound  # loaded where an account is used, not in every idle house

        if self._outbound is None:
            self._outbound = Outbound(self.guard)
        return self._outbound

    # Looking

    def providers(self, actor: Actor) -> list[ProviderView]:
        """Every provider there is, by channel and title."""
        _require_look(actor)
        found = [_provider_view(provider(name)) for name in PROVIDERS]
        return sorted(found, key=lambda each: (list(Channel).index(Channel(each.channel)), each.title))

    def accounts(self, actor: Actor) -> list[AccountView]:
        """Every account the actor's brands reach, by channel."""
        _require_look(actor)
        with self._db.reading() as conn:
            rows = repository.all_accounts(conn)
        first = _first_of_each(rows)
        return [_view(row, first) for row in rows if _sees(actor, row)]

    def get(self, actor: Actor, id_or_name: str) -> AccountView:
        """One account. Raises NotFoundError."""
        _require_look(actor)
        with self._db.reading() as conn:
            row = repository.find(conn, id_or_name)
            if row is None or not _sees(actor, row):
                raise _unknown(id_or_name)
            return _view(row, _first_of_each(repository.all_accounts(conn, row["channel"])))

    # Changing

    def create(
        self, actor: Actor, *, provider_name: str, name: str, values: Mapping[str, Any], brand_id: str | None = None,
        priority: int = 0, enabled: bool = True,
    ) -> AccountView:  # fmt: skip
        """A new account from its provider's form, secrets included.

        Raises InvalidInputError that names the wrong field, ConflictError for a name in use.
        """
        require(actor, Permission.SETTINGS_WRITE, brand_id)
        kind = provider(provider_name)
        _check_brand(kind, brand_id)
        shown, hidden = forms.apart(forms.filled(kind.form, values))
        now, account_id = self._clock.now(), new_id("channel")
        row: dict[str, Any] = {
            "id": account_id, "name": _good_name(name or kind.title), "channel": kind.channel.value,
            "provider": kind.name, "brand_id": brand_id, "config": shown,
            "secret": forms.sealed(self._key, account_id, hidden), "enabled": enabled, "priority": priority,
            "problem": "", "problem_at": None, "checked_at": None, "created_at": now, "updated_at": now,
        }  # fmt: skip
        with self._db.transaction() as conn:
            self._name_is_free(conn, row["name"], account_id)
            _write(conn, row)
            record(conn, now, actor, "channel.create", account_id, {"name": row["name"], "provider": kind.name})
        return self.get(actor, account_id)

    def update(
        self, actor: Actor, id_or_name: str, *, name: str | None = None, values: Mapping[str, Any] | None = None,
        priority: int | None = None,
    ) -> AccountView:  # fmt: skip
        """Changes what is given. A secret that is not given, or given empty, stays as it is; None forgets it.

        Raises InvalidInputError, and ConflictError for a name in use.
        """
        require(actor, Permission.SETTINGS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            row = self._locked(conn, actor, id_or_name)
            changes: dict[str, Any] = {}
            if name is not None:
                changes["name"] = _good_name(name)
                self._name_is_free(conn, changes["name"], row["id"])
            if priority is not None:
                changes["priority"] = priority
            if values is not None:
                changes |= self._new_values(row, values)
            repository.change(conn, row["id"], changes, now)
            told = sorted({*changes} - {"config", "secret", "problem", "problem_at", "checked_at"} | {*(values or {})})
            record(conn, now, actor, "channel.update", row["id"], {"changed": told})
        return self.get(actor, row["id"])

    def _new_values(self, row: RowMapping, values: Mapping[str, Any]) -> dict[str, Any]:
        kind = provider(row["provider"])
        secrets = forms.secret_names(kind.form)
        known = {**row["config"], **forms.opened(self._key, row["id"], row["secret"])}
        given = {each: value for each, value in values.items() if each not in secrets or value != ""}
        merged = {each: value for each, value in {**known, **given}.items() if each not in secrets or value is not None}
        shown, hidden = forms.apart(forms.filled(kind.form, merged))
        sealed = forms.sealed(self._key, row["id"], hidden)
        return {"config": shown, "secret": sealed, "problem": "", "problem_at": None, "checked_at": None}

    def enable(self, actor: Actor, id_or_name: str, *, enabled: bool = True) -> AccountView:
        """Turns it on or off. Off, nothing leaves by it; what waits for it stays. Repeating it is harmless."""
        require(actor, Permission.SETTINGS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            row = self._locked(conn, actor, id_or_name)
            if row["enabled"] is not enabled:
                repository.change(conn, row["id"], {"enabled": enabled}, now)
                record(conn, now, actor, "channel.enable" if enabled else "channel.disable", row["id"])
        return self.get(actor, row["id"])

    def remove(self, actor: Actor, id_or_name: str) -> None:
        """Forgets it and its secrets. What was sent by it keeps its name."""
        require(actor, Permission.SETTINGS_WRITE)
        now = self._clock.now()
        with self._db.transaction() as conn:
            row = self._locked(conn, actor, id_or_name)
            repository.remove(conn, row["id"])
            forget(conn, row["id"])
            record(conn, now, actor, "channel.remove", row["id"], {"name": row["name"], "provider": row["provider"]})

    # Trying

    def check(self, actor: Actor, id_or_name: str) -> AccountView:
        """Proves the credentials by a request that changes nothing, and keeps what it brought as the account's state.

        Raises InvalidInputError where the provider has nothing to ask; use a test message there.
        """
        require(actor, Permission.SETTINGS_WRITE)
        with self._db.reading() as conn:
            row = repository.find(conn, id_or_name)
        if row is None or not _sees(actor, row):
            raise _unknown(id_or_name)
        kind = provider(row["provider"])
        if kind.check is None:
            remedy = "Send a test message." if kind.open is not None else "Its first posting shows whether it works."
            raise InvalidInputError(f"{kind.title} offers nothing that could be asked without sending.", remedy=remedy)
        problem = ""
        try:
            kind.check(self._account(row).form, self.outbound)
        except TidingsError as error:
            problem = str(error)
        now = self._clock.now()
        with self._db.transaction() as conn:
            if problem:
                repository.say_problem(conn, row["id"], problem, now)
            else:
                repository.say_works(conn, row["id"], now)
            record(conn, now, actor, "channel.check", row["id"], {"works": not problem})
        return self.get(actor, row["id"])

    def send_test(self, actor: Actor, id_or_name: str, to: str) -> TestAnswer:
        """One short message at once: to an e-mail address, a number as E.164 has it, or for push a contact's id.

        It counts for the account's limits. Raises InvalidInputError for an address that is none, UnavailableError
        when the account does not work or its limits are used up.
        """
        from tidings.distribution.accounts import trial

        require(actor, Permission.SETTINGS_WRITE)
        now = self._clock.now()
        with self._db.reading() as conn:
            row = repository.find(conn, id_or_name)
            if row is None or not _sees(actor, row):
                raise _unknown(id_or_name)
            account, brand = self._account(row), repository.first_brand(conn)
            fields: dict[str, object] = {"email": to, "phone": to}
            if account.channel == Channel.PUSH.value:
                fields["push_subscriptions"] = repository.browsers_of(conn, to)
        way = trial.open_way(account, self.guard)
        if brand is None:
            raise InvalidInputError("There is no brand in whose name to write.", remedy="Make one first.")
        message = trial.test_message(account, brand, fields, base_url=self._base_url, signer=self._signer, now=now)
        self._count_one(account)
        answer = trial.carry(way, message)
        with self._db.transaction() as conn:
            if answer.result == Result.ACCEPTED.value:
                repository.say_works(conn, row["id"], now)
            record(conn, now, actor, "channel.test", row["id"], {"result": answer.result})
        return answer

    def _count_one(self, account: Account) -> None:
        limit = limit_of(self._db, self._clock, account)
        if limit.turns is not None and not limit.turns.renew(1):
            raise UnavailableError(
                f"The account {account.name} sends at most {limit.words}, and that is used up.",
                remedy=f"Try again at {limit.goes_on}, or raise its limits on the page Channels if its provider did.",
            )

    def push_link(self, actor: Actor, contact_id: str) -> str:
        """The page on which this contact, and whoever has the link, allows notifications or turns them off.

        Raises NotFoundError for nobody, UnavailableError while web push is not set up.
        """
        require(actor, Permission.CONTACTS_WRITE)
        with self._db.reading() as conn:
            pk = repository.contact_pk(conn, contact_id)
            if not repository.usable(conn, Channel.PUSH.value):
                raise UnavailableError("Web push is not set up.", remedy="Set it up on the page Channels.")
        if pk is None:
            raise NotFoundError("There is no such contact.", remedy="Search by name or address.")
        token = self._signer.make(Token(TokenPurpose.PUSH, 0, pk))
        return f"{self._base_url.rstrip('/')}/push/{token}"

    # For the rooms that send

    def account(self, conn: Connection, account_id: str) -> Account:
        """An account with its secrets. Raises NotFoundError."""
        row = repository.find(conn, account_id)
        if row is None:
            raise _unknown(account_id)
        return self._account(row)

    def usable(self, conn: Connection, channel: Channel) -> list[Account]:
        """The enabled accounts of a channel, the highest priority first, with their secrets."""
        return [self._account(row) for row in repository.usable(conn, channel.value)]

    def mail_account(self) -> str:
        """The name of the account by which mail leaves; empty where the relay or the mailbox takes it."""
        with self._db.reading() as conn:
            rows = repository.usable(conn, Channel.EMAIL.value)
        return str(rows[0]["name"]) if rows else ""

    def trouble(self, account_id: str, words: str) -> None:
        """Keeps why an account does not work, as sending found it; empty: it does."""
        with self._db.transaction() as conn:
            if words:
                repository.say_problem(conn, account_id, words, self._clock.now())
            else:
                repository.say_works(conn, account_id, self._clock.now())

    def renew(self, account_id: str, fresh: Mapping[str, str]) -> None:
        """Keeps secrets the service has changed in use, at once: the former ones are void."""
        with self._db.transaction() as conn:
            row = repository.find(conn, account_id, lock=True)
            if row is not None:
                hidden = {**forms.opened(self._key, row["id"], row["secret"]), **fresh}
                sealed = forms.sealed(self._key, row["id"], hidden)
                repository.change(conn, row["id"], {"secret": sealed}, self._clock.now())

    def _account(self, row: RowMapping) -> Account:
        kind = provider(row["provider"])
        hidden = forms.opened(self._key, row["id"], row["secret"])
        form = forms.filled(kind.form, {**row["config"], **hidden})
        return Account(row["id"], row["name"], row["channel"], row["provider"], row["brand_id"], form)

    def _locked(self, conn: Connection, actor: Actor, id_or_name: str) -> RowMapping:
        row = repository.find(conn, id_or_name, lock=True)
        if row is None or not _sees(actor, row):
            raise _unknown(id_or_name)
        require(actor, Permission.SETTINGS_WRITE, row["brand_id"])
        return row

    def _name_is_free(self, conn: Connection, name: str, account_id: str) -> None:
        other = repository.find(conn, name)
        if other is not None and other["id"] != account_id:
            raise _taken(name)


def _write(conn: Connection, row: Mapping[str, Any]) -> None:
    try:
        repository.add(conn, row)
    except IntegrityError as error:
        raise _taken(str(row["name"])) from error


def _require_look(actor: Actor) -> None:
    if not may(actor, Permission.AGENTS_READ):
        require(actor, Permission.CAMPAIGNS_READ)


def _sees(actor: Actor, row: RowMapping) -> bool:
    return row["brand_id"] is None or actor.sees_brand(row["brand_id"])


def _check_brand(kind: Provider, brand_id: str | None) -> None:
    if brand_id and kind.channel in PERSONAL:
        raise InvalidInputError(
            f"An account for {kind.channel.value} serves every brand.",
            remedy="Leave the brand out; each brand's own sender address stands in its messages.",
            field="brand_id",
        )


def _good_name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= _MOST_NAME or not name.isprintable():
        raise InvalidInputError(f"A name has 1 to {_MOST_NAME} characters.", field="name")
    return name


def _provider_view(kind: Provider) -> ProviderView:
    return ProviderView(
        name=kind.name, title=kind.title, channel=kind.channel.value, personal=kind.channel in PERSONAL,
        about=kind.about, limits=dict(kind.limits), schema=forms.schema_of(kind.form),
        secrets=forms.secret_names(kind.form), can_check=kind.check is not None,
    )  # fmt: skip


def _first_of_each(rows: Any) -> dict[str, str]:
    """Of each channel, the account that is used first."""
    first: dict[str, str] = {}
    for row in rows:  # they come in that order
        if row["enabled"]:
            first.setdefault(row["channel"], row["id"])
    return first


def _view(row: RowMapping, first: Mapping[str, str]) -> AccountView:
    kind = provider(row["provider"])
    unchecked = "ready" if kind.channel in LOCAL else "not checked"
    state = "works" if row["checked_at"] is not None else unchecked
    if row["problem"]:
        state = "problem"
    personal = kind.channel in PERSONAL
    return AccountView(
        id=row["id"], name=row["name"], channel=row["channel"], provider=row["provider"], title=kind.title,
        personal=personal, brand_id=row["brand_id"], config=dict(row["config"]),
        secrets={each: each in row["secret"].get("names", ()) for each in forms.secret_names(kind.form)},
        enabled=row["enabled"], priority=row["priority"], state=state if row["enabled"] else "off",
        in_use=row["enabled"] and (not personal or first.get(row["channel"]) == row["id"]),
        problem=row["problem"], problem_at=row["problem_at"], checked_at=row["checked_at"],
        can_check=kind.check is not None, created_at=row["created_at"], updated_at=row["updated_at"],
    )  # fmt: skip


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(f"There is no account {name!r}.", remedy="tidings channel list")


def _taken(name: str) -> ConflictError:
    return ConflictError(f"An account is called {name!r} already.", remedy="Give it another name.", field="name")
