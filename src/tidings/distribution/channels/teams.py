"""Microsoft Teams: a card in a channel, through a webhook of the Workflows app.

https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using (payload, limits).
The connectors of Office 365 (`webhook.office.com`) are retired and take no Adaptive Card.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, SecretStr

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import Service, behind, text_of, usual_problems
from tidings.domain.channel import Channel
from tidings.net.client import Guard
from tidings.net.once import AnswerLostError

_LARGEST = 28_000  # bytes of a whole message


class TeamsForm(BaseModel):
    """What a Teams account needs."""

    webhook_url: SecretStr = Field(
        title="Webhook address",
        description="In Teams: Workflows → “Post to a channel when a webhook request is received” → copy the address.",
    )
    button: str = Field(default="Open", max_length=40, title="Words on the button that opens the link")


class TeamsPoster:
    """Posts an Adaptive Card 1.5. The flow's run is the only proof Teams gives; there is no address of the post."""

    name = "Microsoft Teams"

    def __init__(self, form: TeamsForm, guard: Guard) -> None:
        self._url, self._button = form.webhook_url.get_secret_value(), form.button
        self._service = Service("Teams", guard, secrets=(self._url,))

    def problems(self, post: Post) -> list[str]:
        """Length, the size of the card, and an address of the retired kind."""
        found = usual_problems(Channel.TEAMS, post)
        if len(str(self.card(post)).encode()) > _LARGEST:
            found.append("Teams takes 28 kB. Shorten the text.")
        if ".webhook.office.com/" in self._url:
            found.append(
                "Connectors of Office 365 are retired. Make a webhook in the Workflows app and use its address."
            )
        return found

    def post(self, post: Post) -> Posted:
        """202 says that the flow has started; its run's id is kept."""
        try:
            answer = self._service.send("POST", self._url, json=self.card(post))
        except AnswerLostError as error:
            return self._service.lost(error)
        if answer.status in {200, 202}:
            run = answer.headers.get("x-ms-workflow-run-id", "")
            return self._service.posted(Result.ACCEPTED, answer.status, "the flow has started", run)
        if answer.status in {401, 403, 404, 410}:
            words = "the webhook's address is not valid any more. Copy it anew from the Workflows app"
            raise ChannelDownError(f"Teams: {words} (HTTP {answer.status}).", refused=True)
        return self._service.refusal(answer, text_of(answer))

    def find(self, post: Post) -> Posted | None:  # noqa: ARG002  # the contract's
        """Teams cannot be asked through a webhook."""
        return None

    def card(self, post: Post) -> dict[str, Any]:
        """The message as the Workflows app takes it."""
        body: list[dict[str, Any]] = []
        if post.title:
            body.append({"type": "TextBlock", "text": post.title, "size": "Large", "weight": "Bolder", "wrap": True})
        if post.image_url:
            body.append({"type": "Image", "url": post.image_url, "altText": post.image_alt})
        body += [
            {"type": "TextBlock", "text": part.strip(), "wrap": True}
            for part in post.text.split("\n\n")
            if part.strip()
        ]
        card: dict[str, Any] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.5",
            "lang": post.language, "body": body,
        }  # fmt: skip
        if post.link:
            card["actions"] = [{"type": "Action.OpenUrl", "title": self._button, "url": post.link}]
        attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        return {"type": "message", "attachments": [attachment]}


PROVIDER = Provider(
    name="teams", title="Microsoft Teams", channel=Channel.TEAMS, form=TeamsForm, poster=behind(TeamsPoster),
    about="Needs a webhook of the Workflows app in the channel that is to be posted in. "
    "https://support.microsoft.com/office/create-incoming-webhooks-with-workflows-for-microsoft-teams",
    limits={"size": "28 kB a message"},
)  # fmt: skip
