"""Puts the commands together. Nothing heavy is imported before a command runs: `--help` must be quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from tidings.cli import account, agent, audience, campaign, local, mailbox, report, sending, token
from tidings.cli.failures import explain
from tidings.cli.status import status

if TYPE_CHECKING:
    from tidings.cli.launcher import Launcher

HELP = """Tidings writes marketing messages, decides who hears them and when, sends them, and learns from it.

Begin with `tidings up`, or see the whole way in a minute with `tidings demo`.

Exit codes: 0 done, 1 error, 2 wrong usage, 3 not found, 4 not allowed, 5 server unavailable."""
HERE = "On this machine"
SERVER = "Everyday work"


class Commands(TyperGroup):
    """The root: errors made for people become words and an exit code, all others stay what they are."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was asked for."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            code = explain(error)
            if code is None:
                raise
            raise typer.Exit(code) from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Lists the commands under their headings; plain, for the richer way costs a tenth of a second."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            words = command.get_short_help_str(limit=90)
            panels.setdefault(command.rich_help_panel or "Commands", []).append((name, words))
        for heading, lines in panels.items():
            with formatter.section(heading):
                formatter.write_dl(lines)


def build_cli(launcher: Launcher | None = None) -> Any:
    """The whole command line as one callable; the launcher does what needs no server."""
    app = typer.Typer(
        cls=Commands,
        help=HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def root(
        context: typer.Context,
        version: Annotated[bool, typer.Option("--version", is_eager=True, help="Show the version.")] = False,
    ) -> None:
        context.obj = launcher
        if version:
            from importlib.metadata import version as installed

            typer.echo(f"tidings {installed('tidings')}")
            raise typer.Exit

    root.__doc__ = HELP
    _add_commands(app)
    return app


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
        ("campaign", campaign.commands), ("agent", agent.commands), ("audience", audience.commands),
        ("mailbox", mailbox.commands), ("sending", sending.commands), ("account", account.commands),
        ("token", token.commands),
    ):  # fmt: skip
        app.add_typer(group, name=name, rich_help_panel=SERVER)
