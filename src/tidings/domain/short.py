"""Short texts: how each channel counts, how much it takes, and what it wants besides the words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from tidings.domain.channel import Channel

LINK = re.compile(r"https?://[^\s<>\"]+")
_TAG = re.compile(r"(?<![\w&/])#\w*[^\W\d_]\w*")

# GSM 03.38: the basic alphabet, and the characters that take two places (3GPP TS 23.038).
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")
_LINK_SHOWN = 30
SMS_SEGMENTS = 4
"""A longer text message is cut into parts that are paid and may arrive out of order."""


@dataclass(frozen=True, slots=True)
class ShortRule:
    """What one channel takes. `most` is in `unit` as `measure` counts them; `hook` is what is read before a fold."""

    channel: Channel
    title: str
    most: int
    unit: str
    measure: Callable[[str], int]
    hook: int = 0
    hashtags: int = 0
    """How many hashtags read well; 0 where they mean nothing."""
    needs_image: bool = False
    link_in_text: bool = True
    """Whether an address in the text can be followed by the reader."""
    titled: bool = False
    """Whether the channel shows a title apart from the text."""


def links_as(length: int, text: str) -> int:
    """Characters where each address counts as `length`, as Mastodon does."""
    return len(LINK.sub("x" * length, text))


def x_length(text: str) -> int:
    """X's weighted length: an address 23, most alphabets 1, everything else (emoji, CJK) 2 (twitter-text 3)."""
    bare = LINK.sub("", text)
    return 23 * len(LINK.findall(text)) + sum(_x_weight(cluster) for cluster in graphemes(bare))


def _x_weight(cluster: str) -> int:
    if _is_emoji(cluster):
        return 2
    return sum(1 if _narrow(ord(character)) else 2 for character in unicodedata.normalize("NFC", cluster))


def _narrow(code: int) -> bool:
    return code <= 4351 or 8192 <= code <= 8205 or 8208 <= code <= 8223 or 8242 <= code <= 8247


def _is_emoji(cluster: str) -> bool:
    return any(ord(character) >= 0x1F000 or character in "\ufe0f\u20e3" for character in cluster)


def graphemes(text: str) -> list[str]:
    """What a reader takes for characters: marks, joined emoji and pairs of flags stay together (UAX 29, in short)."""
    found: list[str] = []
    for character in text:
        if found and _extends(found[-1], character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _extends(before: str, character: str) -> bool:
    code = ord(character)
    if before == "\r":
        return character == "\n"
    if unicodedata.category(character) in {"Mn", "Me", "Mc"} or character == "\u200d" or 0x1F3FB <= code <= 0x1F3FF:
        return True
    if before.endswith("\u200d") and code >= 0x2190:
        return True
    flag = 0x1F1E6 <= code <= 0x1F1FF
    return flag and len(before) == 1 and 0x1F1E6 <= ord(before) <= 0x1F1FF


def grapheme_length(text: str) -> int:
    """How many characters a reader sees."""
    return len(graphemes(text))


def shown_link(url: str) -> str:
    """An address as networks show it: without scheme and query, at most 30 characters."""
    bare = url.partition("://")[2].partition("?")[0].partition("#")[0].rstrip("/")
    return bare if len(bare) <= _LINK_SHOWN else f"{bare[: _LINK_SHOWN - 1]}…"


def bluesky_length(text: str) -> int:
    """How many characters a reader sees, an address as it is shown there."""
    return grapheme_length(LINK.sub(lambda match: shown_link(match[0]), text))


def is_gsm(text: str) -> bool:
    """Whether the text fits the alphabet of plain text messages."""
    return all(character in _GSM or character in _GSM_TWICE for character in text)


def sms_segments(text: str) -> int:
    """How many parts a text message is cut into: 160 or 153 characters each, 70 or 67 beyond the basic alphabet."""
    if is_gsm(text):
        length, one, many = len(text) + sum(character in _GSM_TWICE for character in text), 160, 153
    else:
        length, one, many = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= one else -(-length // many)


def hashtags(text: str) -> list[str]:
    """The hashtags of a text, with their sign; what stands in an address is none."""
    return _TAG.findall(LINK.sub("", text))


def hashtag_of(name: str) -> str:
    """A name as a hashtag, `#NorthwindBakery`; empty for one of more than three words, or without a letter."""
    parts = re.findall(r"\w+", re.sub(r"['’]", "", name))
    if not 0 < len(parts) <= 3 or not any(character.isalpha() for character in name):
        return ""
    return "#" + "".join(part[:1].upper() + part[1:] for part in parts)


_C = Channel
_RULES = (
    ShortRule(_C.SMS, "Text message", SMS_SEGMENTS, "parts", sms_segments),
    ShortRule(_C.PUSH, "Notification", 178, "characters", len, titled=True),
    ShortRule(_C.LINKEDIN, "LinkedIn", 3_000, "characters", len, hook=210, hashtags=5),
    ShortRule(_C.X, "X", 280, "characters", x_length, hashtags=2),
    ShortRule(_C.FACEBOOK, "Facebook", 63_206, "characters", len, hook=480, hashtags=3),
    ShortRule(
        _C.INSTAGRAM, "Instagram", 2_200, "characters", len, hook=125, hashtags=30, needs_image=True,
        link_in_text=False,
    ),
    ShortRule(_C.MASTODON, "Mastodon", 500, "characters", partial(links_as, 23), hashtags=5),
    ShortRule(_C.BLUESKY, "Bluesky", 300, "characters", bluesky_length, hashtags=4),
    ShortRule(_C.TEAMS, "Teams", 20_000, "characters", len, titled=True),
    ShortRule(_C.SLACK, "Slack", 3_000, "characters", len, titled=True),
    ShortRule(_C.WEBHOOK, "Webhook", 100_000, "characters", len, titled=True),
    ShortRule(_C.FEED, "Feed", 100_000, "characters", len, titled=True),
    ShortRule(_C.FOLDER, "Folder", 100_000, "characters", len, titled=True),
)  # fmt: skip
RULES: Mapping[Channel, ShortRule] = {each.channel: each for each in _RULES}
"""The rule of every channel that takes a short text. Sources: the services' own pages, named in docs/postings.md."""


def rule_of(channel: Channel | str) -> ShortRule:
    """The rule of a channel with short texts; KeyError for e-mail."""
    return RULES[Channel(channel)]
