"""`tidings replies …`: what people answered."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, Limit
from tidings.cli.output import moment, show, show_fields, show_json, show_table

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="What people answered to mail.")
_WISHES = {"clear": "no more mail (heard)", "maybe": "perhaps no more mail"}
Id = Annotated[str, typer.Argument(metavar="REPLY", help="Its id, as the list shows it.")]


@commands.command("list")
def list_replies(
    everything: Annotated[bool, typer.Option("--all", help="Those seen to as well.")] = False,
    limit: Limit = 30,
    as_json: AsJson = False,
) -> None:
    """List answers that wait for somebody, newest first."""
    with connected() as tidings:
        found = list(islice(tidings.replies.all(done=None if everything else False), limit))
    if as_json:
        show_json(found)
        return
    rows = [(each.id, moment(each.at), each.sender, each.subject, _WISHES.get(each.wish, "")) for each in found]
    show_table(["ID", "RECEIVED", "FROM", "SUBJECT", "WISH"], rows)


@commands.command("show")
def show_reply(reply: Id, as_json: AsJson = False) -> None:
    """Read one answer."""
    with connected() as tidings:
        found = tidings.replies.get(reply)
    if as_json:
        show_json(found)
        return
    row = found.row
    show_fields(
        {
            "From": row.sender, "Subject": row.subject, "Received": moment(row.at),
            "Campaign": row.campaign_name or "–",
            "Wish": _WISHES.get(row.wish, "–"), "Done": f"by {row.done_by}" if row.done_at else "no",
        }
    )  # fmt: skip
    show(f"\n{found.text}")


@commands.command("done")
def mark_done(
    reply: Id, again: Annotated[bool, typer.Option("--open", help="It waits for somebody again.")] = False
) -> None:
    """Mark an answer as seen to."""
    with connected() as tidings:
        tidings.replies.mark(reply, done=not again)
    show("Open again." if again else "Done.")


@commands.command("unsubscribe")
def unsubscribe(reply: Id) -> None:
    """Write to the person who answered no more."""
    with connected() as tidings:
        new = tidings.replies.unsubscribe(reply).new
    show("This person gets no more mail." if new else "This person got no more mail before.")
