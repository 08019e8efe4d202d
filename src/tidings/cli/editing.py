"""`tidings campaign …`, continued: revisions, comments, other words, tests, files, origin; templates and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.enclosures import commands
from tidings.cli.failures import USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, CampaignRef, NoInput, Yes, confirm
from tidings.cli.output import say, show_fields, show_json, show_table
from tidings.cli.references import brand_id, campaign_id

if TYPE_CHECKING:
    from tidings_client.editing import PartDiff

__all__ = ["commands", "images", "templates"]

templates = typer.Typer(help="Blocks of a brand to begin drafts with.", cls=Listed, no_args_is_help=True)
images = typer.Typer(help="Pictures of a brand.", cls=Listed, no_args_is_help=True)
Variant = Annotated[str, typer.Option("--variant", "-v", help="Which variant.")]
Brand = Annotated[str, typer.Argument(help="The brand's name or id.")]


@commands.command("revisions")
def revisions(campaign: CampaignRef, as_json: AsJson = False) -> None:
    """List a campaign's revisions with their authors."""
    with connected() as tidings:
        found = tidings.editing.revisions(campaign_id(tidings, campaign)).items
    if as_json:
        show_json(found)
        return
    show_table(
        ["NO", "BY", "WHEN", "CHANGED", "SAID OF IT"],
        [
            (
                f"{row.number}{' *' if row.in_force else ''}", f"{row.author}{' (agent)' if row.by_agent else ''}",
                f"{row.created_at:%Y-%m-%d %H:%M}", " ".join(row.changed), row.verdict.replace("_", " "),
            )
            for row in found
        ],
    )  # fmt: skip


@commands.command("diff")
def diff(
    campaign: CampaignRef,
    before: Annotated[int, typer.Argument(help="The earlier revision's number.")],
    after: Annotated[int, typer.Argument(help="The later revision's number.")],
    as_json: AsJson = False,
) -> None:
    """Show what changed between two revisions: [-gone-] and {+new+}."""
    with connected() as tidings:
        found = tidings.editing.diff(campaign_id(tidings, campaign), before, after)
    if as_json:
        show_json(found)
        return
    for draft in found.drafts:
        name = draft.variant if draft.channel == "email" else f"{draft.channel} {draft.variant}"
        typer.echo(f"Variant {name}{'' if draft.changed else ': the same'}")
        for part in draft.parts:
            if part.how != "same":
                typer.echo(f"  {part.place}: {_marked(part)}")


@commands.command("restore")
def restore(campaign: CampaignRef, number: Annotated[int, typer.Argument(help="The revision to go back to.")]) -> None:
    """Go back to an earlier revision; that makes a new one, to be approved anew."""
    with connected() as tidings:
        found = tidings.editing.restore(campaign_id(tidings, campaign), number)
    say(f"“{found.name}” says again what revision {number} said. It needs approval.")


@commands.command("comment")
def comment(
    campaign: CampaignRef,
    text: Annotated[str | None, typer.Argument(help="Without it, lists the comments.")] = None,
    variant: Variant = "A",
    block: Annotated[int | None, typer.Option(min=1, help="The block's number, from 1.")] = None,
    resolve: Annotated[str, typer.Option("--resolve", metavar="ID", help="Settle this comment.")] = "",
    as_json: AsJson = False,
) -> None:
    """Comment on a draft, settle a comment, or list them."""
    with connected() as tidings:
        known = campaign_id(tidings, campaign)
        if resolve:
            tidings.editing.resolve(known, resolve)
            say("Settled.")
        if text is not None:
            tidings.editing.comment(known, text, variant=variant, block=None if block is None else block - 1)
            say("Said.")
        found = tidings.editing.comments(known, resolved=False).items
    if as_json:
        show_json(found)
        return
    rows = [(c.id, c.variant, "" if c.block is None else str(c.block + 1), c.by_name, c.text) for c in found]
    show_table(["ID", "VARIANT", "BLOCK", "BY", "COMMENT"], rows)


