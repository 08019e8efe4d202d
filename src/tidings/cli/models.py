"""`tidings models …`: the language models, their exam, and what was asked of them."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, Limit, NoInput, Yes, confirm
from tidings.cli.output import moment, say, say_next, show, show_fields, show_json, show_table

if TYPE_CHECKING:
    from tidings_client import Tidings
    from tidings_client.models import LanguageModel

BUNDLED = "smollm2"
_LOOK_SECONDS = 1.0
_DOES = {
    "writer": "writes drafts, ranks", "suggester": "suggests sentences, ranks", "judge": "ranks what others wrote",
    "none": "nothing", "unexamined": "nothing before its exam",
}  # fmt: skip
commands = typer.Typer(cls=Listed, no_args_is_help=True, help="Language models: what each may do is what it proved.")
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="Its name or id.")]


@commands.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models in the order in which they are asked."""
    with connected() as tidings:
        found = tidings.models.list().items
    if as_json:
        show_json(found)
        return
    rows = [
        (each.name, each.kind, each.licence, _DOES.get(each.licence, ""), _budget(each), "" if each.enabled else "off")
        for each in found
    ]
    show_table(["MODEL", "KIND", "LICENCE", "WHAT IT MAY DO", "TOKENS THIS MONTH", ""], rows)
    if not found:
        say("No model is configured; the Composer writes, from approved sentences alone.")
        say_next(f"tidings models add {BUNDLED}")


def _budget(model: LanguageModel) -> str:
    limit = f" of {model.monthly_tokens:,}" if model.monthly_tokens is not None else ""
    return f"{model.spent_tokens:,}{limit}"


