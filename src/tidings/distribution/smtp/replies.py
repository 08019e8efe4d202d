"""Server replies read from a byte stream (RFC 5321, 4.2), multi-line ones included."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_LINE = 4096  # RFC 5321 says 512; real servers exceed it
MAX_LINES = 200
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")


class BadReplyError(Exception):
    """What the server said is not SMTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole reply: its code and its words, lines joined by line breaks."""

    code: int
    text: str

    @property
    def positive(self) -> bool:
        """2xx."""
        return 200 <= self.code < 300

    @property
    def transient(self) -> bool:
        """4xx: later may work."""
        return 400 <= self.code < 500

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 3463), or an empty text."""
        found = _ENHANCED.match(self.text)
        return found[1] if found else ""

    @property
    def shown(self) -> str:
        """The reply's code with the enhanced one, as a delivery keeps it."""
        return f"{self.code} {self.enhanced}".rstrip()


class ReplyReader:
    """Collects bytes and gives whole replies."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[str] = []

    @property
    def empty(self) -> bool:
        """Whether no part of a reply waits for its rest."""
        return not self._rest and not self._lines

    def feed(self, data: bytes) -> list[Reply]:
        """The replies completed by these bytes. Raises BadReplyError."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE:
            raise BadReplyError("the server sends a line without an end")
        replies: list[Reply] = []
        for line in lines:
            code, separator = line[:3], line[3:4]
            if len(code) != 3 or not code.isdigit() or separator not in _SEPARATORS:
                raise BadReplyError(f"the server answered {line[:60]!r}, which is not SMTP")
            words = line[4:].rstrip(b"\r").decode("utf-8", "replace")
            if separator == b"-":
                self._lines.append(words)
                if len(self._lines) > MAX_LINES:
                    raise BadReplyError("the server's reply has no end")
            elif self._lines:
                replies.append(Reply(int(code), "\n".join([*self._lines, words])))
                self._lines.clear()
            else:
                replies.append(Reply(int(code), words))
        return replies


_SEPARATORS = frozenset({b" ", b"-", b"\r", b""})
