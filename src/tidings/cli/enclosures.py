"""`tidings campaign …`, continued: files and a calendar invitation that go with every mail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tidings.cli.briefs import read_brief
from tidings.cli.campaign_verbs import commands
from tidings.cli.connection import connected
from tidings.cli.failures import NOT_FOUND, USAGE, CommandError
from tidings.cli.options import AsJson, CampaignRef
from tidings.cli.output import say, show_fields, show_json, show_table
from tidings.cli.references import campaign_id

__all__ = ["commands"]


@commands.command("attach")
def attach(
    campaign: CampaignRef,
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Without one, lists them.")] = None,
    as_json: AsJson = False,
) -> None:
    """Attach files to every mail of a campaign, or list what is attached."""
    contents = [(path.name, _read(path)) for path in files or []]
    with connected() as tidings:
        known = campaign_id(tidings, campaign)
        for name, content in contents:
            say(f"Attached {tidings.attachments.add(known, name, content).name}.")
        found = tidings.attachments.list(known).items
    if as_json:
        show_json(found)
        return
    show_table(["ID", "NAME", "KIND", "BYTES"], [(each.id, each.name, each.media_type, each.size) for each in found])


@commands.command("detach")
def detach(campaign: CampaignRef, name: Annotated[str, typer.Argument(help="The file's name or id.")]) -> None:
    """Take an attached file off."""
    with connected() as tidings:
        known = campaign_id(tidings, campaign)
        found = [each for each in tidings.attachments.list(known).items if name in {each.id, each.name}]
        if not found:
            raise CommandError(f"{name!r} is not attached.", f"See tidings campaign attach {campaign}.", NOT_FOUND)
        tidings.attachments.remove(known, found[0].id)
    say(f"Took {found[0].name} off.")


@commands.command("invite")
def invite(  # noqa: PLR0917 - Typer makes options of the parameters
    campaign: CampaignRef,
    title: Annotated[str | None, typer.Option(help="What it is.")] = None,
    start: Annotated[str | None, typer.Option(help="Wall time in its zone, e.g. 2026-12-05T18:00.")] = None,
    end: Annotated[str | None, typer.Option(help="Wall time in its zone.")] = None,
    zone: Annotated[str | None, typer.Option(help="For example Europe/Vienna.")] = None,
    place: Annotated[str | None, typer.Option(help="Where.")] = None,
    description: Annotated[str | None, typer.Option(help="About it.")] = None,
    ask: Annotated[bool, typer.Option("--ask", help="Ask each reader to accept or decline.")] = False,
    file: Annotated[Path | None, typer.Option("--file", help="YAML with these fields instead.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the invitation out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put an event into every mail as a calendar invitation, change it, or take it out."""
    options = {
        "title": title, "start": start, "end": end, "zone": zone, "place": place, "description": description,
        "method": "request" if ask else None,
    }  # fmt: skip
    given = {name: str(value) for name, value in {**(read_brief(file) if file else {}), **options}.items() if value}
    if not given and not remove:
        raise CommandError("There is no event.", "Give --title, --start, --end and --zone, or --remove.", USAGE)
    with connected() as tidings:
        known = campaign_id(tidings, campaign)
        if remove:
            tidings.attachments.uninvite(known)
            say("The invitation is out.")
            return
        made = tidings.attachments.invite(known, given)
    if as_json:
        show_json(made)
        return
    show_fields({"Event": made.title, "When": f"{made.start} to {made.end}, {made.zone}", "Where": made.place})


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.", "Name a file.", USAGE) from error
