"""What the command line needs done on this machine without a server. `app/` does it; the CLI only asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path


class Check(NamedTuple):
    """One thing the doctor looked at. `status` is ok, warn, fail, or skip for what was not checked."""

    name: str
    status: str
    message: str
    remedy: str = ""


class Launcher(Protocol):
    """The local commands. `data_dir` None means the usual one.

    Methods that run something return its exit code when it ends; the others return what was done, in words for a
    person. Errors are TidingsErrors.
    """

    def up(
        self, *, data_dir: Path | None, host: str | None, port: int | None, mailbox_port: int | None, sample: bool
    ) -> int:
        """Runs the web process and the worker until interrupted; None is the setting's own value."""
        ...

    def worker(self, *, data_dir: Path | None, agents: Sequence[str], name: str = "") -> int:
        """Runs a worker with these agents (all four if empty) until interrupted; `name` tells it from others here."""
        ...

    def demo(self, *, people: int, as_json: bool) -> int:
        """One campaign the whole way in a throw-away installation, with progress and its report."""
        ...

    def doctor(self, *, data_dir: Path | None) -> list[Check]:
        """Looks at everything that can be wrong on this machine."""
        ...

    def logs(self, *, data_dir: Path | None, lines: int, follow: bool) -> Iterator[str]:
        """The last lines of the log, and with `follow` whatever comes after."""
        ...

    def trust(self, *, data_dir: Path | None) -> str:
        """How to make this machine's browsers and tools trust the certificate."""
        ...

    def migrate(self, *, data_dir: Path | None) -> str:
        """Brings the database to this version's shape."""
        ...

    def backup(self, *, data_dir: Path | None, target: Path) -> str:
        """Writes an encrypted, consistent copy."""
        ...

    def restore(self, *, data_dir: Path | None, source: Path) -> str:
        """Puts a copy in the place of the database."""
        ...

    def move(self, *, data_dir: Path | None, progress: Callable[[str, int, int], None]) -> str:
        """Moves the encrypted file's data to the PostgreSQL database that is configured.

        `progress` hears the table in hand, the rows moved so far and all rows.
        """
        ...

    def undo_move(self, *, data_dir: Path | None) -> str:
        """Opens a file again whose data was moved."""
        ...

    def rotate_key(self, *, data_dir: Path | None) -> str:
        """Encrypts the database with a new key."""
        ...

    def load_sample(self, *, data_dir: Path | None) -> str:
        """Adds the sample organisation."""
        ...

    def remove_sample(self, *, data_dir: Path | None) -> str:
        """Removes everything that is marked as sample."""
        ...
