"""Conversions: what somebody did on the brand's own site after a mail, with its value, counted once for each key.

A conversion belongs to the campaign of the click whose id came with it; without one, to the last campaign the person
clicked within the brand's window (programs' clicks left out); else to none, and is kept all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from tidings.access.permissions import Permission, require
from tidings.audience.digests import contact_with_digest
from tidings.distribution import repository
from tidings.distribution.tokens import Token, TokenPurpose, TokenSigner
from tidings.domain.actor import Actor
from tidings.domain.errors import InvalidInputError, NotFoundError
from tidings.domain.event import Event, EventKind
from tidings.domain.ids import new_id
from tidings.domain.instant import DAY, MINUTE, Clock, Instant
from tidings.domain.money import milli_of, money
from tidings.domain.tracking import Tracking
from tidings.events.log import MACHINE, append
from tidings.keys.secrets import Secrets, address_hash
from tidings.store.database import Database, take_turns
from tidings.store.tables import brand, campaign, contact, conversion, event

_LONGEST_WINDOW = 90 * DAY
_OLDEST = 400 * DAY
_CLICKS_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class NewConversion:
    """What is told of one. One of `click_id`, `contact_id`, `email` and `email_sha256` says whose it is."""

    key: str
    click_id: str = ""
    contact_id: str = ""
    email: str = ""
    email_sha256: str = ""
    name: str = ""
    value: str = "0"
    currency: str = ""
    at: Instant | None = None
    """None: now."""


@dataclass(frozen=True, slots=True)
class ConversionView:
    """One conversion as counted. `new` is false when its key was known: this is what was counted the first time."""

    id: str
    key: str
    name: str
    at: Instant
    contact_id: str
    campaign_id: str | None
    variant: str
    attributed_by: str
    """`click id`, `last click`, or empty when no campaign has earned it."""
    value: str
    currency: str
    source: str
    new: bool


@dataclass(frozen=True, slots=True)
class _Earned:
    """The campaign that has earned a conversion."""

    campaign_pk: int | None = None
    step: int = 0
    variant: str = ""
    by: str = ""


class Conversions:
    """Use cases of conversions. Blocking; each is committed before it returns."""

    def __init__(self, db: Database, clock: Clock, secrets: Secrets) -> None:
        self._db, self._clock, self._secrets = db, clock, secrets
        self._signer = TokenSigner(secrets.signing_key)

    def record(self, actor: Actor, given: NewConversion) -> ConversionView:
        """Takes one in over the API. Raises InvalidInputError, and NotFoundError for a person who is not known."""
        require(actor, Permission.CONVERSIONS_WRITE)
        return self.take(given, "api", brands=sorted(actor.brands))

    def take(self, given: NewConversion, source: str, *, brands: Sequence[str] = ()) -> ConversionView:
        """Takes one in; whoever asks was checked. With `brands`, only their campaigns can earn it."""
        now = self._clock.now()
        milli, at = _checked(given, now)
        token = self._token(given)
        digest_pk = None
        if token is None and given.email_sha256 and not (given.contact_id or given.email):
            digest_pk = contact_with_digest(self._db, given.email_sha256)
        with self._db.transaction() as conn:
            take_turns(conn, f"conversion:{given.key}")
            seen = _row(conn, given.key)
            if seen is not None:
                return _view(seen, new=False)
            contact_pk = token.contact_pk if token is not None else self._contact(conn, given, digest_pk)
            earned = self._by_click(conn, token, brands) if token else self._by_window(conn, contact_pk, at, brands)
            row = {
                "id": new_id("conversion"), "key": given.key, "name": given.name, "at": at, "contact_pk": contact_pk,
                "campaign_pk": earned.campaign_pk, "step": earned.step, "variant": earned.variant,
                "value_milli": milli, "currency": given.currency, "source": source, "attributed_by": earned.by,
            }  # fmt: skip
            conn.execute(insert(conversion).values(row))
            if earned.campaign_pk is not None:
                append(conn, [_event(row, earned.campaign_pk)])
            made = _row(conn, given.key)
            assert made is not None  # noqa: S101  # it was just written
            return _view(made, new=True)

    def _token(self, given: NewConversion) -> Token | None:
        if not given.click_id:
            return None
        token = self._signer.read(given.click_id, TokenPurpose.CLICK)
        if token is None:
            raise InvalidInputError(
                "The click id is not valid.", remedy="Hand on the parameter `tid` as it came.", field="click_id"
            )
        return token

    def _contact(self, conn: Connection, given: NewConversion, digest_pk: int | None) -> int:
        if not (given.contact_id or given.email or given.email_sha256):
            raise InvalidInputError(
                "The conversion does not say whose it is.",
                remedy="Give click_id (the parameter tid), contact_id, email, or email_sha256.",
            )
        found = digest_pk
        if given.contact_id:
            found = conn.execute(select(contact.c.pk).where(contact.c.id == given.contact_id)).scalar()
        elif given.email:
            digest = address_hash(self._secrets, given.email)
            found = conn.execute(select(contact.c.pk).where(contact.c.address_hash == digest)).scalar()
        if found is None:
            raise NotFoundError("This person is not among the contacts.", remedy="Check the id or the address.")
        return found

    def _by_click(self, conn: Connection, token: Token, brands: Sequence[str]) -> _Earned:
        """The campaign of the click itself."""
        query = select(campaign.c.brand_id).where(campaign.c.pk == token.campaign_pk)
        brand_id = conn.execute(query).scalar()
        facts = repository.facts_of(conn, token.campaign_pk, token.step, [token.contact_pk])
        if brand_id is None or not facts or (brands and brand_id not in brands):
            raise NotFoundError("The click id names no campaign you can see.", field="click_id")
        channel = repository.channel_of_link(conn, token.campaign_pk, token.step, token.link)
        variant = next((fact[1] for fact in facts if fact[4] == channel), facts[0][1])
        return _Earned(token.campaign_pk, token.step, variant, "click id")

    def _by_window(self, conn: Connection, contact_pk: int, at: Instant, brands: Sequence[str]) -> _Earned:
        """The last campaign the person clicked, if that is not longer ago than its brand allows."""
        query = (
            select(event.c.campaign_pk, event.c.step, event.c.variant, event.c.at, campaign.c.brand_id)
            .join(campaign, campaign.c.pk == event.c.campaign_pk)
            .where(event.c.contact_pk == contact_pk, event.c.kind == EventKind.CLICKED.value)
            .where(event.c.machine < MACHINE, event.c.at <= at, event.c.at > at - _LONGEST_WINDOW)
            .order_by(event.c.at.desc(), event.c.pk.desc())
            .limit(_CLICKS_LOOKED_AT)
        )
        windows: dict[str, int] = {}
        for row in conn.execute(query).all():
            if brands and row.brand_id not in brands:
                continue
            if row.brand_id not in windows:
                windows[row.brand_id] = tracking_of(conn, row.brand_id).conversion_days * DAY
            if row.at > at - windows[row.brand_id]:
                return _Earned(row.campaign_pk, row.step, row.variant, "last click")
        return _Earned()


def tracking_of(conn: Connection, brand_id: str) -> Tracking:
    """A brand's settings of measuring."""
    body: dict[str, Any] = conn.execute(select(brand.c.body).where(brand.c.id == brand_id)).scalar() or {}
    return Tracking.model_validate(body.get("tracking") or {})


