"""Getting a brief: from a YAML or JSON file, from options, or by asking for each field."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidings.cli.failures import USAGE, CommandError

if TYPE_CHECKING:
    from tidings_client import Tidings

EXAMPLE = """\
name: Autumn workshop
type: event
goal: Fill the bread workshop
brand: Northwind Bakery
audience: everyone
facts:
  - It is a bread workshop for beginners.
  - You get a sourdough starter to take home.
call_to_action: Reserve a place
link: https://example.com/workshop
"""
_ASKED = (
    ("name", "Name of the campaign", ""),
    ("type", "Type: announcement, event, offer, newsletter, welcome, win_back, feedback or update", "announcement"),
    ("goal", "What it should achieve", ""),
    ("brand", "Brand", ""),
    ("audience", "Audience: a segment's name, or everyone", "everyone"),
)
_ASKED_AFTER_FACTS = (
    ("call_to_action", "What the button says", ""),
    ("link", "Where it leads (https://…)", ""),
)


def read_brief(path: Path) -> dict[str, Any]:
    """The brief of a file, `-` for stdin. Raises CommandError that names the line that cannot be read."""
    import yaml

    name = "What came on the standard input" if str(path) == "-" else str(path)
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.", code=USAGE) from None
    except UnicodeDecodeError:
        raise CommandError(f"{name} is not UTF-8 text.", f"A brief looks like this:\n{EXAMPLE}", USAGE) from None
    try:
        brief = yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f" (line {place.line + 1}, column {place.column + 1})" if place else ""
        why = getattr(error, "problem", None) or "it is not YAML"
        raise CommandError(
            f"{name} cannot be read{where}: {why}.", f"A brief looks like this:\n{EXAMPLE}", USAGE
        ) from None
    if not text.strip():
        raise CommandError(f"{name} is empty.", f"A brief looks like this:\n{EXAMPLE}", USAGE)
    if not isinstance(brief, dict):
        raise CommandError(f"{name} is not a list of named fields.", f"A brief looks like this:\n{EXAMPLE}", USAGE)
    return _as_json({str(key): value for key, value in brief.items()})  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _as_json(brief: dict[str, Any]) -> dict[str, Any]:
    """YAML reads bare dates as dates; a brief's dates are texts."""
    return {key: _text(value) for key, value in brief.items()}


def _text(value: Any) -> Any:
    """A date as text, in a field or in the fields of one (the invitation's)."""
    if isinstance(value, dict):
        return {str(key): _text(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value.isoformat() if hasattr(value, "isoformat") else value


def from_words(tidings: Tidings, text: str, given: dict[str, Any], *, yes: bool, may_ask: bool) -> dict[str, Any]:
    """The brief of a text in plain words: shown, its gaps asked for, and confirmed by whoever is here.

    What was `given` by options holds over what the text says.

    Raises CommandError where nobody can answer what is missing, and when the answer is no.
    """
    import typer

    from tidings.cli.output import say

    if text == "-":
        text = sys.stdin.read()
    parsed = tidings.briefs.parse(text)
    brief = parsed.fields | given
    gaps = [gap for gap in parsed.gaps if gap.field not in given]
    if gaps and not may_ask:
        asked = "\n".join(f"- {gap.question} ({gap.field})" for gap in gaps)
        raise CommandError(f"The text leaves open:\n{asked}", "Say it in the text, or give it as an option.", USAGE)
    for gap in gaps:
        shown = f" ({', '.join(gap.choices)})" if gap.choices else ""
        answer = typer.prompt(f"{gap.question}{shown}", err=True)
        brief[gap.field] = [answer] if gap.field == "facts" else answer
    say(as_yaml(brief))
    for note in parsed.notes:
        say(f"Check: {note}")
    if parsed.unused:
        say("In no field:\n" + "\n".join(f"- {sentence}" for sentence in parsed.unused[:20]))
    if not yes:
        if not may_ask:
            raise CommandError("Nobody is here to confirm the brief.", "Say --yes if it is as you mean it.", USAGE)
        if not typer.confirm("Start the campaign from this brief?", err=True):
            raise CommandError("Nothing was started.")
    return brief


def as_yaml(brief: dict[str, Any]) -> str:
    """A brief as its file would have it."""
    import yaml

    return yaml.safe_dump(brief, sort_keys=False, allow_unicode=True, width=100).rstrip()


def ask_brief(known: dict[str, Any]) -> dict[str, Any]:
    """Asks on the terminal for each field that is not known yet."""
    import typer

    brief = dict(known)

    def ask(fields: tuple[tuple[str, str, str], ...]) -> None:
        for name, question, default in fields:
            if name not in brief:
                brief[name] = typer.prompt(question, default=default or None, err=True)

    ask(_ASKED)
    if "facts" not in brief:
        typer.echo(
            "The facts, one whole sentence each; nothing else will be claimed. An empty line ends them.", err=True
        )
        facts: list[str] = []
        while sentence := typer.prompt(f"Fact {len(facts) + 1}", default="", show_default=False, err=True):
            facts.append(sentence)
        brief["facts"] = facts
    ask(_ASKED_AFTER_FACTS)
    return brief
