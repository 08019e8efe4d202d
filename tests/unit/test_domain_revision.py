"""What was approved before an upgrade stays approved after it."""

from __future__ import annotations

from typing import Any

from tidings.domain.brief import Brief
from tidings.domain.draft import Draft
from tidings.domain.revision import Revision

BRIEF: dict[str, Any] = {
    "name": "N", "goal": "Good things", "brand": "B", "facts": ["It is a fact."], "call_to_action": "Go",
    "link": "https://x.example",
}  # fmt: skip
BEFORE = "64a63cd7290fadb92b251d2bfdd45814d33c2b43ed16d1ef040af3512a7e0ba7"
"""As the version before pictures, invitations, attachments and sequences made it."""


def revision(**brief: Any) -> Revision:
    draft = Draft(variant="A", channel="email", subject="s", preheader="p", blocks=(), writer="w")
    return Revision(
        id="r", number=1, author="a", author_id="x", brief=Brief.model_validate({**BRIEF, **brief}), drafts=(draft,)
    )


def test_the_hash_of_what_has_nothing_new_is_what_it_was() -> None:
    assert revision().content_hash == BEFORE


def test_a_picture_is_part_of_what_is_approved() -> None:
    one, two = revision(picture="https://x.example/1.jpg"), revision(picture="https://x.example/2.jpg")
    assert len({BEFORE, one.content_hash, two.content_hash}) == 3
