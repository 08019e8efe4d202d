"""`tidings campaign …`: from a brief to a finished send."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings.cli import campaign_view as view
from tidings.cli.briefs import EXAMPLE, ask_brief, from_words, read_brief
from tidings.cli.connection import connected
from tidings.cli.failures import ERROR, USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, CampaignRef, Limit, NoInput, Watch, Yes, can_ask
from tidings.cli.output import moment, say, say_next, show, show_fields, show_json, show_table
from tidings.cli.progress import watch
from tidings.cli.references import campaign_id

if TYPE_CHECKING:
    from tidings_client import Tidings
    from tidings_client.campaigns import Campaign

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="From a brief to a finished send.")
WAIT_S = 300.0


@commands.command("new")
def new(  # noqa: PLR0917 - Typer makes options of the parameters
    brief: Annotated[
        Path | None, typer.Option("--brief", "-b", help="YAML or JSON file; `-` reads stdin.", allow_dash=True)
    ] = None,
    words: Annotated[
        str | None, typer.Option("--from", help="The brief in plain words; `-` reads stdin. Shown before it starts.")
    ] = None,
    interactive: Annotated[bool, typer.Option("--interactive", "-i", help="Ask for each field.")] = False,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="announcement, event, offer, …")] = None,
    goal: Annotated[str | None, typer.Option(help="What it should achieve.")] = None,
    brand: Annotated[str | None, typer.Option(help="The brand's name or id.")] = None,
    audience: Annotated[str | None, typer.Option(help="A segment's name or id, or `everyone`.")] = None,
    fact: Annotated[list[str] | None, typer.Option(help="One whole sentence; may be repeated.")] = None,
    call_to_action: Annotated[str | None, typer.Option(help="What the button says.")] = None,
    other_call: Annotated[
        list[str] | None, typer.Option(help="Another wording of the button to test; may be repeated.")
    ] = None,
    link: Annotated[str | None, typer.Option(help="Where the button leads.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only check the brief; start nothing.")] = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for drafts and plan.")] = False,
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Start a campaign from a brief; waits until drafts and plan are there."""
    options = {
        "name": name, "type": kind, "goal": goal, "brand": brand, "audience": audience, "facts": fact or None,
        "call_to_action": call_to_action, "other_calls": other_call or None, "link": link,
    }  # fmt: skip
    given = read_brief(brief) if brief else {}
    given |= {field: value for field, value in options.items() if value is not None}
    if interactive or (not given and words is None and can_ask(no_input)):
        if not can_ask(no_input):
            raise CommandError("Nobody is here to answer.", "Give the brief with --brief FILE.", USAGE)
        given = ask_brief(given)
    if not given and words is None:
        raise CommandError("There is no brief.", f"Give one with --brief FILE:\n{EXAMPLE}", USAGE)
    with connected() as tidings:
        if words is not None:
            given = from_words(tidings, words, given, yes=yes or check, may_ask=can_ask(no_input) and words != "-")
        if check:
            show_json(tidings.campaigns.check_brief(given))
            return
        campaign = tidings.campaigns.create(given)
        say(f"Started {campaign.id}.")
        if not no_wait:
            campaign = _wait(tidings, campaign)
    _answer(campaign, as_json=as_json)
    if campaign.state == "blocked":
        raise typer.Exit(ERROR)


def _wait(tidings: Tidings, campaign: Campaign) -> Campaign:
    """Until the agents have written and planned, or cannot."""
    last = watch(
        lambda: tidings.campaigns.get(campaign.id),
        view.progress_lines,
        over=lambda now: now.state not in view.WORKING or now.paused,
        on_stdout=False,
        seconds=WAIT_S,
    )
    if last.state in view.WORKING and not last.paused:
        say("It is still being worked on; `tidings status` says whether the agents run.")
    return last


def _answer(campaign: Campaign, *, as_json: bool) -> None:
    if as_json:
        show_json(campaign)
    else:
        view.show_campaign(campaign)
    say_next(*view.next_commands(campaign))


