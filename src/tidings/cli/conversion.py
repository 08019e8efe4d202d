"""`tidings conversion …`: what people did on your own site after a mail."""

from __future__ import annotations

from typing import Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson
from tidings.cli.output import say, show, show_json
from tidings.cli.references import choose

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Conversions: what people did after a mail.")
BrandRef = Annotated[str, typer.Argument(help="The brand's id or name.")]


@commands.command("add")
def add(
    key: Annotated[str, typer.Argument(help="Your own name for it, an order number; it counts once.")],
    click_id: Annotated[str | None, typer.Option(help="The parameter tid of the visit.")] = None,
    contact: Annotated[str | None, typer.Option(help="The contact's id.")] = None,
    email: Annotated[str | None, typer.Option(help="The person's address.")] = None,
    value: Annotated[str | None, typer.Option(help="What it was worth, like 49.90.")] = None,
    currency: Annotated[str | None, typer.Option(help="Three capital letters, like EUR.")] = None,
    name: Annotated[str | None, typer.Option(help="What it was, like purchase.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record a conversion. Repeating it with the same key changes nothing."""
    with connected() as tidings:
        made = tidings.conversions.record(
            key, click_id=click_id, contact_id=contact, email=email, value=value, currency=currency, name=name
        )
    if as_json:
        show_json(made)
        return
    show(made.id)
    earned = f"campaign {made.campaign_id}, variant {made.variant} ({made.attributed_by})"
    say(f"{'Counted' if made.new else 'Counted before'}: {earned if made.campaign_id else 'no campaign earned it'}.")


@commands.command("secret")
def secret(
    brand: BrandRef,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make another; the old one holds for a day.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a brand's postbacks are signed with, on stdout."""
    with connected() as tidings:
        known = [(each.id, each.name) for each in tidings.brands.list().items]
        found = choose("brand", brand, known, listing="tidings campaign new --help")
        conversions = tidings.conversions
        made = conversions.rotate_postback_secret(found) if rotate else conversions.postback_secret(found)
    if as_json:
        show_json(made)
    else:
        show(made.secret)
    say(f"Post to /c/{made.brand_id}; docs/tracking.md says how to sign.")
