"""What is on the wire, written beside the encrypted file: one small write per flush, no lock, no commit.

A killed sender leaves this file behind. Whoever takes over reads from it which of the claimed messages had left
(uncertain), which had been answered (as answered), and knows that the others never left. The bytes are in the
system's hands before a message's body is, so they survive the process; what a power cut takes, the machine's boot in
the ledger tells. The file holds numbers and reply codes only: no address, no name, no word of a server.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from tidings.distribution.channels.base import Outcome, Outgoing
from tidings.distribution.owner import is_dead
from tidings.domain.channel import PERSONAL, Channel
from tidings.store.files import FLIGHT, flights

log = logging.getLogger("tidings.distribution")
_FLAGS = os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)
_RENEW_BYTES = 1 << 20
_STALE_SECONDS = 3600  # nothing is on the wire for so long; see ACCEPTANCE_SECONDS


@dataclass(frozen=True, slots=True)
class Flown:
    """The last word on one message. `state` is empty while its answer is not known."""

    campaign_pk: int
    contact_pk: int
    step: int
    chunk_no: int
    attempt: int
    state: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class FlightLog:
    """Another worker's file as it was found."""

    path: Path
    over: bool
    """Its worker is dead: once its messages are settled, the file can go."""
    flown: Sequence[Flown]
    channel: str = Channel.EMAIL.value


class FlightFile:
    """This worker's file. It exists only while there is something in it."""

    def __init__(self, database: Path, owner: str, channel: Channel = Channel.EMAIL) -> None:
        self._database, self._channel = database, channel
        self._header = f"tidings-flight {owner} {channel.value}\n".encode()
        self.path = database.with_name(f"{database.name}{FLIGHT}{blake2b(self._header, digest_size=8).hexdigest()}")
        self._fd = -1
        self._size = 0
        self._flying: dict[Outgoing, bytes] = {}
        """With the place of each, as it stands in the lines."""
        self._unsettled: list[bytes] = []
        self._in_step: list[bytes] = []

    def note(
        self, answers: Iterable[tuple[Outgoing, Outcome]], back: Iterable[Outgoing], asked: Iterable[Outgoing]
    ) -> None:
        """Writes down what was answered, what came back, and what goes on the wire now. Raises OSError."""
        flying = self._flying
        lines = [b"= %b %b\n" % (flying.pop(m, None) or _place(m), _said(outcome)) for m, outcome in answers]
        if lines:
            self._unsettled += lines
        lines += [b"- %b\n" % flying.pop(message) for message in back if message in flying]
        for message in asked:
            place = flying[message] = _place(message)
            lines.append(b"? %b\n" % place)
        if lines:
            self._write(b"".join(lines))

    def begin(self) -> None:
        """The ledger is about to take in all answers up to now."""
        self._in_step, self._unsettled = self._unsettled, []

    def undo(self) -> None:
        """It could not: they are still needed."""
        self._in_step, self._unsettled = [], self._in_step + self._unsettled

    def settled(self) -> None:
        """It has: what they needed here can be forgotten."""
        self._in_step = []
        if not self._unsettled and not self._flying:
            self.close()
        elif self._size > _RENEW_BYTES:
            self._renew(b"".join([*(b"? %b\n" % place for place in self._flying.values()), *self._unsettled]))

    def close(self) -> None:
        """Ends the file, and removes it when nothing is on the wire."""
        if self._fd < 0:
            return
        os.close(self._fd)
        self._fd = -1
        if not self._flying:
            self.path.unlink(missing_ok=True)

    def others(self) -> list[FlightLog]:
        """The files of all other workers of this database for the same channel."""
        found = flights(self._database)
        logs = [read(path) for path in found if path != self.path and not path.name.endswith(".new")]
        return [each for each in logs if each is not None and each.channel == self._channel.value]

    def _write(self, data: bytes) -> None:
        if self._fd < 0:
            self._renew(data)
        elif (written := os.write(self._fd, data)) != len(data):
            # Half a line would swallow the next one: what was cut short is taken back.
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - written)
            raise OSError("the disk is full")
        else:
            self._size += len(data)

    def _renew(self, data: bytes) -> None:
        """Replaces the file at once, so that at every moment one that is whole is there."""
        new = self.path.with_name(self.path.name + ".new")
        new.unlink(missing_ok=True)
        fd = os.open(new, _FLAGS | os.O_CREAT, 0o600)
        try:
            if os.write(fd, self._header + data) != len(self._header) + len(data):
                raise OSError("the disk is full")
        finally:
            os.close(fd)
        if self._fd >= 0:  # Windows replaces no open file
            os.close(self._fd)
            self._fd = -1
        new.replace(self.path)
        self._fd, self._size = os.open(self.path, _FLAGS), len(data)


def _place(m: Outgoing) -> bytes:
    return b"%d %d %d %d %d" % (m.campaign_pk, m.contact_pk, m.step, m.chunk_no, m.attempt)


def _said(outcome: Outcome) -> bytes:
    return _word(outcome.result.value, outcome.code)


@lru_cache(maxsize=256)
def _word(state: str, code: str) -> bytes:
    return f"{state} {code.replace(' ', '_')}".encode("ascii", "replace")


def read(path: Path) -> FlightLog | None:
    """What a file says; None when it is gone meanwhile. A torn last line, after a power cut, says nothing."""
    with contextlib.suppress(OSError):
        age = time.time() - path.stat().st_mtime
        header, *lines = path.read_bytes().split(b"\n")
        owner, channel = _whose(header.partition(b" ")[2].decode("utf-8", "replace"))
        last: dict[tuple[int, int, int], Flown | None] = {}
        for line in lines[:-1]:
            with contextlib.suppress(ValueError):
                flown = _parse(line)
                last[flown.campaign_pk, flown.contact_pk, flown.step] = None if line.startswith(b"-") else flown
        return FlightLog(
            path, is_dead(owner) or age > _STALE_SECONDS, [each for each in last.values() if each], channel
        )
    return None


def _whose(words: str) -> tuple[str, str]:
    """Owner and channel of a file; files of earlier versions name no channel and are of e-mail."""
    owner, _, channel = words.rpartition(" ")
    return (owner, channel) if owner and channel in PERSONAL else (words, Channel.EMAIL.value)


def _parse(line: bytes) -> Flown:
    """Raises ValueError for a line that is not whole."""
    sign, *words = line.split(b" ")
    campaign, contact, step, chunk, attempt = map(int, words[:5])
    if sign != b"=":
        return Flown(campaign, contact, step, chunk, attempt)
    state, code = words[5:]
    return Flown(campaign, contact, step, chunk, attempt, state.decode(), code.decode().replace("_", " "))
