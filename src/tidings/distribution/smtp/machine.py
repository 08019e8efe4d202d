"""The SMTP client as a state machine without I/O: bytes in, bytes out, events beside (RFC 5321, 2920, 3207, 4954).

With PIPELINING one write carries a message's body, its final dot and the next message's MAIL, RCPT and DATA, so a
message costs one round trip. A body is only written after `go`, which the ledger gives once it has recorded that the
message is on the wire; at any moment at most one message of a connection is, unless `chunking` allows more.
"""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from enum import Enum, auto
from typing import Literal

from tidings.distribution.smtp.chunking import Chunking
from tidings.distribution.smtp.events import Answered, Broken, Event, Mail, NeedGo, Ready, StartTls
from tidings.distribution.smtp.replies import BadReplyError, Reply, ReplyReader


class _Wait(Enum):
    GREETING = auto()
    EHLO = auto()
    HELO = auto()
    STARTTLS = auto()
    AUTH = auto()
    AUTH_USER = auto()
    AUTH_PASSWORD = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()
    IGNORE = auto()  # answers to RSET, to a lone dot and to QUIT


_AFTER_MAIL = (_Wait.RCPT, _Wait.DATA)
_ROUND = 4
"""Replies of a usual round: one message is accepted, and the next one's MAIL, RCPT and DATA are granted."""
_REMEMBERED = 64


