"""Puts returned mail together: a standard report, or a text in a mail system's own manner."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.mime.text import MIMEText

from tidings.distribution.returns.report import Kind, Reason

ORIGINAL = (
    "Received: from mail.northwind.example by out.example; Mon, 02 Mar 2026 10:00:00 +0000\n"
    "From: Northwind Bakery <hello@northwind.example>\nTo: {to}\nSubject: Fresh bread on Saturday\n"
    "Message-ID: <0badc0de@northwind.example>\nDate: Mon, 02 Mar 2026 10:00:00 +0000\n"
)
BODY = "\nFresh bread every morning. If your mailbox is full of offers, you can unsubscribe at any time.\n"


@dataclass(frozen=True)
class Case:
    """One mail and what a careful reader says about it; `hard` and `reason` are for bounces."""

    name: str
    raw: bytes
    kind: Kind
    recipient: str = ""
    reason: Reason | None = None
    hard: bool = False
    final: bool = True


def _headers(mail: Message, sender: str, subject: str, more: dict[str, str]) -> None:
    mail["From"] = sender
    mail["To"] = "bounces@northwind.example"
    mail["Subject"] = subject
    mail["Date"] = "Mon, 02 Mar 2026 10:00:05 +0000"
    mail["Message-ID"] = "<report-1@mx.example>"
    for name, value in more.items():
        mail[name] = value


def report(
    sender: str, subject: str, words: str, status: str, *, to: str, charset: str = "us-ascii", whole: bool = False,
    **more: str,
) -> bytes:  # fmt: skip
    """A multipart/report (RFC 3464). `status` is its second part; `whole` returns the mail, else its headers."""
    head = Message()
    _headers(head, sender, subject, {"Auto-Submitted": "auto-replied", "MIME-Version": "1.0", **more})
    top = 'Content-Type: multipart/report; report-type=delivery-status; boundary="=_cut"\n\n'
    original = ORIGINAL.format(to=to) + (BODY if whole else "")
    kind = "message/rfc822" if whole else "text/rfc822-headers"
    parts = [MIMEText(words, "plain", charset).as_string(), f"Content-Type: message/delivery-status\n\n{status}"]
    parts.append(f"Content-Type: {kind}\n\n{original}")
    body = "".join(f"--=_cut\n{part}\n" for part in parts) + "--=_cut--\n"
    return (head.as_string().rstrip("\n") + f"\n{top}{body}").replace("\n", "\r\n").encode()


def plain(sender: str, subject: str, words: str, *, to: str = "", charset: str = "us-ascii", **more: str) -> bytes:
    """One text; with `to` the original's headers stand below it, as older systems do."""
    copied = "\n" + ORIGINAL.format(to=to) + BODY if to else ""
    mail = MIMEText(words.replace("{copy}", copied), "plain", charset)
    _headers(mail, sender, subject, {name.replace("_", "-"): value for name, value in more.items()})
    return mail.as_bytes()
