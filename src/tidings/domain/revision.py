"""A revision: the exact content that is approved. Its hash is what an approval names."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict

from tidings.domain.attachment import Attachment
from tidings.domain.brief import Brief
from tidings.domain.draft import Draft
from tidings.domain.invitation import Invitation


class Revision(BaseModel):
    """Brief and drafts of a campaign at one moment; immutable. `author` names the person or agent who made it."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: int
    author: str
    author_id: str
    brief: Brief
    drafts: tuple[Draft, ...]
    attachments: tuple[Attachment, ...] = ()
    invitation: Invitation | None = None

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything a receiver could see; any edit changes it and voids an approval."""
        seen: dict[str, object] = {
            "brief": self.brief.model_dump(mode="json", exclude=None if self.brief.invitation else {"invitation"}),
            "drafts": [
                draft.model_dump(mode="json", include={"variant", "channel", "subject", "preheader", "blocks"})
                for draft in self.drafts
            ],
        }
        # Named only where there are any, so that what was approved before there were such things stays approved.
        if self.attachments:
            seen["attachments"] = [each.model_dump(mode="json") for each in self.attachments]
        if self.invitation is not None:
            seen["invitation"] = self.invitation.model_dump(mode="json")
        text = json.dumps(seen, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
