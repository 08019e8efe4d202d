"""What was approved is what leaves: the rendered message at approval, held against the one at sending."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, Row

from tidings.campaigns.messages import every
from tidings.content.service import load_brand
from tidings.domain.errors import ConflictError
from tidings.domain.message import EmailTemplate, ShortTemplate
from tidings.domain.revision import Revision

KEY = "approved_message"
"""Where the campaign's policy keeps the hash."""


def message_hash(conn: Connection, row: Row[Any], revised: Revision) -> str:
    """What the revision amounts to with the brand as it is now: sender, footer and looks are the brand's."""
    brand, _ = load_brand(conn, row.brand_id, row.brief)
    templates = [_told(template) for template in every(revised, brand, row.id)]
    return hashlib.sha256("\0".join(templates).encode()).hexdigest()


def _told(template: EmailTemplate | ShortTemplate) -> str:
    """All that is said of the message; what was added to templates later only where it is set, so that an approval
    given before still holds.
    """
    if isinstance(template, ShortTemplate):
        return template.model_dump_json()
    plain = {name for name in _LATER if getattr(template, name) == EmailTemplate.model_fields[name].default}
    links = {"links": {"__all__": {"click_id"}}} if not any(link.click_id for link in template.links) else {}
    return template.model_dump_json(exclude={**dict.fromkeys(plain, True), **links})


_LATER = ("track_clicks", "track_opens", "tracking_url", "attachments", "invitation", "ai_disclosure")


def is_as_approved(conn: Connection, row: Row[Any], revised: Revision) -> bool:
    """Whether the message that would leave now is the one that was approved."""
    return row.policy.get(KEY) == message_hash(conn, row, revised)


def check_as_approved(conn: Connection, row: Row[Any], revised: Revision) -> None:
    """Raises ConflictError when another message would leave than the one that was approved."""
    if not is_as_approved(conn, row, revised):
        raise ConflictError(
            "The brand was changed after the approval: another message would leave than the one that was approved.",
            remedy="Put the brand back as it was, or have it planned anew and approved again.",
        )
