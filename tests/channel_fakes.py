"""Accounts at providers in memory, for the tests of the faces: the contract's shapes and rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tidings.access.permissions import Permission, require
from tidings.distribution.accounts.schemas import AccountView, ProviderView, TestAnswer
from tidings.domain.actor import Actor
from tidings.domain.errors import NotFoundError

AT = 1_780_000_000_000
FORM = {
    "properties": {
        "server": {"type": "string", "default": "https://api.pigeon.example", "description": "Where it listens."},
        "key": {"type": "string", "format": "password", "writeOnly": True, "title": "API key"},
        "per_minute": {"type": "integer", "default": 30, "minimum": 1},
    },
    "required": ["key"],
    "type": "object",
}
PIGEON = ProviderView(
    name="pigeon", title="Pigeon Post", channel="email", personal=True,
    about="Carries mail by pigeon: https://pigeon.example/docs", limits={"rate": "30 mails a minute"}, schema=FORM,
    secrets=("key",), can_check=True,
)  # fmt: skip
BROKEN = AccountView(
    id="chn_1", name="Our pigeons", channel="email", provider="pigeon", title="Pigeon Post", personal=True,
    brand_id=None, config={"server": "https://api.pigeon.example", "per_minute": 30}, secrets={"key": True},
    enabled=True, priority=0, state="problem", in_use=True,
    problem="Pigeon Post refuses the key (401). Enter a new one on the page Channels.", problem_at=AT,
    checked_at=None, can_check=True, created_at=AT, updated_at=AT,
)  # fmt: skip


class FakeChannels:
    """One provider, one account whose key is refused until it is checked again."""

    def __init__(self) -> None:
        self.rows = {BROKEN.id: BROKEN}
        self.given: list[dict[str, Any]] = []

    def providers(self, actor: Actor) -> list[ProviderView]:
        require(actor, Permission.CAMPAIGNS_READ)
        return [PIGEON]

    def accounts(self, actor: Actor) -> list[AccountView]:
        require(actor, Permission.CAMPAIGNS_READ)
        return list(self.rows.values())

    def get(self, actor: Actor, id_or_name: str) -> AccountView:
        require(actor, Permission.CAMPAIGNS_READ)
        for row in self.rows.values():
            if id_or_name in {row.id, row.name}:
                return row
        raise NotFoundError(f"There is no account {id_or_name!r}.")

    def create(
        self, actor: Actor, *, provider_name: str, name: str, values: Mapping[str, Any], brand_id: str | None = None,
        priority: int = 0, enabled: bool = True,
    ) -> AccountView:  # fmt: skip
        require(actor, Permission.SETTINGS_WRITE)
        if provider_name != "pigeon":
            raise NotFoundError(f"There is no provider {provider_name!r}.", remedy="Those there are: pigeon.")
        self.given.append(dict(values))
        row = replace(
            BROKEN, id=f"chn_{len(self.rows) + 1}", name=name, brand_id=brand_id, priority=priority, enabled=enabled,
            state="not checked", problem="", problem_at=None, in_use=False,
        )  # fmt: skip
        self.rows[row.id] = row
        return row

    def update(
        self, actor: Actor, id_or_name: str, *, name: str | None = None, values: Mapping[str, Any] | None = None,
        priority: int | None = None,
    ) -> AccountView:  # fmt: skip
        require(actor, Permission.SETTINGS_WRITE)
        row = self.get(actor, id_or_name)
        self.given.append(dict(values or {}))
        return self._put(replace(row, name=name or row.name, priority=row.priority if priority is None else priority))

    def enable(self, actor: Actor, id_or_name: str, *, enabled: bool = True) -> AccountView:
        require(actor, Permission.SETTINGS_WRITE)
        return self._put(
            replace(self.get(actor, id_or_name), enabled=enabled, state="not checked" if enabled else "off")
        )

    def remove(self, actor: Actor, id_or_name: str) -> None:
        require(actor, Permission.SETTINGS_WRITE)
        del self.rows[self.get(actor, id_or_name).id]

    def check(self, actor: Actor, id_or_name: str) -> AccountView:
        require(actor, Permission.SETTINGS_WRITE)
        row = self.get(actor, id_or_name)
        return self._put(replace(row, state="works", problem="", problem_at=None, checked_at=AT))

    def send_test(self, actor: Actor, id_or_name: str, to: str) -> TestAnswer:
        require(actor, Permission.SETTINGS_WRITE)
        self.get(actor, id_or_name)
        return TestAnswer("accepted", f"queued for {to}", "pigeon-7")

    def push_link(self, actor: Actor, contact_id: str) -> str:
        require(actor, Permission.CONTACTS_WRITE)
        return f"https://localhost:8443/push/{contact_id}"

    def _put(self, row: AccountView) -> AccountView:
        self.rows[row.id] = row
        return row