@commands.command("list")
def list_campaigns(
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. review.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List campaigns, newest first."""
    with connected() as tidings:
        rows = list(islice(tidings.campaigns.all(state=state), limit))
    if as_json:
        show_json(rows)
        return
    show_table(
        ["ID", "NAME", "STATE", "BRAND", "PEOPLE", "CREATED"],
        [(row.id, row.name, view.state_of(row), row.brand_name, row.people, moment(row.created_at)) for row in rows],
    )
    if not rows:
        say_next("tidings campaign new --brief FILE")


@commands.command("show")
def show_campaign(campaign: CampaignRef, as_json: AsJson = False) -> None:
    """Show everything of one campaign."""
    with connected() as tidings:
        found = tidings.campaigns.get(campaign_id(tidings, campaign))
    _answer(found, as_json=as_json)


@commands.command("plan")
def plan(
    campaign: CampaignRef,
    people: Annotated[int, typer.Option("--people", "-n", min=0, help="How many single people to show.")] = 10,
    again: Annotated[bool, typer.Option("--again", help="Ask the Scheduling agent for a new plan first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show who hears when, and why then."""
    with connected() as tidings:
        found = campaign_id(tidings, campaign)
        detail = _wait(tidings, tidings.campaigns.replan(found)) if again else tidings.campaigns.get(found)
        slots = list(islice(tidings.campaigns.all_slots(found), people)) if detail.plan else []
    if detail.plan is None:
        raise CommandError(f"“{detail.name}” has no plan yet; it {view.sentence_of(detail)}.", detail.state_reason)
    if as_json:
        show_json({"plan": detail.plan, "slots": slots})
        return
    view.show_plan(detail.plan)
    show()
    view.show_hours(detail.plan)
    if slots:
        show()
        rows = [(slot.local_time, slot.zone, slot.name, slot.email, slot.variant, slot.reason_text) for slot in slots]
        show_table(["LOCAL TIME", "ZONE", "NAME", "ADDRESS", "VARIANT", "WHY"], rows)
    say_next(*(line for line in view.next_commands(detail) if " plan " not in line))


@commands.command("preview")
def preview(
    campaign: CampaignRef,
    variant: Annotated[str | None, typer.Option(help="Which variant; else the one the contact gets.")] = None,
    channel: Annotated[str | None, typer.Option(help="Which channel, e.g. linkedin; else the e-mail.")] = None,
    contact: Annotated[str | None, typer.Option(help="A contact's id; else the first of the plan.")] = None,
    html: Annotated[bool, typer.Option("--html", help="The HTML part alone.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The text part alone.")] = False,
    in_browser: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one message as one contact would get it."""
    with connected() as tidings:
        shown = tidings.campaigns.preview(
            campaign_id(tidings, campaign), variant=variant, channel=channel, contact_id=contact
        )
    if as_json:
        show_json(shown)
    elif shown.channel != "email":
        show_fields({"Where": shown.to, "Title": shown.subject, "Picture": shown.image_url})
        show(f"\n{shown.text}")
    elif html or text:
        show(shown.html if html else shown.text)
    else:
        show_fields(
            {
                "To": shown.to,
                "Variant": shown.variant,
                "Subject": shown.subject,
                "Preheader": shown.preheader,
                **shown.headers,
            }
        )
        show(f"\n{shown.text}")
    if in_browser:
        _open(shown.html)


def _open(html: str) -> None:
    """In a file only you can read: a preview holds a person's data."""
    import tempfile
    import webbrowser

    with tempfile.NamedTemporaryFile("w", suffix=".html", prefix="tidings-preview-", delete=False) as file:
        file.write(html)
    webbrowser.open(Path(file.name).as_uri())
    say(f"Opened {file.name}; delete it when you have seen it.")


@commands.command("check")
def check(campaign: CampaignRef = "latest", as_json: AsJson = False) -> None:
    """Look at what speaks against sending: message, spam score, volume, domain, relay. Exit code 1 if it blocks."""
    with connected() as tidings:
        found = tidings.campaigns.preflight(campaign_id(tidings, campaign))
    if as_json:
        show_json(found)
    else:
        view.show_preflight(found)
    if any(finding.blocks for finding in found):
        raise typer.Exit(ERROR)


@commands.command("status")
def status(campaign: CampaignRef = "latest", watching: Watch = False, as_json: AsJson = False) -> None:
    """Show where a campaign stands; with --watch until it is over."""
    with connected() as tidings:
        found = campaign_id(tidings, campaign)
        detail = tidings.campaigns.get(found)
        if watching and not as_json:
            detail = watch(
                lambda: tidings.campaigns.get(found),
                view.progress_lines,
                over=lambda now: now.state in view.OVER or now.state in {"review", "approved", "blocked"},
            )
        elif as_json:
            show_json(_short(detail))
        else:
            show(view.progress_lines(detail))
    say_next(*view.next_commands(detail))


def _short(detail: Campaign) -> dict[str, Any]:
    fields = (
        "id",
        "name",
        "state",
        "state_reason",
        "paused",
        "people",
        "counts",
        "held_because",
        "launched_at",
        "done_at",
    )
    return {field: getattr(detail, field) for field in fields}


@commands.command("deliveries")
def deliveries(
    campaign: CampaignRef,
    state: Annotated[str | None, typer.Option(help="Only those in this state, e.g. failed.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries with the receiving server's words."""
    with connected() as tidings:
        found = list(islice(tidings.campaigns.all_deliveries(campaign_id(tidings, campaign), state=state), limit))
    if as_json:
        show_json(found)
        return
    rows = [
        (item.email, item.state, item.variant, moment(item.at or item.due_at), item.code, item.reason) for item in found
    ]
    show_table(["ADDRESS", "STATE", "VARIANT", "AT", "CODE", "WORDS"], rows)
