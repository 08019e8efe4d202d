"""`tidings account …`: who can sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, NoInput, Yes, confirm
from tidings.cli.output import moment, say, say_next, show, show_json, show_table
from tidings.cli.references import choose

if TYPE_CHECKING:
    from tidings_client import Tidings
    from tidings_client.access import Account

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Who can sign in.")
_WHICH = "Their id or e-mail address."
_ROLES = "admin, manager, author, approver, analyst or viewer."


@commands.command("add")
def add(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str, typer.Option(help="What people call them.")],
    role: Annotated[str, typer.Option(help=_ROLES)],
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


@commands.command("role")
def set_role(
    account: Annotated[str, typer.Argument(help=_WHICH)],
    role: Annotated[str, typer.Argument(help=_ROLES)],
    brand: Annotated[list[str] | None, typer.Option(help="Only this brand, by id; else as before.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what somebody may do, at once."""
    with connected() as tidings:
        changed = tidings.accounts.set_role(_found(tidings, account).id, role, brand)
    _tell(changed, f"{changed.name} is now {changed.role}.", as_json=as_json)


@commands.command("close")
def close(
    account: Annotated[str, typer.Argument(help=_WHICH)],
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Close an account: its sessions, links and tokens end at once."""
    with connected() as tidings:
        whose = _found(tidings, account)
        confirm(f"Close the account of {whose.email}? Its sessions, links and tokens end.", yes=yes, no_input=no_input)
        changed = tidings.accounts.close(whose.id)
    _tell(changed, f"The account of {changed.name} is closed.", as_json=as_json)
    say_next(f"tidings account open {changed.id}  (to undo)")


@commands.command("open")
def open_again(account: Annotated[str, typer.Argument(help=_WHICH)], as_json: AsJson = False) -> None:
    """Open a closed account again."""
    with connected() as tidings:
        changed = tidings.accounts.open(_found(tidings, account).id)
    _tell(changed, f"The account of {changed.name} is open; its tokens stay revoked.", as_json=as_json)
    say_next(f"tidings account link {changed.id}")


@commands.command("link")
def link(
    account: Annotated[str | None, typer.Argument(help="Their id or e-mail address; without it, your own.")] = None,
    minutes: Annotated[int, typer.Option(min=1, max=24 * 60, help="How long it may lie.")] = 15,
    as_json: AsJson = False,
) -> None:
    """Make a one-time sign-in link."""
    with connected() as tidings:
        whose = account or tidings.accounts.me().id
        made = tidings.accounts.create_link(_found(tidings, whose).id, minutes=minutes)
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


def _found(tidings: Tidings, text: str) -> Account:
    known = {each.id: each for each in tidings.accounts.list().items}
    listed = [(each.id, each.email) for each in known.values()]
    return known[choose("account", text, listed, listing="tidings account list")]


def _tell(changed: Account, words: str, *, as_json: bool) -> None:
    if as_json:
        show_json(changed)
    else:
        say(words)
