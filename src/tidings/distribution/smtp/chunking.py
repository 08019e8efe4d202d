"""Several mails of one connection on the way at once, for a relay that is far (BDAT of RFC 3030, RFC 2920).

Envelope and body leave in one write, and the next mail follows without waiting for the answer. Every mail begins with
RSET, so that a refused one spoils none of those behind it. What the server has not answered when the connection breaks
is uncertain, all of it: that is the price, and why a person has to ask for it (`chunking=` of a relay).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tidings.distribution.smtp.events import Answered, Mail
from tidings.distribution.smtp.replies import Reply

_STAGES = ("reset", "mail", "rcpt", "dot")


@dataclass(slots=True)
class _Flight:
    mail: Mail
    replies: list[Reply] = field(default_factory=list[Reply])
    told: bool = False


class Chunking:
    """The mails of one session that were offered and are not answered, oldest first."""

    def __init__(self, most: int) -> None:
        """`most`: so many may be asked for or on the way at once."""
        self._most = most
        self._asked: list[Mail] = []
        self._flying: deque[_Flight] = deque()
        self._closing = self._went_on = False

    @property
    def wants_mail(self) -> bool:
        """Whether one more may be offered."""
        return not self._closing and len(self._asked) + len(self._flying) < self._most

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._asked and not self._flying

    @property
    def awaits(self) -> bool:
        """Whether the server owes an answer."""
        return bool(self._flying)

    @property
    def closing(self) -> bool:
        """The server said 421: it takes nothing more and closes the connection (RFC 5321, 3.8)."""
        return self._closing

    @property
    def first_asked(self) -> Mail | None:
        """The one that has waited longest for leave."""
        return self._asked[0] if self._asked else None

    def ask(self, mail: Mail) -> None:
        """It waits for leave."""
        self._asked.append(mail)

    def withdraw(self, mail: Mail) -> None:
        """It got none. Nothing of it has left."""
        self._asked.remove(mail)

    def write(self, mail: Mail, envelope: bytes) -> tuple[bytes, bytes]:
        """Commands and body of a mail that got leave; `envelope` is its MAIL and RCPT with CRLF.

        Raises ValueError when it does not wait for leave.
        """
        if mail not in self._asked:
            raise ValueError("this mail's body is not asked for")
        self._asked.remove(mail)
        self._flying.append(_Flight(mail))
        body = mail.body if mail.body.endswith(b"\r\n") else mail.body + b"\r\n"
        return b"RSET\r\n%bBDAT %d LAST\r\n" % (envelope, len(body)), body

    def hear(self, reply: Reply) -> Answered | None:
        """Takes the next reply; the answer to a mail when that is clear. Only while the server `awaits` any."""
        flight = self._flying[0]
        flight.replies.append(reply)
        self._went_on = self._went_on or self._closing
        self._closing = self._closing or reply.code == 421
        whole = len(flight.replies) == len(_STAGES)
        if whole:
            self._flying.popleft()
        if flight.told or not (whole or reply.code == 421):
            return None
        flight.told = True
        # A server that refused the sender or the recipient has nobody to give it to, whatever it says in the end.
        said = list(zip(_STAGES, flight.replies, strict=False))[1:] or [("mail", reply)]
        stage, word = next((each for each in said if not each[1].positive), said[-1])
        return Answered(flight.mail, word, stage)

    def give_up(self) -> None:
        """The server said 421 and did not close: what it did with the rest is not known."""
        self._went_on = True

    def lost(self) -> tuple[list[Mail], list[Mail]]:
        """The connection is gone: those whose fate is not known, and those the server cannot have."""
        flying, asked = [each.mail for each in self._flying if not each.told], self._asked
        self._flying, self._asked = deque(), []
        never = self._closing and not self._went_on
        return ([], flying + asked) if never else (flying, asked)
