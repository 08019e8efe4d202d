"""What is particular to a system or a family of them: whose words to believe, and what they mean there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from tidings.distribution.returns.parts import Parts
from tidings.distribution.returns.report import Cause, Kind, Verdict

# Where the far server's own words begin; what stands before is the reporting system's explanation.
_QUOTED: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?is)unknown address error\s+\d{3}-?\s*'(.{3,800}?)'(?:\s*\(delivery attempts|\s*$)"),  # Amazon SES
    re.compile(r"(?is)error that the other server returned was:?\s*(.{3,1500})"),  # Gmail
    re.compile(r"(?is)the response (?:from the remote server )?was:?\s*(.{3,1500})"),  # Gmail, Workspace
    re.compile(r"(?is)gave this error:\s*(.{3,1500}?)(?:\n\s*\n|$)"),  # Exchange Online
    re.compile(r"(?is)remote host said(?:\[[^\]]*\])?:\s*(.{3,1500})"),  # qmail and its kin
    re.compile(r"(?is)error message below:\s*(.{3,400}?)message details"),  # Apache James
    re.compile(r"(?is)(?<!-)-{5,80}\s{0,9}server message\s{0,9}(.{3,800}?)-{5,80}"),  # m-FILTER
)
# Products that filter mail for somebody else: a bare "unknown user" from behind them is the filter's answer.
_GATEWAYS = re.compile(
    r"(?i)surfcontrol|mailfoundry|mxlogic|m-filter|inbound-smtp\.[a-z0-9-]+\.amazonaws"
    r"|---the following addresses had delivery errors---|failed with: 550|zoho mail"
    r"|unable to deliver message to the following address\(es\)|error message below:"
)
_RECEIVING_SES = re.compile(r"(?i)\binbound-smtp\.[a-z0-9-]+\.amazonaws")  # its rules refuse whom they like with 5.1.1
_GROUPS = re.compile(r"(?i)groups\.google\.com/support|google groups")


def quoted(words: str) -> str:
    """The far server's own words in a notice, or all of it where none are marked."""
    for pattern in _QUOTED:
        match = pattern.search(words)
        if match is not None:
            return match[1]
    return words


def is_rule_engine(parts: Parts) -> bool:
    """Whether a set of rules, not a mailbox, refused; its codes say nothing about the address either."""
    return bool(parts.groups) and bool(_RECEIVING_SES.search(parts.groups[0].get("reporting-mta", "")))


def is_gateway(parts: Parts) -> bool:
    """Whether the report comes from a filter in front of the mailbox."""
    marks = (
        parts.headers.get("x-mailer", ""), parts.headers.get("from", ""), parts.notice[-3000:],
        parts.groups[0].get("reporting-mta", "") if parts.groups else "",
    )  # fmt: skip
    return any(_GATEWAYS.search(mark) for mark in marks)


def particular(parts: Parts) -> Cause | None:
    """A cause that a system's whole notice stands for."""
    if _GROUPS.search(parts.notice) and "googlemail.com" in parts.headers.get("from", ""):
        return Cause.SENDER_REJECTED  # Google Groups: the sender may not post there
    return None


_SNS_KINDS = {"Bounce": Kind.BOUNCE, "Complaint": Kind.COMPLAINT, "Delivery": Kind.RECEIPT}


def notification(parts: Parts) -> tuple[Kind, list[Verdict]] | None:
    """Amazon SES's notification, sent by mail as JSON; None when it is none."""
    text = parts.notice.lstrip()
    if not text.startswith("{") or "notificationType" not in text:
        return None
    body = text[: text.rfind("}") + 1]
    document: Any = None
    for joined in (body, body.replace("\n ", ""), body.replace("\n", "")):
        try:
            document = json.loads(joined)
            break
        except (ValueError, RecursionError):
            continue
    if not isinstance(document, Mapping):
        return None
    said = cast("Mapping[str, Any]", document)
    name = str(said.get("notificationType"))
    kind = _SNS_KINDS.get(name)
    return None if kind is None else (kind, _sns_verdicts(said, kind))


def _sns_verdicts(said: Mapping[str, Any], kind: Kind) -> list[Verdict]:
    if kind is Kind.RECEIPT:
        destination: Any = _mapping(said.get("mail")).get("destination")
        return [Verdict(str(each)) for each in _list(destination)]
    if kind is Kind.COMPLAINT:
        people = _list(_mapping(said.get("complaint")).get("complainedRecipients"))
        return [Verdict(str(_mapping(each).get("emailAddress", ""))) for each in people]
    bounce = _mapping(said.get("bounce"))
    from tidings.distribution.returns.status import is_hard, judge

    verdicts: list[Verdict] = []
    for each in _list(bounce.get("bouncedRecipients")):
        person = _mapping(each)
        words = str(person.get("diagnosticCode", ""))
        cause, code = judge(words, str(person.get("status", "")))
        address = str(person.get("emailAddress", ""))
        verdicts.append(Verdict(address, address, code, cause, is_hard(cause, "failed", code), words[:500]))
    return verdicts


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
