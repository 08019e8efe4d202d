"""`tidings campaign …`, continued: what is done to a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidings.cli import campaign_view as view
from tidings.cli.campaign import commands
from tidings.cli.connection import connected
from tidings.cli.failures import USAGE, CommandError
from tidings.cli.options import AsJson, CampaignRef, NoInput, Yes, can_ask, confirm
from tidings.cli.output import count_of, moment, say, say_next, show_json, show_table
from tidings.cli.references import campaign_id

if TYPE_CHECKING:
    from tidings_client.campaigns import Campaign


@commands.command("approve")
def approve(
    campaign: CampaignRef,
    comment: Annotated[str, typer.Option("--comment", "-m", help="Goes on record with your approval.")] = "",
    revision: Annotated[str | None, typer.Option(help="The revision you saw; fails if it is another now.")] = None,
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Approve the revision in force. Without --yes it is shown first."""
    with connected() as tidings:
        found = tidings.campaigns.get(campaign_id(tidings, campaign))
        if found.revision is None:
            raise CommandError(f"“{found.name}” has no draft yet; it {view.sentence_of(found)}.")
        if not yes and can_ask(no_input):
            view.show_campaign(found)
        confirm(f"Approve revision {found.revision.number} of “{found.name}”?", yes=yes, no_input=no_input)
        found = tidings.campaigns.approve(found.id, revision or found.revision.id, comment)
    _done(found, "Approved.", as_json=as_json)


@commands.command("request-changes")
def request_changes(
    campaign: CampaignRef,
    comment: Annotated[str, typer.Option("--comment", "-m", help="What should change.")],
    as_json: AsJson = False,
) -> None:
    """Say no, and what should change."""
    with connected() as tidings:
        found = tidings.campaigns.request_changes(campaign_id(tidings, campaign), comment)
    if words := view.cannot_follow(found):
        say(words)
    _done(found, "Sent back.", as_json=as_json)


