"""Which campaigns are confirmation mails: asked for by a person, of fixed words, and counted with no marketing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from tidings.store.tables import campaign

KIND = "confirmation"
POLICY: dict[str, Any] = {"kind": KIND}
"""What stands in the policy of such a campaign, from its first to its last day."""


def is_confirmation(policy: Mapping[str, Any]) -> bool:
    """Whether this is the policy of such a campaign."""
    return policy.get("kind") == KIND


def confirms() -> ColumnElement[bool]:
    """Whether a row of `campaign` asks people to confirm their consent."""
    return func.coalesce(campaign.c.policy["kind"].as_string(), "") == KIND


def confirmations() -> Select[tuple[int]]:
    """The numbers of such campaigns."""
    return select(campaign.c.pk).where(confirms())
