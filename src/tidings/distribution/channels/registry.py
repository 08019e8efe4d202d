"""Which provider speaks to which service: one file in this folder each, imported only when it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tidings.distribution.reports.forms import with_reports
from tidings.domain.channel import Channel

if TYPE_CHECKING:
    from tidings.distribution.channels.base import Channel as Way
    from tidings.distribution.channels.posting import Poster
    from tidings.net.client import Guard, Outbound

_HERE = "tidings.distribution.channels"
PROVIDERS: dict[str, str] = {
    "acs_email": f"{_HERE}.acs_email",
    "acs_sms": f"{_HERE}.acs_sms",
    "mailgun": f"{_HERE}.mailgun",
    "postmark": f"{_HERE}.postmark",
    "resend": f"{_HERE}.resend",
    "sendgrid": f"{_HERE}.sendgrid",
    "ses": f"{_HERE}.ses",
    "twilio": f"{_HERE}.twilio",
    "webpush": f"{_HERE}.webpush",
    "teams": f"{_HERE}.teams",
    "slack": f"{_HERE}.slack",
    "linkedin": f"{_HERE}.linkedin",
    "x": f"{_HERE}.x",
    "facebook": f"{_HERE}.facebook",
    "instagram": f"{_HERE}.instagram",
    "mastodon": f"{_HERE}.mastodon",
    "bluesky": f"{_HERE}.bluesky",
    "webhook": f"{_HERE}.webhook",
    "feed": f"{_HERE}.feed",
    "folder": f"{_HERE}.folder",
}
"""The provider's name → the module that holds its `PROVIDER`."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One service that messages can leave through.

    `form` is a pydantic model of what its account needs; fields of type SecretStr are kept apart and never shown.
    A provider of a personal channel has `open`, one that posts has `poster`; both get the filled-in form and what goes
    through the house's one outbound guard. `check` makes a harmless request that proves the account works.
    """

    name: str
    title: str
    channel: Channel
    form: type[BaseModel]
    open: Callable[[Any, Guard], Way] | None = None
    poster: Callable[[Any, Outbound], Poster] | None = None
    check: Callable[[Any, Outbound], str] | None = None
    """Says what was proved, in words. Raises TidingsError with the remedy. None: the provider has nothing to ask."""
    carries_files: bool = True
    """Of e-mail: whether attachments and invitations leave by it; not by those that make the MIME themselves."""
    about: str = ""
    """What somebody needs to know before setting it up, with the address of the provider's own page on it."""
    limits: dict[str, str] = field(default_factory=dict[str, str])
    """What the provider allows, in words, as far as it is published."""


def provider(name: str) -> Provider:
    """The provider of that name; its form also has what its reports are checked with.

    Raises NotFoundError that names those there are.
    """
    from importlib import import_module

    from tidings.domain.errors import NotFoundError

    if name not in PROVIDERS:
        raise NotFoundError(
            f"There is no provider {name!r}.", remedy=f"Those there are: {', '.join(sorted(PROVIDERS)) or 'none'}."
        )
    found: Provider = import_module(PROVIDERS[name]).PROVIDER
    return replace(found, form=with_reports(found.name, found.form))
