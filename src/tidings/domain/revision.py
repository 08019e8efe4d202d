"""A revision: the exact content that is approved. Its hash is what an approval names."""

from __future__ import annotations

import hashlib
import json

from pydantic import BaseModel, ConfigDict

from tidings.domain.brief import Brief
from tidings.domain.draft import Draft


class Revision(BaseModel):
    """Brief and drafts of a campaign at one moment; immutable. `author` names the person or agent who made it."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: int
    author: str
    author_id: str
    brief: Brief
    drafts: tuple[Draft, ...]

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything a receiver could see; any edit changes it and voids an approval."""
        seen = {
            "brief": self.brief.model_dump(mode="json"),
            "drafts": [
                draft.model_dump(mode="json", include={"variant", "channel", "subject", "preheader", "blocks"})
                for draft in self.drafts
            ],
        }
        text = json.dumps(seen, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
