"""Writes the reference of the command line: `python -m tidings.cli.reference > docs/reference-cli.md`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """\
# The command line

Written from the commands themselves by `python -m tidings.cli.reference`; a test fails when it is out of date.

Data goes to stdout, words to stderr. `--json` answers in JSON. `NO_COLOR` turns colours off. Where a campaign is
meant, say its id, the beginning of its id, its name, or `latest`.

| exit code | means |
|---|---|
| 0 | done |
| 1 | error |
| 2 | wrong usage or input |
| 3 | there is no such thing |
| 4 | not allowed, or not signed in |
| 5 | the server is not available |

| variable | means |
|---|---|
| `TIDINGS_URL`, `TIDINGS_TOKEN`, `TIDINGS_CA` | server, API token, certificate authority; else from `client.json` |
| `TIDINGS_DATA_DIR` | where everything is kept, `client.json` included; else `~/.local/share/tidings` |

Secrets are never given as options: tokens come from `TIDINGS_TOKEN` or `client.json`, addresses to suppress from stdin.
`tidings --install-completion` sets up completion in your shell.
"""


def write_reference() -> str:
    """The whole reference in Markdown."""
    import typer.main

    from tidings.cli.program import build_cli

    return HEAD + "".join(_command("tidings", typer.main.get_command(build_cli()))) + "\n"


def _command(path: str, command: Any) -> Iterator[str]:
    """One command; for a group, each of its commands."""
    if hasattr(command, "commands"):
        if path != "tidings":
            yield f"\n\n## {path}\n\n{_sentence(command.help)}"
        for name, inner in command.commands.items():
            yield from _command(f"{path} {name}", inner)
        return
    level = "##" if path.count(" ") == 1 else "###"
    arguments = " ".join(_place(each) for each in command.params if each.param_type_name == "argument")
    yield f"\n\n{level} {path}\n\n{_sentence(command.help)}\n\n```text\n{f'{path} {arguments}'.strip()} [OPTIONS]\n```"
    rows = [row for each in command.params if (row := _row(each))]
    if rows:
        yield "\n\n| given | means |\n|---|---|\n" + "\n".join(rows)


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def _place(argument: Any) -> str:
    name = (argument.metavar or argument.name).upper()
    return name if argument.required else f"[{name}]"


def _row(each: Any) -> str:
    if each.param_type_name == "argument":
        name = f"`{_place(each).strip('[]')}`"
    elif each.name == "help":
        return ""
    else:
        name = ", ".join(f"`{option}`" for option in each.opts)
    default = each.default
    needed = " Required." if each.param_type_name == "option" and each.required else ""
    shown = f" Default: {default}." if isinstance(default, str | int) and default not in ("", False, True) else ""
    return f"| {name} | {_sentence(each.help)}{needed}{shown} |".replace("  ", " ")


if __name__ == "__main__":
    sys.stdout.write(write_reference())
