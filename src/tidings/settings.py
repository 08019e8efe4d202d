"""Settings of one installation, read once at start from the environment; rooms receive what they need of them."""

from __future__ import annotations

import base64
import ipaddress
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tidings.domain.errors import InvalidInputError
from tidings.domain.keeping import Keep, parse_keep
from tidings.keys.places import default_data_dir
from tidings.llm.configured import ModelChoice

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
    tracking_url: str | None = None
    """What links, pixels and the way out begin with instead: a name of its own, at which nothing else is served."""
    tracking_interval_ms: int = 250
    """So long opens and clicks wait to be written together; a kill loses no more. 0: written before the answer."""
    dkim: str | None = None
    """`selector:/path/key.pem`, a second one after a comma: sign here; None: the relay signs."""
    dkim_selector: str | None = None
    """The selector the relay signs with, so that its key can be looked at."""
    nameserver: str | None = None
    """`address[:port]` for the DNS doctor; None: the system's own."""
    spamd: str = "127.0.0.1:783"
    """Where a SpamAssassin daemon may answer."""
    bounce_address: str | None = None
    """Where bounces go, as `bounces@example.com`; each mail then carries a return address of its own."""
    returns: str | None = None
    """Where returned mail is fetched (`imaps://…`, `pop3s://…`) or received (`smtp://0.0.0.0:port`)."""
    attachments_mb: int = 5
    """What all attachments of a mail may add to it, encoded."""
    keep: Keep = field(default_factory=Keep)
    """How long the details of what happened are kept."""
    reports_secret: str | None = None
    """`whsec_…`: what other systems sign their reports with (`/hooks/generic/house`)."""
    allowed_places: frozenset[str] = frozenset()
    """Hosts, `host:port` or networks of one's own that channel accounts may name; all others must be public."""
    agents_here: bool = True
    """Whether `up` runs the four agents itself; off where each has a process of its own (`tidings worker`)."""
    model: ModelChoice | None = None
    """The language model the agents think with; None: the Composer writes and nobody is asked in words."""
    offline: str | None = None
    """`on`, `off` or `auto`: whether cloud models are left alone; None: as it is switched in the product."""
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def base_url(self) -> str:
        """The address of the web page and of every link in a mail."""
        return (self.public_url or f"https://localhost:{self.port}").rstrip("/")

    @property
    def links_url(self) -> str:
        """What every link in a mail begins with, unless its brand has an address of its own."""
        return (self.tracking_url or self.base_url).rstrip("/")

    @property
    def names(self) -> tuple[str, ...]:
        """Names the certificate must carry."""
        return tuple(dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname())))


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
        "tracking_url": _tracking_url(env),
        "tracking_interval_ms": _interval(env),
        "dkim": env.get("TIDINGS_DKIM") or None,
        "dkim_selector": env.get("TIDINGS_DKIM_SELECTOR") or None,
        "nameserver": env.get("TIDINGS_NAMESERVER") or None,
        "spamd": env.get("TIDINGS_SPAMD") or None,
        "bounce_address": env.get("TIDINGS_BOUNCE_ADDRESS") or None,
        "returns": env.get("TIDINGS_RETURNS") or None,
        "attachments_mb": _megabytes(env, "TIDINGS_ATTACHMENTS_MB"),
        "keep": parse_keep(env.get("TIDINGS_KEEP", "")),
        "reports_secret": _reports_secret(env),
        "allowed_places": _places(env),
        "agents_here": env.get("TIDINGS_AGENTS", "here") != "none",
        "model": _model(env),
        "offline": _offline(env),
    }
    merged = {**read, **{key: value for key, value in given.items() if value is not None}}
    values = {key: value for key, value in merged.items() if value is not None}
    if env.get("TIDINGS_AGENTS", "here") not in {"here", "none"}:
        raise InvalidInputError(f"TIDINGS_AGENTS is {env['TIDINGS_AGENTS']!r}.", remedy="Use `here` or `none`.")
    url = values.get("database_url")
    if url is not None and not str(url).startswith(("postgresql://", "postgres://")):
        raise InvalidInputError(
            "TIDINGS_DATABASE_URL is not a PostgreSQL address.",
            remedy="Write postgresql://user:password@host/database, or leave it out for the encrypted file.",
        )
    return Settings(environ=env, **values)  # pyright: ignore[reportArgumentType]  # checked one by one above


def _tracking_url(env: Mapping[str, str]) -> str | None:
    text = env.get("TIDINGS_TRACKING_URL", "").strip()
    if not text:
        return None
    from tidings.domain.tracking import origin  # brings pydantic, for which `tidings --help` must not wait

    try:
        return origin(text)
    except ValueError as error:
        raise InvalidInputError(f"TIDINGS_TRACKING_URL {error}.", field="TIDINGS_TRACKING_URL") from None


