"""Where things of this user lie: the configuration folder, and the data directory that was last started."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

_POINTER = "last-data-dir"


def configuration_folder(environ: Mapping[str, str]) -> Path:
    """The user's own, by the XDG base directory specification."""
    if environ.get("XDG_CONFIG_HOME"):
        return Path(environ["XDG_CONFIG_HOME"])
    return (Path(environ["HOME"]) if environ.get("HOME") else Path.home()) / ".config"


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """`TIDINGS_DATA_DIR`, else the directory that was last started from and still is, else the platform's place.

    Thus the command line finds what `make run` started, in whatever shell it is typed.
    """
    if environ.get("TIDINGS_DATA_DIR"):
        return Path(environ["TIDINGS_DATA_DIR"]).expanduser()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        last = Path((configuration_folder(environ) / "tidings" / _POINTER).read_text("utf-8").strip())
        if last.is_absolute() and last.is_dir():
            return last
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "tidings"


def remember_data_dir(environ: Mapping[str, str], data_dir: Path) -> None:
    """Notes what was started last. A folder that cannot be written is no reason not to start."""
    folder = configuration_folder(environ) / "tidings"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _POINTER).write_text(f"{data_dir.resolve()}\n", "utf-8")
