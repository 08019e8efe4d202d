"""A brand's pictures: kept in the encrypted database, shown to anybody under an address nobody can guess."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, insert, select

from tidings.access.audit import record
from tidings.access.permissions import Permission, require
from tidings.content.repository import brand_named
from tidings.domain.blocks import Block, Image
from tidings.domain.errors import InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.image import Picture, read_picture
from tidings.store.tables import image

if TYPE_CHECKING:
    from tidings.domain.actor import Actor
    from tidings.domain.brand import Brand
    from tidings.domain.instant import Clock, Instant
    from tidings.store.database import Database

PATH = "/i/"
LONGEST_ALT = 200
_NAME = re.compile(r"([0-9a-f]{32})\.(png|jpg|gif|webp)")
_SHOWN = [column for column in image.c if column.name != "content"]


@dataclass(frozen=True, slots=True)
class ImageView:
    """One picture of a brand and where readers' programs fetch it."""

    id: str
    brand_id: str
    url: str
    alt: str
    media_type: str
    width: int
    height: int
    size: int
    by_name: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Served:
    """What a reader's program gets."""

    media_type: str
    content: bytes
    digest: str


class ImageService:
    """Uploading and listing. Pictures are never changed or removed: mails already sent show them."""

    def __init__(self, db: Database, clock: Clock, base: str) -> None:
        """`base`: what links in mails begin with."""
        self._db, self._clock, self._base = db, clock, base

    def images(self, actor: Actor, brand_id: str) -> list[ImageView]:
        """The brand's pictures, newest first."""
        require(actor, Permission.BRANDS_READ)
        with self._db.reading() as conn:
            brand = _brand(conn, actor, brand_id)
            rows = conn.execute(select(*_SHOWN).where(image.c.brand_id == brand.id).order_by(image.c.id.desc()))
            return [self._view(brand, row) for row in rows]

    def upload(self, actor: Actor, brand_id: str, content: bytes, alt: str) -> ImageView:
        """Keeps a picture, without what the camera told about place and person; the same one again is that one.

        Raises InvalidInputError for what is no picture, too large, or has no alternative text.
        """
        require(actor, Permission.CAMPAIGNS_WRITE)
        text = " ".join(alt.split())
        if not text or len(text) > LONGEST_ALT:
            raise InvalidInputError(
                "A picture needs an alternative text." if not text else "The alternative text is too long.",
                remedy=f"Say in at most {LONGEST_ALT} characters what it shows.", field="alt",
            )  # fmt: skip
        picture = read_picture(content)
        with self._db.transaction() as conn:
            brand = _brand(conn, actor, brand_id)
            require(actor, Permission.CAMPAIGNS_WRITE, brand.id)
            kept = self._insert(conn, actor, brand, picture, text)
            row = conn.execute(select(*_SHOWN).where(image.c.id == kept)).one()
            return self._view(brand, row)

    def served(self, name: str) -> Served | None:
        """The picture of an address's last part, for whoever knows it; None when there is none."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        with self._db.reading() as conn:
            query = select(image.c.media_type, image.c.content, image.c.digest).where(image.c.key == found[1])
            row = conn.execute(query).one_or_none()
        if row is None or _extension(row.media_type) != found[2]:
            return None
        return Served(row.media_type, bytes(row.content), row.digest)

    def _insert(self, conn: Connection, actor: Actor, brand: Brand, picture: Picture, alt: str) -> str:
        digest, now = hashlib.sha256(picture.content).hexdigest(), self._clock.now()
        same = select(image.c.id).where(image.c.brand_id == brand.id, image.c.digest == digest, image.c.alt == alt)
        known = conn.execute(same.limit(1)).scalar()
        if known is not None:
            return known
        made = new_id("image")
        conn.execute(
            insert(image).values(
                id=made, brand_id=brand.id, key=secrets.token_hex(16), media_type=picture.media_type,
                width=picture.width, height=picture.height, size=len(picture.content), digest=digest, alt=alt,
                content=picture.content, by_name=actor.name, at=now,
            )
        )  # fmt: skip
        record(conn, now, actor, "image.upload", made, {"brand": brand.id, "digest": digest})
        return made

    def _view(self, brand: Brand, row: Row[Any]) -> ImageView:
        place = image_places(brand, self._base + PATH)[0]
        return ImageView(
            id=row.id, brand_id=row.brand_id, url=f"{place}{row.key}.{_extension(row.media_type)}", alt=row.alt,
            media_type=row.media_type, width=row.width, height=row.height, size=row.size, by_name=row.by_name,
            at=row.at,
        )  # fmt: skip


def image_places(brand: Brand, images_at: str) -> tuple[str, ...]:
    """What the addresses of a brand's own pictures may begin with; new ones with the first."""
    if not images_at:
        return ()
    own = (f"{brand.tracking.url.rstrip('/')}{PATH}",) if brand.tracking.url else ()
    return (*own, images_at)


def missing_images(conn: Connection, blocks: Sequence[Block], places: Sequence[str]) -> list[str]:
    """Addresses of own pictures that the blocks name and nobody uploaded."""
    named = {
        block.url: block.url.removeprefix(place).partition(".")[0]
        for block in blocks
        if isinstance(block, Image)
        for place in places
        if block.url.startswith(place)
    }
    if not named:
        return []
    known = set(conn.execute(select(image.c.key).where(image.c.key.in_(set(named.values())))).scalars())
    return [url for url, key in named.items() if key not in known]


def _extension(media_type: str) -> str:
    return Picture(media_type, 1, 1, b"").extension


def _brand(conn: Connection, actor: Actor, brand_id: str) -> Brand:
    brand = brand_named(conn, brand_id)
    if brand is None or not actor.sees_brand(brand.id):
        raise NotFoundError(f"There is no brand {brand_id!r}.", remedy="See the list of brands for its name.")
    return brand
