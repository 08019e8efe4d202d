"""What crosses the API about people's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from tidings.api.pages import Moment, Schema

if TYPE_CHECKING:
    from tidings.distribution.returns.replies import ReplyView


class ReplyRow(Schema):
    """One answer in a list. Without `contacts:read_pii` the address is masked, and subject and words are empty."""

    id: str
    at: Moment
    sender: str
    subject: str
    excerpt: str
    wish: str = Field(description="`clear`: asked for no more mail, which was heard; `maybe`: reads so; else empty")
    done_at: Moment | None
    done_by: str
    contact_id: str | None
    contact_name: str
    campaign_id: str | None
    campaign_name: str


class Reply(Schema):
    """One answer with its words."""

    row: ReplyRow
    text: str
    own: str = Field(description="The person's words without what they quote")
    thread: list[ReplyRow] = Field(description="What else the person wrote, oldest first")

    @classmethod
    def of(cls, view: ReplyView) -> Reply:
        """The answer as the API shows it."""
        return cls(
            row=ReplyRow.model_validate(view.row), text=view.text, own=view.own,
            thread=[ReplyRow.model_validate(each) for each in view.thread],
        )  # fmt: skip


class MarkDone(Schema):
    """Whether somebody has seen to it."""

    done: bool = True


class Unsubscribed(Schema):
    """What asking for it changed."""

    new: bool = Field(description="False: the person got no more mail before")
