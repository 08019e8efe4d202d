"""What people answered to mail."""

from __future__ import annotations

from datetime import datetime

from tidings_client.calls import Call, Endpoint, Mode, Model, Page, Pages, Resource, given


class ReplyRow(Model):
    """One answer in a list. `wish` is `clear`, `maybe` or empty: whether it asks for no more mail."""

    id: str
    at: datetime
    sender: str
    subject: str
    excerpt: str
    wish: str
    done_at: datetime | None
    done_by: str
    contact_id: str | None
    contact_name: str
    campaign_id: str | None
    campaign_name: str


class Reply(Model):
    """One answer with its words; `own` are the person's, without what they quote."""

    row: ReplyRow
    text: str
    own: str
    thread: list[ReplyRow]


class Unsubscribed(Model):
    """Whether that was new."""

    new: bool


class Replies(Resource[Mode]):
    """Answers of people."""

    @Endpoint
    def list(self, *, done: bool | None = None, after: str = "", limit: int = 50) -> Call[Page[ReplyRow]]:
        """One page, newest first; `done` false: those that wait for somebody."""
        return Call("GET", "/replies", Page[ReplyRow], given(done=done, after=after or None, limit=limit))

    @Pages
    def all(self, *, done: bool | None = None) -> Call[Page[ReplyRow]]:
        """Every answer, newest first."""
        return Call("GET", "/replies", Page[ReplyRow], given(done=done, limit=200))

    @Endpoint
    def get(self, reply_id: str) -> Call[Reply]:
        """One answer."""
        return Call("GET", f"/replies/{reply_id}", Reply)

    @Endpoint
    def mark(self, reply_id: str, *, done: bool = True) -> Call[None]:
        """Marks it done, or open again."""
        return Call("PUT", f"/replies/{reply_id}/done", body={"done": done})

    @Endpoint
    def unsubscribe(self, reply_id: str) -> Call[Unsubscribed]:
        """Writes to the person no more, and marks the answer done."""
        return Call("POST", f"/replies/{reply_id}/unsubscribe", Unsubscribed)
