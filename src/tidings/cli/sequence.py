"""`tidings sequence …`: messages, waits and branches through which people walk one by one."""

from __future__ import annotations

import json
import sys
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import ERROR, USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, Limit, NoInput, Yes, confirm
from tidings.cli.output import count_of, moment, say, say_next, show, show_fields, show_json, show_table
from tidings.cli.references import choose

if TYPE_CHECKING:
    from tidings_client import Tidings
    from tidings_client.sequences import Sequence

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Messages one after the other, to each person in time.")
SequenceRef = Annotated[
    str, typer.Argument(metavar="SEQUENCE", help="Its id, the beginning of its id, its name, or `latest`.")
]
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="The definition, YAML or JSON; `-` reads stdin.", allow_dash=True)
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the messages.")]
WAIT_S = 300.0


@commands.command("templates")
def templates(
    name: Annotated[str, typer.Argument(help="Show this one as YAML; without it, list them.")] = "",
    brand: Annotated[str, typer.Option(help="Whose name and website are put in; of one brand only, that one's.")] = "",
    website: Annotated[str, typer.Option(help="Where its links lead, in place of the brand's website.")] = "",
    as_json: AsJson = False,
) -> None:
    """List sequences to begin from, or show one."""
    with connected() as tidings:
        found = tidings.sequences.templates()
        places = _places(tidings, brand, website) if name and not as_json else {}
    if as_json:
        show_json([each for each in found if name in {"", each.id}])
    elif name:
        text = next((each.text for each in found if each.id == name), None)
        if text is None:
            raise CommandError(f"There is no template {name!r}.", f"One of: {', '.join(each.id for each in found)}.")
        for place, value in places.items():
            text = text.replace(f'"{{{place}}}"', json.dumps(value, ensure_ascii=False))
        show(text)
        if '"{website}"' in text:
            say("Put your brand and website in the place of {brand} and {website}, or give --brand.")
    else:
        show_table(["NAME", "WHAT IT DOES"], [(each.id, each.description) for each in found])
        say_next("tidings sequence templates welcome > welcome.yaml", "tidings sequence new welcome.yaml")


def _places(tidings: Tidings, brand: str, website: str) -> dict[str, str]:
    """What stands in a template's open places: of the brand that is meant, or of the only one there is."""
    brands = tidings.brands.list().items
    named = [(each.id, each.name) for each in brands]
    wanted = choose("brand", brand, named, listing="tidings brand list") if brand else ""
    meant = next((each for each in brands if each.id == wanted or (not brand and len(brands) == 1)), None)
    places = {"brand": meant.name, "website": meant.website} if meant is not None else {}
    return {**places, **({"website": website} if website else {})}


