"""A sample mail in a brand's voice and looks, to see a brand before it is used."""

from __future__ import annotations

import re
from typing import Any

from tidings.content.composer.stock import tongue_of
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
_SAID: dict[str, dict[str, Any]] = {
    "en": {
        "product": "open afternoon", "call_to_action": "Save a place",
        "facts": ["It is an afternoon with open doors.", "You can look over our shoulders.",
                  "You get a cup of coffee.", "It takes place on 3 December at 15:00."],
    },
    "de": {
        "product": "Offener Nachmittag", "call_to_action": "Platz sichern",
        "facts": ["Unsere Türen stehen einen Nachmittag lang offen.", "Der Blick über die Schulter ist erwünscht.",
                  "Dazu gibt es eine Tasse Kaffee.", "Los geht es am 3. Dezember um 15 Uhr."],
    },
    "fr": {
        "product": "Après-midi portes ouvertes", "call_to_action": "Réserver une place",
        "facts": ["Nos portes sont ouvertes tout un après-midi.", "Chacun peut regarder travailler notre équipe.",
                  "Le café est prêt.", "Le rendez-vous a lieu le 3 décembre à 15 h 00."],
    },
    "es": {
        "product": "Tarde de puertas abiertas", "call_to_action": "Reservar plaza",
        "facts": ["Nuestras puertas estarán abiertas toda una tarde.", "Se puede ver de cerca cómo trabajamos.",
                  "Habrá café para todos.", "La cita es el 3 de diciembre a las 15:00 h."],
    },
}  # fmt: skip
"""What the sample is about; invented."""
_PLACE = re.compile(r"\{\{.*?\}\}")


def sample_mail(brand: Brand, at: Instant) -> tuple[EmailTemplate, tuple[Finding, ...]]:
    """A mail of invented facts as the Composer arranges them, its open places closed, and what the verifier says."""
    language = tongue_of(brand.locale)
    brief = parse_brief(
        {
            "name": "Sample", "type": "event", "goal": "Show how the brand speaks", "brand": brand.id, "subjects": 1,
            "link": brand.website, **_SAID[language],
        }
    )  # fmt: skip
    draft = Composer().write(Assignment(brief, brand, ())).drafts[0].model_copy(update={"language": language})
    rendered = render_email(draft, brand)
    closed = {name: _closed(getattr(rendered, name)) for name in ("subject", "preheader", "html", "text")}
    return rendered.model_copy(update=closed), verify(draft, brief, brand, (), at)


def _closed(text: str) -> str:
    return _PLACE.sub("#", _FIELD.sub(r"\1", text))
