"""Says what a mail that came back is. Pure: bytes in, a `Report` out; never raises.

The order of the questions: a feedback report (RFC 5965), a delivery status (RFC 3464), a receipt (RFC 8098), a notice
in a system's own words, an automatic answer (RFC 3834), a person's reply; else something else.
"""

from __future__ import annotations

import re

from tidings.distribution.returns import families, recipients
from tidings.distribution.returns.parts import Parts, of_message, one_line, take_apart
from tidings.distribution.returns.report import Cause, Kind, Report, Verdict
from tidings.distribution.returns.signs import is_auto_reply, is_bounce, is_complaint, is_reply
from tidings.distribution.returns.status import contradicted, enhanced_codes, is_hard, judge

_IDS = re.compile(r"<([^<>\s]{3,250}@[^<>\s]{1,250})>")
_BARE_ID = re.compile(r"^[^<>\s]{3,250}@[^<>\s]{1,250}$")
_FAILED = frozenset({"failed", "failure", "expired", "error", "undeliverable", "undelivered", "bounced"})
_MAX_WORDS = 500
_MOST = 6_000  # characters of one recipient's part that are looked at
_ENOUGH = 50  # recipients of one report


def classify(raw: bytes) -> Report:
    """What the mail is and says."""
    parts = take_apart(raw)
    kind, verdicts = _decide(parts)
    if kind is Kind.BOUNCE and not parts.groups and parts.attached is not None:  # perhaps a bounce that was passed on
        inner = of_message(parts.attached)
        if "report-type=delivery-status" in inner.kinds or recipients.TRANSCRIPT.search(inner.notice):
            found = _from_groups(inner) or _from_notice(inner)
            verdicts, parts.original = found or verdicts, inner.original or parts.original
    return Report(
        kind,
        tuple(verdicts[:_ENOUGH]),
        _message_ids(parts),
        _envelope_id(parts),
        (parts.feedback.get("feedback-type") or [""])[0].lower(),
        one_line(parts.headers.get("from", "")),
        one_line(parts.headers.get("subject", "")),
        parts.notice,
        parts.original.get("list-unsubscribe", ""),
        _delivered_to(parts),
        _only_relayed(parts),
        not _is_late(parts),
    )


def _decide(parts: Parts) -> tuple[Kind, list[Verdict]]:  # noqa: PLR0911  # one line for each question
    notified = families.notification(parts)
    if notified is not None:
        return notified
    if is_complaint(parts):
        return Kind.COMPLAINT, _complained(parts)
    statuses = [group for group in parts.groups if _action(group) or "status" in group]
    if "message/disposition-notification" in parts.kinds:
        return Kind.RECEIPT, []
    if statuses and all(_action(group) in {"delivered", "relayed", "expanded"} for group in statuses):
        return Kind.RECEIPT, []
    formal = bool(parts.groups) or "report-type=delivery-status" in parts.kinds
    if formal or is_bounce(parts):
        verdicts = _from_groups(parts) or _from_notice(parts) or _from_headers(parts)
        if formal or verdicts:  # a notice about nobody tells nothing
            return Kind.BOUNCE, verdicts
    if is_auto_reply(parts):
        return Kind.AUTO_REPLY, [Verdict(recipients.clean(one_line(parts.headers.get("from", ""))))]
    if is_reply(parts):
        return Kind.REPLY, [Verdict(recipients.clean(one_line(parts.headers.get("from", ""))))]
    return Kind.OTHER, []


def _only_relayed(parts: Parts) -> bool:
    actions = {_action(group) for group in parts.groups} - {""}
    return bool(actions) and actions <= {"relayed", "expanded"}


def _complained(parts: Parts) -> list[Verdict]:
    """Who pressed the button: the report's own field, else whom the original was written to."""
    names = (
        "original-rcpt-to", "removal-recipient", "x-hmxmroriginalrecipient", "original-recipient", "redacted-address",
    )  # fmt: skip
    for name in names:
        values = parts.feedback.get(name, [])
        if not values:
            values = [each for each in (parts.headers.get(name, ""), parts.original.get(name, "")) if each]
        found = [address for address in map(recipients.clean, values) if address]
        if found:
            return [Verdict(address) for address in dict.fromkeys(found)]
    address = recipients.clean(one_line(parts.original.get("to", "")))
    return [Verdict(address)] if address else []


