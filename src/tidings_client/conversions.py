"""Conversions: what people did on your own site after a mail."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given


class Conversion(Model):
    """One conversion as counted; `new` is false when its key was known."""

    id: str
    key: str
    name: str
    at: datetime
    contact_id: str
    campaign_id: str | None = None
    variant: str
    attributed_by: str
    value: Decimal
    currency: str
    source: str
    new: bool


class PostbackSecret(Model):
    """What postbacks of the brand are signed with."""

    brand_id: str
    secret: str


class Conversions(Resource[Mode]):
    """Conversions and the secret of postbacks."""

    @Endpoint
    def record(
        self,
        key: str,
        *,
        click_id: str | None = None,
        contact_id: str | None = None,
        email: str | None = None,
        email_sha256: str | None = None,
        name: str | None = None,
        value: Decimal | str | None = None,
        currency: str | None = None,
        at: datetime | None = None,
    ) -> Call[Conversion]:
        """Counts it once for its key (an order number). One of the four middle names says whose it is."""
        body = given(
            key=key, click_id=click_id, contact_id=contact_id, email=email, email_sha256=email_sha256, name=name,
            value=str(value) if value is not None else None, currency=currency, at=at.isoformat() if at else None,
        )  # fmt: skip
        return Call("POST", "/conversions", Conversion, body=body)

    @Endpoint
    def postback_secret(self, brand_id: str) -> Call[PostbackSecret]:
        """What your shop signs its postbacks with."""
        return Call("GET", f"/brands/{brand_id}/postback-secret", PostbackSecret)

    @Endpoint
    def rotate_postback_secret(self, brand_id: str) -> Call[PostbackSecret]:
        """Another secret; the one before holds for a day."""
        return Call("POST", f"/brands/{brand_id}/postback-secret/rotate", PostbackSecret)