@commands.command("new")
def new(
    file: FileArgument,
    check: Annotated[bool, typer.Option("--check", help="Only check the definition; make nothing.")] = False,
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Make a sequence from a file; waits until its messages are written."""
    definition = _read(file)
    with connected() as tidings:
        if check:
            show_json(tidings.sequences.check(definition))
            return
        made = tidings.sequences.create(definition)
        say(f"Made {made.id}.")
        _answer(made if no_wait else _written(tidings, made), as_json=as_json)


@commands.command("edit")
def edit(sequence: SequenceRef, file: FileArgument, no_wait: NoWait = False, as_json: AsJson = False) -> None:
    """Give it another definition; one that runs goes on as it was until the edit is approved."""
    definition = _read(file)
    with connected() as tidings:
        made = tidings.sequences.edit(_id(tidings, sequence), definition)
        _answer(made if no_wait else _written(tidings, made), as_json=as_json)


@commands.command("list")
def list_sequences(limit: Limit = 50, as_json: AsJson = False) -> None:
    """List sequences, newest first."""
    with connected() as tidings:
        rows = list(islice(tidings.sequences.all(), limit))
    if as_json:
        show_json(rows)
        return
    show_table(
        ["ID", "NAME", "STATE", "ENTERED", "IN IT", "TO THE END"],
        [(row.id, row.name, _state(row), row.entered, row.inside, row.completed) for row in rows],
    )
    if not rows:
        say_next("tidings sequence templates")


@commands.command("show")
def show_sequence(
    sequence: SequenceRef = "latest",
    definition: Annotated[bool, typer.Option("--definition", help="The definition alone, as YAML.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show where its people stand."""
    with connected() as tidings:
        found = tidings.sequences.get(_id(tidings, sequence))
    if definition:
        from tidings.campaigns.sequences.catalogue import write_yaml

        show(write_yaml(found.definition).rstrip())
        return
    _answer(found, as_json=as_json)


@commands.command("people")
def people(
    sequence: SequenceRef,
    step: Annotated[str | None, typer.Option(help="Only those at this step.")] = None,
    left: Annotated[bool, typer.Option("--left", help="Those who have left, and why.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List people in it."""
    with connected() as tidings:
        found = list(islice(tidings.sequences.all_people(_id(tidings, sequence), step=step, inside=not left), limit))
    if as_json:
        show_json(found)
        return
    show_table(
        ["ADDRESS", "STEP", "ENTERED", "NEXT", "LEFT"],
        [
            (each.email, each.step, moment(each.entered_at), moment(each.due_at), each.left_because or "–")
            for each in found
        ],
    )


@commands.command("enter")
def enter(
    sequence: SequenceRef,
    contacts: Annotated[list[str], typer.Argument(metavar="CONTACT…", help="Ids of contacts.")],
    as_json: AsJson = False,
) -> None:
    """Let people in by their ids."""
    with connected() as tidings:
        result = tidings.sequences.enter(_id(tidings, sequence), contacts)
    if as_json:
        show_json(result)
    else:
        numbers: dict[str, Any] = {
            "Entered": len(result.entered), "In it already": len(result.already), "Refused": len(result.refused),
            "Later": len(result.later),
        }  # fmt: skip
        show_fields(numbers)
    if result.refused:
        raise typer.Exit(ERROR)


@commands.command("approve")
def approve(
    sequence: SequenceRef,
    comment: Annotated[str, typer.Option("--comment", "-m", help="Goes on record with your approval.")] = "",
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Approve every step and every message, or the edit that waits."""
    with connected() as tidings:
        found = tidings.sequences.get(_id(tidings, sequence))
        asked = found.proposed_revision or found.revision
        if asked is None:
            raise CommandError(f"“{found.name}” has no messages yet.", "Wait for the Content agent.", USAGE)
        if not yes:
            _show(found)
            for draft in asked.drafts:
                show(f"\n{draft.variant}: {draft.subject}\n  " + "\n  ".join(_texts(draft.blocks)))
        confirm(f"Approve revision {asked.number} of “{found.name}”?", yes=yes, no_input=no_input)
        _answer(tidings.sequences.approve(found.id, asked.id, comment), as_json=as_json)


@commands.command("start")
def start(sequence: SequenceRef, yes: Yes = False, no_input: NoInput = False, as_json: AsJson = False) -> None:
    """Start an approved sequence: people enter from now on."""
    with connected() as tidings:
        found = tidings.sequences.get(_id(tidings, sequence))
        confirm(f"Start “{found.name}”?", yes=yes, no_input=no_input)
        _answer(tidings.sequences.start(found.id), as_json=as_json)


@commands.command("pause")
def pause(sequence: SequenceRef, as_json: AsJson = False) -> None:
    """Hold everybody where they are."""
    with connected() as tidings:
        _answer(tidings.sequences.pause(_id(tidings, sequence)), as_json=as_json)


@commands.command("resume")
def resume(sequence: SequenceRef, as_json: AsJson = False) -> None:
    """Go on from where it was paused."""
    with connected() as tidings:
        _answer(tidings.sequences.resume(_id(tidings, sequence)), as_json=as_json)


@commands.command("stop")
def stop(sequence: SequenceRef, yes: Yes = False, no_input: NoInput = False, as_json: AsJson = False) -> None:
    """End a sequence for good."""
    with connected() as tidings:
        found = tidings.sequences.get(_id(tidings, sequence))
        inside = count_of(found.inside, "person is", "people are")
        confirm(f"Stop “{found.name}” for good? {inside} in it.", yes=yes, no_input=no_input)
        _answer(tidings.sequences.stop(found.id), as_json=as_json)


def _read(path: Path) -> dict[str, Any]:
    """A definition's file, `-` for stdin. Raises CommandError that names the line that cannot be read."""
    from tidings.campaigns.sequences.catalogue import read_yaml
    from tidings.domain.errors import InvalidInputError

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.", code=USAGE) from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} is not UTF-8 text.", code=USAGE) from None
    try:
        return json.loads(json.dumps(read_yaml(text), default=str))  # YAML reads bare dates as dates
    except InvalidInputError as error:
        raise CommandError(error.message, error.remedy, USAGE) from None


def _id(tidings: Tidings, reference: str) -> str:
    rows = [(row.id, row.name) for row in islice(tidings.sequences.all(), 1 if reference == "latest" else 1_000)]
    if reference == "latest" and rows:
        return rows[0][0]
    return choose("sequence", reference, rows, listing="tidings sequence list")


def _written(tidings: Tidings, made: Sequence) -> Sequence:
    """Until the Content agent has written what there was to write, or cannot."""
    until = time.monotonic() + WAIT_S
    found = made
    while time.monotonic() < until:
        found = tidings.sequences.get(made.id)
        writing = found.state == "drafting" or (found.proposed is not None and found.proposed_revision is None)
        if not writing:
            return found
        time.sleep(0.5)
    say("It is still being written; `tidings status` says whether the agents run.")
    return found


def _answer(found: Sequence, *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        _show(found)
    say_next(*_next(found))


def _show(found: Sequence) -> None:
    left = ", ".join(f"{number:,} {reason.replace('_', ' ')}" for reason, number in found.left.items())
    show_fields(
        {"Sequence": found.name, "Id": found.id, "State": _state(found), "Reason": found.state_reason or None,
         "Entered": found.entered, "In it now": found.inside, "Left": left or None, "Next": moment(found.next_due)}
    )  # fmt: skip
    show()
    show_table(
        ["STEP", "WHAT", "HERE", "SENT", "CLICKED", "LEFT", "LEADS TO"],
        [
            (step.id, step.words, step.here, *((step.sent, step.clicked) if step.kind == "send" else ("", "")),
             step.left, ", ".join(f"{way.label}: {way.to}" if way.label else way.to for way in step.ways))
            for step in found.flow
        ],
    )  # fmt: skip


def _state(found: Any) -> str:
    if found.paused:
        return "paused"
    return "running" if found.state == "sending" else str(found.state)


def _next(found: Sequence) -> list[str]:
    allowed = {action.name for action in found.actions if action.allowed}
    ways = (("approve", "approve"), ("send", "start"), ("resume", "resume"), ("retry", ""))
    lines = [f"tidings sequence {verb} {found.id}" for name, verb in ways if name in allowed and verb]
    return [*lines, *([f"tidings campaign retry {found.id}"] if "retry" in allowed else [])]


def _texts(blocks: list[dict[str, Any]]) -> list[str]:
    return [str(block.get("text") or block.get("label") or "") for block in blocks if block.get("kind") != "divider"]
