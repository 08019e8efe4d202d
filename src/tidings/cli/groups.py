"""How groups of commands list what they hold, and what becomes of errors."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from tidings.cli.failures import explain


class Listed(TyperGroup):
    """Lists its commands under their headings; plain, for the richer way costs a tenth of a second."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Each command with its first sentence, never cut off."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            words = command.get_short_help_str(limit=90)
            panels.setdefault(command.rich_help_panel or "Commands", []).append((name, words))
        for heading, lines in panels.items():
            with formatter.section(heading):
                formatter.write_dl(lines)


class Root(Listed):
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
