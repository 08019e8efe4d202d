"""Where returned mail is fetched or received: the address of a mailbox, or of a port to listen on, read and checked."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from tidings.distribution.wire import wire_address
from tidings.domain.errors import InvalidInputError

EXAMPLE = "imaps://user:password@mail.example.com/INBOX"
Scheme = Literal["imap", "pop3", "smtp", "lmtp"]
Tls = Literal["implicit", "starttls", "none"]
_SCHEMES: dict[str, tuple[Scheme, Tls, int]] = {
    "imaps": ("imap", "implicit", 993),
    "imap": ("imap", "starttls", 143),
    "pop3s": ("pop3", "implicit", 995),
    "pop3": ("pop3", "starttls", 110),
    "smtp": ("smtp", "none", 25),
    "lmtp": ("lmtp", "none", 24),
}
LISTENING = frozenset({"smtp", "lmtp"})
"""Ways in on which mail is brought to us."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Source:
    """One way in. `folder` and `move_to` are an IMAP mailbox's; without `move_to` mails are marked as seen."""

    scheme: Scheme
    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = ""
    folder: str = "INBOX"
    move_to: str = ""
    ca: Path | None = None

    @property
    def name(self) -> str:
        """What people see, without credentials."""
        return f"{self.scheme}://{self.host}:{self.port}" + (f"/{self.folder}" if self.scheme == "imap" else "")

    def context(self) -> ssl.SSLContext:
        """TLS that checks the certificate."""
        return ssl.create_default_context(cafile=str(self.ca) if self.ca else None)


def parse_source(url: str) -> Source:
    """The way in of `imaps://user:password@host[:port][/folder][?move=Done&ca=/path]`, `pop3s://…`, `smtp://host:port`
    or `lmtp://host:port`.

    Connections are encrypted and the certificate is checked; `tls=none` is taken for this machine only. Raises
    InvalidInputError that names the wrong part.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong(f"its address cannot be read ({error})") from error
    if parts.scheme not in _SCHEMES:
        raise _wrong(f"it begins with `{parts.scheme}:`; it can be imaps, imap, pop3s, pop3, smtp or lmtp")
    if not parts.hostname:
        raise _wrong("no host is named")
    scheme, tls, usual = _SCHEMES[parts.scheme]
    options = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    if set(options) - {"move", "ca", "tls"}:
        raise _wrong(f"it has an unknown option `{min(set(options) - {'move', 'ca', 'tls'})}`")
    if scheme not in LISTENING and options.get("tls") == "none":
        if parts.hostname not in _LOOPBACK:
            raise _wrong("a password must not go over a connection with tls=none")
        tls = "none"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if scheme not in LISTENING and not (user and password):
        raise _wrong("user and password are missing")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    ca = Path(options["ca"]) if options.get("ca") else None
    return Source(scheme, parts.hostname, port or usual, tls, user, password, folder, options.get("move", ""), ca)


def parse_bounce_address(text: str) -> str:
    """The address that bounces come to. Raises InvalidInputError when no token can be put into it."""
    address = wire_address(text)
    if address is None or "+" in address or len(address.partition("@")[0]) > 30:
        raise InvalidInputError(
            f"The address for bounces {text!r} cannot be used.",
            remedy="Write an address without a plus and with a short name: TIDINGS_BOUNCE_ADDRESS=bounces@example.com",
            field="TIDINGS_BOUNCE_ADDRESS",
        )
    return address


def _wrong(why: str) -> InvalidInputError:
    return InvalidInputError(
        f"Returned mail cannot be fetched: {why}.", remedy=f"Write it like this: TIDINGS_RETURNS={EXAMPLE}",
        field="TIDINGS_RETURNS",
    )  # fmt: skip
