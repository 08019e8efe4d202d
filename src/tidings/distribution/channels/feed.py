"""A feed of this installation, as Atom (RFC 4287) and RSS 2.0, under /feeds/<name>.atom and .rss. Needs no network.

Nothing is handed to anybody: a posting that is accepted stands in the feed, which is made from the posting table.
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from tidings.distribution.channels.base import Outcome, Result
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import usual_problems
from tidings.domain.channel import Channel


class FeedForm(BaseModel):
    """What a feed needs."""

    feed: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,60}$",
        title="Name in the address",
        description="/feeds/news.atom",
        examples=["news"],
    )
    title: str = Field(min_length=1, max_length=120, title="Title readers see")
    website: str = Field(default="", pattern=r"^(https?://[^\s<>\"]+)?$", title="Website the feed belongs to")


class FeedPoster:
    """Accepts at once; the row in the ledger is the entry."""

    def __init__(self, form: FeedForm) -> None:
        self._feed = form.feed

    @property
    def name(self) -> str:
        """The feed's path."""
        return f"/feeds/{self._feed}.atom"

    def problems(self, post: Post) -> list[str]:
        """Nothing but an empty text."""
        return usual_problems(Channel.FEED, post)

    def post(self, post: Post) -> Posted:
        """The entry's address: the feed's, and the entry's id after the hash."""
        return Posted(Outcome(Result.ACCEPTED, "", "it stands in the feed"), post.key, f"{self.name}#{post.key}")

    def find(self, post: Post) -> Posted | None:
        """What is in doubt here was never seen: the row decides."""
        return self.post(post)


PROVIDER = Provider(
    name="feed", title="RSS and Atom feed", channel=Channel.FEED, form=FeedForm,
    poster=lambda form, _outbound: FeedPoster(form),
    about="Served by Tidings itself under /feeds/<name>.atom and /feeds/<name>.rss, for anybody who subscribes.",
)  # fmt: skip
