"""Who may do what: the permissions, and what each built-in role holds of them."""

from __future__ import annotations

from enum import StrEnum

from tidings.domain.actor import Actor, Role
from tidings.domain.errors import ForbiddenError


class Permission(StrEnum):
    """One effect a role may or may not have. API tokens name them as scopes."""

    CAMPAIGNS_READ = "campaigns:read"
    CAMPAIGNS_WRITE = "campaigns:write"
    CAMPAIGNS_APPROVE = "campaigns:approve"
    CAMPAIGNS_SEND = "campaigns:send"
    SENDING_PAUSE = "sending:pause"
    CONTACTS_READ = "contacts:read"
    CONTACTS_READ_PII = "contacts:read_pii"
    CONTACTS_WRITE = "contacts:write"
    BRANDS_READ = "brands:read"
    BRANDS_WRITE = "brands:write"
    AGENTS_READ = "agents:read"
    AGENTS_CONFIGURE = "agents:configure"
    ANALYTICS_READ = "analytics:read"
    CONVERSIONS_WRITE = "conversions:write"
    MAILBOX_READ = "mailbox:read"
    ACCOUNTS_MANAGE = "accounts:manage"
    SETTINGS_WRITE = "settings:write"
    AUDIT_READ = "audit:read"


P = Permission
_LOOK = frozenset({P.CAMPAIGNS_READ, P.BRANDS_READ, P.AGENTS_READ, P.ANALYTICS_READ})
_READ = _LOOK | {P.CONTACTS_READ}
# The mailbox shows every address it holds and each person's way out: it is for those who may read addresses.

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.MANAGER: frozenset(Permission) - {P.ACCOUNTS_MANAGE, P.SETTINGS_WRITE},
    Role.AUTHOR: _READ | {P.CAMPAIGNS_WRITE, P.SENDING_PAUSE},
    # An approver lets things pass or stops them; starting a send is the manager's.
    Role.APPROVER: _READ | {P.CAMPAIGNS_APPROVE, P.SENDING_PAUSE, P.AUDIT_READ},
    Role.ANALYST: _LOOK | {P.CONTACTS_READ},
    Role.VIEWER: _LOOK,
    # The agents and other programs: they write, plan and deliver what a person approved.
    Role.SERVICE: _READ
    | {
        P.CAMPAIGNS_WRITE,
        P.CAMPAIGNS_SEND,
        P.SENDING_PAUSE,
        P.CONTACTS_READ_PII,
        P.CONTACTS_WRITE,
        P.CONVERSIONS_WRITE,
    },
}

PERSONS_ONLY = frozenset({P.CAMPAIGNS_APPROVE, P.ACCOUNTS_MANAGE})
"""What no agent and no program does, whatever role it was given."""

_WORDS: dict[Permission, str] = {
    P.CAMPAIGNS_READ: "see campaigns",
    P.CAMPAIGNS_WRITE: "write campaigns",
    P.CAMPAIGNS_APPROVE: "approve campaigns",
    P.CAMPAIGNS_SEND: "send campaigns",
    P.SENDING_PAUSE: "pause sending",
    P.CONTACTS_READ: "see contacts",
    P.CONTACTS_READ_PII: "see addresses",
    P.CONTACTS_WRITE: "change contacts",
    P.BRANDS_READ: "see brands",
    P.BRANDS_WRITE: "change brands",
    P.AGENTS_READ: "see the agents",
    P.AGENTS_CONFIGURE: "configure the agents",
    P.ANALYTICS_READ: "see the numbers",
    P.CONVERSIONS_WRITE: "record conversions",
    P.MAILBOX_READ: "read the built-in mailbox",
    P.ACCOUNTS_MANAGE: "manage accounts",
    P.SETTINGS_WRITE: "change settings",
    P.AUDIT_READ: "read the audit trail",
}


def may(actor: Actor, permission: Permission, brand_id: str | None = None) -> bool:
    """Whether the role holds it, the token's scopes include it, and the brand (if one is named) is within reach."""
    return (
        permission in GRANTS[actor.role]
        and (actor.scopes is None or permission in actor.scopes)
        and (actor.is_person or permission not in PERSONS_ONLY)
        and (brand_id is None or actor.sees_brand(brand_id))
    )


def require(actor: Actor, permission: Permission, brand_id: str | None = None) -> None:
    """Raises ForbiddenError, in words, unless `may`."""
    if may(actor, permission, brand_id):
        return
    what = _WORDS[permission]
    if permission in GRANTS[actor.role] and not actor.is_person and permission in PERSONS_ONLY:
        raise ForbiddenError(f"Only a person may {what}.", remedy="Ask a person with that right.")
    if permission in GRANTS[actor.role] and actor.scopes is not None and permission not in actor.scopes:
        raise ForbiddenError(
            f"This API token may not {what}.", remedy=f"Use a token with the scope {permission.value}."
        )
    if may(actor, permission):
        raise ForbiddenError(f"You may not {what} of this brand.", remedy="Ask an administrator for this brand.")
    those = ", ".join(roles_with(permission))
    raise ForbiddenError(
        f"The role {actor.role.value} may not {what}.", remedy=f"Ask somebody whose role may: {those}."
    )


def roles_with(permission: Permission) -> list[str]:
    """The people's roles that hold it, the mightiest first."""
    return [role.value for role in Role if permission in GRANTS[role] and role is not Role.SERVICE]
