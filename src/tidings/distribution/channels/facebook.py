"""Facebook: a post of a page.

https://developers.facebook.com/docs/pages-api/posts (feed and photos, `permalink_url`), with a page's access token.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from pydantic import BaseModel, Field, SecretStr

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.graph import BASE, VERSION, Graph
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import behind, body_of, checking, usual_problems
from tidings.domain.channel import Channel
from tidings.net.client import Guard
from tidings.net.once import AnswerLostError


class FacebookForm(BaseModel):
    """What a page needs."""

    page_id: str = Field(pattern=r"^\d+$", title="Page id")
    access_token: SecretStr = Field(title="Page access token", description="With pages_manage_posts")
    version: str = Field(default=VERSION, pattern=r"^v\d+\.\d+$", title="Version of the Graph API")


class FacebookPoster:
    """Posts a text with a link card, or a picture with the text below it."""

    name = "Facebook"

    def __init__(self, form: FacebookForm, guard: Guard, base: str = BASE) -> None:
        self._page = form.page_id
        token = form.access_token.get_secret_value()
        self._graph = Graph("Facebook", token, guard, base, form.version)

    def problems(self, post: Post) -> list[str]:
        """63,206 characters."""
        return usual_problems(Channel.FACEBOOK, post)

    def post(self, post: Post) -> Posted:
        """The post's id; its address is asked for."""
        edge, fields = "feed", {"message": post.text}
        if post.image_url:
            edge, fields = "photos", {"caption": post.text, "url": post.image_url, "alt_text_custom": post.image_alt}
        elif post.link:
            fields["link"] = post.link
        try:
            answer = self._graph.make(f"{self._page}/{edge}", fields)
        except AnswerLostError as error:
            return self._graph.service.lost(error)
        if answer.status != 200:
            return self._graph.refusal(answer)
        body = body_of(answer)
        return self._accepted(str(body.get("post_id") or body.get("id", "")), "posted")

    def check(self) -> str:
        """Asks for the page's name."""
        return f"the page {self._graph.ask(self._page, fields='name').get('name', '')}"

    def find(self, post: Post) -> Posted | None:
        """Among the page's latest posts, by their words; the feed may lag, so that nothing found tells nothing."""
        found = self._graph.get(f"{self._page}/feed", fields="id,message,permalink_url", limit="25")
        for each in cast("list[dict[str, Any]]", found.get("data", [])):
            if str(each.get("message", "")).split() == post.text.split():
                url = str(each.get("permalink_url", ""))
                return self._graph.service.posted(Result.ACCEPTED, 200, "found on the page", str(each["id"]), url)
        return None

    def _accepted(self, name: str, words: str) -> Posted:
        url = f"https://www.facebook.com/{name}"
        with suppress(ChannelDownError):  # it is posted all the same
            url = str(self._graph.get(name, fields="permalink_url").get("permalink_url") or url)
        return self._graph.service.posted(Result.ACCEPTED, 200, words, name, url)


PROVIDER = Provider(
    name="facebook", title="Facebook", channel=Channel.FACEBOOK, form=FacebookForm,
    poster=behind(FacebookPoster), check=checking(FacebookPoster),
    about="Needs a page access token with pages_manage_posts and pages_read_engagement, of somebody who may create "
    "content on the page. https://developers.facebook.com/docs/pages-api/posts",
    limits={"length": "63,206 characters"},
)  # fmt: skip
