"""What the command line starts on this machine without a server: the processes themselves and the database's care."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tidings.domain.errors import UnavailableError
from tidings.settings import Settings, load_settings

if TYPE_CHECKING:
    from tidings.app.supervisor import Supervisor
    from tidings.cli.launcher import Check

READY_WITHIN = 120.0
FOLLOW_EVERY = 0.5


def say(text: str) -> None:
    """Words for a person; what is data goes to stdout."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _given(settings: Settings) -> dict[str, str]:
    """What was given on the command line, as the variables that say the same to another process."""
    return {
        "TIDINGS_DATA_DIR": str(settings.data_dir), "TIDINGS_HOST": settings.host,
        "TIDINGS_PORT": str(settings.port), "TIDINGS_MAILBOX_PORT": str(settings.mailbox_port),
    }  # fmt: skip


class HouseLauncher:
    """The real launcher. Everything is imported where it is used: `tidings --help` must not pay for it."""

    def up(
        self, *, data_dir: Path | None, host: str | None, port: int | None, mailbox_port: int | None, sample: bool
    ) -> int:
        """Prepares the house, starts its processes and watches them until interrupted.

        The command line takes twice the memory that watching needs, and would keep it for as long as Tidings runs: the
        process goes on as a fresh interpreter without it, under the same number.
        """
        settings = load_settings(data_dir=data_dir, host=host, port=port, mailbox_port=mailbox_port)
        if os.name == "posix":
            flags = [] if sample else ["--no-sample"]
            sys.stdout.flush()
            sys.stderr.flush()
            command = [sys.executable, "-m", "tidings", "internal-up", *flags]
            os.execve(sys.executable, command, {**os.environ, **_given(settings)})  # noqa: S606  # ourselves
        return self.supervise(settings, sample=sample)

    def supervise(self, settings: Settings, *, sample: bool) -> int:
        """What `up` does once the command line is out of the way."""
        from tidings.keys.places import remember_data_dir
        from tidings.store.lock import InstanceLock

        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        with InstanceLock(settings.data_dir):
            from tidings.app.supervisor import prepare

            supervisor = self._supervisor(settings)
            ready = prepare(supervisor.environ, *([] if sample else ["--no-sample"]))
            supervisor.start()
            remember_data_dir(settings.environ, settings.data_dir)
            try:
                self._announce(settings, supervisor, ready)
                return supervisor.run()
            finally:
                supervisor.stop()

    def prepare(self, flags: Sequence[str]) -> int:
        """Makes the house ready and reports as one line of JSON on stdout; run by `up` in a process of its own."""
        import json

        from tidings.app.prepare import SAMPLE_PEOPLE, prepare
        from tidings.app.processes import start_logging

        start_logging()
        people = next((int(flag.partition("=")[2]) for flag in flags if flag.startswith("--people=")), SAMPLE_PEOPLE)
        ready = prepare(load_settings(), sample_people=0 if "--no-sample" in flags else people)
        sys.stdout.write(json.dumps(ready) + "\n")
        return 0

    def wait(self, url: str, ca: str) -> int:
        """Waits until the web process is ready; 0 when it is. Run by `up`."""
        from tidings.app.supervisor import wait_until_ready

        return 0 if wait_until_ready(url, Path(ca), seconds=READY_WITHIN, alive=lambda: True) else 1

    def web(self) -> int:
        """The web process; run by `up`."""
        from tidings.app.processes import end_with_supervisor, serve_web, start_logging

        start_logging()
        end_with_supervisor()
        serve_web(load_settings())
        return 0

    def worker(self, *, data_dir: Path | None, agents: Sequence[str], name: str = "") -> int:
        """Runs a worker with these agents (all four if empty) until interrupted."""
        from tidings.app.processes import end_with_supervisor, start_logging, work

        start_logging()
        end_with_supervisor()
        work(load_settings(data_dir=data_dir), agents, name)
        return 0

    def demo(self, *, people: int, as_json: bool) -> int:
        """One campaign the whole way in a throw-away installation, with progress and its report."""
        from tidings.app.demo import run_demo

        return run_demo(say, people, as_json=as_json)

    def doctor(self, *, data_dir: Path | None) -> list[Check]:
        """Every part of the house with its status, asked of the store itself, so that it works when the web is down."""
        from tidings.app.doctor import examine

        return examine(load_settings(data_dir=data_dir))

    def logs(self, *, data_dir: Path | None, lines: int, follow: bool) -> Iterator[str]:
        """The last lines of every process's log, then what comes after."""
        directory = load_settings(data_dir=data_dir).data_dir / "logs"
        paths = sorted(directory.glob("*.log"))
        if not paths:
            raise UnavailableError(f"There is no log in {directory} yet.", remedy="Start Tidings: tidings up")
        ends: dict[Path, int] = {}
        for path in paths:
            written = path.read_bytes()
            ends[path] = len(written)
            for line in written.decode(errors="replace").splitlines()[-lines:]:
                yield f"{path.stem}: {line}"
        while follow:
            time.sleep(FOLLOW_EVERY)
            for path in paths:
                size = path.stat().st_size
                with path.open("rb") as log:
                    log.seek(ends[path] if size >= ends[path] else 0)
                    for line in log.read().decode(errors="replace").splitlines():
                        yield f"{path.stem}: {line}"
                ends[path] = size

    def trust(self, *, data_dir: Path | None) -> str:
        """How to make this machine's browsers and tools trust the certificate."""
        from tidings.app.trust import how_to_trust

        return how_to_trust(load_settings(data_dir=data_dir))

    def migrate(self, *, data_dir: Path | None) -> str:
        """Brings the database to this version's shape."""
        from tidings.app import care

        return care.migrate(load_settings(data_dir=data_dir))

    def backup(self, *, data_dir: Path | None, target: Path) -> str:
        """Writes an encrypted, consistent copy."""
        from tidings.app import care

        return care.backup(load_settings(data_dir=data_dir), target)

    def restore(self, *, data_dir: Path | None, source: Path) -> str:
        """Puts a copy in the place of the database."""
        from tidings.app import care

        return care.restore(load_settings(data_dir=data_dir), source)

    def move(self, *, data_dir: Path | None, progress: Callable[[str, int, int], None]) -> str:
        """Moves the encrypted file's data to the PostgreSQL database that is configured."""
        from tidings.app import moving

        return moving.move(load_settings(data_dir=data_dir), progress)

    def undo_move(self, *, data_dir: Path | None) -> str:
        """Opens a file again whose data was moved."""
        from tidings.app import moving

        return moving.undo(load_settings(data_dir=data_dir))

    def rotate_key(self, *, data_dir: Path | None) -> str:
        """Encrypts the database with a new key."""
        from tidings.app import care

        return care.rotate_key(load_settings(data_dir=data_dir))

    def load_sample(self, *, data_dir: Path | None) -> str:
        """Adds the sample organisation."""
        from tidings.app import care

        return care.load_sample(load_settings(data_dir=data_dir))

    def remove_sample(self, *, data_dir: Path | None) -> str:
        """Removes everything that is marked as sample."""
        from tidings.app import care

        return care.remove_sample(load_settings(data_dir=data_dir))

    def _supervisor(self, settings: Settings) -> Supervisor:
        from tidings.app.supervisor import Supervisor, environment

        supervisor = Supervisor(settings.data_dir, environment(**_given(settings)), say)
        supervisor.add("web", "internal-web")
        if settings.agents_here:
            supervisor.add("worker", "worker")
        return supervisor

    def _announce(self, settings: Settings, supervisor: Supervisor, ready: dict[str, object]) -> None:
        from tidings.app.supervisor import is_ready

        ca = Path(str(ready["ca"]))
        if not is_ready(supervisor.environ, f"https://localhost:{settings.port}", ca, supervisor.alive):
            say(f"The web process did not become ready. Its log: {settings.data_dir / 'logs' / 'web.log'}")
            return
        if ready["sample"]:
            say(f"Sample organisation: {ready['sample']}")
        say(f"\nTidings is up:   {ready['url']}")
        say(f"Sign in once by: {ready['link']}")
        say("                 (works once, for 15 minutes; `tidings account link` makes another)")
        say(f"The browser will warn about the certificate; it is this machine's own ({ca}).")
        say("                 `tidings trust` says how to trust it. Stop with Ctrl+C.\n")
