"""`tidings token …`: what programs sign in with."""

from __future__ import annotations

from typing import Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson
from tidings.cli.output import moment, say, say_next, show, show_json, show_table
from tidings.cli.references import choose

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="API tokens: what programs sign in with.")


@commands.command("new")
def new(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="Only this permission; may be repeated.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Until it expires.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It can do at most what you may; its secret is shown once, on stdout."""
    with connected() as tidings:
        made = tidings.tokens.create(name, scopes=scope or (), days=days)
    if as_json:
        show_json(made)
    else:
        show(made.secret)
    say("Keep it now: it is not shown again. Programs take it from TIDINGS_TOKEN.")
    say_next(f"tidings token revoke {made.id}  (when it is no longer needed)")


@commands.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List your tokens, without their secrets."""
    with connected() as tidings:
        found = tidings.tokens.list().items
    if as_json:
        show_json(found)
        return
    rows = [
        (each.id, each.name, ", ".join(each.scopes) or "everything", moment(each.expires_at), moment(each.revoked_at))
        for each in found
    ]
    show_table(["ID", "NAME", "SCOPES", "EXPIRES", "REVOKED"], rows)


@commands.command("revoke")
def revoke(token: Annotated[str, typer.Argument(help="Its id or name.")]) -> None:
    """Make a token stop working at once."""
    with connected() as tidings:
        known = [(each.id, each.name) for each in tidings.tokens.list().items if each.revoked_at is None]
        tidings.tokens.revoke(choose("token", token, known, listing="tidings token list"))
    say("Revoked.")
