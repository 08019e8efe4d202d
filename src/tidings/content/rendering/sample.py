"""A sample mail in a brand's voice and looks, to see a brand before it is used."""

from __future__ import annotations

import re

from tidings.content.rendering.email import render_email
from tidings.content.verifier.verify import verify
from tidings.content.writers.base import Assignment
from tidings.content.writers.composer import Composer
from tidings.domain.brand import Brand
from tidings.domain.brief import parse_brief
from tidings.domain.draft import Finding
from tidings.domain.instant import Instant
from tidings.domain.message import EmailTemplate

_FIELD = re.compile(r"\{\{-?\s*contact\.\w+\s*\|\s*default:\s*[\"']([^\"']*)[\"']\s*-?\}\}")
_PLACE = re.compile(r"\{\{.*?\}\}")


def sample_mail(brand: Brand, at: Instant) -> tuple[EmailTemplate, tuple[Finding, ...]]:
    """A mail of invented facts as the Composer arranges them, its open places closed, and what the verifier says."""
    brief = parse_brief(
        {
            "name": "Sample", "type": "event", "goal": "Show how the brand speaks", "brand": brand.id, "subjects": 1,
            "product": "open afternoon", "call_to_action": "Save a place", "link": brand.website,
            "facts": ["It is an afternoon with open doors.", "You can look over our shoulders.",
                      "You get a cup of coffee.", "It takes place on 3 December at 15:00."],
        }
    )  # fmt: skip
    draft = Composer().write(Assignment(brief, brand, ())).drafts[0]
    rendered = render_email(draft, brand)
    closed = {name: _closed(getattr(rendered, name)) for name in ("subject", "preheader", "html", "text")}
    return rendered.model_copy(update=closed), verify(draft, brief, brand, (), at)


def _closed(text: str) -> str:
    return _PLACE.sub("#", _FIELD.sub(r"\1", text))
