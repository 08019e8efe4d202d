"""A rendered message before it meets a person: Liquid templates whose only open places are merge fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tidings.domain.attachment import Attachment
from tidings.domain.invitation import Invitation

TRAP = 1023
"""The number of the link that people cannot see (`Tracking.trap`): the last one a token can carry."""


class Link(BaseModel):
    """One link of a message; `no` is its index in the campaign's link table."""

    model_config = ConfigDict(frozen=True)

    no: int
    url: str
    label: str
    click_id: bool = False
    """Whether the redirect adds the click's id, so that a conversion there can be told."""


class EmailTemplate(BaseModel):
    """One variant of an e-mail, rendered from blocks.

    Subject, preheader, html and text are Liquid. Their open places are `{{ contact.first_name | default: "…" }}`
    and the like, `{{ links[0] }}` for each link, and `{{ unsubscribe_url }}`. Everything else is final.
    """

    model_config = ConfigDict(frozen=True)

    variant: str
    subject: str
    preheader: str
    html: str
    text: str
    from_name: str
    from_address: str
    reply_to: str | None = None
    language: str = "en"
    list_id: str = ""
    """Stable name of the list for List-Id, e.g. `northwind.example.com`."""
    links: tuple[Link, ...] = ()
    track_clicks: bool = True
    """Whether links lead over the tracking address."""
    track_opens: bool = False
    """Whether those who consented get a pixel."""
    tracking_url: str = ""
    """The brand's own tracking address; empty: the installation's."""
    attachments: tuple[Attachment, ...] = ()
    """Files that go with every mail, in their order; their bytes stand in the table `attachment`."""
    invitation: Invitation | None = None
    ai_disclosure: str = ""
    """What the header `AI-Disclosure` says; empty where no model wrote."""
    confirms: bool = False
    """It asks a person to confirm a consent: `{{ unsubscribe_url }}` is the address where they do, and the headers of
    a list are left out."""


class ShortTemplate(BaseModel):
    """One variant of a short text for a channel without blocks: a text message, a notification, a posting.

    `text` is Liquid with the same open places as an e-mail's, merge fields only where the channel writes to a person.
    """

    model_config = ConfigDict(frozen=True)

    variant: str
    channel: str
    text: str
    title: str = ""
    """The head of a notification or a card; empty where the channel has none."""
    language: str = "en"
    links: tuple[Link, ...] = ()
    image_url: str = ""
    image_alt: str = ""