def _delivered_to(parts: Parts) -> tuple[str, ...]:
    names = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to")
    found = [address for name in names for address in recipients.ADDRESS.findall(parts.headers.get(name, ""))]
    return tuple(dict.fromkeys(found))[:20]


_LATE = re.compile(
    r"(?i)warning message only|will (?:be retried|keep trying|continue to try)|has been delayed|message is delayed"
    r"|delivery status notification \(delay\)|temporary failure report|not yet been delivered"
)


def _is_late(parts: Parts) -> bool:
    """Whether the sender of the notice still tries: by its own fields, else by its words."""
    actions = {_action(group) for group in parts.groups} - {""}
    if actions:
        return actions <= {"delayed", "delivered", "relayed", "expanded"}
    return bool(_LATE.search(parts.notice))


def _action(group: dict[str, str]) -> str:
    return group.get("action", "").split("(")[0].strip().lower()


def _from_groups(parts: Parts) -> list[Verdict]:
    """Verdicts of a delivery status."""
    own = _own(parts)
    said = {found.address.lower(): found.words for found in recipients.find(parts.notice, own)}
    verdicts: list[Verdict] = []
    for group in parts.groups[:_ENOUGH]:
        action = _action(group)
        if action in {"delivered", "relayed", "expanded"}:
            continue
        final = recipients.clean(group.get("final-recipient", ""))
        original = recipients.clean(group.get("original-recipient", "") or group.get("x-actual-recipient", ""))
        address = final or original
        if not address and len(parts.groups) == 1:
            address = next((found.address for found in recipients.find(parts.notice, own)), "")
        if not address:
            continue
        words = group.get("diagnostic-code", "")
        spoken = said.get(address.lower(), "") or (parts.notice if len(parts.groups) == 1 else "")
        verdicts.append(_verdict(parts, address, original or address, words, spoken, group.get("status", ""), action))
    return verdicts


def _verdict(
    parts: Parts, address: str, original: str, words: str, spoken: str, status: str, action: str
) -> Verdict:  # fmt: skip
    """Judges by the far server's words; by the notice's where those say nothing."""
    stage = f"{words[:_MOST]} {spoken[:_MOST]}"  # whole: what a notice quotes from begins after its stage
    words, spoken = families.quoted(words[:_MOST]), families.quoted(spoken[:_MOST])
    cause, code = judge(words, status)
    if _says_little(words) or cause is Cause.UNKNOWN:
        better, own = judge(spoken, "")
        if better is not Cause.UNKNOWN:
            cause = better
            code = code if code and not code.endswith(".0.0") else own or code
    if cause is Cause.UNKNOWN_USER:
        cause = contradicted(spoken) or cause
    cause = families.particular(parts) or _by_stage(cause, code, words, stage)
    if cause is Cause.UNKNOWN_USER and (
        families.is_rule_engine(parts) or (not _SAYS_WHO.match(code) and families.is_gateway(parts))
    ):
        cause = Cause.FILTERED
    if cause is Cause.UNKNOWN and action in {"expired", "delayed"}:
        cause = Cause.EXPIRED
    text = " ".join((words or spoken).split())[:_MAX_WORDS]
    return Verdict(address, original, code, cause, is_hard(cause, action, code), text)


def _says_little(words: str) -> bool:
    return len(re.sub(r"[^A-Za-z]", "", words)) < 12