def _interval(env: Mapping[str, str]) -> int | None:
    text = env.get("TIDINGS_TRACKING_INTERVAL_MS", "").strip()
    if not text:
        return None
    if not text.isdigit() or int(text) > 10_000:
        raise InvalidInputError(
            f"TIDINGS_TRACKING_INTERVAL_MS is {text!r}.", remedy="Use milliseconds from 0 (write first) to 10000."
        )
    return int(text)


def _reports_secret(env: Mapping[str, str]) -> str | None:
    """TIDINGS_REPORTS_SECRET: `whsec_` and base64 of at least 24 bytes, as Standard Webhooks says."""
    text = env.get("TIDINGS_REPORTS_SECRET", "").strip()
    if not text:
        return None
    try:
        strong = len(base64.b64decode(text.removeprefix("whsec_"), validate=True)) >= 24
    except ValueError:
        strong = False
    if not (strong and text.startswith("whsec_")):
        raise InvalidInputError(
            "TIDINGS_REPORTS_SECRET cannot be used.",
            remedy='Make one: echo "whsec_$(openssl rand -base64 32)"', field="TIDINGS_REPORTS_SECRET",
        )  # fmt: skip
    return text


def _places(env: Mapping[str, str]) -> frozenset[str]:
    """TIDINGS_ALLOWED_PLACES: `sms.lan, 10.0.0.0/8`."""
    places = frozenset(place.strip() for place in env.get("TIDINGS_ALLOWED_PLACES", "").split(",") if place.strip())
    for place in places:
        if "/" in place:
            try:
                ipaddress.ip_network(place)
            except ValueError:
                raise InvalidInputError(
                    f"TIDINGS_ALLOWED_PLACES: {place!r} is no network.",
                    remedy="Write hosts, host:port or networks, with commas between: sms.lan, 10.0.0.0/8",
                ) from None
    return places


def _offline(env: Mapping[str, str]) -> str | None:
    text = env.get("TIDINGS_OFFLINE", "").strip().lower()
    if text not in {"", "on", "off", "auto"}:
        raise InvalidInputError(
            f"TIDINGS_OFFLINE is {text!r}.",
            remedy="Use `on` (no cloud model is asked), `off`, or `auto` (by the last attempts to reach one).",
        )
    return text or None


def _port(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name)
    if not text:
        return None
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise InvalidInputError(f"{name} is {text!r}, which is no port.", remedy="Use a number from 1 to 65535.")
    return int(text)


def _megabytes(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name)
    if not text:
        return None
    if not text.isdigit() or not 0 < int(text) <= 20:
        raise InvalidInputError(f"{name} is {text!r}.", remedy="Use a number of megabytes from 1 to 20.")
    return int(text)


def _model(env: Mapping[str, str]) -> ModelChoice | None:
    """The language model of TIDINGS_MODEL, `http://127.0.0.1:11434/v1#qwen2.5`; None when there is none."""
    text = env.get("TIDINGS_MODEL", "").strip()
    if not text:
        return None
    url, _, name = text.partition("#")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "") if parts.port != 0 else ""
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or not name.strip():
        raise InvalidInputError(
            "TIDINGS_MODEL does not name a language model.",
            remedy="Write the address of an OpenAI-compatible service, # and the model's name: "
            "http://127.0.0.1:11434/v1#qwen2.5. A key belongs into TIDINGS_MODEL_KEY_FILE.",
        )
    allowed = env.get("TIDINGS_MODEL_CLOUD", "") == "allowed"
    if not (_is_loopback(host) or allowed):
        raise InvalidInputError(
            f"TIDINGS_MODEL is at {host}, which is not this machine: briefs and numbers would leave it.",
            remedy="Set TIDINGS_MODEL_CLOUD=allowed if that is meant (contact data never leaves), or use a local one.",
        )
    if not (_is_loopback(host) or parts.scheme == "https"):
        raise InvalidInputError(f"TIDINGS_MODEL would be reached at {host} without encryption.", remedy="Use https.")
    return ModelChoice(url.rstrip("/"), name.strip(), _model_key(env), cloud_allowed=allowed)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _model_key(env: Mapping[str, str]) -> str:
    """The key from its file, which only its owner may read, or from the environment."""
    given = env.get("TIDINGS_MODEL_KEY_FILE", "").strip()
    if not given:
        return env.get("TIDINGS_MODEL_KEY", "").strip()
    path = Path(given).expanduser()
    try:
        mode, key = path.stat().st_mode, path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"TIDINGS_MODEL_KEY_FILE: {path} cannot be read.", remedy="Name a file that holds the key and nothing else."
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise InvalidInputError(f"The key file {path} is open to other users.", remedy=f"Run: chmod 600 {path}")
    return key
