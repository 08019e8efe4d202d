"""Which reader understands which provider's reports; imported only when one comes."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from tidings.distribution.reports.base import Reader

_FOLDER = "tidings.distribution.reports"
READERS: dict[str, tuple[str, str]] = {
    "azure": ("event_grid", "EventGrid"),
    "acs-email": ("event_grid", "EventGrid"),
    "acs-sms": ("event_grid", "EventGrid"),
    "azure-email": ("event_grid", "EventGrid"),
    "azure-sms": ("event_grid", "EventGrid"),
    "ses": ("ses", "Ses"),
    "sendgrid": ("sendgrid", "SendGrid"),
    "postmark": ("postmark", "Postmark"),
    "mailgun": ("mailgun", "Mailgun"),
    "resend": ("resend", "Resend"),
    "twilio": ("twilio", "Twilio"),
    "generic": ("generic", "Generic"),
}
"""The provider's name, as its accounts and the address have it → module and class."""


@lru_cache(maxsize=32)
def reader(provider: str) -> Reader | None:
    """The provider's reader, one for the life of the process; None when it reports nothing we understand."""
    named = READERS.get(provider.replace("_", "-"))
    if named is None:
        return None
    module, name = named
    return getattr(import_module(f"{_FOLDER}.{module}"), name)()
