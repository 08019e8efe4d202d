"""`tidings mailbox …`: mail that stayed on this machine."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import NOT_FOUND, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, Limit
from tidings.cli.output import moment, show, show_fields, show_json, show_table

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="The built-in mailbox: mail that stayed on this machine.")


@commands.command("list")
def list_messages(
    query: Annotated[str, typer.Option("--query", "-q", help="Part of an address or a subject.")] = "",
    limit: Limit = 30,
    as_json: AsJson = False,
) -> None:
    """List received mail, newest first."""
    with connected() as tidings:
        found = list(islice(tidings.mailbox.all(query=query), limit))
    if as_json:
        show_json(found)
        return
    rows = [(each.id, moment(each.received_at), each.to, each.subject) for each in found]
    show_table(["ID", "RECEIVED", "TO", "SUBJECT"], rows)


@commands.command("show")
def show_message(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="Its id, or `latest`.")],
    html: Annotated[bool, typer.Option("--html", help="The HTML part alone.")] = False,
    source: Annotated[bool, typer.Option("--source", help="As it came over the wire.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read one mail."""
    with connected() as tidings:
        if message == "latest":
            newest = tidings.mailbox.list(limit=1).items
            if not newest:
                raise CommandError("The mailbox is empty.", "Send a campaign first.", NOT_FOUND)
            message = newest[0].id
        found = tidings.mailbox.get(message)
    if as_json:
        show_json(found)
    elif html or source:
        show(found.html if html else found.source)
    else:
        row = found.row
        show_fields({"From": row.sender, "To": row.to, "Subject": row.subject, "Received": moment(row.received_at)})
        show(f"\n{found.text}")
