"""Channels: the kinds of ways a message can take, and what became of a posting."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """A kind of way out. The first three write to a person; the others post once for everybody who follows."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    LINKEDIN = "linkedin"
    X = "x"
    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    MASTODON = "mastodon"
    BLUESKY = "bluesky"
    TEAMS = "teams"
    SLACK = "slack"
    WEBHOOK = "webhook"
    FEED = "feed"
    FOLDER = "folder"


PERSONAL = frozenset({Channel.EMAIL, Channel.SMS, Channel.PUSH})
"""Channels whose messages go to one contact each, through the delivery ledger."""
POSTED = frozenset(Channel) - PERSONAL
"""Channels to which a campaign posts once for each account."""
LOCAL = frozenset({Channel.FEED, Channel.FOLDER})
"""Channels that need no network."""
