"""A preview is the real message: rendered by the code that sends, for a real contact of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from tidings.access.permissions import Permission, may
from tidings.campaigns.drafts import one
from tidings.campaigns.messages import message
from tidings.campaigns.views import Preview
from tidings.content.rendering.short import render_short, shown
from tidings.distribution.postings.links import post_of, with_marks
from tidings.domain.actor import Actor
from tidings.domain.brand import Brand
from tidings.domain.channel import POSTED, Channel
from tidings.domain.contact import mask_address
from tidings.domain.draft import Draft
from tidings.domain.revision import Revision
from tidings.domain.short import rule_of

if TYPE_CHECKING:
    from tidings.distribution.service import DistributionService

NOBODY = {"first_name": "", "last_name": "", "email": "reader@example.com", "locale": "en", "country": ""}


def render_preview(
    distribution: DistributionService, actor: Actor, revised: Revision, brand: Brand, variant: str,
    person: Row[Any] | None, *, campaign_id: str = "", contents: Mapping[str, bytes] | None = None, channel: str = "",
    name: str = "",
) -> Preview:  # fmt: skip
    """The variant as one person gets it, or everybody sees it. Links are those people get to, not tracked ones."""
    draft = one(revised.drafts, variant, channel)
    if draft.channel != Channel.EMAIL.value:
        return _short(draft, brand, name)
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


def _short(draft: Draft, brand: Brand, name: str) -> Preview:
    """A short text as it is shown in its channel; a posting's links as they are posted."""
    template = render_short(draft, brand)
    if Channel(draft.channel) in POSTED:
        post = post_of("preview", with_marks(template, name))
        text, title = post.text, post.title
    else:
        text, title = shown(draft), draft.subject
    return Preview(
        variant=draft.variant, to=rule_of(draft.channel).title, subject=title, preheader="", html="", text=text,
        channel=draft.channel, image_url=template.image_url, image_alt=template.image_alt,
    )  # fmt: skip


def merge_fields_of(person: Row[Any]) -> dict[str, str]:
    """What a message may say of its reader."""
    attributes: dict[str, Any] = person.attributes or {}
    return {
        **{key: str(value) for key, value in attributes.items()},
        "first_name": person.first_name, "last_name": person.last_name, "email": person.email,
        "locale": person.locale, "country": person.country,
    }  # fmt: skip