@commands.command("suggest")
def suggest(
    campaign: CampaignRef,
    variant: Variant = "A",
    block: Annotated[int | None, typer.Option(min=1, help="A block's number, from 1; else the subject.")] = None,
    accept: Annotated[str, typer.Option("--accept", metavar="ID", help="Put these words in.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask for other words, or accept some. Nothing changes until then."""
    with connected() as tidings:
        known = campaign_id(tidings, campaign)
        if accept:
            tidings.editing.accept(known, accept)
            say("The words are in, as a new revision. It needs approval.")
            return
        found = tidings.editing.suggest(known, variant, block=None if block is None else block - 1).items
    if as_json:
        show_json(found)
        return
    if not found:
        say("Nobody has other words for that.")
    show_table(["ID", "INSTEAD OF", "THIS", "BY"], [(s.id, s.before, s.after, s.writer) for s in found])


@commands.command("test")
def send_test(
    campaign: CampaignRef,
    to: Annotated[list[str] | None, typer.Argument(metavar="[ADDRESS]...", help="Of accounts; none: yourself.")] = None,
    variant: Variant = "A",
    as_json: AsJson = False,
) -> None:
    """Send a test of exactly what would leave; it counts nowhere."""
    with connected() as tidings:
        sent = tidings.editing.test(campaign_id(tidings, campaign), variant, to=to or ()).items
    if as_json:
        show_json(sent)
        return
    rows = [(mail.to, "accepted" if mail.accepted else "not accepted", f"{mail.code} {mail.words}") for mail in sent]
    show_table(["TO", "RELAY", "WORDS"], rows)


@commands.command("export")
def export(
    campaign: CampaignRef,
    variant: Variant = "A",
    form: Annotated[str, typer.Option("--form", help="html, mjml, text or print.")] = "html",
    into: Annotated[Path | None, typer.Option("--into", help="A file; else the screen.")] = None,
) -> None:
    """Write a draft as HTML, MJML or plain text, or as a page to print."""
    with connected() as tidings:
        content = tidings.editing.export(campaign_id(tidings, campaign), variant, form).content
    if into is None:
        typer.echo(content)
        return
    try:
        into.write_text(content, "utf-8")
    except OSError as error:
        raise CommandError(f"{into} cannot be written: {error.strerror}.", "Name another file.", USAGE) from error
    say(f"Wrote {into}.")


@commands.command("import-html")
def import_html(
    campaign: CampaignRef,
    file: Annotated[Path, typer.Argument(help="An HTML file.")],
    variant: Variant = "A",
    yes: Yes = False,
    no_input: NoInput = False,
) -> None:
    """Read a draft's blocks out of HTML and save them as a new revision; what is not understood is listed."""
    try:
        source = file.read_text("utf-8", "replace")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", "Name a file.", USAGE) from error
    with connected() as tidings:
        known = campaign_id(tidings, campaign)
        found = tidings.editing.import_html(source)
        for each in found.left_out:
            say(f"Left out: {each}")
        for finding in found.findings:
            say(f"{finding.message} {finding.remedy}")
        confirm(f"Put these {len(found.blocks)} blocks in place of the draft's?", yes=yes, no_input=no_input)
        tidings.editing.save(known, variant, blocks=found.blocks)
    say(f"Saved {len(found.blocks)} blocks as a new revision. It needs approval.")


@commands.command("origin")
def origin(
    campaign: CampaignRef,
    variant: Variant = "A",
    revision: Annotated[int | None, typer.Option(help="Its number; else the one in force.")] = None,
    channel: Annotated[str | None, typer.Option(help="Which channel, e.g. linkedin; else the e-mail.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say where a draft's sentences come from, who edited it and who approved it."""
    with connected() as tidings:
        found = tidings.editing.provenance(campaign_id(tidings, campaign), variant, revision=revision, channel=channel)
    if as_json:
        show_json(found)
        return
    show_fields({
        "Revision": f"{found.revision_number} by {found.author}", "Writer": found.writer,
        "Model": found.model_hash or "none", "Marked in the mail": found.mark or "no, no model wrote",
        "Edited by": ", ".join(f"{edit.by_name} ({edit.revision_number})" for edit in found.edits),
        "Approved by": ", ".join(each.by_name for each in found.approvals if each.verdict == "approved") or "nobody",
    })  # fmt: skip
    show_table(["SOURCE", "SENTENCE"], [(each.proposed_by or each.source, each.sentence) for each in found.sentences])


@templates.command("list")
def list_templates(brand: Brand, as_json: AsJson = False) -> None:
    """List a brand's templates."""
    with connected() as tidings:
        found = tidings.editing.templates(brand_id(tidings, brand)).items
    if as_json:
        show_json(found)
        return
    show_table(
        ["ID", "NAME", "BLOCKS", "BY"], [(each.id, each.name, str(len(each.blocks)), each.by_name) for each in found]
    )


@templates.command("save")
def save_template(
    campaign: CampaignRef, name: Annotated[str, typer.Argument(help="What to call it.")], variant: Variant = "A"
) -> None:
    """Keep a campaign's draft as a template."""
    with connected() as tidings:
        made = tidings.editing.keep(campaign_id(tidings, campaign), variant, name)
    say(f"Kept as {made.name}.")


@templates.command("remove")
def remove_template(template: Annotated[str, typer.Argument(help="The template's id.")]) -> None:
    """Forget a template."""
    with connected() as tidings:
        tidings.editing.remove_template(template)
    say("Removed.")


@images.command("list")
def list_images(brand: Brand, as_json: AsJson = False) -> None:
    """List a brand's pictures with their addresses."""
    with connected() as tidings:
        found = tidings.editing.images(brand_id(tidings, brand)).items
    if as_json:
        show_json(found)
        return
    show_table(["SHOWS", "SIZE", "ADDRESS"], [(each.alt, f"{each.width} × {each.height}", each.url) for each in found])


@images.command("upload")
def upload(
    brand: Brand,
    file: Annotated[Path, typer.Argument(help="PNG, JPEG, GIF or WebP.")],
    alt: Annotated[str, typer.Option("--alt", help="What it shows, for those who do not see it.")],
    as_json: AsJson = False,
) -> None:
    """Upload a picture for a brand's mails."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", "Name a file.", USAGE) from error
    with connected() as tidings:
        made = tidings.editing.upload(brand_id(tidings, brand), content, alt)
    if as_json:
        show_json(made)
        return
    show_fields({"Address": made.url, "Size": f"{made.width} × {made.height}", "Shows": made.alt})


def _marked(part: PartDiff) -> str:
    signs = {"gone": ("[-", "-]"), "new": ("{+", "+}"), "same": ("", "")}
    return "".join(f"{signs[piece.how][0]}{piece.text}{signs[piece.how][1]}" for piece in part.pieces)
