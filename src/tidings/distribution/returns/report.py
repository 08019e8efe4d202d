"""What a returned mail says, in our words: its kind, whom it is about, why, and whether that is for good."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a mail that came back is."""

    BOUNCE = "bounce"  # a mail could not be delivered, or not yet
    COMPLAINT = "complaint"  # a feedback report (RFC 5965)
    AUTO_REPLY = "auto_reply"  # out of office and the like (RFC 3834)
    RECEIPT = "receipt"  # delivered, relayed, or shown to somebody; nothing is wrong
    REPLY = "reply"  # a person answered
    OTHER = "other"


class Reason(StrEnum):
    """The six classes people decide by."""

    ADDRESS = "unknown address"
    MAILBOX = "mailbox full"
    POLICY = "policy"
    TEMPORARY = "temporary"
    CONTENT = "content"
    OTHER = "other"


class Cause(StrEnum):
    """The finer cause behind a reason; `REASONS` says which class each belongs to."""

    UNKNOWN_USER = "user unknown"
    UNKNOWN_HOST = "domain unknown"
    NO_MAIL_HOST = "domain takes no mail"
    MOVED = "moved"
    FULL = "mailbox full"
    SUSPENDED = "mailbox suspended"
    AUTHENTICATION = "sender not authenticated"
    REPUTATION = "sender's address blocked"
    REVERSE_DNS = "no reverse DNS"
    SENDER_REJECTED = "sender rejected"
    POLICY = "policy"
    FILTERED = "filtered"
    RELAYING = "relaying denied"
    SECURITY = "security"
    NOT_COMPLIANT = "message breaks a standard"
    SPAM = "taken for spam"
    VIRUS = "taken for a virus"
    CONTENT = "content refused"
    TOO_BIG = "too big"
    RATE = "too much at once"
    EXPIRED = "gave up trying"
    NETWORK = "network"
    SYSTEM = "system error"
    PROGRAM = "program at the recipient failed"
    SYNTAX = "command refused"
    ON_HOLD = "on hold"
    UNKNOWN = "not understood"


# The truth of the development set (Sisimai's vocabulary) maps so: userunknown, hostunknown, notaccept, hasmoved →
# address; mailboxfull, suspend → mailbox; authfailure, badreputation, blocked, requireptr, rejected, policyviolation,
# filtered, norelaying, securityerror, notcompliantrfc, spamdetected → policy; expired, networkerror, systemerror,
# systemfull, toomanyconn, speeding, mailererror → temporary; contenterror, mesgtoobig, exceedlimit, virusdetected →
# content; onhold, syntaxerror, undefined, feedback, vacation, delivered → other.
REASONS: dict[Cause, Reason] = {
    Cause.UNKNOWN_USER: Reason.ADDRESS,
    Cause.UNKNOWN_HOST: Reason.ADDRESS,
    Cause.NO_MAIL_HOST: Reason.ADDRESS,
    Cause.MOVED: Reason.ADDRESS,
    Cause.FULL: Reason.MAILBOX,
    Cause.SUSPENDED: Reason.MAILBOX,
    Cause.AUTHENTICATION: Reason.POLICY,
    Cause.REPUTATION: Reason.POLICY,
    Cause.REVERSE_DNS: Reason.POLICY,
    Cause.SENDER_REJECTED: Reason.POLICY,
    Cause.POLICY: Reason.POLICY,
    Cause.FILTERED: Reason.POLICY,
    Cause.RELAYING: Reason.POLICY,
    Cause.SECURITY: Reason.POLICY,
    Cause.NOT_COMPLIANT: Reason.POLICY,
    Cause.SPAM: Reason.POLICY,
    Cause.VIRUS: Reason.CONTENT,
    Cause.CONTENT: Reason.CONTENT,
    Cause.TOO_BIG: Reason.CONTENT,
    Cause.RATE: Reason.TEMPORARY,
    Cause.EXPIRED: Reason.TEMPORARY,
    Cause.NETWORK: Reason.TEMPORARY,
    Cause.SYSTEM: Reason.TEMPORARY,
    Cause.PROGRAM: Reason.TEMPORARY,
    Cause.SYNTAX: Reason.OTHER,
    Cause.ON_HOLD: Reason.OTHER,
    Cause.UNKNOWN: Reason.OTHER,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said about one recipient.

    `recipient` is the address that failed, `original` the one it was written to where that differs. `status` is the
    enhanced code (RFC 3463) or empty. `hard` says that the address will never take mail.
    """

    recipient: str
    original: str = ""
    status: str = ""
    cause: Cause = Cause.UNKNOWN
    hard: bool = False
    words: str = ""

    @property
    def reason(self) -> Reason:
        """The class people decide by."""
        return REASONS[self.cause]


@dataclass(frozen=True, slots=True)
class Report:
    """One mail that came back. `message_ids` are those of the original mail as the body claims: not to be trusted."""

    kind: Kind
    verdicts: tuple[Verdict, ...] = ()
    message_ids: tuple[str, ...] = ()
    envelope_id: str = ""
    feedback: str = ""
    """The feedback type of a complaint: abuse, fraud, auth-failure …"""
    sender: str = ""
    subject: str = ""
    text: str = ""
    """What is readable of it, without the original mail."""
    unsubscribe: str = ""
    """List-Unsubscribe of the original mail, as it was returned: its signed link proves whose mail it was."""
    delivered_to: tuple[str, ...] = ()
    """Where the headers say the report itself was delivered."""
    relayed: bool = False
    """Of a receipt: the mail went on to a system that reports nothing; whether it arrived is not known."""
    final: bool = True
    """False for a notice that a mail is only late and still being tried."""
