"""What a server's refusal is about: the recipient, the sender, our speed, this message, or the relay itself.

Enhanced codes are those of RFC 3463 and IANA's registry; the words are those that Google, Yahoo and Microsoft publish
for senders who are too fast or not trusted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tidings.domain.instant import MINUTE, SECOND


class About(StrEnum):
    """Whom or what a refusal is about."""

    NOTHING = ""
    RECIPIENT = "recipient"  # the address does not exist
    MAILBOX = "mailbox"  # it is full or closed for now
    SLOW = "slow"  # the provider wants less from us for a while
    POLICY = "policy"  # the provider does not trust the sender; the recipient has done nothing
    GREYLIST = "greylist"  # come again, says a server to everybody new
    SIZE = "size"  # the message is too big
    RELAY = "relay"  # the server itself has a problem


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal, read."""

    about: About
    wait: int = 0
    """Milliseconds after which the server wants to be asked again; 0: it did not say."""


_SLOW_WORDS = re.compile(
    r"\bTSS0[1-9]\b|\bTS0[1-9]\b|S3150|S3114|rate limit|too many (?:messages|connections|recipients|emails)|throttl"
    r"|unusual rate|slow(?:ed)? down|temporarily (?:deferred|rate limited)|try again later, sending too fast",
    re.IGNORECASE,
)
_GREY_WORDS = re.compile(r"gr[ae]y-? ?list", re.IGNORECASE)
# 5.7.x of which the registry, Google or Microsoft say that the sender, its address or its authentication is meant.
_SENDER_CODES = re.compile(r"5\.7\.(?:2[0-9]|3[0-1]|50[0-9]|51[0-5]|60[6-9]|6[1-4]\d|70[0-9]|7[1-4]\d|75[0-9])$")
_SENDER_WORDS = re.compile(
    r"S3140|S3150|\bSPF\b|\bDKIM\b|\bDMARC\b|\bPTR\b|reverse DNS|unauthenticated|authentication (?:check|result|fail)"
    r"|block ?list|black ?list|spamhaus|reputation|blocked using|likely (?:unsolicited|suspicious)|bulk sender"
    r"|(?:your|sending|client|sender'?s?) (?:ip|host|server|network|domain)[^.]{0,60}(?:block|ban|reject|refus|den)",
    re.IGNORECASE,
)
_WAIT = re.compile(r"(?:again|retry|back)\D{0,30}?(\d{1,5})\s*(s|sec|second|m|min|minute|h|hour)s?\b", re.IGNORECASE)
_UNITS = {"s": SECOND, "m": MINUTE, "h": 60 * MINUTE}
_LONGEST = 4 * 60 * MINUTE
GREYLIST_WAIT = 5 * MINUTE + 10 * SECOND
"""Most greylisting servers ask for five minutes; a retry before that begins the wait anew."""


def read(code: int, enhanced: str, words: str, stage: str) -> Refusal:
    """What a 4xx or 5xx answer means. `stage`: mail, rcpt, data, dot, or size for our own word."""
    if stage == "size" or (code == 552 and not enhanced.startswith("5.2.2")) or enhanced[1:] == ".3.4":
        return Refusal(About.SIZE)
    return _later(code, enhanced, words, stage) if code < 500 else Refusal(_never(code, enhanced, words))


def _never(code: int, enhanced: str, words: str) -> About:
    if enhanced.startswith("5.1."):  # 5.1.7 and 5.1.8 blame the sender's address
        return About.NOTHING if enhanced in {"5.1.7", "5.1.8"} else About.RECIPIENT
    if enhanced.startswith("5.2."):
        return About.MAILBOX
    policy = enhanced.startswith("5.7.") or not enhanced
    if policy and (_SENDER_CODES.match(enhanced) or _SENDER_WORDS.search(words)):
        return About.POLICY
    if enhanced.startswith(("5.3.", "5.5.")) or (not enhanced and code < 505):  # its system, or its protocol
        return About.RELAY
    return About.NOTHING


def _later(code: int, enhanced: str, words: str, stage: str) -> Refusal:
    if enhanced.startswith(("4.1.", "4.2.")):
        return Refusal(About.MAILBOX, _asked(words))
    grey = bool(_GREY_WORDS.search(words))
    if not grey and _is_slow(code, enhanced, words):
        return Refusal(About.SLOW)
    of_relay = code == 421 or stage == "mail" or enhanced.startswith(("4.3.", "4.4."))
    if code in {450, 451} and (grey or not of_relay):
        return Refusal(About.GREYLIST, _asked(words))
    return Refusal(About.SLOW if enhanced.startswith("4.7.") and not of_relay else About.RELAY)


def _is_slow(code: int, enhanced: str, words: str) -> bool:
    """Codes and words by which Google, Yahoo and Microsoft ask for less."""
    told = enhanced in {"4.7.0", "4.7.28", "4.7.650"} or (code == 421 and enhanced.startswith("4.7."))
    return told or bool(_SLOW_WORDS.search(words))


def _asked(words: str) -> int:
    found = _WAIT.search(words)
    if found is None:
        return 0
    return min(_LONGEST, int(found[1]) * _UNITS[found[2][0].lower()] + 5 * SECOND)
