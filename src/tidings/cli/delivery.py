"""`tidings delivery …`: what happened to one mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import NOT_FOUND, USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, NoInput, Yes, confirm
from tidings.cli.output import moment, say, say_next, show, show_fields, show_json, show_table
from tidings.cli.references import campaign_id
from tidings.domain.delivery import server_said

if TYPE_CHECKING:
    from tidings_client import Tidings
    from tidings_client.deliveries import DeliveryDetail, FoundDelivery

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="What happened to one mail.")
Campaign = Annotated[
    str, typer.Argument(metavar="[CAMPAIGN]", help="Its id, name, or `latest`; not needed with --address.")
]
Contact = Annotated[str, typer.Argument(metavar="[CONTACT]", help="The contact's id, con_….")]
Address = Annotated[str, typer.Option("--address", "-a", help="The address it went to.")]
MessageId = Annotated[str, typer.Option("--message-id", "-m", help="Its Message-ID.")]


@commands.command("find")
def find(address: Address = "", message_id: MessageId = "", as_json: AsJson = False) -> None:
    """Find deliveries by address or Message-ID, the latest first."""
    with connected() as tidings:
        found = _find(tidings, address, message_id)
    if as_json:
        show_json(found)
        return
    show_table(
        ["CAMPAIGN", "CONTACT", "STATE", "AT", "SAID"],
        [(each.campaign_id, each.contact_id, each.state, moment(each.at), _said(each)) for each in found],
    )
    if found:
        say_next(f"tidings delivery show {found[0].campaign_id} {found[0].contact_id}")


@commands.command("show")
def show_delivery(
    campaign: Campaign = "",
    contact: Contact = "",
    address: Address = "",
    message_id: MessageId = "",
    as_json: AsJson = False,
) -> None:
    """Show one delivery: every attempt with the server's words, and what came after."""
    with connected() as tidings:
        found = _detail(tidings, campaign, contact, address, message_id)
    if as_json:
        show_json(found)
        return
    _show(found)
    if found.settles:
        say_next(f"tidings delivery settle {found.campaign_id} {found.contact_id} --arrived (or --send-again)")


@commands.command("settle")
def settle(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its id, name, or `latest`.")],
    contact: Annotated[str, typer.Argument(metavar="CONTACT", help="The contact's id, con_….")],
    arrived: Annotated[bool, typer.Option("--arrived", help="The reader has it.")] = False,
    send_again: Annotated[bool, typer.Option("--send-again", help="Send it again: perhaps twice.")] = False,
    reason: Annotated[str, typer.Option("--reason", "-m", help="How you know; goes on record.")] = "",
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Say what became of an uncertain delivery."""
    if arrived == send_again:
        raise CommandError("Say which.", "Give --arrived or --send-again.", USAGE)
    with connected() as tidings:
        known = campaign_id(tidings, campaign)
        if send_again:
            confirm("Send it again? The reader may get it twice.", yes=yes, no_input=no_input)
        found = tidings.deliveries.settle(known, contact, "arrived" if arrived else "send_again", reason)
    say("Noted: it arrived." if arrived else "It goes out again, with the same Message-ID.")
    if as_json:
        show_json(found)


def _find(tidings: Tidings, address: str, message_id: str) -> list[FoundDelivery]:
    if not address and not message_id:
        raise CommandError("There is nothing to look for.", "Give --address or --message-id.", USAGE)
    return tidings.deliveries.find(address=address, message_id=message_id).items


def _detail(tidings: Tidings, campaign: str, contact: str, address: str, message_id: str) -> DeliveryDetail:
    if campaign and contact:
        return tidings.deliveries.get(campaign_id(tidings, campaign), contact)
    found = _find(tidings, address, message_id)
    if campaign:
        known = campaign_id(tidings, campaign)
        found = [each for each in found if each.campaign_id == known]
    if not found:
        raise CommandError("There is no such delivery.", "Look at the spelling.", NOT_FOUND)
    latest = found[0]
    if len(found) > 1:
        say(f"The latest of {len(found)}; `tidings delivery find` lists them all.")
    return tidings.deliveries.get(
        latest.campaign_id, latest.contact_id, channel=latest.channel, step=latest.step
    )  # fmt: skip


def _show(found: DeliveryDetail) -> None:
    standing = found.standing
    show_fields(
        {
            "Delivery": f"{found.campaign_name}, variant {found.variant}, to {found.name} {found.email}".rstrip(),
            "State": f"{found.state}, {moment(found.at)}".rstrip(", "),
            "Said": _said(found),
            "Due": f"{moment(found.due_at)} ({found.local_time} there)",
            "Planned": moment(found.planned_at) if found.planned_at not in {None, found.due_at} else "",
            "Why then": found.planned_reason,
            "Message-ID": found.message_id,
            "May be written to": "yes" if standing.allowed else f"no: {standing.why_not.replace('_', ' ')}",
            "Consent": _dated(standing.consent, moment(standing.consent_at), standing.consent_source),
            "Suppression": _dated(standing.suppression, moment(standing.suppression_at), standing.suppression_source),
            "Subject": found.sent.subject if found.sent else "",
        }
    )
    show()
    show_table(
        ["ATTEMPT", "AT", "OUTCOME", "RELAY", "REPLY", "WORDS"],
        [(each.number, moment(each.at), each.outcome, each.relay, each.code, each.words) for each in found.attempts],
    )
    show()
    for event in found.events:
        detail = ", ".join(f"{name} {value}" for name, value in event.detail.items())
        machine = " (probably a machine)" if event.by_machine else ""
        show(f"{moment(event.at)}  {event.kind}{machine}  {detail}".rstrip())


def _said(found: FoundDelivery) -> str:
    return server_said(found.code, found.reason)


def _dated(what: str, at: str, source: str) -> str:
    return ", ".join(part for part in (what.replace("_", " "), at, source) if part) if what else ""
