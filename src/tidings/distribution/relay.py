"""Where mail is handed over: a relay's address, its encryption and its credentials, read from one URL."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from tidings.domain.errors import InvalidInputError

EXAMPLE = "smtp://user:password@smtp.example.com:587?tls=starttls"
TlsMode = Literal["starttls", "implicit", "none"]
_PORTS: dict[TlsMode, int] = {"starttls": 587, "implicit": 465, "none": 25}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Relay:
    """One SMTP relay. The password never shows in a representation."""

    host: str
    port: int
    tls: TlsMode
    user: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None

    @property
    def name(self) -> str:
        """What people and logs see: host and port, no credentials."""
        return f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """A verifying context, with the own authority if one is given; None for a plain connection.

        Raises InvalidInputError when the authority's file cannot be read.
        """
        if self.tls == "none":
            return None
        try:
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInputError(
                f"The certificate authority file {self.ca} cannot be used: {error}.",
                remedy="Give a readable PEM file in `ca=`.",
                field="ca",
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def parse_relay(url: str) -> Relay:
    """The relay of `smtp://[user:password@]host[:port][?tls=starttls|implicit|none&ca=/path]`.

    Encryption is on unless it is turned off. Raises InvalidInputError that names the wrong part and shows an example.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong(f"its address cannot be read ({error})") from error
    if parts.scheme not in {"smtp", "smtps"}:
        raise _wrong(f"it begins with `{parts.scheme}:` instead of `smtp:`")
    if not parts.hostname:
        raise _wrong("no host is named")
    if parts.path not in {"", "/"} or parts.fragment:
        raise _wrong(f"`{parts.path}` after the host means nothing here")
    options = parse_qs(parts.query, keep_blank_values=True)
    unknown = sorted(set(options) - {"tls", "ca"})
    if unknown:
        raise _wrong(f"it has an unknown option `{unknown[0]}`")
    tls = _tls_mode(options.get("tls", ["implicit" if parts.scheme == "smtps" else "starttls"])[-1])
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise _wrong("a user needs a password, and the other way round")
    if user and tls == "none" and parts.hostname not in _LOOPBACK:
        raise _wrong("a password must not go over a connection with tls=none")
    ca = options.get("ca", [""])[-1]
    return Relay(parts.hostname, port or _PORTS[tls], tls, user, password, Path(ca) if ca else None)


def _tls_mode(text: str) -> TlsMode:
    match text:
        case "starttls" | "implicit" | "none":
            return text
        case _:
            raise _wrong(f"tls is `{text[:20]}`; it can be starttls, implicit or none")


def _wrong(why: str) -> InvalidInputError:
    return InvalidInputError(
        f"The relay cannot be used: {why}.", remedy=f"Write it like this: {EXAMPLE}", field="relay"
    )
