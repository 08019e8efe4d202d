"""The options that many commands share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tidings.cli.failures import USAGE, CommandError

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether I mean it.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Never ask; fail where an answer would be needed.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Go on showing it until it is over.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Most lines to show.")]
CampaignRef = Annotated[
    str, typer.Argument(metavar="CAMPAIGN", help="Its id, the beginning of its id, its name, or `latest`.")
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="TIDINGS_DATA_DIR", help="Where everything is kept.", show_default=False),
]


def can_ask(no_input: bool) -> bool:
    """Whether a person is there to answer."""
    return not no_input and sys.stdin.isatty()


def confirm(question: str, *, yes: bool, no_input: bool) -> None:
    """Asks once before what cannot be taken back. Raises CommandError where nobody can answer."""
    if yes:
        return
    if not can_ask(no_input):
        raise CommandError(f"{question} Nobody is here to answer.", "Say --yes if you mean it.", USAGE)
    if not typer.confirm(question, err=True):
        raise CommandError("Nothing was done.")
