"""A revision: the exact content that is approved. Its hash is what an approval names."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tidings.domain.attachment import Attachment
from tidings.domain.brief import Brief
from tidings.domain.draft import Draft
from tidings.domain.invitation import Invitation
from tidings.domain.sequence import SequenceDefinition
from tidings.domain.version import step_and_version, version_of


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
    sequence: SequenceDefinition | None = None
    """Of a sequence: its definition; its drafts' variants are named by `in_step`: `hello-A`, `hello_german-A`."""
    step_briefs: dict[str, Brief] = Field(default_factory=dict[str, Brief])
    """Of a sequence: what each step that sends was written from."""

    def brief_of(self, draft: Draft) -> Brief:
        """The brief a draft is held against: its own step's in a sequence, its own version's in a campaign."""
        step, version = step_and_version(draft.variant)
        asked = self.step_briefs.get(step)
        return asked.for_version(version) if asked else self.brief.for_version(version_of(draft.variant))

    def drafts_of(self, step: str) -> tuple[Draft, ...]:
        """The drafts of one step of a sequence."""
        return tuple(draft for draft in self.drafts if step_and_version(draft.variant)[0] == step)

    @property
    def content_hash(self) -> str:
        """SHA-256 over everything a receiver could see; any edit changes it and voids an approval."""
        seen: dict[str, Any] = {
            "brief": self.brief.model_dump(mode="json", exclude=_unset(self.brief)),
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
        if self.sequence is not None:
            seen["sequence"] = self.sequence.model_dump(mode="json")
            seen["step_briefs"] = {name: brief.model_dump(mode="json") for name, brief in self.step_briefs.items()}
        text = json.dumps(seen, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


_LATER = (
    "picture", "picture_alt", "invitation", "bodies", "sender", "other_calls", "late", "late_after_hours", "language",
    "versions",
)  # fmt: skip


def _unset(brief: Brief) -> set[str]:
    """Fields that briefs got later and that say nothing in this one."""
    return {name for name in _LATER if getattr(brief, name) == Brief.model_fields[name].default}
