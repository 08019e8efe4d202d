"""`tidings audit …`: who did what to what."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, Limit
from tidings.cli.output import moment, say, show, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Mapping

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="The audit trail: who did what to what.")
Action = Annotated[str, typer.Option(help="A whole action (campaign.send) or its noun (campaign).")]
Who = Annotated[str, typer.Option(help="The id or name of who did it.")]
About = Annotated[str, typer.Option(help="The id of what it was done to.")]


@commands.command("list")
def list_rows(
    action: Action = "", who: Who = "", about: About = "", limit: Limit = 50, as_json: AsJson = False
) -> None:
    """List what was done, newest first."""
    with connected() as tidings:
        found = list(islice(tidings.audit.all(action=action, who=who, about=about), limit))
    if as_json:
        show_json(found)
        return
    rows = [(moment(row.at), row.actor_name, row.action, row.object_id, _words(row.detail)) for row in found]
    show_table(["AT", "WHO", "ACTION", "WHAT", "DETAIL"], rows)


@commands.command("export")
def export(
    into: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write, one row a line, as JSON with its hashes.")
    ],
    action: Action = "",
    who: Who = "",
    about: About = "",
) -> None:
    """Write the trail into a file; a copy kept elsewhere shows that somebody wrote the trail anew."""
    number = 0
    try:
        with connected() as tidings, into.open("x", encoding="utf-8") as file:
            for row in tidings.audit.all(action=action, who=who, about=about):
                file.write(json.dumps(row.model_dump(mode="json"), ensure_ascii=False) + "\n")
                number += 1
    except FileExistsError as error:
        raise CommandError(f"{into} exists already.", "Choose another name.") from error
    except OSError as error:
        raise CommandError(f"{into} cannot be written ({error.strerror}).", "Choose another place.") from error
    say(f"{into}: {number} row{'' if number == 1 else 's'}, newest first.")


@commands.command("check")
def check(as_json: AsJson = False) -> None:
    """Hold every row against the one before. Exit code 1 if one was changed or removed."""
    with connected() as tidings:
        found = tidings.audit.check()
    if as_json:
        show_json(found)
    elif found.intact:
        show(f"{found.rows} rows, every one as it was written.")
    if not found.intact:
        raise CommandError(found.problem, found.remedy)


def _words(detail: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in detail.items() if value not in ("", [], None))
