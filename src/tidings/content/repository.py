"""Queries for brands and their claims."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from tidings.domain.actor import Actor
from tidings.domain.brand import Brand
from tidings.domain.claim import Claim
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Instant
from tidings.store.tables import campaigns as tables

_BRAND, _CLAIM = tables.brand, tables.claim


def brands(conn: Connection) -> list[Brand]:
    """Every brand, by name."""
    rows = conn.execute(select(_BRAND.c.body).order_by(_BRAND.c.name)).scalars()
    return [Brand.model_validate(body) for body in rows]


def brand_named(conn: Connection, id_or_name: str) -> Brand | None:
    """The brand with that id, or else that name in any case; None when there is none."""
    by_id = select(_BRAND.c.body).where(_BRAND.c.id == id_or_name)
    body = conn.execute(by_id).scalar()
    if body is None:
        by_name = select(_BRAND.c.body).where(func.lower(_BRAND.c.name) == id_or_name.strip().lower())
        body = conn.execute(by_name.order_by(_BRAND.c.id)).scalar()
    return None if body is None else Brand.model_validate(body)


def brand_for(conn: Connection, actor: Actor, id_or_name: str) -> Brand:
    """The same, if the actor may see it. Raises InvalidInputError that names those they may."""
    found = brand_named(conn, id_or_name)
    if found is None or not actor.sees_brand(found.id):
        raise InvalidInputError(f"There is no brand {id_or_name!r}.", remedy=brands_here(conn, actor), field="brand")
    return found


def brands_here(conn: Connection, actor: Actor) -> str:
    """The names of those the actor may see, for a remedy."""
    return f"Brands here: {', '.join(each.name for each in brands(conn) if actor.sees_brand(each.id)) or 'none yet'}."


def lock_brand(conn: Connection, brand_id: str) -> Brand | None:
    """The brand, with its row locked until the transaction ends, so that reading then writing loses no change."""
    body = conn.execute(select(_BRAND.c.body).where(_BRAND.c.id == brand_id).with_for_update()).scalar()
    return None if body is None else Brand.model_validate(body)


def insert_brand(conn: Connection, brand: Brand, at: Instant, *, sample: bool) -> None:
    """A new brand."""
    values = {"id": brand.id, "name": brand.name, "body": brand.model_dump(mode="json"), "sample": sample}
    conn.execute(insert(_BRAND).values(**values, created_at=at, updated_at=at))


def write_brand(conn: Connection, brand: Brand, at: Instant) -> None:
    """The brand as it is now."""
    values = {"name": brand.name, "body": brand.model_dump(mode="json"), "updated_at": at}
    conn.execute(update(_BRAND).where(_BRAND.c.id == brand.id).values(**values))


def claims(conn: Connection, brand_id: str) -> list[Claim]:
    """The brand's claims in the order in which they were added, approved or not, expired or not."""
    rows = conn.execute(select(_CLAIM).where(_CLAIM.c.brand_id == brand_id).order_by(_CLAIM.c.id)).mappings()
    return [_claim(row) for row in rows]


def claim(conn: Connection, claim_id: str, *, lock: bool = True) -> tuple[str, Claim] | None:
    """The id of its brand and the claim, its row locked; None when there is none."""
    asked = select(_CLAIM).where(_CLAIM.c.id == claim_id)
    row = conn.execute(asked.with_for_update() if lock else asked).mappings().first()
    return None if row is None else (row["brand_id"], _claim(row))


def insert_claim(conn: Connection, brand_id: str, new: Claim, approved_at: Instant | None) -> None:
    """A new claim of a brand."""
    values: dict[str, Any] = new.model_dump(mode="json") | {"brand_id": brand_id, "approved_at": approved_at}
    conn.execute(insert(_CLAIM).values(**values))


def write_claim(conn: Connection, changed: Claim, approved_at: Instant | None) -> None:
    """The claim's approval, validity and retirement as they are now."""
    values = {
        "approved_by": changed.approved_by, "valid_until": changed.valid_until, "approved_at": approved_at,
        "retired_at": changed.retired_at,
    }  # fmt: skip
    conn.execute(update(_CLAIM).where(_CLAIM.c.id == changed.id).values(**values))


def edit_claim(conn: Connection, changed: Claim) -> None:
    """Everything a person may edit of a claim; an approval that is gone takes its instant along."""
    values: dict[str, Any] = changed.model_dump(mode="json", exclude={"id", "retired_at"})
    if changed.approved_by is None:
        values["approved_at"] = None
    conn.execute(update(_CLAIM).where(_CLAIM.c.id == changed.id).values(**values))


def _claim(row: RowMapping) -> Claim:
    fields = {name: row[name] for name in Claim.model_fields if name != "channels"}
    return Claim.model_validate(fields | {"channels": tuple(row["channels"] or ())})
