"""Where mail is handed over: a relay's address, its encryption and its credentials, read from one URL.

A password stands in the URL. Where the relay wants OAuth (Microsoft 365, Gmail) the URL says where the access token
comes from instead: `?auth=xoauth2&token_file=/run/token`, or `token_command=` with a program that prints one.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from tidings.domain.errors import InvalidInputError

EXAMPLE = "smtp://user:password@smtp.example.com:587?tls=starttls"
TlsMode = Literal["starttls", "implicit", "none"]
AuthWay = Literal["password", "xoauth2"]
_TOKEN_SECONDS = 20.0
_PORTS: dict[TlsMode, int] = {"starttls": 587, "implicit": 465, "none": 25}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_OPTIONS = {
    "tls", "ca", "auth", "token_file", "token_command", "weight", "direct", "connections", "per_hour", "chunking",
}  # fmt: skip
_BETWEEN = re.compile(r"[\s,]+(?=smtps?://)")


@dataclass(frozen=True, slots=True)
class Relay:
    """One SMTP relay. The password never shows in a representation."""

    host: str
    port: int
    tls: TlsMode
    user: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    auth: AuthWay = "password"
    token_file: Path | None = None
    token_command: str = ""
    weight: float = 1.0
    """Its share among several relays; 0: only while none of the others works."""
    direct: bool = False
    """It hands each message on while we wait, so that the limits of mailbox providers apply to our connections."""
    connections: int = 0
    """At the same time; 0: as the Distribution agent is configured."""
    per_hour: int = 0
    """Messages it takes an hour; 0: no limit of its own."""
    chunking: int = 1
    """So many messages of a connection may be on the wire at once, where it offers CHUNKING (RFC 3030)."""

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
                remedy="Give a readable PEM file in `ca=` of TIDINGS_RELAY.",
                field="ca",
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def with_token(self) -> Relay:
        """The same relay with a fresh access token in the place of the password. Blocking.

        Raises ConnectionError with words for people, never with the token, when there is none to be had.
        """
        if self.auth != "xoauth2":
            return self
        try:
            token = self.token_file.read_text("utf-8") if self.token_file else _printed(self.token_command)
        except ConnectionError:
            raise
        except (OSError, UnicodeDecodeError) as error:
            words = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
            raise ConnectionError(f"the access token cannot be read: {words}") from error
        token = token.strip()
        if not token or not token.isascii() or not token.isprintable():
            raise ConnectionError("the access token cannot be read: it is empty or no token")
        return replace(self, password=token)


def _printed(command: str) -> str:
    """What a program prints; it runs without a shell."""
    import shlex
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603  # the operator's own setting
            shlex.split(command), capture_output=True, text=True, timeout=_TOKEN_SECONDS, check=True
        )
    except (subprocess.SubprocessError, ValueError) as error:
        raise ConnectionError(f"the access token's program failed ({type(error).__name__})") from None
    return done.stdout


def parse_relay(url: str) -> Relay:
    """The relay of `smtp://[user:password@]host[:port][?tls=starttls|implicit|none&ca=/path]`.

    With `auth=xoauth2`, `token_file` or `token_command` stands for the password.

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
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        raise _wrong(f"it has an unknown option `{unknown[0]}`")
    tls = _tls_mode(options.get("tls", ["implicit" if parts.scheme == "smtps" else "starttls"])[-1])
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    auth, token_file, command = _auth(options, user, password)
    if auth == "password" and bool(user) != bool(password):
        raise _wrong("a user needs a password, and the other way round")
    if user and tls == "none" and parts.hostname not in _LOOPBACK:
        raise _wrong("a password must not go over a connection with tls=none")
    ca = options.get("ca", [""])[-1]
    return Relay(
        parts.hostname, port or _PORTS[tls], tls, user, password, Path(ca) if ca else None, auth,
        Path(token_file).expanduser() if token_file else None, command, _weight(options), _yes(options, "direct"),
        _number(options, "connections", 100), _number(options, "per_hour", 10_000_000),
        max(1, _number(options, "chunking", 20)),
    )  # fmt: skip


def parse_relays(text: str) -> list[Relay]:
    """Several relays from one text, apart by white space or commas; at least one.

    Raises InvalidInputError as `parse_relay` does, or when two are at the same place.
    """
    relays = [parse_relay(url) for url in _BETWEEN.split(text.strip(" \t\r\n,"))]
    twice = {relay.name for relay in relays if sum(other.name == relay.name for other in relays) > 1}
    if twice:
        raise _wrong(f"{', '.join(sorted(twice))} is named twice")
    if all(relay.weight == 0 for relay in relays):
        raise _wrong("every relay has weight=0, so none would be used")
    return relays


def _weight(options: dict[str, list[str]]) -> float:
    text = options.get("weight", ["1"])[-1]
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text) or float(text) > 100:
        raise _wrong(f"weight is `{text[:20]}`; it can be 0 (only while no other works) to 100")
    return float(text)


def _number(options: dict[str, list[str]], name: str, most: int) -> int:
    text = options.get(name, ["0"])[-1]
    if not re.fullmatch(r"\d{1,8}", text) or int(text) > most:
        raise _wrong(f"{name} is `{text[:20]}`; it can be 1 to {most:,}")
    return int(text)


def _yes(options: dict[str, list[str]], name: str) -> bool:
    text = options.get(name, ["no"])[-1]
    if text not in {"yes", "no"}:
        raise _wrong(f"{name} is `{text[:20]}`; it can be yes or no")
    return text == "yes"


def _auth(options: dict[str, list[str]], user: str, password: str) -> tuple[AuthWay, str, str]:
    """The way to sign in, the token's file and the token's program."""
    given = {name: options.get(name, [""])[-1] for name in ("auth", "token_file", "token_command")}
    token_file, command = given["token_file"], given["token_command"]
    match given["auth"]:
        case "" | "password" if not token_file and not command:
            return "password", "", ""
        case "xoauth2":
            if not user or password or bool(token_file) == bool(command):
                raise _wrong("auth=xoauth2 needs a user, no password, and either token_file or token_command")
            return "xoauth2", token_file, command
        case "" | "password":
            raise _wrong("token_file and token_command are for auth=xoauth2")
        case other:
            raise _wrong(f"auth is `{other[:20]}`; it can be password or xoauth2")


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
