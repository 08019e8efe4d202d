"""How the house is, part by part. The bare probes for machines are `/health/live` and `/health/ready`."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from tidings.api.authentication import needs
from tidings.api.given import Given
from tidings.api.pages import Schema

router = APIRouter(prefix="/health", tags=["health"])
Status = Literal["ok", "warn", "fail"]
_ORDER: tuple[Status, ...] = ("ok", "warn", "fail")


class HealthItem(Schema):
    """One part of the house and, where it is not well, the remedy."""

    name: str
    status: Status
    message: str
    remedy: str


class Health(Schema):
    """Every part. `status` is the worst of them."""

    status: Status = Field(description="The worst of the parts")
    items: list[HealthItem]


@router.get("", summary="Check every part", **needs())
def get_health(given: Given) -> Health:
    """Anybody who is signed in may ask; the checks change nothing."""
    items = [HealthItem.model_validate(item) for item in given.health.check()]
    worst = _ORDER[max((_ORDER.index(item.status) for item in items), default=0)]
    return Health(status=worst, items=items)
