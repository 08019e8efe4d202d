"""Finds the server and the token: from the environment, else from what `tidings up` left in the data directory."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tidings.cli.failures import MAY_NOT, UNAVAILABLE, CommandError
from tidings.keys.places import default_data_dir

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from tidings_client import Tidings

CLIENT_FILE = "client.json"


class Connection(NamedTuple):
    """Where the server is, and as whom to speak to it."""

    url: str
    token: str
    ca: str | None


def find_connection(environ: Mapping[str, str]) -> Connection:
    """The environment's `TIDINGS_URL`, `TIDINGS_TOKEN` and `TIDINGS_CA`; what it lacks comes from `client.json`.

    A token from the file is never sent to another address than the file's own. Raises CommandError.
    """
    path = default_data_dir(environ) / CLIENT_FILE
    url, token, ca = environ.get("TIDINGS_URL", ""), environ.get("TIDINGS_TOKEN", ""), environ.get("TIDINGS_CA")
    if url and token:
        return Connection(url, token, ca or _known_ca(path, url))
    known = _read(path)
    if known is None:
        if url:
            raise CommandError(f"There is no token for {url}.", "Set TIDINGS_TOKEN to an API token.", MAY_NOT)
        raise CommandError(
            "No Tidings is known here.",
            f"Start one with `tidings up`, or set TIDINGS_URL and TIDINGS_TOKEN. (Looked for {path}.)",
            UNAVAILABLE,
        )
    if url and url.rstrip("/") != known.url.rstrip("/"):
        raise CommandError(f"There is no token for {url}.", "Set TIDINGS_TOKEN to an API token of it.", MAY_NOT)
    return Connection(known.url, token or known.token, ca or known.ca)


def _known_ca(path: Path, url: str) -> str | None:
    try:
        known = _read(path)
    except CommandError:
        return None
    return known.ca if known and known.url.rstrip("/") == url.rstrip("/") else None


def _read(path: Path) -> Connection | None:
    """What `tidings up` left there. A token that others can read is not a secret, and is refused."""
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & 0o077:
            raise CommandError(f"{path} can be read by others.", f"Close it: chmod 600 {path}", MAY_NOT)
        found = json.loads(path.read_text())
        return Connection(str(found["url"]), str(found["token"]), found.get("ca"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} cannot be read.", "`tidings up` writes it anew.") from error


@contextmanager
def connected() -> Generator[Tidings]:
    """A client of the server, for the time of the block."""
    from tidings_client import Tidings

    found = find_connection(os.environ)
    with Tidings(found.url, found.token, found.ca) as tidings:
        yield tidings
