"""`tidings brand …`: whose voice a mail has, and who sends it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings.cli.briefs import as_yaml, read_brief
from tidings.cli.connection import connected
from tidings.cli.failures import USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson
from tidings.cli.output import say, say_next, show, show_json, show_table

if TYPE_CHECKING:
    from tidings_client.brands import Brand

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Brands: voice, senders, looks.")
BrandArgument = Annotated[str, typer.Argument(metavar="BRAND", help="Its name or id.")]
BrandFile = Annotated[
    Path | None, typer.Option("--file", "-f", help="YAML or JSON with its fields; `-` reads stdin.", allow_dash=True)
]
Setting = Annotated[
    list[str] | None, typer.Option("--set", help="FIELD=VALUE, with dots: manner.emoji=never; may be repeated.")
]
Disclosure = Annotated[
    str | None,
    typer.Option(help="The line under mails a model wrote: `usual` (in the brand's language), `none`, or your words."),
]
EXAMPLE = """\
name: Northwind Bakery
voice: friendly
sender: {name: Northwind Bakery, address: hello@northwind.example.com}
postal_address: Mill Lane 4, 1010 Vienna, Austria
website: https://northwind.example.com
manner: {adjectives: [warm, honest], dont: [cheap as chips], emoji: never, reading_grade: 8}
"""


@commands.command("list")
def list_brands(as_json: AsJson = False) -> None:
    """List the brands your role reaches."""
    with connected() as tidings:
        found = tidings.brands.list().items
    if as_json:
        show_json(found)
        return
    show_table(
        ["ID", "NAME", "VOICE", "SENDER", "WEBSITE"],
        [(each.id, each.name, each.voice, each.sender.address, each.website) for each in found],
    )
    if not found:
        say_next("tidings brand new --file FILE")


@commands.command("show")
def show_brand(brand: BrandArgument, as_json: AsJson = False) -> None:
    """Show a brand as its file would have it."""
    with connected() as tidings:
        found = tidings.brands.get(brand)
    _answer(found, as_json=as_json)


@commands.command("new")
def new(
    file: BrandFile = None, settings: Setting = None, ai_disclosure: Disclosure = None, as_json: AsJson = False
) -> None:
    """Make a brand from a file, from --set, or both."""
    fields = _fields(file, settings) | _disclosed(ai_disclosure)
    if not fields:
        raise CommandError("There are no fields.", f"Give them with --file FILE:\n{EXAMPLE}", USAGE)
    with connected() as tidings:
        made = tidings.brands.create(fields)
    say(f"Made {made.id}.")
    _answer(made, as_json=as_json)
    say_next(f'tidings claim propose "{made.name}" --file SHEET')


@commands.command("edit")
def edit(
    brand: BrandArgument, file: BrandFile = None, settings: Setting = None, ai_disclosure: Disclosure = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Change the given fields; the others stay. A campaign approved before may need approving again."""
    fields = _fields(file, settings) | _disclosed(ai_disclosure)
    if not fields:
        raise CommandError("There is nothing to change.", "Say, for example: --set manner.emoji=never", USAGE)
    with connected() as tidings:
        before = tidings.brands.get(brand)
        for name in ("manner", "tracking", "sender", "logo"):  # the server replaces a whole one
            had = getattr(before, name)
            if isinstance(fields.get(name), dict) and had is not None:
                fields[name] = had.model_dump(mode="json") | fields[name]
        changed = tidings.brands.update(before.id, fields)
    _answer(changed, as_json=as_json)


def _disclosed(line: str | None) -> dict[str, Any]:
    return {} if line is None else {"ai_disclosure": "" if line == "none" else line}


def _answer(brand: Brand, *, as_json: bool) -> None:
    if as_json:
        show_json(brand)
    else:
        show(as_yaml(brand.model_dump(mode="json")))


def _fields(file: Path | None, settings: list[str] | None) -> dict[str, Any]:
    """The file's fields with those of --set over them. Raises CommandError for what cannot be read."""
    import yaml

    fields: dict[str, Any] = read_brief(file) if file else {}
    fields.pop("id", None)
    for each in settings or []:
        name, sign, text = each.partition("=")
        if not sign or not name.strip():
            raise CommandError(f"“{each}” sets nothing.", "Write FIELD=VALUE, for example voice=bold.", USAGE)
        try:
            value = (
                yaml.safe_load(text)
                if text[:1] in "[{" or text.isdigit() or text in {"null", "true", "false"}
                else text
            )
        except yaml.YAMLError:
            raise CommandError(f"The value of {name} cannot be read.", "Lists are written [one, two].", USAGE) from None
        _put(fields, name.strip().split("."), value)
    return fields


def _put(fields: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for part in parents:
        if not isinstance(fields.setdefault(part, {}), dict):
            raise CommandError(f"{part} holds no fields.", "Set it as a whole.", USAGE)
        fields = fields[part]
    fields[last] = value
