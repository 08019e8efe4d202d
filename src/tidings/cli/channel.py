"""`tidings channel …`: accounts at providers, by which messages leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import NOT_FOUND, USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, NoInput, Yes, can_ask, confirm
from tidings.cli.output import moment, say, say_next, show, show_fields, show_json, show_table
from tidings.cli.references import choose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tidings_client import Tidings
    from tidings_client.channels import ChannelAccount, Provider

commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Accounts at providers, by which messages leave.")

Account = Annotated[str, typer.Argument(help="Its id or name.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A setting; may be repeated. No secrets.")
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="NAME=file:PATH|env:VARIABLE",
        help="Where a secret is read from; may be repeated. Without it you are asked.",
    ),
]
_ACCOUNT_FAILED = 1


@commands.command("providers")
def providers(
    name: Annotated[str | None, typer.Argument(help="Show this one, with its settings.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the providers there are, or the settings of one."""
    with connected() as tidings:
        found = tidings.channels.providers().items
    if name is not None:
        one = _provider(found, name)
        return show_json(one) if as_json else _show_provider(one)
    if as_json:
        return show_json(found)
    kinds = {True: "writes to persons", False: "posts"}
    return show_table(
        ["PROVIDER", "NAME", "CHANNEL", "WAY"],
        [(each.name, each.title, each.channel, kinds[each.personal]) for each in found],
    )


def _provider(found: Iterable[Provider], name: str) -> Provider:
    for each in found:
        if each.name == name:
            return each
    raise CommandError(f"There is no provider {name!r}.", "See tidings channel providers.", NOT_FOUND)


def _show_provider(one: Provider) -> None:
    show_fields({"Provider": one.title, "Channel": one.channel, "About": one.about, **_titled(one.limits)})
    show()
    needed = set(one.form.get("required", ()))
    rows = [
        (
            name,
            "secret" if name in one.secrets else part.get("default", "") if name not in needed else "",
            "yes" if name in needed else "",
            part.get("description", ""),
        )
        for name, part in one.form.get("properties", {}).items()
    ]
    show_table(["SETTING", "DEFAULT", "NEEDED", "WHAT IT IS"], rows)


def _titled(limits: dict[str, str]) -> dict[str, str]:
    return {f"Limit, {name}": words for name, words in limits.items()}


@commands.command("list")
def list_accounts(as_json: AsJson = False) -> None:
    """List the accounts and how they are."""
    with connected() as tidings:
        found = tidings.channels.list().items
    if as_json:
        show_json(found)
        return
    rows = [
        (each.id, each.name, each.channel, each.title, each.state, each.in_use, each.priority, each.problem)
        for each in found
    ]
    show_table(["ID", "NAME", "CHANNEL", "PROVIDER", "STATE", "IN USE", "PRIORITY", "PROBLEM"], rows)


@commands.command("show")
def show_account(account: Account, as_json: AsJson = False) -> None:
    """Show one account; of its secrets only whether they are set."""
    with connected() as tidings:
        found = tidings.channels.get(_id(tidings, account))
    if as_json:
        show_json(found)
    else:
        _show_account(found)


def _show_account(found: ChannelAccount) -> None:
    show_fields(
        {
            "Account": found.name,
            "Id": found.id,
            "Provider": f"{found.title} ({found.channel})",
            "State": found.state,
            "Problem": found.problem,
            "In use": found.in_use,
            "Priority": found.priority,
            "Checked": moment(found.checked_at),
            **{name.replace("_", " ").capitalize(): value for name, value in found.config.items()},
            **{
                name.replace("_", " ").capitalize(): "set" if is_set else "not set"
                for name, is_set in found.secrets.items()
            },
        }
    )