class SmtpMachine:
    """One session. `feed` takes the server's bytes and returns ours; what happened is in `events`, oldest first."""

    def __init__(
        self, *, name: str, tls: Literal["starttls", "none", "implicit"] = "none", user: str = "", password: str = "",
        auth: Literal["password", "xoauth2"] = "password", chunking: int = 1,
    ) -> None:  # fmt: skip
        """`chunking`: so many mails may be on the wire at once where the server knows how; see `chunking.py`."""
        self.events: deque[Event] = deque()
        self.ready = False
        self.closed = False
        self.size_limit = 0
        self._name = name.encode("ascii", "replace")
        self._starttls = tls == "starttls"
        self._user, self._password, self._auth = user, password, auth
        self._reader = ReplyReader()
        self._waiting: deque[_Wait] = deque([_Wait.GREETING])
        self._features: dict[str, str] = {}
        self._envelope: Mail | None = None  # its MAIL, RCPT, DATA are under way
        self._refusal: tuple[Reply, str] | None = None  # of that envelope
        self._on_wire: Mail | None = None  # its body was written and not answered
        self._next: Mail | None = None
        self._granted: Mail | None = None  # the server wants its body
        self._must_reset = False
        self._pipelining = self._says_size = self._eight_bit = self._reports = False
        self._grants: set[bytes] = set()
        self._most = chunking
        self.chunks: Chunking | None = None
        """Takes over once the session is open, if it has several mails on the wire."""

    # What the driver calls

    def feed(self, data: bytes) -> bytes:
        """Takes what the server sent; returns what to send."""
        if self.closed or self._expected(data):
            return b""
        try:
            replies = self._reader.feed(data)
        except BadReplyError as error:
            return self._break(str(error))
        return b"".join([self._on_reply(reply) for reply in replies])

    def usual(self, data: bytes) -> tuple[Mail, bytes, Mail] | None:
        """Takes a whole usual round in one go: the mail accepted, the reply to it, and the mail whose body is wanted.

        None, and nothing changed, when it is anything else: then `feed` takes it.
        """
        waits = self._waiting
        if len(waits) != _ROUND or waits[0] is not _Wait.DOT or self.closed:
            return None
        end = data.find(b"\n") + 1
        accepted, granted = self._on_wire, self._envelope
        if data[:4] != b"250 " or accepted is None or granted is None or not self._reader.empty:
            return None
        if data[end:] not in self._grants and not self._is_grant(data[end:]):
            return None
        waits.clear()
        self._on_wire, self._granted = None, granted
        return accepted, data[:end], granted

    def _is_grant(self, replies: bytes) -> bool:
        """Whether these are the replies, in one piece, that let a body follow; remembered, because they come again."""
        lines = replies.split(b"\r\n")
        good = len(lines) == _ROUND and not lines.pop() and [line[:4] for line in lines] == [b"250 ", b"250 ", b"354 "]
        if good:
            if len(self._grants) >= _REMEMBERED:
                self._grants.clear()
            self._grants.add(replies)
        return good

    def _expected(self, data: bytes) -> bool:
        """Takes the common case in one go: whole lines that grant or accept all they answer. Else changes nothing."""
        waits = self._waiting
        lines = data.split(b"\r\n")
        if lines.pop() or len(lines) > len(waits) or not self._reader.empty or not self._pipelining:
            return False
        if self._refusal is not None:
            return False
        for wait, line in zip(waits, lines, strict=False):
            start = line[:4]
            if wait is _Wait.DATA:
                if start != b"354 ":
                    return False
            elif start != b"250 " or not (wait is _Wait.RCPT or wait is _Wait.MAIL or wait is _Wait.DOT):
                return False
        for line in lines:
            wait = waits.popleft()
            if wait is _Wait.DOT:
                self._take_acceptance(line)
            elif wait is _Wait.DATA and self._envelope is not None:
                self._granted = self._envelope
                self.events.append(NeedGo(self._envelope))
        return True

    def _take_acceptance(self, line: bytes) -> None:
        mail, self._on_wire = self._on_wire, None
        if mail is not None:
            self.events.append(Answered(mail, Reply(250, line[4:].decode("utf-8", "replace")), "dot"))

    def offer(self, mail: Mail) -> bytes:
        """Gives the next mail; at most one may wait beside the one on the wire. See `wants_mail`."""
        if self.size_limit and len(mail.body) > self.size_limit:
            words = f"message of {len(mail.body)} bytes, the relay takes {self.size_limit}"
            self.events.append(Answered(mail, Reply(552, words), "size"))
            return b""
        if self.chunks is not None:
            self.chunks.ask(mail)
            self.events.append(NeedGo(mail))
            return b""
        self._next = mail
        if self._envelope is None and (self._on_wire is None or self._pipelining):
            return self._start_envelope()
        return b""

    @property
    def wants_mail(self) -> bool:
        """Whether `offer` may be called."""
        if self.chunks is not None:
            return self.chunks.wants_mail and not self.closed
        return self.ready and not self.closed and self._next is None and self._envelope is None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        if self.chunks is not None:
            return self.chunks.idle
        return self._envelope is None and self._on_wire is None and self._next is None

    @property
    def awaiting_acceptance(self) -> bool:
        """Whether a body was written whose answer is not there yet."""
        return self._on_wire is not None if self.chunks is None else self.chunks.awaits

    def go(self, mail: Mail, following: Mail | None = None) -> bytes:
        """Writes a granted mail's body, and with it the envelope of the mail that follows."""
        return b"".join(self.go_in_pieces(mail, following))

    def go_in_pieces(self, mail: Mail, following: Mail | None = None) -> tuple[bytes, bytes]:
        """`go` without copying the body: the pieces to write one after the other."""
        if self.chunks is not None:
            first, rcpt = self._envelope_of(mail)
            return self.chunks.write(mail, f"{first}{rcpt}\r\n".encode("ascii"))
        if mail is not self._granted:
            raise ValueError("this mail's body is not asked for")
        self._granted, self._envelope, self._on_wire = None, None, mail
        self._waiting.append(_Wait.DOT)
        dot = b".\r\n" if mail.body.endswith(b"\r\n") else b"\r\n.\r\n"
        return mail.body, dot + self.offer(following) if following is not None else dot

    def tls_done(self) -> bytes:
        """The connection is encrypted now: what was learnt before must be forgotten (RFC 3207, 4.2)."""
        self._starttls = False
        self._features = {}
        self._reader = ReplyReader()
        return self._say(b"EHLO " + self._name, _Wait.EHLO)

    def quit(self) -> bytes:
        """Ends an idle session."""
        self.closed = True
        return b"QUIT\r\n"

    def lost(self) -> tuple[list[Mail], list[Mail]]:
        """The connection is gone: the mails whose fate is not known, and those the server cannot have."""
        self.closed = True
        if self.chunks is not None:
            return self.chunks.lost()
        uncertain, self._on_wire = [] if self._on_wire is None else [self._on_wire], None
        rest = [mail for mail in (self._envelope, self._next) if mail is not None]
        self._envelope = self._next = self._granted = None
        return uncertain, rest

    # How it works

    def _say(self, line: bytes, wait: _Wait) -> bytes:
        self._waiting.append(wait)
        return line + b"\r\n"

    def _break(self, words: str, *, refused: bool = False) -> bytes:
        self.closed = True
        self.events.append(Broken(words, refused))
        return b""

    def _on_reply(self, reply: Reply) -> bytes:  # noqa: PLR0911  # one line for each thing a reply can answer
        if self.closed:
            return b""
        if self.chunks is not None and self.chunks.awaits:
            return self._on_chunk(self.chunks, reply)
        if not self._waiting:
            return self._break(f"the server said {reply.shown} unasked: {reply.text[:200]}")
        wait = self._waiting.popleft()
        match wait:
            case _Wait.MAIL | _Wait.RCPT:
                return self._on_envelope(wait, reply)
            case _Wait.DATA:
                return self._on_data(reply)
            case _Wait.DOT:
                return self._on_dot(reply)
            case _Wait.IGNORE:
                return self._break(f"{reply.code} {reply.text[:200]}") if reply.code == 421 else b""
            case _:
                return self._on_opening(wait, reply)

    def _on_opening(self, wait: _Wait, reply: Reply) -> bytes:  # noqa: PLR0911  # the same
        match wait:
            case _Wait.GREETING if reply.code == 220:
                return self._say(b"EHLO " + self._name, _Wait.EHLO)
            case _Wait.EHLO if reply.positive:
                return self._on_features(reply)
            case _Wait.EHLO if not self._starttls and not self._user:
                return self._say(b"HELO " + self._name, _Wait.HELO)
            case _Wait.STARTTLS if reply.code == 220:
                self.events.append(StartTls())
                return b""
            case _Wait.AUTH_USER if reply.code == 334:
                return self._say(b64encode(self._user.encode()), _Wait.AUTH_PASSWORD)
            case _Wait.AUTH_PASSWORD if reply.code == 334:
                return self._say(b64encode(self._password.encode()), _Wait.AUTH)
            case _Wait.AUTH | _Wait.HELO if reply.positive:
                return self._open()
            case _Wait.AUTH | _Wait.AUTH_USER | _Wait.AUTH_PASSWORD:
                return self._denied(reply)
            case _:
                words = f"the relay does not let us in: {reply.code} {reply.text[:200]}"
                return self._break(words, refused=not reply.transient)

    def _denied(self, reply: Reply) -> bytes:
        if self._auth == "xoauth2" and reply.code == 334:
            return self._say(b"", _Wait.AUTH)  # the reason; the relay wants an empty answer before its 535
        what = "user and password" if self._auth == "password" else "the access token"
        if reply.transient:
            return self._break(f"the relay cannot check {what} now: {reply.shown}")
        return self._break(f"the relay refuses {what}: {reply.shown}", refused=True)

    def _on_features(self, reply: Reply) -> bytes:
        for line in reply.text.split("\n")[1:]:
            word, _, rest = line.replace("AUTH=", "AUTH ", 1).strip().partition(" ")
            self._features[word.upper()] = rest
        self._pipelining = "PIPELINING" in self._features
        self._says_size = "SIZE" in self._features
        self._eight_bit = "8BITMIME" in self._features
        self._reports = "DSN" in self._features
        if self._starttls:
            if "STARTTLS" not in self._features:
                return self._break("the relay offers no STARTTLS, and mail must not go out unencrypted", refused=True)
            return self._say(b"STARTTLS", _Wait.STARTTLS)
        size = self._features.get("SIZE", "")
        self.size_limit = int(size) if size.isdigit() else 0
        return self._authenticate() if self._user else self._open()

    def _authenticate(self) -> bytes:
        ways = self._features.get("AUTH", "").upper().split()
        if self._auth == "xoauth2":
            if "XOAUTH2" not in ways:
                return self._break("the relay offers no AUTH XOAUTH2", refused=True)
            token = b64encode(f"user={self._user}\x01auth=Bearer {self._password}\x01\x01".encode())
            return self._say(b"AUTH XOAUTH2 " + token, _Wait.AUTH)
        if "PLAIN" in ways:
            token = b64encode(f"\0{self._user}\0{self._password}".encode())
            return self._say(b"AUTH PLAIN " + token, _Wait.AUTH)
        if "LOGIN" in ways:
            return self._say(b"AUTH LOGIN", _Wait.AUTH_USER)
        return self._break("the relay offers neither AUTH PLAIN nor AUTH LOGIN", refused=True)

    def _open(self) -> bytes:
        self.ready = True
        if self._most > 1 and self._pipelining and "CHUNKING" in self._features:
            self.chunks = Chunking(self._most)
        self.events.append(Ready())
        return b""

    def _on_chunk(self, chunks: Chunking, reply: Reply) -> bytes:
        answer = chunks.hear(reply)
        if answer is not None:
            self.events.append(answer)
        if chunks.closing and chunks.idle:
            return self._break(f"{reply.code} {reply.text[:200]}")
        return b""

    def _start_envelope(self) -> bytes:
        """MAIL, RCPT and DATA of the next mail, at once if the server takes them so."""
        mail, self._next = self._next, None
        if mail is None:
            return b""
        self._envelope, self._refusal = mail, None
        reset = b""
        if self._must_reset:
            self._must_reset = False
            reset = self._say(b"RSET", _Wait.IGNORE)
        first, rcpt = self._envelope_of(mail)
        self._waiting.append(_Wait.MAIL)
        if not self._pipelining:
            return reset + first.encode("ascii")
        self._waiting += _AFTER_MAIL
        return reset + f"{first}{rcpt}\r\nDATA\r\n".encode("ascii")

    def _envelope_of(self, mail: Mail) -> tuple[str, str]:
        """MAIL with CRLF, and RCPT without."""
        options = f" SIZE={len(mail.body)}" if self._says_size else ""
        if self._eight_bit and not mail.body.isascii():
            options += " BODY=8BITMIME"
        if mail.envid and self._reports:
            options += f" RET=HDRS ENVID={mail.envid}"
        return f"MAIL FROM:<{mail.sender}>{options}\r\n", self._rcpt(mail)

    def _rcpt(self, mail: Mail) -> str:
        """RCPT with what asks for a report of failure, and whom it was written to, where the server knows DSN."""
        if not (mail.envid and self._reports):
            return f"RCPT TO:<{mail.recipient}>"
        known = mail.recipient.replace("+", "+2B").replace("=", "+3D")
        return f"RCPT TO:<{mail.recipient}> NOTIFY=FAILURE ORCPT=rfc822;{known}"

    def _on_envelope(self, wait: _Wait, reply: Reply) -> bytes:
        if reply.code == 421:
            return self._closing(reply, "mail" if wait is _Wait.MAIL else "rcpt")
        if not reply.positive and self._refusal is None:
            self._refusal = (reply, "mail" if wait is _Wait.MAIL else "rcpt")
        if self._pipelining:
            return b""
        if self._refusal is not None:
            return self._refused()
        mail = self._envelope
        if wait is _Wait.MAIL and mail is not None:
            return self._say(self._rcpt(mail).encode("ascii"), _Wait.RCPT)
        return self._say(b"DATA", _Wait.DATA)

    def _on_data(self, reply: Reply) -> bytes:
        if reply.code == 421:
            return self._closing(reply, "data")
        if reply.code == 354:
            if self._refusal is None and self._envelope is not None:
                self._granted = self._envelope
                self.events.append(NeedGo(self._envelope))
                return b""
            return self._say(b".", _Wait.IGNORE) + self._refused()  # RFC 2920: the server will refuse the empty body
        if self._refusal is None:
            self._refusal = (reply, "data")
        return self._refused()

    def _refused(self) -> bytes:
        """Tells the envelope's refusal and goes on with the next mail after a reset."""
        mail, refusal = self._envelope, self._refusal
        self._envelope, self._refusal, self._must_reset = None, None, True
        if mail is not None and refusal is not None:
            self.events.append(Answered(mail, *refusal))
        return self._start_envelope()

    def _on_dot(self, reply: Reply) -> bytes:
        mail, self._on_wire = self._on_wire, None
        if mail is not None:
            self.events.append(Answered(mail, reply, "dot"))
        if reply.code == 421:
            return self._break(f"{reply.code} {reply.text[:200]}")
        return self._start_envelope() if self._envelope is None else b""

    def _closing(self, reply: Reply, stage: str) -> bytes:
        """421 in an envelope: that mail is answered, the session is over."""
        mail, self._envelope = self._envelope, None
        if mail is not None:
            self.events.append(Answered(mail, reply, stage))
        return self._break(f"{reply.code} {reply.text[:200]}")
