"""Use cases of access: accounts, the ways to sign in, sessions, API tokens."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tidings.access import repository
from tidings.access.accounts import (
    TOKEN_PREFIX,
    Account,
    Token,
    check_password,
    new_secret,
    password_bytes,
    secret_hash,
    sign_in_name,
)
from tidings.access.audit import record
from tidings.access.limiter import FailureLimiter
from tidings.access.permissions import GRANTS, Permission, require
from tidings.domain.actor import SYSTEM, Actor, Role
from tidings.domain.contact import mask_address
from tidings.domain.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, HOUR, MINUTE, Clock
from tidings.store.database import Database, take_turns

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SESSION_IDLE = 12 * HOUR
SESSION_LONGEST = 7 * DAY
_FAILURES_ANYWHERE = 20  # against one account from all sources together


class AccessService:
    """Each public method is one transaction. Failures to sign in all say the same, so that nothing can be learned."""

    def __init__(self, db: Database, clock: Clock, *, hasher: PasswordHasher | None = None) -> None:
        self._db = db
        self._clock = clock
        self._given_hasher = hasher
        self._by_source = FailureLimiter(clock)
        self._by_account = FailureLimiter(clock, allowed=_FAILURES_ANYWHERE)

    # Accounts

    def create_account(
        self,
        actor: Actor | None,
        *,
        email: str,
        name: str,
        role: Role,
        brands: Sequence[str] = (),
        sample: bool = False,
    ) -> Account:
        """A new account without a password. `actor` None is the installation itself, at first start or on its console.

        Raises InvalidInputError, ConflictError (the address has one), ForbiddenError.
        """
        address = sign_in_name(email)
        if address is None:
            raise InvalidInputError("That is not an e-mail address.", remedy="Write name@example.com.", field="email")
        if not name.strip() or not name.isprintable() or len(name) > 200:
            raise InvalidInputError("A name has 1 to 200 characters on one line.", field="name")
        self._require_manage(actor, brands)
        account_id = new_id("account")
        row = {
            "id": account_id, "email": address, "name": name.strip(), "role": role.value, "brands": list(brands),
            "password_hash": "", "active": True, "sample": sample, "created_at": self._clock.now(),
        }  # fmt: skip
        try:
            with self._db.transaction() as conn:
                repository.add_account(conn, row)
                self._record(conn, actor, "account.created", account_id, role=role.value, brands=list(brands))
                return repository.account_by_id(conn, account_id)
        except IntegrityError as error:
            raise ConflictError("There is an account with that address already.", field="email") from error

    def accounts(self, actor: Actor) -> list[Account]:
        """Every account within the actor's brands."""
        require(actor, Permission.ACCOUNTS_MANAGE)
        with self._db.reading() as conn:
            return [account for account in repository.all_accounts(conn) if _reaches(actor, account.brands)]

    def account(self, actor: Actor, account_id: str) -> Account:
        """One account: one's own, or any for who manages them."""
        with self._db.reading() as conn:
            self._require_own_or_manage(conn, actor, account_id)
            return repository.account_by_id(conn, account_id)

    def set_role(self, actor: Actor, account_id: str, role: Role, brands: Sequence[str] | None = None) -> Account:
        """Changes what the account may do, at once, open sessions included. `brands` None leaves them as they are."""
        require(actor, Permission.ACCOUNTS_MANAGE)
        if brands is None:
            return self._change(actor, account_id, "account.role_changed", role=role.value)
        self._require_manage(actor, brands)
        return self._change(actor, account_id, "account.role_changed", role=role.value, brands=list(brands))

    def set_active(self, actor: Actor, account_id: str, *, active: bool) -> Account:
        """Closes an account, with its sessions, links and tokens, or opens it again."""
        require(actor, Permission.ACCOUNTS_MANAGE)
        return self._change(actor, account_id, "account.opened" if active else "account.closed", active=active)

    def people_who_can_approve(self, conn: Connection, brand_id: str) -> int:
        """How many real people with an open account have the right to approve for this brand.

        In the caller's transaction: a second connection for each request would drain the pool.
        """
        roles = [role.value for role, granted in GRANTS.items() if Permission.CAMPAIGNS_APPROVE in granted]
        return repository.people_of(conn, roles, brand_id)

    # Signing in

    def create_sign_in_link(self, account_id: str, *, minutes: int = 15, actor: Actor | None = None) -> str:
        """The secret of a link that signs in once, for this many minutes. For the console and for invitations."""
        if not 1 <= minutes <= 7 * 24 * 60:
            raise InvalidInputError("A sign-in link lives from a minute to a week.", field="minutes")
        secret = new_secret()
        with self._db.transaction() as conn:
            if not repository.account_by_id(conn, account_id).active:
                raise ConflictError("The account is closed.", remedy="Open it first.")
            repository.add_link(conn, secret_hash(secret), account_id, self._clock.now() + minutes * MINUTE)
            self._record(conn, actor, "sign_in.link_made", account_id, minutes=minutes)
        return secret

    def redeem_link(self, secret: str) -> str:
        """Uses the link up and opens a session; returns the session's secret. Raises UnauthenticatedError."""
        with self._db.transaction() as conn:
            account = repository.use_link(conn, secret_hash(secret), self._clock.now())
            if account is not None:
                return self._open_session(conn, account, "link")
        raise UnauthenticatedError(
            "This sign-in link does not work: it was used, it is too old, or it is incomplete.",
            remedy="Ask for a new one; on the machine itself: tidings account link.",
        )

    def sign_in(self, email: str, password: str, *, source: str = "") -> str:
        """Opens a session by password; returns its secret. `source` is the caller's address, to slow guessing down.

        Raises UnauthenticatedError, RateLimitedError.
        """
        address = sign_in_name(email) or ""
        names = ((self._by_source, f"{address} {source}"), (self._by_account, address))
        for limiter, name in names:
            limiter.check(name)
        account = self._verified(address, password)
        for limiter, name in names:
            limiter.failed(name) if account is None else limiter.succeeded(name)
        if account is None:
            with self._db.transaction() as conn:
                self._record(conn, None, "sign_in.failed", "", address=mask_address(address))
            raise UnauthenticatedError(
                "The address or the password is not right.", remedy="Try again, or ask for a sign-in link."
            )
        with self._db.transaction() as conn:
            return self._open_session(conn, account, "password")

    def set_password(self, account_id: str, password: str, *, actor: Actor | None = None) -> None:
        """Sets the password and ends every session and link of the account. `actor` None is the console."""
        with self._db.reading() as conn:
            if actor is not None:
                self._require_own_or_manage(conn, actor, account_id)
            email = repository.account_by_id(conn, account_id).email
        check_password(password, email)
        hashed = self._hasher.hash(password_bytes(password))
        with self._db.transaction() as conn:
            repository.change_account(conn, account_id, password_hash=hashed)
            repository.end_everything(conn, account_id, self._clock.now(), tokens=False)
            self._record(conn, actor, "account.password_set", account_id)

    def actor_of_session(self, secret: str) -> Actor | None:
        """Who the session stands for; None when it has ended. Use prolongs it, to a week at most."""
        now, id_hash = self._clock.now(), secret_hash(secret)
        with self._db.reading() as conn:
            found = repository.session_account(conn, id_hash, now)
        if found is None:
            return None
        account, began, ends = found
        later = min(now + SESSION_IDLE, began + SESSION_LONGEST)
        if later - ends > SESSION_IDLE // 12:  # not at every request: that would be a write for each
            with self._db.transaction() as conn:
                repository.prolong_session(conn, id_hash, later)
        return account.actor()

    def sign_out(self, secret: str) -> None:
        """Ends the session; nothing happens when it had ended."""
        with self._db.transaction() as conn:
            repository.end_session(conn, secret_hash(secret))

    # API tokens

    def create_token(
        self, actor: Actor, *, name: str, scopes: Sequence[str] = (), days: int | None = None
    ) -> tuple[str, str]:
        """A token for one's own account: its id, and the secret that is shown this once.

        Without scopes it may what the account may. A token with scopes cannot make one. Raises InvalidInputError,
        ForbiddenError.
        """
        wanted = self._scopes(actor, scopes)
        if not name.strip() or len(name) > 200:
            raise InvalidInputError("A token has a name of 1 to 200 characters.", field="name")
        if days is not None and not 1 <= days <= 3660:
            raise InvalidInputError("A token lives from 1 to 3660 days.", field="days")
        now, token_id, secret = self._clock.now(), new_id("token"), new_secret(TOKEN_PREFIX)
        with self._db.transaction() as conn:
            repository.account_by_id(conn, actor.id)
            repository.add_token(conn, {
                "id": token_id, "token_hash": secret_hash(secret), "account_id": actor.id, "name": name.strip(),
                "scopes": wanted, "created_at": now, "expires_at": None if days is None else now + days * DAY,
            })  # fmt: skip
            self._record(conn, actor, "token.created", token_id, scopes=wanted)
        return token_id, secret

    def tokens(self, actor: Actor) -> list[Token]:
        """One's own tokens."""
        with self._db.reading() as conn:
            return repository.tokens_of(conn, actor.id)

    def actor_of_token(self, secret: str) -> Actor | None:
        """Who the token stands for, cut down to its scopes; None when it is unknown, revoked or over."""
        if not secret.startswith(TOKEN_PREFIX):
            return None
        with self._db.reading() as conn:
            found = repository.token_account(conn, secret_hash(secret), self._clock.now())
        if found is None:
            return None
        account, scopes, token = found
        return account.actor(frozenset(scopes) if scopes else None, token)

    def revoke_token(self, actor: Actor, token_id: str) -> None:
        """Ends a token at once: one's own, or anybody's for who manages accounts."""
        with self._db.transaction() as conn:
            token = repository.token_by_id(conn, token_id)
            if token is None:
                raise NotFoundError("There is no such token.")
            self._require_own_or_manage(conn, actor, token.account_id)
            repository.revoke(conn, token_id, self._clock.now())
            self._record(conn, actor, "token.revoked", token_id)

    def record_refusal(self, actor: Actor, what: str, object_id: str = "") -> None:
        """Notes in the audit trail that somebody tried what they may not do."""
        with self._db.transaction() as conn:
            self._record(conn, actor, "access.refused", object_id, what=what[:200])

    # Inside

    @cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher

        # OWASP's second choice for argon2id: 19 MiB, two passes; a laptop and a small server both bear it.
        return self._given_hasher or PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash(new_secret())

    def _verified(self, address: str, password: str) -> Account | None:
        """The account whose password this is. Unknown addresses cost the same time as known ones."""
        from argon2.exceptions import Argon2Error, InvalidHashError

        with self._db.reading() as conn:
            found = repository.credentials(conn, address) if address else None
        stored = found[1] if found and found[1] else self._nobodys_hash
        try:
            self._hasher.verify(stored, password_bytes(password))
        except (Argon2Error, InvalidHashError):
            return None
        if found is None or not found[1] or not found[0].active:
            return None
        if self._hasher.check_needs_rehash(stored):
            with self._db.transaction() as conn:
                repository.change_account(conn, found[0].id, password_hash=self._hasher.hash(password_bytes(password)))
        return found[0]

    def _open_session(self, conn: Connection, account: Account, by: str) -> str:
        secret, now = new_secret(), self._clock.now()
        repository.add_session(conn, secret_hash(secret), account.id, now, now + SESSION_IDLE)
        record(conn, now, account.actor(), "sign_in.done", account.id, {"by": by})
        return secret

    def _change(self, actor: Actor, account_id: str, action: str, **values: object) -> Account:
        with self._db.transaction() as conn:
            take_turns(conn, "accounts")
            if not _reaches(actor, repository.account_by_id(conn, account_id).brands):
                raise _out_of_reach()
            repository.change_account(conn, account_id, **values)
            everyone = repository.all_accounts(conn)
            if not any(account.active and account.role is Role.ADMIN and not account.sample for account in everyone):
                raise ConflictError("That would leave no administrator.", remedy="Make somebody else one first.")
            if values.get("active") is False:
                repository.end_everything(conn, account_id, self._clock.now(), tokens=True)
            self._record(conn, actor, action, account_id, **values)
            return repository.account_by_id(conn, account_id)

    def _require_manage(self, actor: Actor | None, brands: Sequence[str] = ()) -> None:
        if actor is None:
            return
        require(actor, Permission.ACCOUNTS_MANAGE)
        if not _reaches(actor, brands):
            raise _out_of_reach()

    @staticmethod
    def _require_own_or_manage(conn: Connection, actor: Actor, account_id: str) -> None:
        if actor.id == account_id and actor.scopes is None:
            return
        require(actor, Permission.ACCOUNTS_MANAGE)
        if not _reaches(actor, repository.account_by_id(conn, account_id).brands):
            raise _out_of_reach()

    @staticmethod
    def _scopes(actor: Actor, scopes: Sequence[str]) -> list[str]:
        if actor.scopes is not None:  # it could outlive the token that made it
            raise ForbiddenError("An API token with scopes may not make another one.", remedy="Sign in to make one.")
        unknown = sorted(set(scopes) - {permission.value for permission in Permission})
        if unknown:
            raise InvalidInputError(
                f"There is no permission {unknown[0]!r}.",
                remedy=f"Known are: {', '.join(permission.value for permission in Permission)}.",
                field="scopes",
            )
        wanted = sorted(set(scopes))
        for scope in wanted:
            require(actor, Permission(scope))
        return wanted

    def _record(self, conn: Connection, actor: Actor | None, action: str, object_id: str, **detail: object) -> None:
        record(conn, self._clock.now(), actor or SYSTEM, action, object_id, detail)


def _reaches(actor: Actor, brands: Sequence[str]) -> bool:
    """Whether whoever is limited to brands stays inside them; an account of every brand is beyond their reach."""
    return not actor.brands or (bool(brands) and actor.brands.issuperset(brands))


def _out_of_reach() -> ForbiddenError:
    return ForbiddenError("You may manage accounts of your own brands only.", remedy="Name brands of yours.")
