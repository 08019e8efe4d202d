"""Settings of one installation, read once at start from the environment; rooms receive what they need of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tidings.domain.errors import InvalidInputError

DEFAULT_PORT = 8443
DEFAULT_MAILBOX_PORT = 8025


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data lies, where the faces listen, and which relay takes the mail."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    mailbox_port: int = DEFAULT_MAILBOX_PORT
    database_url: str | None = None
    """None: the encrypted file in the data directory."""
    relay: str | None = None
    """None: the built-in mailbox; mail then leaves nowhere and can be read in the web page."""
    public_url: str | None = None
    """What links in mails begin with; None: this machine's own address."""
    bounce_address: str | None = None
    """Where bounces go, as `bounces@example.com`; each mail then carries a return address of its own."""
    returns: str | None = None
    """Where returned mail is fetched (`imaps://…`, `pop3s://…`) or received (`smtp://0.0.0.0:port`)."""
    agents_here: bool = True
    """Whether `up` runs the four agents itself; off where each has a process of its own (`tidings worker`)."""
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def base_url(self) -> str:
        """The address of the web page and of every link in a mail."""
        return (self.public_url or f"https://localhost:{self.port}").rstrip("/")

    @property
    def names(self) -> tuple[str, ...]:
        """Names the certificate must carry."""
        return tuple(dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname())))


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """`TIDINGS_DATA_DIR`, else the platform's place for a user's data."""
    if environ.get("TIDINGS_DATA_DIR"):
        return Path(environ["TIDINGS_DATA_DIR"]).expanduser()
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "tidings"


def load_settings(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings from `TIDINGS_*` variables; what is given (and not None) wins.

    Raises InvalidInputError that names the variable that is wrong.
    """
    env = dict(os.environ if environ is None else environ)
    read: dict[str, object] = {
        "data_dir": default_data_dir(env),
        "host": env.get("TIDINGS_HOST"),
        "port": _port(env, "TIDINGS_PORT"),
        "mailbox_port": _port(env, "TIDINGS_MAILBOX_PORT"),
        "database_url": env.get("TIDINGS_DATABASE_URL"),
        "relay": env.get("TIDINGS_RELAY"),
        "public_url": env.get("TIDINGS_PUBLIC_URL"),
        "bounce_address": env.get("TIDINGS_BOUNCE_ADDRESS") or None,
        "returns": env.get("TIDINGS_RETURNS") or None,
        "agents_here": env.get("TIDINGS_AGENTS", "here") != "none",
    }
    merged = {**read, **{key: value for key, value in given.items() if value is not None}}
    values = {key: value for key, value in merged.items() if value is not None}
    url = values.get("database_url")
    if url is not None and not str(url).startswith(("postgresql://", "postgres://")):
        raise InvalidInputError(
            "TIDINGS_DATABASE_URL is not a PostgreSQL address.",
            remedy="Write postgresql://user:password@host/database, or leave it out for the encrypted file.",
        )
    return Settings(environ=env, **values)  # pyright: ignore[reportArgumentType]  # checked one by one above


def _port(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name)
    if not text:
        return None
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise InvalidInputError(f"{name} is {text!r}, which is no port.", remedy="Use a number from 1 to 65535.")
    return int(text)
