"""Puts the commands together. Nothing heavy is imported before a command runs: `--help` must be quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings import __version__
from tidings.cli import (
    account,
    agent,
    audit,
    brand,
    channel,
    claim,
    confirmation,
    conversion,
    delivery,
    editing,
    local,
    mailbox,
    models,
    replies,
    report,
    sending,
    sequence,
    token,
)
from tidings.cli.groups import Root
from tidings.cli.status import status

if TYPE_CHECKING:
    from tidings.cli.launcher import Launcher

HELP = """Tidings writes marketing messages, decides who hears them and when, sends them, and learns from it.

Begin with `tidings up`, or see the whole way in a minute with `tidings demo`.

Exit codes: 0 done, 1 error, 2 wrong usage, 3 not found, 4 not allowed, 5 server unavailable."""
HERE = "On this machine"
SERVER = "Everyday work"


def build_cli(launcher: Launcher | None = None) -> Any:
    """The whole command line as one callable; the launcher does what needs no server."""
    app = typer.Typer(
        cls=Root,
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(
        context: typer.Context,
        version: Annotated[  # noqa: ARG001 - its callback has done it
            bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
        ] = False,
    ) -> None:
        context.obj = launcher

    root.__doc__ = HELP
    _add_commands(app)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tidings {__version__}")
        raise typer.Exit


def _add_commands(app: typer.Typer) -> None:
    for name, function in (
        ("up", local.up), ("demo", local.demo), ("worker", local.worker), ("doctor", local.doctor),
        ("logs", local.logs), ("trust", local.trust),
    ):  # fmt: skip
        app.command(name, rich_help_panel=HERE)(function)
    app.add_typer(local.database, name="db", rich_help_panel=HERE)
    app.add_typer(local.sample, name="sample", rich_help_panel=HERE)
    app.command("status", rich_help_panel=SERVER)(status)
    app.command("report", rich_help_panel=SERVER)(report.report)
    for name, group in (
        ("campaign", editing.commands), ("sequence", sequence.commands), ("delivery", delivery.commands),
        ("agent", agent.commands), ("models", models.commands), ("brand", brand.commands), ("claim", claim.commands),
        ("template", editing.templates), ("image", editing.images), ("audience", confirmation.commands),
        ("replies", replies.commands), ("channel", channel.commands), ("sending", sending.commands),
        ("conversion", conversion.commands), ("mailbox", mailbox.commands), ("account", account.commands),
        ("token", token.commands), ("audit", audit.commands),
    ):  # fmt: skip
        app.add_typer(group, name=name, rich_help_panel=SERVER)
