"""What crosses the API about conversions."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from tidings.api.pages import Body, Moment, Schema


def _a_currency(value: str) -> str:
    if value and not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError("must be the three capital letters of ISO 4217, such as EUR")
    return value


class NewConversion(Body):
    """Somebody did what a mail was for. One of click_id, contact_id, email and email_sha256 says who."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"key": "order-1042", "email": "ada@example.com", "value": "49.90", "currency": "EUR"}]
        }
    )

    key: str = Field(min_length=1, max_length=200, description="Your own name for it, an order number: counted once")
    click_id: str = Field(default="", description="The parameter `tid` of the visit")
    contact_id: str = ""
    email: str = ""
    email_sha256: str = Field(default="", description="SHA-256 in hex of the address, trimmed and in lower case")
    name: str = Field(default="", max_length=100, description="What it was: purchase, registration, …")
    value: Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=3)] = Decimal(0)
    currency: Annotated[str, AfterValidator(_a_currency)] = Field(
        default="",
        description="ISO 4217, needed where there is a value",
        json_schema_extra={"pattern": "^([A-Z]{3})?$"},
    )
    at: str | None = Field(default=None, description="RFC 3339 with its zone; without it: now")


class Conversion(Schema):
    """One conversion as counted; `new` is false when its key was known."""

    id: str
    key: str
    name: str
    at: Moment
    contact_id: str
    campaign_id: str | None = Field(description="The campaign that earned it; null: none did")
    variant: str
    attributed_by: str = Field(description="`click id`, `last click`, or empty")
    value: str
    currency: str
    source: str
    new: bool


class PostbackSecret(Schema):
    """What postbacks of the brand are signed with."""

    brand_id: str
    secret: str
