"""LinkedIn: a post of an organisation or a person, by the versioned Posts API.

https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api (headers, body, `x-restli-id`),
…/shares/little-text-format (which characters of the commentary are escaped) and …/shares/images-api (initializeUpload,
then the bytes). LinkedIn itself refuses a text it has just taken, and names the post it has.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from tidings.distribution.channels.base import ChannelDownError, Result
from tidings.distribution.channels.pictures import Fetch, NotPostedError, fetching, picture_of, upload_refused
from tidings.distribution.channels.posting import Post, Posted
from tidings.distribution.channels.registry import Provider
from tidings.distribution.channels.remote import Service, behind, body_of, text_of, usual_problems
from tidings.domain.channel import Channel
from tidings.domain.short import LINK
from tidings.net.client import Answer, Guard
from tidings.net.once import AnswerLostError

_BASE = "https://api.linkedin.com"
_LARGEST = 5_000_000
_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_HASHTAG = re.compile(r"(?<!\w)#(\w+)")
_URN = re.compile(r"urn:li:(?:share|ugcPost):\d+")


class LinkedInForm(BaseModel):
    """What a LinkedIn account needs."""

    access_token: SecretStr = Field(
        title="Access token", description="With w_organization_social or w_member_social; valid for 60 days"
    )
    author: str = Field(
        pattern=r"^urn:li:(organization|person):[\w-]+$", title="Who posts", examples=["urn:li:organization:2414183"]
    )
    version: str = Field(
        default="202606", pattern=r"^20\d{4}$", title="Version of the API",
        description="A month as YYYYMM; LinkedIn keeps each for at least a year",
    )  # fmt: skip


class LinkedInPoster:
    """Posts text with a picture, or with the link as an article, so that it can be clicked as a card."""

    name = "LinkedIn"

    def __init__(self, form: LinkedInForm, guard: Guard, base: str = _BASE, fetch: Fetch | None = None) -> None:
        self._fetch = fetch or fetching(guard)
        self._form, self._base = form, base
        self._token = form.access_token.get_secret_value()
        self._service = Service("LinkedIn", guard, repeatable=True, secrets=(self._token,))

    def problems(self, post: Post) -> list[str]:
        """3,000 characters."""
        return usual_problems(Channel.LINKEDIN, post)

    def post(self, post: Post) -> Posted:
        """201 with the post's URN in `x-restli-id`."""
        body = self._body(post)
        try:
            if post.image_url:
                body["content"] = {"media": {"id": self._upload(post), "altText": post.image_alt}}
            answer = self._service.send("POST", f"{self._base}/rest/posts", json=body, headers=self._headers())
        except NotPostedError as error:
            return error.posted
        except AnswerLostError as error:
            return self._service.lost(error)
        if answer.status == 201:
            return self._accepted(answer.headers.get("x-restli-id", ""), "created")
        words = str(body_of(answer).get("message") or text_of(answer))
        had = _URN.search(words)
        if answer.status in {409, 422} and "duplicate" in words.lower() and had:
            return self._accepted(had[0], "LinkedIn has this post already")
        self._check_version(answer)
        return self._service.refusal(answer, words)

    def find(self, post: Post) -> Posted | None:  # noqa: ARG002  # the contract's
        """Reading posts needs a right LinkedIn gives to few; and a repeat is refused only for a while."""
        return None

    def _upload(self, post: Post) -> str:
        """The URN of the picture, once it is there. Raises NotPostedError."""
        picture = picture_of(post, self._service, self._fetch, most=_LARGEST, types="jpeg png gif")
        wanted = {"initializeUploadRequest": {"owner": self._form.author}}
        url = f"{self._base}/rest/images?action=initializeUpload"
        answer = self._service.call("POST", url, json=wanted, headers=self._headers())
        self._check_version(answer)
        value: dict[str, Any] = body_of(answer).get("value") or {}
        if answer.status != 200 or not value.get("uploadUrl"):
            raise upload_refused(self._service, answer, str(body_of(answer).get("message") or text_of(answer)))
        signed = {"Authorization": f"Bearer {self._token}", "Content-Type": picture.media_type}
        answer = self._service.call("PUT", str(value["uploadUrl"]), content=picture.content, headers=signed)
        if answer.status not in {200, 201}:
            raise upload_refused(self._service, answer, text_of(answer))
        return str(value["image"])

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token}", "LinkedIn-Version": self._form.version,
            "X-Restli-Protocol-Version": "2.0.0",
        }  # fmt: skip

    def _check_version(self, answer: Answer) -> None:
        """Raises ChannelDownError where the API's version is too old."""
        if answer.status == 426:
            raise ChannelDownError(
                f"LinkedIn no longer knows version {self._form.version} of its API. Enter a newer month on "
                "the page Channels.",
                refused=True,
            )

    def _accepted(self, urn: str, words: str) -> Posted:
        url = f"https://www.linkedin.com/feed/update/{urn}" if urn else ""
        return self._service.posted(Result.ACCEPTED, 201, words, urn, url)

    def _body(self, post: Post) -> dict[str, Any]:
        body: dict[str, Any] = {
            "author": self._form.author, "commentary": commentary(post.text), "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED", "isReshareDisabledByAuthor": False,
        }  # fmt: skip
        if post.link:
            body["content"] = {
                "article": {"source": post.link, "title": (post.title or post.text.splitlines()[0])[:400]}
            }
        return body


def commentary(text: str) -> str:
    """The text in LinkedIn's “little” format: hashtags as its template, every other reserved character escaped."""
    parts: list[str] = []
    at = 0
    for match in LINK.finditer(text):
        parts += [_words(text[at : match.start()]), _RESERVED.sub(r"\\\g<0>", match[0])]
        at = match.end()
    return "".join([*parts, _words(text[at:])])


def _words(text: str) -> str:
    parts: list[str] = []
    at = 0
    for match in _HASHTAG.finditer(text):
        parts += [_RESERVED.sub(r"\\\g<0>", text[at : match.start()]), f"{{hashtag|\\#|{_RESERVED.sub('', match[1])}}}"]
        at = match.end()
    return "".join([*parts, _RESERVED.sub(r"\\\g<0>", text[at:])])


PROVIDER = Provider(
    name="linkedin", title="LinkedIn", channel=Channel.LINKEDIN, form=LinkedInForm, poster=behind(LinkedInPoster),
    about="Needs an app with the Community Management API and a token with w_organization_social (a page) or "
    "w_member_social (a person). https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api",
    limits={"length": "3,000 characters", "token": "60 days"},
)  # fmt: skip
