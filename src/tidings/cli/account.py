"""`tidings account …`: who can sign in."""

from __future__ import annotations

from typing import Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson
from tidings.cli.output import moment, say, say_next, show, show_json, show_table
from tidings.cli.references import choose

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Who can sign in.")


@commands.command("add")
def add(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str, typer.Option(help="What people call them.")],
    role: Annotated[str, typer.Option(help="admin, manager, author, approver, analyst or viewer.")],
    brand: Annotated[list[str] | None, typer.Option(help="Only this brand, by id; may be repeated.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add an account."""
    with connected() as tidings:
        made = tidings.accounts.create(email, name, role, brand or ())
    if as_json:
        show_json(made)
    else:
        say(f"{made.name} is now {made.role}.")
    say_next(f"tidings account link {made.id}")


@commands.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """List accounts."""
    with connected() as tidings:
        found = tidings.accounts.list().items
    if as_json:
        show_json(found)
        return
    rows = [(each.id, each.name, each.email, each.role, each.active, moment(each.created_at)) for each in found]
    show_table(["ID", "NAME", "ADDRESS", "ROLE", "ACTIVE", "CREATED"], rows)


@commands.command("link")
def link(
    account: Annotated[str | None, typer.Argument(help="Their id or e-mail address; without it, your own.")] = None,
    minutes: Annotated[int, typer.Option(min=1, max=24 * 60, help="How long it may lie.")] = 15,
    as_json: AsJson = False,
) -> None:
    """Make a one-time sign-in link."""
    with connected() as tidings:
        known = [(each.id, each.email) for each in tidings.accounts.list().items]
        whose = account or tidings.accounts.me().id
        made = tidings.accounts.create_link(
            choose("account", whose, known, listing="tidings account list"), minutes=minutes
        )
    if as_json:
        show_json(made)
    else:
        show(made.url)
    say(f"It works once, within {made.minutes} minutes. Whoever has it is signed in: hand it over on a safe way.")


@commands.command("whoami")
def whoami(as_json: AsJson = False) -> None:
    """Show as whom the commands act, and what they may do."""
    with connected() as tidings:
        me = tidings.accounts.me()
    if as_json:
        show_json(me)
    else:
        show(f"{me.name}, {me.role}")
        show(", ".join(me.permissions))
