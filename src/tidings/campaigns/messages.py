"""The messages a revision amounts to: each draft rendered with the brand as it is, and what goes with every mail."""

from __future__ import annotations

from tidings.content.rendering.email import render_email
from tidings.domain.brand import Brand
from tidings.domain.draft import Draft
from tidings.domain.message import EmailTemplate
from tidings.domain.revision import Revision


def message_of(draft: Draft, revised: Revision, brand: Brand) -> EmailTemplate:
    """One variant. Raises InvalidInputError when it is too large."""
    return render_email(draft, brand).model_copy(
        update={"attachments": revised.attachments, "invitation": revised.invitation}
    )


def messages_of(revised: Revision, brand: Brand) -> list[EmailTemplate]:
    """Every variant."""
    return [message_of(draft, revised, brand) for draft in revised.drafts]
