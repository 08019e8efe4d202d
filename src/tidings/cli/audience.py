"""`tidings audience …`: contacts, consent and segments."""

from __future__ import annotations

import json
import os
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import ERROR, USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, Limit, NoInput, Yes, confirm
from tidings.cli.output import count_of, counts, moment, say, say_next, show, show_fields, show_json, show_table
from tidings.cli.references import choose, contact_id

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Contacts, consent and segments.")


@commands.command("import")
def import_contacts(
    file: Annotated[Path, typer.Argument(help="CSV with an e-mail column; `-` reads stdin.", allow_dash=True)],
    consent_source: Annotated[
        str, typer.Option(help="Where these people agreed, e.g. 'sign-up form'; goes with --consent-wording.")
    ] = "",
    consent_wording: Annotated[str, typer.Option(help="The words they agreed to; goes with --consent-source.")] = "",
    as_json: AsJson = False,
) -> None:
    """Import contacts. Rows without proof of consent are refused; an earlier no is never undone."""
    from tidings_client.contacts import ConsentProof

    try:
        table = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", code=USAGE) from None
    if bool(consent_source) != bool(consent_wording):
        raise CommandError("Give --consent-source and --consent-wording together.", code=USAGE)
    proof = ConsentProof(source=consent_source, wording=consent_wording) if consent_source else None
    with connected() as tidings:
        result = tidings.contacts.import_csv(table, consent=proof)
    if as_json:
        show_json(result)
    else:
        show_fields(
            {
                "Added": result.added,
                "Updated": result.updated,
                "Refused": len(result.refused),
            }
        )
        if silent := result.kept_silent:
            stays = "stays" if silent == 1 else "stay"
            show(f"Of these, {silent:,} said no before and {stays} unsubscribed.")
        if result.pending:
            people = count_of(result.pending, "person has", "people have")
            show(f"Of these, {people} to confirm before they get anything.")
        for warning in result.warnings:
            say(f"Warning: {warning}")
        for refused in result.refused:
            say(f"Row {refused.row}: {refused.reason}. {refused.remedy}")
    if result.refused and not result.added and not result.updated:
        raise typer.Exit(ERROR)
    more = ("tidings audience ask",) if result.pending else ()
    say_next(*more, "tidings audience list", "tidings campaign new --brief FILE")


