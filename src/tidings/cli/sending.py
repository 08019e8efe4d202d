"""`tidings sending …`: the kill switch, relays and the limits of mailbox providers."""

from __future__ import annotations

from typing import Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson
from tidings.cli.output import moment, say, say_next, show, show_fields, show_json, show_table

commands = typer.Typer(
    cls=Listed, no_args_is_help=True, help="Pause or resume everything that sends; see relays and limits."
)


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


@commands.command("limits")
def limits(as_json: AsJson = False) -> None:
    """Show relays, mailbox providers that asked for less, what is used of accounts' limits, and warm-ups."""
    with connected() as tidings:
        found = tidings.sending.limits()
    if as_json:
        show_json(found)
        return
    if not (found.relays or found.providers or found.warmups or found.accounts):
        show("Nothing limits sending: mail goes to the built-in mailbox, or nothing was sent yet.")
        return
    rows = [[each.name, each.state, each.lanes, each.accepted, each.words, each.remedy] for each in found.relays]
    if rows:
        show_table(["RELAY", "STATE", "CONNECTIONS", "SENT", "WHY", "REMEDY"], rows)
    if found.providers:
        shown = [
            [each.title, each.relay, f"{each.rate * 60:,.0f}", moment(each.hold_until), each.reason]
            for each in found.providers
        ]
        show_table(["PROVIDER", "RELAY", "A MINUTE", "HELD UNTIL", "WHY"], shown)
    if found.accounts:
        used = [
            [each.name, _of(each.minute_used, each.per_minute), _of(each.hour_used, each.per_hour),
             moment(each.quiet_until)]
            for each in found.accounts
        ]  # fmt: skip
        show_table(["ACCOUNT", "THIS MINUTE", "THIS HOUR", "ASKED TO WAIT UNTIL"], used)
    if found.warmups:
        ramps = [
            [each.domain, each.relay, f"{each.day} of {each.days}", each.sent, each.allowance or "no limit"]
            for each in found.warmups
        ]
        show_table(["WARM-UP", "RELAY", "DAY", "SENT TODAY", "ALLOWED"], ramps)


def _of(used: int, most: int) -> str:
    return f"{used:,} of {most:,}" if most else "no limit"


@commands.command("lift")
def lift(
    provider: Annotated[str, typer.Argument(help="As `tidings sending limits --json` names it, such as google.")],
    relay: Annotated[str, typer.Option("--relay", help="host:port; all relays if left out.")] = "",
) -> None:
    """Let mail to a provider go on before its hold ends."""
    with connected() as tidings:
        held = [each for each in tidings.sending.limits().providers if each.provider == provider and each.hold_until]
        names = [relay] if relay else [each.relay for each in held] or [""]
        for name in names:
            tidings.sending.lift(name, provider)
    say("What was held goes on.")
    say_next("tidings sending limits")
