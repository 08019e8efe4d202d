"""A mail for tests of the SMTP machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(eq=False)
class Mail:
    """Told apart by being another object."""

    sender: str
    recipient: str
    body: bytes
    envid: str = ""


def mail(name: str = "a", body: bytes = b"Subject: x\r\n\r\nbody\r\n") -> Mail:
    """To `name@y.example`."""
    return Mail("s@x.example", f"{name}@y.example", body)