@commands.command("list")
def list_contacts(
    query: Annotated[str, typer.Option("--query", "-q", help="Part of a name or address.")] = "",
    segment: Annotated[str | None, typer.Option(help="Only people of this segment, by name or id.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List contacts; addresses are masked unless you may read them."""
    with connected() as tidings:
        segment_id = None
        if segment:
            known = [(each.id, each.name) for each in tidings.segments.list().items]
            segment_id = choose("segment", segment, known, listing="tidings audience segments")
        found = list(islice(tidings.contacts.all(query=query, segment_id=segment_id), limit))
        counts = tidings.contacts.counts()
    if as_json:
        show_json(found)
        return
    rows = [
        (
            each.id,
            each.email,
            f"{each.first_name} {each.last_name}".strip(),
            each.country,
            each.time_zone,
            f"{each.status}, to confirm" if each.pending else each.status,
        )
        for each in found
    ]
    show_table(["ID", "ADDRESS", "NAME", "COUNTRY", "ZONE", "STATUS"], rows)
    say(
        f"{count_of(counts.contacts, 'contact')}: {counts.subscribed} subscribed, {counts.no_consent} without consent"
        + (f" ({counts.pending} of them wait to confirm)" if counts.pending else "")
        + f", {counts.suppressed} suppressed."
    )


@commands.command("show")
def show_contact(
    contact: Annotated[str, typer.Argument(help="The contact's id, address or telephone number.")],
    as_json: AsJson = False,
) -> None:
    """Show a contact and everything they said about consent."""
    with connected() as tidings:
        found = tidings.contacts.get(contact_id(tidings, contact))
    if as_json:
        show_json(found)
        return
    person = found.contact
    show_fields(
        {
            "Contact": f"{person.first_name} {person.last_name}".strip(),
            "Id": person.id,
            "Address": person.email,
            "Phone": person.phone,
            "Status": f"{person.status}, waits to confirm" if person.pending else person.status,
            "Suppressed because": found.suppressed_because,
            "Zone": person.time_zone,
            "Country": person.country,
            "Locale": person.locale,
            **person.attributes,
        }
    )
    for consent in found.consents:
        until = f", until {moment(consent.expires_at)}" if consent.expires_at else ""
        show(f"{moment(consent.at)}  {consent.purpose} {consent.state}{until}: {consent.source}: “{consent.wording}”")


@commands.command("personal-data")
def personal_data(
    contact: Annotated[str, typer.Argument(help="The contact's id, whole address or telephone number.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; without it, stdout.")] = None,
) -> None:
    """Export everything held about a person, as JSON, for somebody who asks for it. The audit trail keeps that."""
    if out is not None and out.exists():
        raise CommandError(f"{out} is there already.", remedy="Name another file, or remove it.", code=USAGE)
    with connected() as tidings:
        found = tidings.contacts.personal_data(contact)
    if out is None:
        show_json(found)
    else:
        try:
            made = os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(made, "w", encoding="utf-8") as file:
                json.dump(found, file, ensure_ascii=False, indent=2)
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.", code=USAGE) from None
    held = {name: len(entries) for name, entries in _lists(found).items()}
    say(f"Held about {found['person']['id']}: {counts(held) or 'the contact alone'}.")


def _lists(found: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: entries for name, entries in found.items() if isinstance(entries, list) and entries}


@commands.command("segments")
def segments(as_json: AsJson = False) -> None:
    """List segments with how many people match now."""
    with connected() as tidings:
        found = tidings.segments.list().items
    if as_json:
        show_json(found)
    else:
        rows = [(each.id, each.name, each.people, each.description) for each in found]
        show_table(["ID", "NAME", "PEOPLE", "DESCRIPTION"], rows)


@commands.command("suppress")
def suppress(reason: Annotated[str, typer.Option("--reason", "-m", help="Why; goes on record.")] = "") -> None:
    """Never write to an address again. The address is read from stdin, so that no history keeps it."""
    address = typer.prompt("Address", err=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    with connected() as tidings:
        tidings.contacts.suppress(address, reason)
    say("Suppressed. Nothing is sent to it any more, whoever imports it again.")


@commands.command("erase")
def erase(
    contact: Annotated[str, typer.Argument(help="The contact's id, whole address or telephone number.")],
    yes: Yes = False,
    no_input: NoInput = False,
) -> None:
    """Erase a person for good."""
    with connected() as tidings:
        person = tidings.contacts.get(contact_id(tidings, contact)).contact
        # A part of an address finds somebody to look at; to be erased, the person must be named whole.
        if contact.casefold() not in {person.id, person.email.casefold(), person.phone.casefold()}:
            raise CommandError(
                f"“{contact}” is only a part of {person.email or person.phone}.",
                remedy="Give the id, the whole address or the whole telephone number of whom to erase.", code=USAGE,
            )  # fmt: skip
        named = " ".join(word for word in (person.first_name, person.last_name, person.email or person.phone) if word)
        confirm(f"Erase {named} for good?", yes=yes, no_input=no_input)
        tidings.contacts.erase(person.id)
    say("Erased. Of the address only a keyed hash remains, so that no import brings it back.")


@commands.command("suppress-list")
def suppress_list(
    file: Annotated[Path, typer.Argument(help="CSV with an address column, or one address a line; `-` reads stdin.",
                                         allow_dash=True)],
    source: Annotated[str, typer.Option("--from", help="Where the list comes from, e.g. 'SendGrid, July'.")],
    reason: Annotated[
        str, typer.Option("--reason", help="Of rows that give none: manual, bounced, complained or unsubscribed.")
    ] = "manual",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Import the addresses another system does not write to any more, with its reasons."""
    try:
        table = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", code=USAGE) from None
    with connected() as tidings:
        result = tidings.contacts.import_suppressions(table, source, reason)
    if as_json:
        show_json(result)
        return
    show_fields({"Added": result.added, "Known before": result.known, "Refused": len(result.refused)})
    for refused in result.refused:
        say(f"Row {refused.row}: {refused.reason}. {refused.remedy}")
