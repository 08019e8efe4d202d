"""The command line. Nouns go through the SDK to the running server; what needs no server goes to the launcher."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidings.cli.launcher import Launcher


def main(launcher: Launcher | None = None) -> None:
    """Runs the command line and ends the process with its exit code."""
    from tidings.cli.program import build_cli

    build_cli(launcher)(prog_name="tidings")
