"""`tidings audience …`, continued: double opt-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidings.cli.audience import commands
from tidings.cli.connection import connected
from tidings.cli.failures import CommandError
from tidings.cli.options import AsJson, NoInput, Yes, confirm
from tidings.cli.output import count_of, moment, say, say_next, show_fields, show_json, show_table
from tidings.cli.references import brand_id

if TYPE_CHECKING:
    from tidings_client.confirmations import ConfirmationStatus


@commands.command("confirmations")
def confirmations(as_json: AsJson = False) -> None:
    """Show how many people wait to confirm their consent, were asked and confirmed."""
    with connected() as tidings:
        found = tidings.confirmations.get()
    if as_json:
        show_json(found)
        return
    _show(found)
    rows = [
        (each.campaign_id, moment(each.at), "reminder" if each.reminder else "first", each.people,
         "paused" if each.paused else each.state, each.by_name)
        for each in found.askings
    ]  # fmt: skip
    if rows:
        show_table(["CAMPAIGN", "AT", "MAIL", "PEOPLE", "STATE", "BY"], rows)
    if found.counts.to_ask:
        say_next("tidings audience ask")
    elif found.counts.to_remind:
        say_next("tidings audience ask --remind")


@commands.command("ask")
def ask(
    brand: Annotated[str, typer.Option(help="In whose name, by name or id; not needed where there is one brand.")] = "",
    remind: Annotated[bool, typer.Option("--remind", help="Remind once those who have not answered.")] = False,
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Ask people whose consent is pending to confirm it, with one mail each. It cannot be taken back once it left."""
    with connected() as tidings:
        counts = tidings.confirmations.get().counts
        people = counts.to_remind if remind else counts.to_ask
        if not people:
            raise CommandError(
                "There is nobody to remind." if remind else "There is nobody to ask.",
                remedy="See who waits: tidings audience confirmations",
            )
        what = "Send the one reminder to" if remind else "Send one confirmation mail each to"
        confirm(f"{what} {count_of(people, 'person', 'people')}?", yes=yes, no_input=no_input)
        found = tidings.confirmations.ask(brand_id(tidings, brand) if brand else "", reminder=remind)
    if as_json:
        show_json(found)
        return
    say("Asked. The mails go out as fast as all others; whoever does not confirm gets nothing more.")
    _show(found)
    say_next("tidings audience confirmations", f"tidings campaign show {found.askings[0].campaign_id}")


def _show(found: ConfirmationStatus) -> None:
    of = found.counts
    show_fields(
        {
            "Wait to confirm": of.pending, "Not asked yet": of.to_ask, "Mail on the way": of.on_the_way,
            "Asked, link valid": of.asked, "Asked, link expired": of.expired, "Mail refused": of.not_reached,
            "Can be reminded": of.to_remind, "Confirmed": of.confirmed,
        }
    )  # fmt: skip
