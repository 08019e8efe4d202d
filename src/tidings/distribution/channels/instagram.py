"""Instagram: a picture with a caption, of a professional account.

https://developers.facebook.com/docs/instagram-platform/content-publishing: a container is made, waited for, and
published. Only the publishing can be seen, so that a lost answer before it does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable
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

_LOOKS, _BETWEEN = 15, 2.0


class InstagramForm(BaseModel):
    """What an Instagram account needs."""

    user_id: str = Field(pattern=r"^\d+$", title="Instagram account id")
    access_token: SecretStr = Field(title="Access token", description="With instagram_content_publish")
    version: str = Field(default=VERSION, pattern=r"^v\d+\.\d+$", title="Version of the Graph API")


class InstagramPoster:
    """Posts a JPEG that Instagram fetches from its public address."""

    name = "Instagram"

    def __init__(
        self, form: InstagramForm, guard: Guard, base: str = BASE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._user, self._sleep = form.user_id, sleep
        token = form.access_token.get_secret_value()
        self._graph = Graph("Instagram", token, guard, base, form.version)

    def problems(self, post: Post) -> list[str]:
        """A picture, 2,200 characters, 30 hashtags."""
        return usual_problems(Channel.INSTAGRAM, post)

    def post(self, post: Post) -> Posted:
        """The published medium's id and permalink."""
        container = self._container(post)
        if isinstance(container, Posted):
            return container
        try:
            answer = self._graph.make(f"{self._user}/media_publish", {"creation_id": container})
        except AnswerLostError as error:
            return self._graph.service.lost(error)
        if answer.status != 200:
            return self._graph.refusal(answer)
        return self._accepted(str(body_of(answer).get("id", "")), "published")

    def _container(self, post: Post) -> str | Posted:
        """A container that is ready to be published, or why there is none. Nobody sees it: asking again is harmless."""
        fields = {"image_url": post.image_url, "caption": post.text}
        if post.image_alt:
            fields["alt_text"] = post.image_alt
        service = self._graph.service
        try:
            made = self._graph.make(f"{self._user}/media", fields)
        except AnswerLostError as error:
            return service.posted(Result.DEFERRED, "", str(error))
        if made.status != 200:
            return self._unpublished(self._graph.refusal(made))
        container = str(body_of(made).get("id", ""))
        status = self._finished(container)
        if status == "FINISHED":
            return container
        if status == "ERROR":
            words = "Instagram could not take the picture. It wants a JPEG at a public https address."
            return service.posted(Result.FAILED, status, words)
        return service.posted(Result.DEFERRED, status, "Instagram is still fetching the picture")

    def check(self) -> str:
        """Asks for the account's name."""
        return f"the account {self._graph.ask(self._user, fields='username').get('username', '')}"

    def find(self, post: Post) -> Posted | None:
        """Among the account's latest, by their caption; the list may lag, so that nothing found tells nothing."""
        found = self._graph.get(f"{self._user}/media", fields="id,caption,permalink", limit="25")
        for each in cast("list[dict[str, Any]]", found.get("data", [])):
            if str(each.get("caption", "")).split() == post.text.split():
                return self._graph.service.posted(
                    Result.ACCEPTED, 200, "found in the account", str(each["id"]), str(each.get("permalink", ""))
                )
        return None

    def _unpublished(self, refused: Posted) -> Posted:
        """Making a container has no effect that anybody sees: what is in doubt may be asked again."""
        if refused.outcome.result is not Result.UNCERTAIN:
            return refused
        return self._graph.service.posted(
            Result.DEFERRED, refused.outcome.code, "Instagram did not take the picture yet"
        )

    def _finished(self, container: str) -> str:
        for look in range(_LOOKS):
            if look:
                self._sleep(_BETWEEN)
            status = str(self._graph.get(container, fields="status_code").get("status_code", ""))
            if status not in {"IN_PROGRESS", ""}:
                return status
        return "IN_PROGRESS"

    def _accepted(self, name: str, words: str) -> Posted:
        url = ""
        with suppress(ChannelDownError):  # it is published all the same
            url = str(self._graph.get(name, fields="permalink").get("permalink", ""))
        return self._graph.service.posted(Result.ACCEPTED, 200, words, name, url)


PROVIDER = Provider(
    name="instagram", title="Instagram", channel=Channel.INSTAGRAM, form=InstagramForm,
    poster=behind(InstagramPoster), check=checking(InstagramPoster),
    about="Needs a professional account, instagram_basic and instagram_content_publish, and a JPEG at a public "
    "address. https://developers.facebook.com/docs/instagram-platform/content-publishing",
    limits={"length": "2,200 characters", "hashtags": "30", "rate": "100 posts a day"},
)  # fmt: skip