def _checked(given: NewConversion, now: Instant) -> tuple[int, Instant]:
    """The value in thousandths and the instant. Raises InvalidInputError with the field."""
    if not 1 <= len(given.key) <= 200:
        raise InvalidInputError(
            "A conversion needs a key of 1 to 200 characters.", remedy="Use the order's number.", field="key"
        )
    if len(given.name) > 100:
        raise InvalidInputError("The name is longer than 100 characters.", field="name")
    milli = milli_of(given.value)
    if given.currency and not (len(given.currency) == 3 and given.currency.isascii() and given.currency.isupper()):
        raise InvalidInputError(
            "The currency is no code of three capital letters.", remedy="Write it like this: EUR.", field="currency"
        )
    if milli and not given.currency:
        raise InvalidInputError("The value has no currency.", remedy="Add it, for example EUR.", field="currency")
    at = now if given.at is None else given.at
    if not now - _OLDEST < at <= now + 5 * MINUTE:
        raise InvalidInputError("The instant lies in the future or more than 400 days back.", field="at")
    return milli, min(at, now)


def _row(conn: Connection, key: str) -> Row[Any] | None:
    query = (
        select(conversion, contact.c.id.label("contact_id"), campaign.c.id.label("campaign_id"))
        .outerjoin(contact, contact.c.pk == conversion.c.contact_pk)
        .outerjoin(campaign, campaign.c.pk == conversion.c.campaign_pk)
        .where(conversion.c.key == key)
    )
    return conn.execute(query).first()


def _view(row: Row[Any], *, new: bool) -> ConversionView:
    return ConversionView(
        id=row.id, key=row.key, name=row.name, at=row.at, contact_id=row.contact_id or "",
        campaign_id=row.campaign_id, variant=row.variant, attributed_by=row.attributed_by,
        value=money(row.value_milli), currency=row.currency, source=row.source, new=new,
    )  # fmt: skip


def _event(row: dict[str, Any], campaign_pk: int) -> Event:
    detail = {"conversion": str(row["id"]), "source": str(row["source"]), "by": str(row["attributed_by"])}
    if row["value_milli"]:
        detail |= {"value": money(row["value_milli"]), "currency": str(row["currency"])}
    if row["name"]:
        detail["name"] = str(row["name"])
    return Event(
        EventKind.CONVERTED, row["at"], campaign_pk, row["contact_pk"], step=row["step"], variant=row["variant"],
        detail=detail,
    )  # fmt: skip
