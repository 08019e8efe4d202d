"""`tidings sending …`: the kill switch."""

from __future__ import annotations

from typing import Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson
from tidings.cli.output import moment, say, say_next, show_fields, show_json

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="The kill switch: pause or resume everything that sends.")


@commands.command("pause")
def pause(reason: Annotated[str, typer.Option("--reason", "-m", help="Why; goes on record.")] = "") -> None:
    """Pause all sending, in every campaign. Asks nothing: it is for emergencies."""
    with connected() as tidings:
        tidings.sending.pause(reason)
    say("All sending is paused.")
    say_next("tidings sending resume")


@commands.command("resume")
def resume() -> None:
    """Let everything go on from where it was."""
    with connected() as tidings:
        tidings.sending.resume()
    say("Sending goes on.")
    say_next("tidings status")


@commands.command("status")
def status(as_json: AsJson = False) -> None:
    """Show whether all sending is paused, by whom and why."""
    with connected() as tidings:
        state = tidings.sending.get()
    if as_json:
        show_json(state)
    else:
        show_fields(
            {
                "All sending": "paused" if state.paused else "on",
                "By": state.by,
                "Why": state.reason,
                "Since": moment(state.at),
            }
        )