@commands.command("send")
def send(
    campaign: CampaignRef,
    now: Annotated[bool, typer.Option("--now", help="To everybody at once, against the plan.")] = False,
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Start sending an approved campaign."""
    with connected() as tidings:
        found = tidings.campaigns.get(campaign_id(tidings, campaign))
        people = found.plan.people if found.plan else found.people
        how = "now, to everybody at once" if now else "as planned"
        confirm(f"Send “{found.name}” to {count_of(people, 'person', 'people')} {how}?", yes=yes, no_input=no_input)
        found = tidings.campaigns.send(found.id, now=now)
    _done(found, "Sending.", as_json=as_json)


@commands.command("pause")
def pause(campaign: CampaignRef, as_json: AsJson = False) -> None:
    """Hold a campaign where it is."""
    with connected() as tidings:
        found = tidings.campaigns.pause(campaign_id(tidings, campaign))
    _done(found, "Paused.", as_json=as_json)


@commands.command("resume")
def resume(campaign: CampaignRef, as_json: AsJson = False) -> None:
    """Go on from where it was paused."""
    with connected() as tidings:
        found = tidings.campaigns.resume(campaign_id(tidings, campaign))
    _done(found, "Resumed.", as_json=as_json)


@commands.command("retry")
def retry(campaign: CampaignRef, yes: Yes = False, no_input: NoInput = False, as_json: AsJson = False) -> None:
    """Let the agent that was stuck try again; asks first where that sets aside what a person wrote or said."""
    with connected() as tidings:
        found = tidings.campaigns.get(campaign_id(tidings, campaign))
        if lost := view.rewriting(found):
            say(" ".join(filter(None, (lost, view.cannot_follow(found)))))
            confirm("Have it written anew?", yes=yes, no_input=no_input)
        found = tidings.campaigns.retry(found.id)
    _done(found, "Trying again.", as_json=as_json)


@commands.command("postings")
def postings(
    campaign: CampaignRef = "latest",
    there: Annotated[
        str | None, typer.Option("--there", help="This posting in doubt is there; you have seen it.")
    ] = None,
    link: Annotated[str, typer.Option("--link", help="With --there: where it can be seen.")] = "",
    again: Annotated[str | None, typer.Option("--again", help="Post this one again.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what is posted once for everybody, with the links that prove it; settle one that is in doubt."""
    if there and again:
        raise CommandError("A posting is there, or it is posted again.", "Give --there or --again, not both.", USAGE)
    with connected() as tidings:
        found_id = campaign_id(tidings, campaign)
        if there:
            found = tidings.campaigns.confirm_posting(found_id, there, link)
        elif again:
            found = tidings.campaigns.repeat_posting(found_id, again)
        else:
            found = tidings.campaigns.postings(found_id)
    if as_json:
        show_json(found)
        return
    rows = [
        (each.channel_title, each.account, each.state, moment(each.at or each.due_at), each.url or each.reason, each.id)
        for each in found
    ]
    show_table(["CHANNEL", "ACCOUNT", "STATE", "AT", "PROOF OR WORDS", "ID"], rows)
    doubt = [each.id for each in found if each.state == "uncertain"]
    if doubt:
        say_next(
            f"tidings campaign postings {campaign} --there {doubt[0]} --link https://…   it is there",
            f"tidings campaign postings {campaign} --again {doubt[0]}   it is not, and shall be",
        )


@commands.command("cancel")
def cancel(campaign: CampaignRef, yes: Yes = False, no_input: NoInput = False, as_json: AsJson = False) -> None:
    """End a campaign for good."""
    with connected() as tidings:
        found = tidings.campaigns.get(campaign_id(tidings, campaign))
        confirm(f"Cancel “{found.name}” for good?", yes=yes, no_input=no_input)
        found = tidings.campaigns.cancel(found.id)
    _done(found, "Cancelled.", as_json=as_json)


@commands.command("drop-channel")
def drop_channel(
    campaign: CampaignRef,
    channel: Annotated[str, typer.Argument(help="Such as sms or linkedin; `tidings campaign show` lists them.")],
    reason: Annotated[str, typer.Option("--reason", "-m", help="Goes on record with it.")] = "",
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Take one channel out of a campaign under way; the others go on."""
    with connected() as tidings:
        found = tidings.campaigns.get(campaign_id(tidings, campaign))
        mine = next((each for each in found.channels if each.channel == channel), None)
        if mine is not None:  # else the server says what is wrong; nobody is asked about nothing
            question = f"Cancel {count_of(mine.waiting, 'message')} by {channel} of “{found.name}” for good?"
            confirm(question, yes=yes, no_input=no_input)
        found = tidings.campaigns.drop_channel(found.id, channel, reason)
    _done(found, "Taken out.", as_json=as_json)


@commands.command("edit")
def edit(
    campaign: CampaignRef,
    variant: Annotated[str, typer.Option(help="Which variant.")] = "A",
    subject: Annotated[str | None, typer.Option(help="The new subject.")] = None,
    channel: Annotated[str | None, typer.Option(help="Which channel, e.g. linkedin; else the e-mail.")] = None,
    preheader: Annotated[str | None, typer.Option(help="The new preheader.")] = None,
    text: Annotated[
        list[str] | None, typer.Option(help="NUMBER=TEXT: a block's new text, by its number from 0.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put your words in the place of the agent's; makes a new revision."""
    texts = dict(_numbered(item) for item in text or [])
    if subject is None and preheader is None and not texts:
        raise CommandError("There is nothing to change.", "Give --subject, --preheader or --text.", USAGE)
    with connected() as tidings:
        found = tidings.campaigns.get(campaign_id(tidings, campaign))
        found = tidings.campaigns.edit_draft(
            found.id, variant, subject=subject, preheader=preheader, texts=texts, version=found.version, channel=channel
        )
    if found.state == "blocked" and not as_json:
        view.show_findings(found)
    _done(found, "Edited.", as_json=as_json)


def _numbered(item: str) -> tuple[int, str]:
    number, sign, words = item.partition("=")
    if not sign or not number.strip().isdigit():
        raise CommandError(f"{item!r} is not NUMBER=TEXT.", "For example: --text '1=We open at nine.'", USAGE)
    return int(number), words


@commands.command("set-time")
def set_time(
    campaign: CampaignRef,
    at: Annotated[str, typer.Argument(help="For example 2026-12-01T09:30; without a zone it is this machine's.")],
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why; goes on record.")],
    as_json: AsJson = False,
) -> None:
    """Set one send time for everybody instead of the plan."""
    from datetime import datetime

    try:
        moment_at = datetime.fromisoformat(at)
    except ValueError:
        raise CommandError(f"{at!r} is not a time.", "For example: 2026-12-01T09:30+01:00", USAGE) from None
    with connected() as tidings:
        found = tidings.campaigns.get(campaign_id(tidings, campaign))
        found = tidings.campaigns.set_send_time(found.id, moment_at.astimezone(), reason, version=found.version)
    _done(found, f"Set to {moment(moment_at.astimezone())}.", as_json=as_json)


def _done(campaign: Campaign, word: str, *, as_json: bool) -> None:
    """The deed in a word on stderr; the campaign itself only where a program asked for it."""
    say(f"{word} “{campaign.name}” {view.sentence_of(campaign)}.")
    if as_json:
        show_json(campaign)
    say_next(*view.next_commands(campaign))
