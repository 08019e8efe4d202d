"""Use cases of brands and claims, each in one transaction with the actor's rights checked first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tidings.access.permissions import Permission, require
from tidings.content import repository
from tidings.content.kinds import kind_of
from tidings.content.sentences import folded
from tidings.domain.actor import Actor
from tidings.domain.brand import Brand
from tidings.domain.brief import Fact
from tidings.domain.claim import Claim, ClaimKind
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.instant import Clock, Instant
from tidings.store.database import Database


class BrandService:
    """Brands and the claims drafts may make of them. A role limited to brands sees those alone."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def brands(self, actor: Actor) -> list[Brand]:
        """The brands the actor's role reaches, by name."""
        require(actor, Permission.BRANDS_READ)
        with self._db.reading() as conn:
            return [brand for brand in repository.brands(conn) if actor.sees_brand(brand.id)]

    def brand(self, actor: Actor, id_or_name: str) -> Brand:
        """One brand. Raises NotFoundError also where the role does not reach it."""
        require(actor, Permission.BRANDS_READ)
        with self._db.reading() as conn:
            return _seen(actor, repository.brand_named(conn, id_or_name), id_or_name)

    def create_brand(self, actor: Actor, fields: dict[str, Any], *, sample: bool = False) -> Brand:
        """A new brand from its fields, without `id`. Raises InvalidInputError, or ConflictError for a name in use.

        A role limited to brands cannot make one, for it could not see it then.
        """
        brand = _valid({**fields, "id": new_id("brand")})
        require(actor, Permission.BRANDS_WRITE, brand.id)
        try:
            with self._db.transaction() as conn:
                _name_is_free(conn, brand)
                repository.insert_brand(conn, brand, self._clock.now(), sample=sample)
        except IntegrityError as error:
            raise _taken(brand.name) from error
        return brand

    def update_brand(self, actor: Actor, brand_id: str, fields: dict[str, Any]) -> Brand:
        """Changes the given fields and no others, so that two people changing different fields both succeed."""
        require(actor, Permission.BRANDS_WRITE, brand_id)
        try:
            with self._db.transaction() as conn:
                before = repository.lock_brand(conn, brand_id)
                if before is None:
                    raise _unknown(brand_id)
                brand = _valid({**before.model_dump(mode="json"), **fields, "id": before.id})
                _name_is_free(conn, brand)
                repository.write_brand(conn, brand, self._clock.now())
        except IntegrityError as error:
            raise _taken(str(fields.get("name"))) from error
        return brand

    def claims(self, actor: Actor, brand_id: str) -> list[Claim]:
        """The brand's claims, oldest first, approved or not, expired or not."""
        require(actor, Permission.BRANDS_READ)
        with self._db.reading() as conn:
            brand = _seen(actor, repository.brand_named(conn, brand_id), brand_id)
            return repository.claims(conn, brand.id)

    def add_claim(
        self,
        actor: Actor,
        brand_id: str,
        sentence: str,
        kind: ClaimKind | None = None,
        evidence: str = "",
        *,
        valid_until: Instant | None = None,
        locale: str = "en",
        channels: Sequence[str] = (),
        approve: bool = True,
    ) -> Claim:
        """A new claim; a person who adds it thereby vouches for it, an agent only proposes it.

        Raises InvalidInputError for what is no whole sentence, ConflictError for one the brand has.
        """
        require(actor, Permission.BRANDS_WRITE, brand_id)
        fact = _whole_sentence(sentence)
        now = self._clock.now()
        approved = approve and actor.is_person
        claim = Claim(
            id=new_id("claim"),
            sentence=fact.sentence,
            kind=kind or kind_of(fact),
            evidence=evidence,
            valid_until=valid_until,
            locale=locale,
            channels=tuple(channels),
            approved_by=actor.name if approved else None,
        )
        with self._db.transaction() as conn:
            if repository.lock_brand(conn, brand_id) is None:
                raise _unknown(brand_id)
            if any(folded(other.sentence) == folded(claim.sentence) for other in repository.claims(conn, brand_id)):
                raise ConflictError("The brand has this claim already.", remedy="Renew or approve that one.")
            repository.insert_claim(conn, brand_id, claim, now if approved else None)
        return claim

    def approve_claim(self, actor: Actor, claim_id: str, *, valid_until: Instant | None = None) -> Claim:
        """Approves a claim, or renews it until a new instant. Only a person can."""
        return self._set_claim(actor, claim_id, approved=True, valid_until=valid_until)

    def withdraw_claim(self, actor: Actor, claim_id: str) -> Claim:
        """Takes the approval back: from now on no draft that makes this claim can be sent."""
        return self._set_claim(actor, claim_id, approved=False, valid_until=None)

    def _set_claim(self, actor: Actor, claim_id: str, *, approved: bool, valid_until: Instant | None) -> Claim:
        with self._db.transaction() as conn:
            found = repository.claim(conn, claim_id)
            if found is None or not actor.sees_brand(found[0]):
                raise NotFoundError("There is no such claim.", remedy="Look it up among the brand's claims.")
            brand_id, before = found
            require(actor, Permission.BRANDS_WRITE, brand_id)
            if approved and not actor.is_person:
                raise ConflictError("An agent cannot approve a claim.", remedy="Have a person approve it.")
            changes = {
                "approved_by": actor.name if approved else None,
                "valid_until": valid_until or before.valid_until,
            }
            claim = before.model_copy(update=changes)
            repository.write_claim(conn, claim, self._clock.now() if approved else None)
        return claim


def load_brand(conn: Connection, brand_id: str) -> tuple[Brand, list[Claim]]:
    """Brand and claims inside a caller's transaction, for the campaign's run. Raises NotFoundError."""
    brand = repository.brand_named(conn, brand_id)
    if brand is None:
        raise _unknown(brand_id)
    return brand, repository.claims(conn, brand.id)


def _seen(actor: Actor, brand: Brand | None, asked: str) -> Brand:
    if brand is None or not actor.sees_brand(brand.id):
        raise _unknown(asked)
    return brand


def _unknown(asked: str) -> NotFoundError:
    return NotFoundError(f"There is no brand {asked!r}.", remedy="See the list of brands for its name.", field="brand")


def _taken(name: str) -> ConflictError:
    return ConflictError(f"There is a brand named {name!r} already.", remedy="Give it another name.")


def _name_is_free(conn: Connection, brand: Brand) -> None:
    other = repository.brand_named(conn, brand.name)
    if other is not None and other.id != brand.id:
        raise _taken(brand.name)


def _valid(fields: dict[str, Any]) -> Brand:
    try:
        return Brand.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise InvalidInputError(f"The brand's {place} cannot be used: {message}.", field=place) from None


def _whole_sentence(sentence: str) -> Fact:
    text = " ".join(sentence.split())
    if not text[:1].strip("\"“‘'").isupper() and not text[:1].isdigit() and text[:1] not in set('"“‘'):
        raise InvalidInputError("A claim begins with a capital letter.", remedy=_EXAMPLE, field="sentence")
    if text.rstrip("\"”’')")[-1:] not in set(".!?"):
        raise InvalidInputError("A claim is a whole sentence with a full stop.", remedy=_EXAMPLE, field="sentence")
    try:
        return Fact(sentence=text)
    except ValidationError:
        raise InvalidInputError("A claim has 4 to 400 characters.", remedy=_EXAMPLE, field="sentence") from None


_EXAMPLE = "An example: Our bread is baked with flour from the region."