@commands.command("add")
def add(  # noqa: PLR0917  # typer passes options by position
    name: Annotated[str, typer.Argument(help=f"Any name; `{BUNDLED}` fetches the bundled local model.")],
    file: Annotated[Path | None, typer.Option(help="A GGUF file on the server's machine.")] = None,
    url: Annotated[str | None, typer.Option(help="An OpenAI-compatible service: http://127.0.0.1:11434/v1")] = None,
    azure: Annotated[str | None, typer.Option(help="Azure OpenAI: https://NAME.openai.azure.com")] = None,
    foundry: Annotated[
        str | None, typer.Option(help="A Foundry project: https://….services.ai.azure.com/api/projects/P")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model's (or deployment's) name there.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="A file that holds the key; or set TIDINGS_MODEL_KEY.")] = None,
    cloud_allowed: Annotated[bool, typer.Option(help="Briefs and numbers may leave this machine to it.")] = False,
    monthly_tokens: Annotated[int | None, typer.Option(min=0, help="No more tokens than this in a month.")] = None,
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Add a model. It may do nothing until it has taken the exam."""
    if name == BUNDLED and not (file or url or azure or foundry):
        file = _fetched(yes=yes, no_input=no_input)
    kind, fields = _fields(file, url, azure, foundry, model)
    if kind != "gguf":
        fields["cloud_allowed"] = cloud_allowed
    if kind in {"openai", "azure_openai"}:
        fields["api_key"] = _key(key_file)
    with connected() as tidings:
        made = tidings.models.add(name, kind, fields, monthly_tokens=monthly_tokens)
    if as_json:
        show_json(made)
    else:
        say(f"Added {made.name}.")
    say_next(f"tidings models test {made.name}")


def _fetched(*, yes: bool, no_input: bool) -> Path:
    """The bundled weights, fetched into the data directory of this machine after a yes."""
    from tidings.keys.places import default_data_dir
    from tidings.llm.llama.weights import fetch, is_there

    folder = default_data_dir(os.environ)
    if not is_there(folder):
        say("This downloads about 132 MB: SmolLM2-135M-Instruct (98 MB, Apache-2.0) and llama.cpp (34 MB, MIT).")
        confirm("Download them now?", yes=yes, no_input=no_input)
        say("Fetching them, pinned by hash …")
    return fetch(folder)


def _fields(
    file: Path | None, url: str | None, azure: str | None, foundry: str | None, model: str | None
) -> tuple[str, dict[str, Any]]:
    if sum(each is not None for each in (file, url, azure, foundry)) != 1:
        raise CommandError(
            "A model is one of a file, a service's address, or an Azure endpoint.",
            f"Give --file, --url, --azure or --foundry; or `tidings models add {BUNDLED}` for the bundled one.", USAGE,
        )  # fmt: skip
    if file is not None:
        return "gguf", {"path": str(file.expanduser().absolute())}
    if not model:
        raise CommandError("Which model there?", "Give its name with --model.", USAGE)
    if url is not None:
        return "openai", {"base_url": url, "model": model}
    if foundry is not None:
        return "foundry", {"endpoint": foundry, "deployment": model}
    return "azure_openai", {"endpoint": azure, "deployment": model}


def _key(file: Path | None) -> str:
    if file is None:
        return os.environ.get("TIDINGS_MODEL_KEY", "")
    try:
        return file.expanduser().read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read.", "Name a file that holds the key and nothing else.") from error


@commands.command("test")
def take_exam(name: ModelArgument, as_json: AsJson = False) -> None:
    """Let a model take the exam; its result decides what it may do. Ctrl-C leaves it running."""
    with connected() as tidings:
        tidings.models.start_exam(name)
        found = _watched(tidings, name)
    if as_json:
        show_json(found)
    else:
        _show_exam(found)
    if found.exam.get("state") != "done":
        raise typer.Exit(1)


def _watched(tidings: Tidings, name: str) -> LanguageModel:
    told = -1
    while True:
        found = tidings.models.get(name)
        if found.exam.get("state") not in {"waiting", "running"}:
            return found
        steps = int(found.exam.get("steps", 0))
        if steps != told and found.exam.get("of"):
            say(f"  {steps} of {found.exam['of']} questions answered")
            told = steps
        time.sleep(_LOOK_SECONDS)


@commands.command("show")
def show_model(name: ModelArgument, as_json: AsJson = False) -> None:
    """Show a model with its licence and its last exam."""
    with connected() as tidings:
        found = tidings.models.get(name)
    if as_json:
        show_json(found)
        return
    settings = {key.replace("_", " ").capitalize(): value for key, value in found.config.items()}
    show_fields(
        {
            "Model": found.name, "Kind": found.kind, **settings,
            "May": _DOES.get(found.licence, found.licence), "Tokens this month": _budget(found),
            "Hash": found.model_hash[:16], "Switched on": "yes" if found.enabled else "no",
        }
    )  # fmt: skip
    show()
    _show_exam(found)


def _show_exam(model: LanguageModel) -> None:
    exam = model.exam
    if not exam:
        say("It has not taken the exam.")
        say_next(f"tidings models test {model.name}")
        return
    rows = [
        (row["brief"], "passed" if row["passed"] else "failed", (row["findings"] or [""])[0])
        for row in exam.get("drafts", [])
    ]
    if rows:
        show_table(["BRIEF", "DRAFT", "FIRST FINDING"], rows)
    if exam.get("pairs"):
        say(f"Judged {exam['right']} of {exam['pairs']} pairs of sentences rightly.")
    if exam.get("state") == "failed":
        say(f"The exam could not be taken: {exam.get('reason', '')}")
    elif model.licence_reason:
        say(f"Licence: {model.licence} – {_DOES.get(model.licence, '')}. {model.licence_reason}")


@commands.command("enable")
def enable(name: ModelArgument) -> None:
    """Switch a model on."""
    _switch(name, enabled=True)


@commands.command("disable")
def disable(name: ModelArgument) -> None:
    """Switch a model off: it is not asked any more."""
    _switch(name, enabled=False)


def _switch(name: str, *, enabled: bool) -> None:
    with connected() as tidings:
        tidings.models.update(name, {"enabled": enabled})
    say(f"{name} is {'on' if enabled else 'off'}.")


@commands.command("remove")
def remove(name: ModelArgument) -> None:
    """Remove a model and its secret; drafts it wrote keep its name."""
    with connected() as tidings:
        tidings.models.remove(name)
    say("Removed.")


@commands.command("preview")
def preview(
    name: ModelArgument, campaign: Annotated[str, typer.Argument(help="The campaign's id.")], as_json: AsJson = False
) -> None:
    """Show exactly what would be sent to a model for a campaign, without asking it."""
    with connected() as tidings:
        found = tidings.models.preview(name, campaign)
    if as_json:
        show_json(found)
        return
    show(f"{found.instructions}\n\n{found.task}")
    where = f"would go to {found.destination}" if found.leaves_machine else "would stay on this machine"
    say(f"This {where}. {'It may be asked.' if found.may_be_asked else 'It may not be asked.'}")
    for reason in found.reasons:
        say(f"  {reason}")


@commands.command("offline")
def offline(
    mode: Annotated[str, typer.Argument(help="`on`, `off` or `auto`; shows it if left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show or switch offline mode: whether cloud models are left alone. Local ones work on."""
    with connected() as tidings:
        found = tidings.models.set_offline(mode) if mode else tidings.models.get_offline()
    if as_json:
        show_json(found)
        return
    now = found.reason or "cloud models may be asked"
    show_fields({"Offline mode": found.mode, "Now": now, "By": found.by, "Since": moment(found.at)})


@commands.command("log")
def log(
    left: Annotated[bool, typer.Option("--left", help="Only what left the server's machine.")] = False,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List what was asked of models, the newest first."""
    with connected() as tidings:
        found = tidings.models.calls(left_machine=True if left else None, limit=limit).items
    if as_json:
        show_json(found)
        return
    rows = [
        (moment(each.at), each.purpose, each.destination, "left" if each.left_machine else "here", each.outcome,
         f"{each.tokens_in + each.tokens_out:,}")
        for each in found
    ]  # fmt: skip
    show_table(["WHEN", "FOR", "WHERE", "", "OUTCOME", "TOKENS"], rows)
