# ruff: noqa: E501 - patterns are read whole
"""What a text in plain words asks of Tidings, as against what it wants told to readers.

A sentence about the message itself ("The button should say …", "Please be friendly") is a request. Said to readers as a
fact it would stand in their mail, so it is told apart here, and once.
"""

from __future__ import annotations

import re

from tidings.domain.channel import Channel

_TONES = r"(?:friendly|professional|bold|warm|kind|polite|formal|informal|brief|short|concise|clear|cheerful|serious|funny|careful|honest)"
_SHALL = r"(?:should|must|shall|has to|have to|needs? to)"
_ABOUT_THE_MESSAGE = re.compile(
    rf"(?:(?:please|kindly|and|also)[, ]+)*(?:be (?:very |really )?{_TONES}\b|avoid (?:the |any |saying )|leave out\b"
    rf"|(?:the|our|its|this) (?:button|cta|call to action|subject lines?|preheader)(?:'s)?(?: \w+)? (?:{_SHALL}|says?|reads?|leads?|goes|is|are)\b"
    rf"|(?:the|this|our) (?:text|copy|wording|headline|title|language|message|mail|e-?mail|tone|post) {_SHALL}\b"
    rf"|it {_SHALL} (?:sound|say|mention|read|be (?:sent|written|said|very|{_TONES}))\b"
    r"|(?:do not|don't|don’t|never) (?:say|mention|write|promise)\b)",
    re.IGNORECASE,
)
_NAMED: dict[Channel, str] = {
    Channel.EMAIL: r"(?i:\be-?mails?\b|\b(?:by|via) mail\b|\bmail (?:it|this|them|our|the|everyone|everybody)\b)",
    Channel.SMS: r"(?i:\bsms\b|\btext messages?\b|\b(?:by|via|as a) text\b)",
    Channel.PUSH: r"(?i:\bpush (?:notifications?|messages?)\b|\bweb push\b|\b(?:by|via) push\b)",
    Channel.X: r"\b(?:on|to|via|and) X\b(?![-’'])|(?i:\btwitter\b)",
    Channel.TEAMS: r"(?i:\b(?:microsoft|ms) teams\b)|\b(?:on|in|to|via) Teams\b",
    Channel.SLACK: r"\bSlack\b|(?i:\b(?:on|in|to|via) slack\b)",
    Channel.FEED: r"(?i:\b(?:rss|atom|news)[- ]?feed\b|\b(?:in|into|on|to|via|by) (?:the|our) feed\b)",
    Channel.FOLDER: r"(?i:\b(?:in|into|to) (?:the|our|a) folder\b)",
}
"""How a text names a channel; words that mean something else as well need their preposition. Others go by their name."""
_LANGUAGES = re.compile(
    r"\b(?:in|into|and|or) (english|german|french|spanish)\b(?=\s*(?:[,.;:!)]|and\b|or\b|too\b|as well\b|$))",
    re.IGNORECASE,
)


def is_request(sentence: str) -> bool:
    """Whether the sentence speaks of the message, its tone or its button: nothing for readers."""
    return _ABOUT_THE_MESSAGE.match(sentence) is not None


def channels_named(text: str) -> tuple[str, ...]:
    """The channels the text names, in the house's order."""
    return tuple(name.value for name in Channel if re.search(_NAMED.get(name, rf"(?i:\b{name.value}\b)"), text))


def languages_named(text: str) -> tuple[str, ...]:
    """The languages the text asks for, each once, as a person writes them."""
    return tuple(dict.fromkeys(found[1].capitalize() for found in _LANGUAGES.finditer(text)))
