"""`tidings claim …`: the sentences drafts of a brand may state."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, NoInput, Yes, can_ask, confirm
from tidings.cli.output import moment, say, say_next, show_fields, show_json, show_table

if TYPE_CHECKING:
    from tidings_client import Tidings
    from tidings_client.brands import Claim, Proposal

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Claims: the sentences a person vouches for.")
BrandArgument = Annotated[str, typer.Argument(metavar="BRAND", help="Its name or id.")]
ClaimArgument = Annotated[str, typer.Argument(metavar="CLAIM", help="Its id; see `tidings claim list`.")]
Kind = Annotated[str | None, typer.Option(help="what, ability, benefit, proof, offer, date or place; else derived.")]
Evidence = Annotated[str | None, typer.Option(help="What shows that it is true.")]
EvidenceUrl = Annotated[str | None, typer.Option(help="Where that can be read.")]
Until = Annotated[str | None, typer.Option("--until", help="The last day it holds, such as 2026-12-31.")]
Channels = Annotated[list[str] | None, typer.Option("--channel", help="Only in this channel; may be repeated.")]


@commands.command("list")
def list_claims(
    brand: BrandArgument,
    state: Annotated[str | None, typer.Option(help="valid, expiring, expired, proposed or retired.")] = None,
    as_json: AsJson = False,
) -> None:
    """List a brand's claims, those that are retired only when asked for."""
    with connected() as tidings:
        found = tidings.brands.claims(tidings.brands.get(brand).id, state=state).items
    if as_json:
        show_json(found)
        return
    show_table(
        ["ID", "STATE", "SENTENCE", "KIND", "UNTIL", "VOUCHED FOR BY"],
        [
            (each.id, each.state, each.sentence, each.kind, moment(each.valid_until), each.approved_by or "nobody")
            for each in found
        ],
    )
    if not found:
        say_next(f'tidings claim add "{brand}" "…"')


@commands.command("add")
def add(  # noqa: PLR0917 - Typer makes options of the parameters
    brand: BrandArgument,
    sentence: Annotated[str, typer.Argument(help="One whole sentence.")],
    kind: Kind = None,
    evidence: Evidence = None,
    evidence_url: EvidenceUrl = None,
    until: Until = None,
    channel: Channels = None,
    propose: Annotated[bool, typer.Option("--propose", help="Only propose it; somebody else approves.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a claim you vouch for."""
    with connected() as tidings:
        made = tidings.brands.add_claim(
            tidings.brands.get(brand).id, sentence, kind=kind, evidence=evidence or "", evidence_url=evidence_url or "",
            valid_until=_end_of(until), channels=channel or (), approve=not propose,
        )  # fmt: skip
    _answer(made, as_json=as_json)


@commands.command("edit")
def edit(
    claim: ClaimArgument,
    sentence: Annotated[str | None, typer.Option(help="Another sentence; it then needs approving anew.")] = None,
    kind: Kind = None,
    evidence: Evidence = None,
    evidence_url: EvidenceUrl = None,
    until: Until = None,
    channel: Channels = None,
    as_json: AsJson = False,
) -> None:
    """Change the given fields of a claim."""
    given: dict[str, Any] = {
        "sentence": sentence, "kind": kind, "evidence": evidence, "evidence_url": evidence_url,
        "valid_until": _end_of(until), "channels": channel,
    }  # fmt: skip
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise CommandError("There is nothing to change.", "Say, for example: --until 2026-12-31", USAGE)
    with connected() as tidings:
        made = tidings.brands.edit_claim(claim, changes)
    _answer(made, as_json=as_json)


@commands.command("approve")
def approve(claim: ClaimArgument, until: Until = None, as_json: AsJson = False) -> None:
    """Vouch for a proposed claim, or renew one that expires, in your name."""
    with connected() as tidings:
        made = tidings.brands.approve_claim(claim, valid_until=_end_of(until))
    _answer(made, as_json=as_json)


@commands.command("retire")
def retire(claim: ClaimArgument, yes: Yes = False, no_input: NoInput = False, as_json: AsJson = False) -> None:
    """Take a claim out of use for good: no draft that says it can be sent."""
    confirm("Retire this claim for good?", yes=yes, no_input=no_input)
    with connected() as tidings:
        made = tidings.brands.retire_claim(claim)
    _answer(made, as_json=as_json)


@commands.command("propose")
def propose(
    brand: BrandArgument,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Text, Markdown, HTML or PDF.")] = None,
    url: Annotated[str | None, typer.Option(help="A public web page; the server fetches it.")] = None,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Read sentences that could be claims from a file or page, and confirm them one by one."""
    if (file is None) is (url is None):
        raise CommandError("Give one source.", "Say --file FILE or --url ADDRESS.", USAGE)
    with connected() as tidings:
        brand_id = tidings.brands.get(brand).id
        if file is not None:
            found = tidings.brands.propose_claims_from_file(brand_id, file.name, _read(file))
        else:
            found = tidings.brands.propose_claims(brand_id, url=url or "")
        if as_json:
            show_json(found)
        elif can_ask(no_input):
            _confirm_each(tidings, brand_id, found)
        else:
            show_table(
                ["SENTENCE", "KIND", "PLACE", "LOOK TWICE"],
                [(each.sentence, each.kind, each.place, "; ".join(each.flags)) for each in found.suggestions],
            )
            say_next(f'tidings claim add "{brand}" "…"')


def _confirm_each(tidings: Tidings, brand_id: str, found: Proposal) -> None:
    say(f"{len(found.suggestions)} sentences. Enter skips one, y confirms it, anything else is your wording of it.")
    taken = 0
    for each in found.suggestions:
        say(f"\n{each.sentence}\n  {each.place}" + "".join(f"\n  ! {flag}" for flag in each.flags))
        answer = typer.prompt("Confirm", default="", show_default=False, err=True).strip()
        if not answer:
            continue
        sentence = each.sentence if answer.casefold() in {"y", "yes"} else answer
        evidence = f"{found.source}, {each.place}"
        tidings.brands.add_claim(brand_id, sentence, kind=each.kind, evidence=evidence, evidence_url=found.url)
        taken += 1
    say(f"{taken} confirmed in your name.")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", code=USAGE) from None


def _end_of(day: str | None) -> datetime | None:
    """The last second of a day on this machine."""
    if not day:
        return None
    try:
        return datetime.fromisoformat(day).replace(hour=23, minute=59, second=59).astimezone()
    except ValueError:
        raise CommandError(f"{day} is no day.", "Write it like 2026-12-31.", USAGE) from None


def _answer(claim: Claim, *, as_json: bool) -> None:
    if as_json:
        show_json(claim)
        return
    show_fields(
        {
            "Claim": claim.id, "Sentence": claim.sentence, "State": claim.state or "", "Kind": claim.kind,
            "Vouched for by": claim.approved_by or "nobody", "Until": moment(claim.valid_until),
            "Evidence": " ".join(part for part in (claim.evidence, claim.evidence_url) if part),
            "Only in": ", ".join(claim.channels),
        }
    )  # fmt: skip
    if claim.state == "proposed":
        say_next(f"tidings claim approve {claim.id}")
