"""Finds whom a notice in plain text is about, by the families of layouts mail systems use.

A family is a pattern that stands at a line's start; the words up to the next recipient belong to the one before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_A = r"[^\s<>\"'(),;:\[\]\\|=@][^\s<>\"'(),;:\[\]\\|@]{0,127}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
ADDRESS = re.compile(_A)
_LABEL = (
    r"recipient(?: address)?|final[ -]recipient|original[ -]recipient|addressed to|failed recipient|e-?mail address"
    r"|intended recipient|undeliverable to|could not be delivered to|unable to deliver (?:message )?to|destinataire"
    r"|empfänger|destinatario|adressat|to address|user|mailbox|rcpt|error sending message to"
)
# The most telling family first. Group 1 is the address.
FAMILIES: tuple[re.Pattern[str], ...] = (
    re.compile(
        rf"(?m)^[ \t]{{0,40}}[*-]{{0,2}}>?[ \t]{{0,40}}<({_A})>[ \t]{{0,40}}(?:\([^)\n]*\))?[ \t]{{0,40}}[:,(]?"
    ),
    re.compile(rf'(?m)^[ \t]{{0,40}}"({_A})"[ \t]{{0,40}}:'),
    re.compile(rf"(?m)^[ \t]{{0,40}}\S{{1,60}}:\d+:<({_A})>[ \t]{{0,40}}:"),
    re.compile(rf"(?m)^[ \t]{{0,40}}({_A})[ \t]{{0,40}}:(?=\s|$)"),
    re.compile(rf"(?m)^[ \t]{{0,40}}(?:[*•-]|--|->|=>)[ \t]{{0,40}}({_A})[ \t]{{0,40}}$"),
    re.compile(rf"(?im)^[ \t]{{0,40}}(?:{_LABEL})[ \t]{{0,40}}:[ \t]{{0,40}}(?:rfc822;)?[ \t]{{0,40}}<?({_A})"),
    re.compile(rf"(?m)^[ \t]{{0,40}}({_A})[ \t]{{0,40}}$"),
    re.compile(rf"(?m)^[ \t]{{0,40}}({_A})[ \t]{{0,40}}(?=\[|,?[ \t]|\()"),
    re.compile(rf"(?im)^[ \t]{{0,40}}>>>[ \t]{{0,40}}rcpt to:[ \t]{{0,40}}<?({_A})"),
    re.compile(
        rf"(?m)^[ \t]{{0,40}}(?:<<<[ \t]{{0,40}})?[45]\d\d[- ](?:[45]\.\d+\.\d+[ \t]+)?"
        rf"<?({_A})>?[ \t]{{0,40}}(?:\.\.\.|,|:)"
    ),
    re.compile(rf"(?i)(?:returned permanent errors|delivery failed|final delivery userid):[ \t]{{0,40}}<?({_A})"),
    re.compile(
        rf"(?i)(?:deliver(?:ing|ed|y)?(?: (?:your|this|the) (?:mail|message))?|sent|addressed|message|mail|not relayed"
        rf"|following (?:address|recipient)s?|rcpt) to[ \t\n:]*(?:<|\"|')?({_A})"
    ),
)
_NOT_PEOPLE = re.compile(
    r"(?i)^(?:mailer-daemon|postmaster|post-master|abuse|mail-daemon|support|no-?reply|root@localhost|hostmaster)@?"
)


@dataclass(frozen=True, slots=True)
class Found:
    """One recipient and the words that follow it."""

    address: str
    words: str


def find(notice: str, own: frozenset[str]) -> list[Found]:
    """Recipients in a notice, by the first family that fits; addresses in `own` (lower case) are never meant."""
    start = TRANSCRIPT.search(notice)
    if start is not None:
        talked = _transcript(notice[start.start() :], own)
        if talked:
            return talked
    for family in FAMILIES:
        hits = [match for match in family.finditer(notice) if _is_recipient(match[1], own)]
        if hits:
            return _with_words(notice, hits)
    for family in FAMILIES[:4]:  # a mail to oneself
        hits = list(family.finditer(notice))
        if hits:
            return _with_words(notice, hits)
    for match in ADDRESS.finditer(notice):
        if _is_recipient(match[0], own):
            return [Found(clean(match[0]), notice)]
    return []


_CLOSES = re.compile(rf"^(?:<<< )?[45]\d\d[- ](?:[45]\.\d+\.\d+ )?<?({_A})>?(?:\.\.\.|,)")
TRANSCRIPT = re.compile(r"ranscript of (?:the )?session")
_ANSWERED = re.compile(r"(?m)^(?:<<< |Out: )?[45]\d\d[ -]")
_ASKED = re.compile(rf"(?i)^(?:>>>|In:)\s*rcpt to:\s*<?({_A})")


def _transcript(notice: str, own: frozenset[str]) -> list[Found]:
    """Recipients of a sendmail transcript: what was said before a recipient's last line is about that recipient."""
    words: dict[str, str] = {}
    said: list[str] = []
    last = ""
    for line in notice.splitlines():
        text = line.strip()
        if text.lower().startswith(("while talking", "... while talking")):
            said = []
        if not text.startswith(("In:", "Out: 2", "Out: 3")):
            said.append(text)
        match = _ASKED.match(text) or _CLOSES.match(text)
        if match is None or not _is_recipient(match[1], own):
            continue
        last = clean(match[1])
        if _ASKED.match(text):
            said = [text]
        words[last] = f"{words.get(last, '')}\n" + "\n".join(said)
        said = []
    if last and said and not _ANSWERED.search(words[last]):
        words[last] += "\n" + "\n".join(said)
    return [Found(address, text) for address, text in words.items()]


def _with_words(notice: str, hits: list[re.Match[str]]) -> list[Found]:
    words: dict[str, str] = {}
    for no, match in enumerate(hits):
        end = hits[no + 1].start() if no + 1 < len(hits) else len(notice)
        address = clean(match[1])
        words[address] = f"{words.get(address, '')} {notice[match.end() : end]}"
    return [Found(address, text) for address, text in words.items()]


def clean(address: str) -> str:
    """An address without type, brackets and a final dot; empty where there is none."""
    text = address.strip().strip("<>\"'")
    match = ADDRESS.search(text)
    return match[0].rstrip(".") if match else ""


def _is_recipient(address: str, own: frozenset[str]) -> bool:
    return address.lower() not in own and not _NOT_PEOPLE.match(address)
