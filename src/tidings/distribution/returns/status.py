"""From a server's words to a cause: phrases, enhanced codes (RFC 3463, RFC 5248) and reply codes (RFC 5321)."""

from __future__ import annotations

import re

from tidings.distribution.returns.grammar import cause_of_sentence
from tidings.distribution.returns.phrases import PHRASES, WEAK
from tidings.distribution.returns.report import Cause

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.:/=-])([245]\d\d)(?=[ \-\t:#]|$)(?!\.\d)")
_CODES = re.compile(r"(?<![\d.])[245]\d\d[- ](?:[245]\.\d{1,3}\.\d{1,3})?|\(?#?[245]\.\d{1,3}\.\d{1,3}\)?(?![\d.])")
_URL = re.compile(r"https?://\S+")
_HINT = re.compile(r"[?&]p=([a-z]+)", re.IGNORECASE)
_ADDRESS = re.compile(r"<?[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+>?")
_PREFIX = re.compile(r" recipient address rejected: (?=\w)")  # Postfix; the reason follows
_SPACE = re.compile(r"\s+")
_REFUSAL = re.compile(
    r"refus|block|prefer|polic|permi|restrict|allow|filter|unwanted|chose|try (?:\w+ )?later|in progress|temporar"
)
"""Words of somebody who could take the mail and will not, or not now."""
_NO_ROOM = re.compile(r"(?:not enough|no|insufficient|out of|low on) (?:\w+ ){0,2}(?:space|room|storage)\b|disk full")
_MAX = 3000

# Subject and detail of an enhanced code, without its class.
BY_CODE: dict[str, Cause] = {
    "1.1": Cause.UNKNOWN_USER, "1.2": Cause.UNKNOWN_HOST, "1.3": Cause.UNKNOWN_USER, "1.4": Cause.UNKNOWN_USER,
    "1.6": Cause.MOVED, "1.7": Cause.SENDER_REJECTED, "1.8": Cause.SENDER_REJECTED, "1.10": Cause.UNKNOWN_USER,
    "2.1": Cause.SUSPENDED, "2.2": Cause.FULL, "2.3": Cause.TOO_BIG, "2.4": Cause.SYSTEM, "2.0": Cause.FILTERED,
    "3.0": Cause.SYSTEM, "3.1": Cause.SYSTEM, "3.2": Cause.SYSTEM, "3.3": Cause.SYSTEM, "3.4": Cause.TOO_BIG,
    "3.5": Cause.SYSTEM,
    "4.1": Cause.NETWORK, "4.2": Cause.NETWORK, "4.3": Cause.SYSTEM, "4.4": Cause.NETWORK, "4.5": Cause.SYSTEM,
    "4.6": Cause.NETWORK, "4.7": Cause.EXPIRED, "4.14": Cause.NETWORK, "4.0": Cause.NETWORK,
    "5.1": Cause.SYNTAX, "5.2": Cause.SYNTAX, "5.3": Cause.RATE, "5.4": Cause.SYNTAX,
    "6.0": Cause.CONTENT, "6.1": Cause.CONTENT, "6.2": Cause.CONTENT, "6.3": Cause.CONTENT, "6.5": Cause.CONTENT,
    "6.6": Cause.CONTENT, "6.7": Cause.CONTENT,
    "7.0": Cause.POLICY, "7.1": Cause.POLICY, "7.2": Cause.POLICY, "7.3": Cause.SECURITY, "7.4": Cause.SECURITY,
    "7.5": Cause.SECURITY, "7.6": Cause.SECURITY, "7.7": Cause.SECURITY, "7.8": Cause.SECURITY, "7.9": Cause.POLICY,
    "7.13": Cause.SUSPENDED, "7.17": Cause.MOVED, "7.20": Cause.AUTHENTICATION, "7.21": Cause.AUTHENTICATION,
    "7.22": Cause.AUTHENTICATION, "7.23": Cause.AUTHENTICATION, "7.24": Cause.AUTHENTICATION,
    "7.25": Cause.REVERSE_DNS, "7.26": Cause.AUTHENTICATION, "7.27": Cause.SENDER_REJECTED, "7.28": Cause.RATE,
    "7.29": Cause.AUTHENTICATION, "7.30": Cause.SECURITY, "7.509": Cause.AUTHENTICATION,
    "7.515": Cause.AUTHENTICATION,
}  # fmt: skip
BY_REPLY: dict[str, Cause] = {
    "421": Cause.NETWORK, "450": Cause.FILTERED, "451": Cause.SYSTEM, "452": Cause.FULL, "500": Cause.SYNTAX,
    "501": Cause.SYNTAX, "502": Cause.SYNTAX, "503": Cause.SYNTAX, "504": Cause.SYNTAX, "550": Cause.FILTERED,
    "551": Cause.FILTERED, "552": Cause.FULL, "553": Cause.FILTERED,
}  # fmt: skip
TELLING_REPLY: dict[str, Cause] = {
    "511": Cause.UNKNOWN_USER, "525": Cause.SUSPENDED, "541": Cause.SPAM, "542": Cause.UNKNOWN_USER,
    "556": Cause.NO_MAIL_HOST,
}  # fmt: skip
"""Reply codes that say more than a vague word."""
_FIRST_VAGUE = [cause for cause, _ in PHRASES].index(Cause.POLICY)
STRONG, VAGUE = PHRASES[:_FIRST_VAGUE], PHRASES[_FIRST_VAGUE:]
"""What says who is at fault, and what only says no: in between the sentence's build is asked."""
_ABOUT_ROOM = tuple(row for row in PHRASES if row[0] is Cause.FULL)
_ABOUT_PEOPLE = tuple(row for row in PHRASES if row[0] in {Cause.UNKNOWN_USER, Cause.UNKNOWN_HOST, Cause.MOVED})
_OF_DOMAINS = frozenset({Cause.UNKNOWN_HOST, Cause.NO_MAIL_HOST})
_HARD = _OF_DOMAINS | {Cause.UNKNOWN_USER, Cause.MOVED}


def is_hard(cause: Cause, action: str, code: str) -> bool:
    """Whether the address will never take mail; a mail that is only late says nothing of the kind.

    A domain whose name server says "not now" (4.x.x) may be back; a server that knows no such user has looked.
    """
    if code.startswith("4.") and (cause in _OF_DOMAINS or not code.startswith("4.1.")):
        return False
    return cause in _HARD and action != "delayed"


def plain(words: str) -> str:
    """Diagnostic words ready for phrases: lower case, one line, without addresses, links and codes."""
    text = words[:_MAX]
    hints = " ".join(f"p={hint}" for hint in _HINT.findall(text))
    text = _ADDRESS.sub(" {a} ", _URL.sub(" ", text))
    text = _CODES.sub(" ", text).replace("_", " ")
    text = _SPACE.sub(" ", f" {text} {hints} ".lower())
    return _PREFIX.sub(" ", text)


def enhanced_codes(words: str) -> list[str]:
    """Enhanced codes in the order they stand, those that say nothing (x.0.0) last."""
    found = [f"{m[1]}.{m[2]}.{m[3]}" for m in _ENHANCED.finditer(_URL.sub(" ", words[:_MAX])) if m[1] != "2"]
    return sorted(found, key=lambda code: code.endswith(".0.0"))


def reply_codes(words: str) -> list[str]:
    """SMTP reply codes in the order they stand."""
    return [m[1] for m in _REPLY.finditer(_URL.sub(" ", words[:_MAX])) if m[1][0] != "2"]


def cause_of_words(text: str, table: tuple[tuple[Cause, tuple[str, ...]], ...] = PHRASES) -> Cause | None:
    """The first cause of the table one of whose phrases stands in the (plain) text."""
    for cause, phrases in table:
        for phrase in phrases:
            if phrase in text:
                return cause
    return None


def cause_of_codes(codes: list[str]) -> Cause | None:
    """The cause of the first enhanced code that names one."""
    for code in codes:
        detail = code[2:]
        cause = BY_CODE.get(detail)
        if cause is None and detail.startswith("7."):
            cause = Cause.REPUTATION if len(detail) == 5 else Cause.POLICY  # 7.5xx, 7.6xx and 7.7xx are Microsoft's
        if cause is not None:
            return cause
    return None


def contradicted(notice: str) -> Cause | None:
    """The cause a notice in plain words names in place of "unknown user", where it speaks of a full mailbox only.

    A system that writes both is not sure, and who is not sure is not struck off.
    """
    text = plain(notice)
    said = cause_of_sentence(text)
    room = _NO_ROOM.search(text) or said is Cause.FULL or cause_of_words(text, _ABOUT_ROOM) is not None
    people = said is Cause.UNKNOWN_USER or cause_of_words(text, _ABOUT_PEOPLE) is not None or enhanced_codes(notice)
    return Cause.FULL if room and not people else None


def judge(words: str, status: str) -> tuple[Cause, str]:
    """The cause of one recipient's failure and its enhanced code, or an empty text for that.

    `words` is what the far server said, `status` the code of the report; the server's own code is worth more.
    """
    codes = enhanced_codes(words)
    given = enhanced_codes(status)
    codes = sorted(codes + given, key=lambda code: code.endswith(".0.0"))
    text = plain(words)
    replies = reply_codes(words)
    first = replies[0] if replies else ""
    cause = cause_of_words(text, STRONG) or cause_of_sentence(text) or cause_of_words(text, VAGUE)
    if cause is None and "5.4.1" in codes and "access denied" in text:
        cause = Cause.UNKNOWN_USER  # Exchange Online's answer for a recipient its directory does not have
    if cause is None and (cause := cause_of_codes(codes)) in _HARD and _REFUSAL.search(text):
        cause = Cause.FILTERED  # the code says that nobody is there, the words that somebody does not want it
    cause = cause or TELLING_REPLY.get(first)
    cause = cause or cause_of_words(text, WEAK) or BY_REPLY.get(first)
    code = codes[0] if codes else ""
    if cause is Cause.UNKNOWN_HOST and code.startswith("4."):
        cause = Cause.NETWORK  # the name server did not answer for good
    return cause or Cause.UNKNOWN, code
