"""A preview is the real message: rendered by the code that sends, for a real contact of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from tidings.access.permissions import Permission, may
from tidings.campaigns.messages import message
from tidings.campaigns.views import Preview
from tidings.domain.actor import Actor
from tidings.domain.brand import Brand
from tidings.domain.contact import mask_address
from tidings.domain.errors import InvalidInputError
from tidings.domain.revision import Revision

if TYPE_CHECKING:
    from tidings.distribution.service import DistributionService

NOBODY = {"first_name": "", "last_name": "", "email": "reader@example.com", "locale": "en", "country": ""}


def render_preview(
    distribution: DistributionService, actor: Actor, revised: Revision, brand: Brand, variant: str,
    person: Row[Any] | None, campaign_id: str = "", contents: Mapping[str, bytes] | None = None,
) -> Preview:  # fmt: skip
    """The variant as one person gets it. Links are those people get to in the end, not tracked ones."""
    draft = next((item for item in revised.drafts if item.variant == variant), None)
    if draft is None:
        known = ", ".join(item.variant for item in revised.drafts)
        raise InvalidInputError(f"There is no variant {variant!r}.", remedy=f"Variants: {known}.", field="variant")
    template = message(revised, brand, draft, campaign_id)
    fields = NOBODY if person is None else merge_fields_of(person)
    if not may(actor, Permission.CONTACTS_READ_PII):
        fields = {**fields, "email": mask_address(fields["email"])}
    links = [link.url for link in template.links]
    # The way out leads nowhere: opening a preview must never unsubscribe the person it was rendered for.
    rendered = distribution.render_one(template, fields, links, f"{distribution.base_url}/u/preview", contents)
    to = fields["email"]
    return Preview(
        variant=variant, to=to, subject=rendered.subject, preheader=template.preheader, html=rendered.html,
        text=rendered.text, headers=dict(rendered.headers),
    )  # fmt: skip


def merge_fields_of(person: Row[Any]) -> dict[str, str]:
    """What a message may say of its reader."""
    attributes: dict[str, Any] = person.attributes or {}
    return {
        **{key: str(value) for key, value in attributes.items()},
        "first_name": person.first_name, "last_name": person.last_name, "email": person.email,
        "locale": person.locale, "country": person.country,
    }  # fmt: skip
