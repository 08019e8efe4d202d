"""The commands that need no server: they ask the launcher."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, cast

import typer

from tidings.cli.failures import ERROR, USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.launcher import Check, Launcher
from tidings.cli.options import AsJson, DataDir, NoInput, Yes, confirm
from tidings.cli.output import say, say_next, show, show_checks, show_json
from tidings.cli.progress import counted

_START = "Start Tidings: tidings up. Where it runs with TIDINGS_AGENTS=none, start a worker: tidings worker"
_WORKER_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")
database = typer.Typer(cls=Listed, no_args_is_help=True, help="Care of the database.")
sample = typer.Typer(cls=Listed, no_args_is_help=True, help="The sample organisation.")


def launcher_of(context: typer.Context) -> Launcher:
    """The launcher the program was built with. Raises CommandError where only the client is installed."""
    launcher = context.find_root().obj
    if launcher is None:
        raise CommandError("This command needs Tidings itself on this machine.", "Run it where Tidings is installed.")
    return cast("Launcher", launcher)


def up(
    context: typer.Context,
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Listen on this address.  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Listen on this port.  [default: 8443]")] = None,
    mailbox_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="The built-in mailbox's SMTP port.  [default: 8025]")
    ] = None,
    no_sample: Annotated[
        bool, typer.Option("--no-sample", help="Start empty, without the sample organisation.")
    ] = False,
) -> None:
    """Start Tidings on this machine: web page, API, agents and mailbox. Ctrl-C ends it."""
    launcher = launcher_of(context)
    code = launcher.up(data_dir=data_dir, host=host, port=port, mailbox_port=mailbox_port, sample=not no_sample)
    raise typer.Exit(code)


def worker(
    context: typer.Context,
    agent: Annotated[
        list[str] | None, typer.Option(help="Run this agent; may be repeated. Without it, all four.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="Tells it from another worker of this machine: up to 40 letters, digits and hyphens.")
    ] = "",
    data_dir: DataDir = None,
) -> None:
    """Run agents alone, beside a web process elsewhere. Ctrl-C ends it."""
    if name and not _WORKER_NAME.fullmatch(name):
        raise CommandError(f"A worker cannot be called {name!r}.", "Use up to 40 letters, digits and hyphens.", USAGE)
    raise typer.Exit(launcher_of(context).worker(data_dir=data_dir, agents=tuple(agent or ()), name=name))


def demo(
    context: typer.Context,
    people: Annotated[int, typer.Option(min=1, max=100_000, help="How many contacts hear it.")] = 200,
    as_json: AsJson = False,
) -> None:
    """Walk one campaign the whole way, here in the terminal, and print the report."""
    raise typer.Exit(launcher_of(context).demo(people=people, as_json=as_json))


def doctor(context: typer.Context, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Look at everything that can be wrong on this machine, with the remedy. Exit code 1 if something is."""
    checks = launcher_of(context).doctor(data_dir=data_dir)
    if as_json:
        show_json([check._asdict() for check in checks])
        well = all(check.status != "fail" for check in checks)
    else:
        well = show_checks(_in_short(checks))
    if not well:
        raise typer.Exit(ERROR)


def _in_short(checks: list[Check]) -> list[Check]:
    """The checks as a person reads them: four agents without a worker are one finding."""
    agents = [check for check in checks if check.name.endswith(" agent")]
    if not agents or any(check.status != "fail" for check in agents):
        return checks
    first = checks.index(agents[0])
    stopped = Check("agents", "fail", "none of the four runs", _START)
    return [*checks[:first], stopped, *(check for check in checks[first:] if check not in agents)]


def logs(
    context: typer.Context,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to begin with.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show the log."""
    try:
        for line in launcher_of(context).logs(data_dir=data_dir, lines=lines, follow=follow):
            show(line.rstrip("\n"))
    except KeyboardInterrupt:
        pass


def trust(context: typer.Context, data_dir: DataDir = None) -> None:
    """Say how to make browsers and tools on this machine trust the certificate."""
    show(launcher_of(context).trust(data_dir=data_dir))


@database.command("migrate")
def migrate(context: typer.Context, data_dir: DataDir = None) -> None:
    """Bring the database to this version's shape."""
    say(launcher_of(context).migrate(data_dir=data_dir))


@database.command("backup")
def backup(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(help="The file to write.")],
    data_dir: DataDir = None,
) -> None:
    """Write an encrypted, consistent copy; may be done while Tidings runs."""
    say(launcher_of(context).backup(data_dir=data_dir, target=target))
    say_next(f"tidings db restore {target}  (needs the same key)")


@database.command("restore")
def restore(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="The copy.")],
    data_dir: DataDir = None,
    yes: Yes = False,
    no_input: NoInput = False,
) -> None:
    """Put a copy in the place of the database."""
    confirm("Put the copy in the place of the present database?", yes=yes, no_input=no_input)
    say(launcher_of(context).restore(data_dir=data_dir, source=source))
    say_next("tidings up")


@database.command("move")
def move(
    context: typer.Context,
    data_dir: DataDir = None,
    undo: Annotated[bool, typer.Option("--undo", help="Open the file again whose data was moved.")] = False,
    yes: Yes = False,
    no_input: NoInput = False,
) -> None:
    """Move everything from the encrypted file to an empty PostgreSQL database, given as TIDINGS_DATABASE_URL."""
    launcher = launcher_of(context)
    if undo:
        confirm("Open the file again, without what happened in PostgreSQL since?", yes=yes, no_input=no_input)
        say(launcher.undo_move(data_dir=data_dir))
        return
    try:
        with counted() as progress:
            said = launcher.move(data_dir=data_dir, progress=progress)
    except KeyboardInterrupt:
        raise CommandError("Stopped: nothing was moved.", "Run it again; it begins anew.") from None
    say(said)
    say_next("tidings up")


@database.command("rotate-key")
def rotate_key(context: typer.Context, data_dir: DataDir = None, yes: Yes = False, no_input: NoInput = False) -> None:
    """Encrypt the database with a new key."""
    confirm("Encrypt the database with a new key?", yes=yes, no_input=no_input)
    say(launcher_of(context).rotate_key(data_dir=data_dir))
    say_next("tidings db backup FILE  (older copies need the older key)")


@sample.command("load")
def load(context: typer.Context, data_dir: DataDir = None) -> None:
    """Add the sample organisation: a brand, contacts, a past, and a campaign that waits for approval."""
    say(launcher_of(context).load_sample(data_dir=data_dir))
    say_next("tidings status")


@sample.command("remove")
def remove(context: typer.Context, data_dir: DataDir = None, yes: Yes = False, no_input: NoInput = False) -> None:
    """Remove everything that is marked as sample."""
    confirm("Remove all sample data?", yes=yes, no_input=no_input)
    say(launcher_of(context).remove_sample(data_dir=data_dir))
