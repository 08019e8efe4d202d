"""Templates: a draft's blocks kept under a name for a brand, to begin another draft with; and drafts from HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError

from tidings.access import audit
from tidings.access.permissions import Permission, require
from tidings.campaigns.attaching import campaign_for
from tidings.campaigns.editing import DraftChange, EditingService, draft_of
from tidings.content.parsing import parse_blocks
from tidings.content.repository import brand_named
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.store.tables import draft_template

if TYPE_CHECKING:
    from tidings.campaigns.views import CampaignDetail
    from tidings.domain.actor import Actor
    from tidings.domain.blocks import Block
    from tidings.domain.instant import Instant

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A brand's template."""

    id: str
    brand_id: str
    name: str
    subject: str
    preheader: str
    blocks: tuple[Block, ...]
    by_name: str
    at: Instant


class TemplateService:
    """What a template says is checked in the draft that begins with it, by that draft's brief."""

    def __init__(self, editing: EditingService) -> None:
        self._editing, self._db, self._clock = editing, editing.db, editing.clock

    def templates(self, actor: Actor, brand_id: str) -> list[TemplateView]:
        """The brand's templates, by name."""
        require(actor, Permission.BRANDS_READ)
        with self._db.reading() as conn:
            known = _brand_id(conn, actor, brand_id)
            query = select(draft_template).where(draft_template.c.brand_id == known)
            return [_view(row) for row in conn.execute(query.order_by(draft_template.c.name))]

    def save(self, actor: Actor, campaign_id: str, variant: str, name: str) -> TemplateView:
        """The draft in force as a template of the campaign's brand.

        Raises InvalidInputError for a name that cannot be used, ConflictError for one in use.
        """
        given = " ".join(name.split())
        if not given or len(given) > LONGEST_NAME:
            raise InvalidInputError(
                "A template needs a name.", remedy=f"Give it one of at most {LONGEST_NAME} characters.", field="name"
            )
        made = new_id("template")
        try:
            with self._db.transaction() as conn:
                row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
                draft = draft_of(self._editing.reviser.in_force(conn, row), variant)
                conn.execute(
                    insert(draft_template).values(
                        id=made, brand_id=row.brand_id, name=given, subject=draft.subject, preheader=draft.preheader,
                        blocks=[block.model_dump(mode="json") for block in draft.blocks], by_name=actor.name,
                        at=self._clock.now(),
                    )
                )  # fmt: skip
                audit.record(conn, self._clock.now(), actor, "template.save", made, {"name": given})
        except IntegrityError as error:
            raise ConflictError(f"There is a template {given!r} already.", remedy="Give it another name.") from error
        return next(each for each in self.templates(actor, row.brand_id) if each.id == made)

    def remove(self, actor: Actor, template_id: str) -> None:
        """Forgets a template; drafts that began with it stay. Raises NotFoundError."""
        with self._db.transaction() as conn:
            row = _row(conn, actor, template_id)
            require(actor, Permission.CAMPAIGNS_WRITE, row.brand_id)
            conn.execute(delete(draft_template).where(draft_template.c.id == template_id))
            audit.record(conn, self._clock.now(), actor, "template.remove", template_id, {"name": row.name})

    def start_from(
        self, actor: Actor, campaign_id: str, variant: str, template_id: str, *, expected_version: int | None = None
    ) -> CampaignDetail:
        """The template's blocks in place of the draft's, as a new revision. Its subject stays the draft's own.

        Raises NotFoundError; ConflictError for a template of another brand.
        """
        with self._db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            found = _row(conn, actor, template_id)
            if found.brand_id != row.brand_id:
                raise ConflictError("That template belongs to another brand.", remedy="Choose one of this brand.")
        blocks: Sequence[Mapping[str, Any]] = found.blocks
        change = DraftChange(blocks=blocks)
        return self._editing.save(actor, campaign_id, variant, change, expected_version=expected_version)


def _brand_id(conn: Connection, actor: Actor, brand_id: str) -> str:
    brand = brand_named(conn, brand_id)
    if brand is None or not actor.sees_brand(brand.id):
        raise NotFoundError(f"There is no brand {brand_id!r}.", remedy="See the list of brands for its name.")
    return brand.id


def _row(conn: Connection, actor: Actor, template_id: str) -> Row[Any]:
    row = conn.execute(select(draft_template).where(draft_template.c.id == template_id)).one_or_none()
    if row is None or not actor.sees_brand(row.brand_id):
        raise NotFoundError(f"There is no template {template_id}.", remedy="See the brand's templates.")
    return row


def _view(row: Row[Any]) -> TemplateView:
    return TemplateView(
        id=row.id, brand_id=row.brand_id, name=row.name, subject=row.subject, preheader=row.preheader,
        blocks=parse_blocks(row.blocks), by_name=row.by_name, at=row.at,
    )  # fmt: skip