@commands.command("add")
def add(
    provider: Annotated[str, typer.Argument(help="See tidings channel providers.")],
    name: Annotated[str, typer.Option(help="What you call it.")] = "",
    settings: Settings = None,
    secret: Secrets = None,
    brand: Annotated[str | None, typer.Option(help="Only this brand, by id; for channels that post.")] = None,
    priority: Annotated[int, typer.Option(help="The highest of a channel is used.")] = 0,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Set up an account. Secrets are asked for, or read from a file or a variable: never given as an argument."""
    with connected() as tidings:
        kind = _provider(tidings.channels.providers().items, provider)
        values = _values(kind, settings, secret, ask=can_ask(no_input), needed=True)
        made = tidings.channels.create(provider, values, name=name, brand_id=brand, priority=priority)
    if as_json:
        show_json(made)
    else:
        _show_account(made)
    if made.can_check:
        say_next(f"tidings channel check {made.id}")
    elif made.personal:  # a test by one that posts would be seen by everybody
        say_next(f"tidings channel test {made.id} ADDRESS")


@commands.command("set")
def change(
    account: Account,
    settings: Settings = None,
    secret: Secrets = None,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    priority: Annotated[int | None, typer.Option(help="The highest of a channel is used.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change an account; what is not named stays, secrets too."""
    with connected() as tidings:
        found = tidings.channels.get(_id(tidings, account))
        kind = _provider(tidings.channels.providers().items, found.provider)
        values = _values(kind, settings, secret, ask=False, needed=False)
        if not values and name is None and priority is None:
            raise CommandError("There is nothing to change.", "Give --set, --secret, --name or --priority.", USAGE)
        changed = tidings.channels.update(found.id, name=name, settings=values or None, priority=priority)
    if as_json:
        show_json(changed)
    else:
        _show_account(changed)


def _values(
    kind: Provider, settings: list[str] | None, secrets: list[str] | None, *, ask: bool, needed: bool
) -> dict[str, Any]:
    """The form filled from the options; a needed secret that none names is asked for."""
    values: dict[str, Any] = {}
    for item in settings or []:
        name, value = _pair(item, "--set NAME=VALUE")
        if name in kind.secrets:
            raise CommandError(
                f"{name} is a secret: as an argument it would stand in the shell's history.",
                f"Give --secret {name}=file:PATH or --secret {name}=env:VARIABLE, or leave it out to be asked.",
                USAGE,
            )
        values[name] = _typed(value, kind.form.get("properties", {}).get(name, {}))
    for item in secrets or []:
        name, source = _pair(item, "--secret NAME=file:PATH")
        values[name] = _secret(name, source)
    for name in kind.form.get("required", ()) if needed else ():
        if name in kind.secrets and name not in values:
            if not ask:
                raise CommandError(f"{kind.title} needs {name}.", f"Give --secret {name}=file:PATH.", USAGE)
            values[name] = typer.prompt(name.replace("_", " ").capitalize(), hide_input=True, err=True)
    return values


def _pair(item: str, example: str) -> tuple[str, str]:
    name, sign, value = item.partition("=")
    if not sign or not name:
        raise CommandError(f"{item.partition('=')[0]!r} is not NAME=VALUE.", f"For example: {example}", USAGE)
    return name, value


def _typed(value: str, part: dict[str, Any]) -> Any:
    """A list from commas; everything else as text, which the form reads."""
    if part.get("type") == "array":
        return [each.strip() for each in value.split(",") if each.strip()]
    return value


def _secret(name: str, source: str) -> str:
    import os
    from pathlib import Path

    kind, _, where = source.partition(":")
    if kind == "env" and where:
        if where not in os.environ:
            raise CommandError(f"The variable {where} is not set.", f"It should hold {name}.", USAGE)
        return os.environ[where]
    if kind == "file" and where:
        try:
            return Path(where).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{where} cannot be read.", f"It should hold {name} and nothing else.", USAGE) from error
    raise CommandError(f"--secret {name}=… names no place.", f"Write {name}=file:PATH or {name}=env:VARIABLE.", USAGE)


@commands.command("check")
def check(account: Account, as_json: AsJson = False) -> None:
    """Prove an account's credentials by a request that changes nothing."""
    with connected() as tidings:
        found = tidings.channels.check(_id(tidings, account))
    if as_json:
        show_json(found)
    elif found.problem:
        show(found.problem)
    else:
        show(f"{found.name} works.")
    if found.problem:
        raise typer.Exit(_ACCOUNT_FAILED)


@commands.command("test")
def send_test(
    account: Account,
    to: Annotated[str, typer.Argument(help="An e-mail address, a phone number as +43…, or a contact's id.")],
    as_json: AsJson = False,
) -> None:
    """Send one short message by an account."""
    with connected() as tidings:
        answer = tidings.channels.test(_id(tidings, account), to)
    if as_json:
        show_json(answer)
    else:
        show(f"{answer.result}: {answer.words}" if answer.words else answer.result)
    if answer.result != "accepted":
        raise typer.Exit(_ACCOUNT_FAILED)


@commands.command("enable")
def enable(account: Account) -> None:
    """Let messages leave by an account."""
    with connected() as tidings:
        found = tidings.channels.enable(_id(tidings, account))
    say(f"{found.name} is on.")


@commands.command("disable")
def disable(account: Account) -> None:
    """Let nothing leave by an account; what waits for it stays."""
    with connected() as tidings:
        found = tidings.channels.disable(_id(tidings, account))
    say(f"{found.name} is off.")


@commands.command("remove")
def remove(account: Account, yes: Yes = False, no_input: NoInput = False) -> None:
    """Forget an account and its secrets."""
    with connected() as tidings:
        found = tidings.channels.get(_id(tidings, account))
        confirm(f"Forget {found.name} and its secrets?", yes=yes, no_input=no_input)
        tidings.channels.remove(found.id)
    say("Removed.")


@commands.command("push-link")
def push_link(contact: Annotated[str, typer.Argument(help="The contact's id.")]) -> None:
    """Make the link by which a contact allows notifications; hand it to that person only."""
    with connected() as tidings:
        show(tidings.channels.create_push_link(contact).url)


def _id(tidings: Tidings, account: str) -> str:
    known = [(each.id, each.name) for each in tidings.channels.list().items]
    return choose("account", account, known, listing="tidings channel list")
