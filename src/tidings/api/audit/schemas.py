"""What crosses the API about the audit trail."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from tidings.api.pages import Moment, Schema


class AuditRow(Schema):
    """Who did what to what."""

    id: int
    at: Moment
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str = Field(description="A noun and what was done to it: `campaign.approve`")
    object_id: str
    detail: dict[str, Any]
    previous_hash: str
    hash: str = Field(description="SHA-256 over this row and `previous_hash`")


class AuditCheck(Schema):
    """Whether every row is as it was written."""

    intact: bool
    rows: int = Field(description="How many were read and are whole; 0 where one is not")
    problem: str
    remedy: str