_AT_MAIL = re.compile(r"(?i)in\s+reply\s+to\s+mail\s+from|after\s+mail\s+from|\[mail_from\]|our\s+mail\s+from")
_AT_RCPT = re.compile(
    r"(?i)in\s+reply\s+to\s+rcpt|>>>\s*rcpt|after\s+rcpt|in\s+rcpt\s+to|\[rcpt_to\]|our\s+rcpt|smtp:rcpt"
    r"|rcpt\s+to\s+(?:command|response)|does\s+not\s+like\s+recipient"
)
_AFTER_DATA = re.compile(
    r"(?i)in\s+reply\s+to\s+(?:end\s+of\s+)?data|after\s+(?:end\s+of\s+)?data|our\s+final\s+data|>>>\s*data\b"
    r"|failed\s+after\s+i\s+sent|\[data\]|smtp\s+command\s+data"
)
_SAYS_WHO = re.compile(r"^[45]\.(?:1\.(?:1|2|3|6|10)|2\.1)$")
_ABOUT_WHO = frozenset({Cause.UNKNOWN_USER, Cause.UNKNOWN_HOST, Cause.MOVED})


def _by_stage(cause: Cause, code: str, words: str, text: str) -> Cause:  # noqa: PLR0911  # one for each stage
    """What the same words mean at another stage of the dialogue.

    Unknown at MAIL FROM is the sender; a user who is unknown only once the message was seen, and without a code that
    says so, is a filter's answer; a local program's failure says nothing about the address.
    """
    if cause is Cause.FILTERED and "mailbox unavailable" in words.lower():
        known = _SAYS_WHO.match(code) or ("550" in words and _AT_RCPT.search(text))
        return Cause.UNKNOWN_USER if known else cause
    if cause not in _ABOUT_WHO:
        return cause
    if words.lstrip().lower().startswith("x-unix"):
        return Cause.PROGRAM
    if _AT_MAIL.search(text) and not _SAYS_WHO.match(code):
        return Cause.SENDER_REJECTED
    if cause is not Cause.UNKNOWN_USER or _SAYS_WHO.match(code) or _AT_RCPT.search(text):
        return cause
    if code.startswith("5.7.") or (_AFTER_DATA.search(text) and "delivery error: dd" not in text):
        return Cause.FILTERED
    return cause


def _from_notice(parts: Parts) -> list[Verdict]:
    own = _own(parts)
    found = recipients.find(parts.notice, own)
    return [_verdict(parts, each.address, each.address, each.words, parts.notice, "", "") for each in found]


def _from_headers(parts: Parts) -> list[Verdict]:
    """Where the notice names nobody: the header some systems write, else whom the original was written to."""
    named = parts.headers.get("x-failed-recipients", "") or parts.original.get("to", "")
    addresses = [recipients.clean(each) for each in one_line(named).split(",")]
    status = next(iter(enhanced_codes(parts.notice)), "")
    return [
        _verdict(parts, address, address, parts.notice, "", status, "")
        for address in dict.fromkeys(addresses)
        if address
    ]


def _own(parts: Parts) -> frozenset[str]:
    """The addresses of the mail itself: who it came from and went to."""
    found: set[str] = set()
    for name in ("to", "from", "delivered-to", "x-original-to", "return-path"):
        found |= {match.lower() for match in recipients.ADDRESS.findall(parts.headers.get(name, ""))}
    return frozenset(found)


def _message_ids(parts: Parts) -> tuple[str, ...]:
    """What the mail says the original's Message-ID was, most trustworthy place first."""
    places = [parts.original.get("message-id", ""), parts.headers.get("in-reply-to", "")]
    places += [parts.headers.get("references", "")]
    found: list[str] = []
    for place in places:
        ids = _IDS.findall(place) or ([place.strip()] if _BARE_ID.match(place.strip()) else [])
        found += ids
    found += _IDS.findall(" ".join(re.findall(r"(?i)message-id[ \t]*:\s*(<[^<>\s]+>)", parts.notice)))
    return tuple(dict.fromkeys(found))[:20]


def _envelope_id(parts: Parts) -> str:
    """ENVID as the report gives it back (RFC 3461)."""
    for group in parts.groups:
        if group.get("original-envelope-id"):
            return group["original-envelope-id"].strip()
    return (parts.feedback.get("original-envelope-id") or [""])[0].strip()
