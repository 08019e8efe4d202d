"""Use case: a brief in plain words, read against the brands and segments there are. Nothing is created."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tidings.access.permissions import Permission, may, require
from tidings.audience.segments import list_segments
from tidings.content import repository
from tidings.content.briefing.plain import Known, ParsedBrief, parse_plain
from tidings.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from tidings.domain.actor import Actor
    from tidings.domain.instant import Clock
    from tidings.store.database import Database

MOST_LETTERS = 200_000
EXAMPLE = (
    "Tell our newsletter readers about the bread workshop on 3 December at 18:00, 45 €, book at "
    "https://example.com/workshop. You get a sourdough starter to take home."
)


class BriefService:
    """Reads briefs in plain words."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    def parse(self, actor: Actor, text: str) -> ParsedBrief:
        """The typed brief as far as the text tells it, with its gaps as questions. A person confirms it elsewhere.

        Raises InvalidInputError for an empty text and for one no brief is as long as.
        """
        require(actor, Permission.CAMPAIGNS_WRITE)
        if not text.strip():
            raise InvalidInputError("There is no text.", remedy=f"Write, for example: {EXAMPLE}", field="text")
        if len(text) > MOST_LETTERS:
            raise InvalidInputError(
                f"The text is longer than {MOST_LETTERS:,} characters.", remedy="Give what this campaign is to say.",
                field="text",
            )  # fmt: skip
        return parse_plain(text, self._known(actor))

    def _known(self, actor: Actor) -> Known:
        now = self._clock.now()
        with self._db.reading() as conn:
            brands = [brand.name for brand in repository.brands(conn) if actor.sees_brand(brand.id)]
            reads = may(actor, Permission.CONTACTS_READ)
            segments = [segment.name for segment in list_segments(conn, now)] if reads else []
        return Known(tuple(brands), tuple(segments), datetime.fromtimestamp(now / 1000, UTC).date())
