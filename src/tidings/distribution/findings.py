"""What pre-flight and the DNS doctor find: one finding says what, how bad, what to do, and the record to copy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOT_CHECKED = "not_checked"
    WARNING = "warning"
    ERROR = "error"


class Area(StrEnum):
    """What a finding is about. Only the message itself, or a channel without an account, can stop a send: the rest may
    be wrong about the world."""

    MESSAGE = "message"
    CHANNEL = "channel"
    SPAM = "spam"
    VOLUME = "volume"
    DOMAIN = "domain"
    RELAY = "relay"


@dataclass(frozen=True, slots=True)
class PreflightFinding:
    """The end of one check. `place` is a variant, a domain or a relay; `record` a line of a DNS zone to copy."""

    area: Area
    check: str
    grade: Grade
    message: str
    remedy: str = ""
    place: str = ""
    record: str = ""

    @property
    def blocks(self) -> bool:
        """Whether nothing may be sent before it is gone."""
        return self.area in {Area.MESSAGE, Area.CHANNEL} and self.grade is Grade.ERROR

    def at(self, place: str) -> PreflightFinding:
        """The same finding elsewhere."""
        return replace(self, place=place)


ORDER = {Grade.ERROR: 0, Grade.WARNING: 1, Grade.NOT_CHECKED: 2, Grade.OK: 3}
"""The worst first."""


def txt_record(name: str, text: str) -> str:
    """A TXT record as a zone file has it; texts beyond 255 bytes become several strings (RFC 1035, 3.3.14)."""
    strings = " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))
    return f"{name}. IN TXT {strings}"
