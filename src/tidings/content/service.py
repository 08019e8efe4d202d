"""Use cases of brands and claims, each in one transaction with the actor's rights checked first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tidings.access import audit
from tidings.access.permissions import Permission, require
from tidings.content import repository
from tidings.content.kinds import kind_of
from tidings.content.sentences import folded
from tidings.domain.actor import Actor
from tidings.domain.brand import Brand
from tidings.domain.brief import Fact
from tidings.domain.channel import Channel
from tidings.domain.claim import Claim, ClaimKind, ClaimState
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.instant import Clock, Instant
from tidings.domain.wording import problem
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
        """A new brand from its fields, without `id`. Raises InvalidInputError, or ConflictError for a name in use."""
        require_brand_maker(actor)
        brand = _valid({**fields, "id": new_id("brand")})
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

    def claims(
        self, actor: Actor, brand_id: str, *, state: ClaimState | None = None, with_retired: bool = False
    ) -> list[Claim]:
        """The brand's claims, oldest first; of one state, or all but those that are retired."""
        require(actor, Permission.BRANDS_READ)
        now = self._clock.now()
        with self._db.reading() as conn:
            brand = _seen(actor, repository.brand_named(conn, brand_id), brand_id)
            found = repository.claims(conn, brand.id)
        if state is not None:
            return [claim for claim in found if claim.state(now) is state]
        return [claim for claim in found if with_retired or claim.retired_at is None]

    def claim(self, actor: Actor, claim_id: str) -> tuple[str, Claim]:
        """One claim and the id of its brand."""
        require(actor, Permission.BRANDS_READ)
        with self._db.reading() as conn:
            return _found(actor, repository.claim(conn, claim_id, lock=False))

    def add_claim(
        self,
        actor: Actor,
        brand_id: str,
        sentence: str,
        kind: ClaimKind | None = None,
        evidence: str = "",
        *,
        evidence_url: str = "",
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
        claim = _valid_claim(
            {
                "id": new_id("claim"), "sentence": fact.sentence, "kind": kind or kind_of(fact), "evidence": evidence,
                "evidence_url": evidence_url, "valid_until": valid_until, "locale": locale, "channels": tuple(channels),
                "approved_by": actor.name if approved else None,
            }
        )  # fmt: skip
        with self._db.transaction() as conn:
            if repository.lock_brand(conn, brand_id) is None:
                raise _unknown(brand_id)
            _sentence_is_free(conn, brand_id, claim)
            repository.insert_claim(conn, brand_id, claim, now if approved else None)
            audit.record(conn, now, actor, "claim.add", claim.id, {"approved": approved})
        return claim

    def edit_claim(self, actor: Actor, claim_id: str, changes: Mapping[str, Any]) -> Claim:
        """The claim with the given fields changed. A new sentence needs confirming anew, and whatever an agent changes.

        Drafts that say the old sentence rest on no approved claim any more: they cannot be sent.
        """
        unknown = set(changes) - _EDITABLE
        if unknown:
            raise InvalidInputError(f"`{min(unknown)}` is no field of a claim that can be edited.", field=min(unknown))
        with self._db.transaction() as conn:
            brand_id, before = _found(actor, repository.claim(conn, claim_id))
            require(actor, Permission.BRANDS_WRITE, brand_id)
            _not_retired(before)
            fields = {**before.model_dump(), **changes}
            if "sentence" in changes:
                fields["sentence"] = _whole_sentence(str(changes["sentence"])).sentence
            reworded = fields["sentence"] != before.sentence
            if reworded or not actor.is_person:
                fields["approved_by"] = None
            if fields["kind"] is None:
                fields["kind"] = kind_of(Fact(sentence=fields["sentence"]))
            claim = _valid_claim(fields)
            repository.lock_brand(conn, brand_id)
            if reworded:
                _sentence_is_free(conn, brand_id, claim)
            now = self._clock.now()
            repository.edit_claim(conn, claim)
            audit.record(conn, now, actor, "claim.edit", claim.id, {"fields": sorted(changes), "reworded": reworded})
        return claim

    def approve_claim(self, actor: Actor, claim_id: str, *, valid_until: Instant | None = None) -> Claim:
        """Approves a claim in the actor's name, or renews it until a new instant. Only a person can."""
        return self._set_claim(actor, claim_id, approved=True, valid_until=valid_until)

    def withdraw_claim(self, actor: Actor, claim_id: str) -> Claim:
        """Takes the approval back: from now on no draft that makes this claim can be sent."""
        return self._set_claim(actor, claim_id, approved=False, valid_until=None)

    def retire_claim(self, actor: Actor, claim_id: str) -> Claim:
        """Takes a claim out of use for good; it is kept, for past drafts name it."""
        return self._set_claim(actor, claim_id, approved=False, valid_until=None, retire=True)

    def _set_claim(
        self, actor: Actor, claim_id: str, *, approved: bool, valid_until: Instant | None, retire: bool = False
    ) -> Claim:
        with self._db.transaction() as conn:
            brand_id, before = _found(actor, repository.claim(conn, claim_id))
            require(actor, Permission.BRANDS_WRITE, brand_id)
            _not_retired(before)
            if approved and not actor.is_person:
                raise ConflictError("An agent cannot approve a claim.", remedy="Have a person approve it.")
            now = self._clock.now()
            if valid_until is not None and valid_until <= now:
                raise InvalidInputError("That end has passed already.", remedy="Give a later one.", field="valid_until")
            if approved and valid_until is None and before.valid_until is not None and before.valid_until < now:
                raise InvalidInputError(
                    "The claim has expired.", remedy="Say until when it holds from now on.", field="valid_until"
                )
            changes = {
                "approved_by": actor.name if approved else None,
                "valid_until": valid_until or before.valid_until,
                "retired_at": now if retire else None,
            }
            claim = before.model_copy(update=changes)
            repository.write_claim(conn, claim, now if approved else None)
            verb = "retire" if retire else "approve" if approved else "withdraw"
            audit.record(conn, now, actor, f"claim.{verb}", claim.id)
        return claim


_EDITABLE = frozenset({"sentence", "kind", "evidence", "evidence_url", "valid_until", "locale", "channels"})


def _found(actor: Actor, found: tuple[str, Claim] | None) -> tuple[str, Claim]:
    if found is None or not actor.sees_brand(found[0]):
        raise NotFoundError("There is no such claim.", remedy="Look it up among the brand's claims.")
    return found


def _not_retired(claim: Claim) -> None:
    if claim.retired_at is not None:
        raise ConflictError("The claim is retired.", remedy="Add it as a new claim if it holds again.")


def _sentence_is_free(conn: Connection, brand_id: str, claim: Claim) -> None:
    """A retired claim does not stand in the way of saying the same again."""
    for other in repository.claims(conn, brand_id):
        same = other.id != claim.id and folded(other.sentence) == folded(claim.sentence)
        if same and other.retired_at is None:
            raise ConflictError("The brand has this claim already.", remedy="Renew or approve that one.")


def _valid_claim(fields: Mapping[str, Any]) -> Claim:
    channels = [str(name) for name in fields.get("channels") or () if str(name) not in set(Channel)]
    if channels:
        raise InvalidInputError(
            f"There is no channel {channels[0]!r}.",
            remedy=f"Use {', '.join(Channel)}; none means all.",
            field="channels",
        )
    try:
        return Claim.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "claim"
        if name == "evidence_url":
            raise InvalidInputError(
                "The evidence's address is none on the web.", remedy="Begin it with https://.", field=name
            ) from None
        raise InvalidInputError(f"The claim cannot be used: {problem(name, first)}.", field=name) from None


def load_brand(conn: Connection, brand_id: str, brief: Mapping[str, Any] | None = None) -> tuple[Brand, list[Claim]]:
    """Brand and claims inside a caller's transaction, for the campaign's run; with the sender its brief chose.

    Raises NotFoundError, or InvalidInputError when the brand has no such sender any more.
    """
    brand = repository.brand_named(conn, brand_id)
    if brand is None:
        raise _unknown(brand_id)
    return brand.sent_by(str((brief or {}).get("sender") or "")), repository.claims(conn, brand.id)


def require_brand_maker(actor: Actor) -> None:
    """Raises ForbiddenError for whoever may not add a brand: a role limited to brands could not see it then."""
    require(actor, Permission.BRANDS_WRITE)
    if actor.brands:
        raise ForbiddenError(
            "You have some of the brands, so you cannot add one.", remedy="Ask somebody who has every brand."
        )


def sample_brand(fields: Mapping[str, Any]) -> Brand:
    """A brand that is kept nowhere, for looking at. Raises InvalidInputError."""
    return _valid({**fields, "id": "brd_sample"})


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
