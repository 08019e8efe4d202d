"""What is measured of a brand's mail, and how its links are marked. Everything that names a person is off at first."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

PLACES = frozenset({"brand", "campaign", "campaign_id", "variant", "channel", "language"})
"""What may stand in braces in a UTM template."""
_PLACE = re.compile(r"\{([^{}]*)\}")


class Utm(BaseModel):
    """UTM parameters added to links of the brand's own sites. A template that comes out empty adds nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: bool = False
    source: str = Field(default="{brand}", max_length=100)
    medium: str = Field(default="{channel}", max_length=100)
    campaign: str = Field(default="{campaign}", max_length=100)
    content: str = Field(default="{variant}", max_length=100)
    term: str = Field(default="", max_length=100)

    @field_validator("source", "medium", "campaign", "content", "term")
    @classmethod
    def _known_places(cls, value: str) -> str:
        unknown = sorted(set(_PLACE.findall(value)) - PLACES)
        if unknown or _PLACE.sub("", value).strip("{}") != _PLACE.sub("", value):
            known = ", ".join(f"{{{name}}}" for name in sorted(PLACES))
            raise ValueError(f"holds braces that mean nothing here; known are {known}")
        return value


class Tracking(BaseModel):
    """A brand's settings of measuring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clicks: bool = True
    """Links lead over the tracking address, which counts them; off: they stand in the mail as they are."""
    opens: bool = False
    """A pixel in the mails of people who have consented to it, and of nobody else."""
    url: str = ""
    """The brand's own tracking address, as `https://news.example.com`; empty: the installation's."""
    click_ids: bool = False
    """Links to the brand's own sites get the click's id as `tid`, so that a sale there can be told apart."""
    conversion_days: int = Field(default=7, ge=1, le=90)
    """A conversion without a click's id belongs to the last campaign clicked within so many days."""
    trap: bool = False
    """A link nobody can see, which only programs follow. Filters hold hidden links against a sender: off at first."""
    utm: Utm = Utm()

    @field_validator("url")
    @classmethod
    def _an_origin(cls, value: str) -> str:
        if not value:
            return value
        return origin(value)


def origin(text: str) -> str:
    """An https address without path. Raises ValueError that says how to write one."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.hostname or ""
    plain = host.isascii() and "." in host and "@" not in parts.netloc
    if parts.scheme != "https" or not plain or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("is not an https address without a path; an example: https://news.example.com")
    return f"https://{host}" + (f":{port}" if port else "")
