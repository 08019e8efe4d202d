"""`tidings agent …`: the four agents."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidings.cli.connection import connected
from tidings.cli.failures import NOT_FOUND, USAGE, CommandError
from tidings.cli.groups import Listed
from tidings.cli.options import AsJson, Limit, NoInput, Yes, can_ask
from tidings.cli.output import moment, say, say_next, show, show_fields, show_json, show_table
from tidings.cli.references import campaign_id

if TYPE_CHECKING:
    from tidings_client import Tidings
    from tidings_client.agents import Agent, Answer
    from tidings_client.decisions import Decision

MOST_WISHES = 4
commands = typer.Typer(cls=Listed, no_args_is_help=True, help="The four agents: what they do, and holding them.")


def _known_agent(name: str) -> str:
    """The name itself. Raises CommandError, with the four names, when it is none of them."""
    from tidings.domain.actor import AgentName

    if name.casefold() not in set(AgentName):
        raise CommandError(f"There is no agent {name!r}.", f"The agents are {', '.join(AgentName)}.", NOT_FOUND)
    return name.casefold()


AgentArgument = Annotated[
    str,
    typer.Argument(metavar="AGENT", help="content, scheduling, distribution or analytics.", callback=_known_agent),
]


@commands.command("list")
def list_agents(as_json: AsJson = False) -> None:
    """List the agents and what each is doing."""
    with connected() as tidings:
        agents = tidings.agents.list().items
    if as_json:
        show_json(agents)
        return
    rows = [(each.name, each.status, each.autonomy, each.decisions_today, each.doing or _last(each)) for each in agents]
    show_table(["AGENT", "STATUS", "AUTONOMY", "DECISIONS TODAY", "DOING"], rows)
    for each in agents:
        if each.status == "stopped":
            say_next(f"tidings worker --agent {each.name}")


def _last(agent: Agent) -> str:
    return f"last: {agent.last_decision.summary}" if agent.last_decision else ""


@commands.command("show")
def show_agent(agent: AgentArgument, as_json: AsJson = False) -> None:
    """Show an agent, its settings and its last decisions."""
    with connected() as tidings:
        found = tidings.agents.get(agent)
        latest = tidings.decisions.list(agent=agent, limit=5).items
    if as_json:
        show_json(found)
        return
    show_fields(
        {
            "Agent": found.name,
            "Goal": found.goal,
            "Begins when": found.trigger,
            "Status": found.status,
            "Doing": found.doing,
            "Paused by": found.paused_by,
            "Autonomy": found.autonomy,
            "Version": found.version,
        }
    )
    show()
    titles = found.config_schema.get("properties", {})
    show_table(
        ["SETTING", "VALUE", "MEANING"],
        [(name, value, titles.get(name, {}).get("description", "")) for name, value in found.config.items()],
    )
    if found.tools:
        show()
        show_table(
            ["WHEN ASKED IT CAN", "NEEDS YOUR YES", "WHAT"],
            [(each.name, "yes" if each.needs_person else "", each.description) for each in found.tools],
        )
    if latest:
        show()
        _show_decisions(latest)
    say_next(
        f'tidings agent ask {agent} "…"',
        f"tidings agent configure {agent} SETTING=VALUE",
        f"tidings agent decisions --agent {agent}",
    )


@commands.command("ask")
def ask(
    agent: AgentArgument,
    question: Annotated[str, typer.Argument(help="A question or a task, in your own words.")],
    campaign: Annotated[str | None, typer.Option(help="The campaign it is about.")] = None,
    yes: Yes = False,
    no_input: NoInput = False,
    as_json: AsJson = False,
) -> None:
    """Ask an agent; what would change something is done only on your yes."""
    with connected() as tidings:
        about = campaign_id(tidings, campaign) if campaign else None
        found = tidings.agents.ask(agent, question, campaign_id=about)
        for _ in range(MOST_WISHES):
            if found.status != "waiting" or (as_json and not yes):
                break
            found = _answer_wish(tidings, agent, found, yes=yes, no_input=no_input)
    if as_json:
        show_json(found)
    elif found.status == "waiting":
        say("The agent wants to do more; ask again if that is meant.")
    else:
        _show_answer(found)


def _answer_wish(tidings: Tidings, agent: str, found: Answer, *, yes: bool, no_input: bool) -> Answer:
    """Puts the wish to the person at the terminal; where nobody is, it goes on waiting and says so."""
    say(f"The {found.agent} agent waits for you. It wants to:")
    for wish in found.wishes:
        say(f"  {wish.tool}: {wish.words}")
    if not yes and not can_ask(no_input):
        raise CommandError("It needs your yes and nobody is here to give it.", "Say --yes if you mean it.", USAGE)
    if yes or typer.confirm("Do it?", default=False, err=True):
        return tidings.agents.approve(agent, found.turn_id)
    return tidings.agents.decline(agent, found.turn_id)


def _show_answer(found: Answer) -> None:
    show(found.answer)
    for finding in found.findings:
        say(f"! {finding}")
    used = ", ".join(f"{use.tool} ({use.outcome})" for use in found.tools) or "no tool"
    say(f"By {found.model} ({found.where}), from: {used}. {'' if found.acted else 'Nothing was changed.'}".rstrip())


@commands.command("pause")
def pause(
    agent: AgentArgument, reason: Annotated[str, typer.Option("--reason", "-m", help="Why; goes on record.")] = ""
) -> None:
    """Keep an agent from taking up work; the others go on."""
    with connected() as tidings:
        found = tidings.agents.pause(agent, reason)
    say(f"The {found.name} agent is {found.status}.")
    say_next(f"tidings agent resume {agent}")


@commands.command("resume")
def resume(agent: AgentArgument) -> None:
    """Let an agent go on; what waited for it starts again."""
    with connected() as tidings:
        found = tidings.agents.resume(agent)
    say(f"The {found.name} agent is {found.status}.")


@commands.command("configure")
def configure(
    agent: AgentArgument,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="SETTING=VALUE…", help="As `agent show` names them.")
    ] = None,
    autonomy: Annotated[str | None, typer.Option(help="suggest, after_approval or within_policy.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change an agent's settings; those that are not named stay."""
    config = dict(_setting(item) for item in settings or [])
    if not config and autonomy is None:
        raise CommandError("There is nothing to change.", "Give SETTING=VALUE or --autonomy.", USAGE)
    with connected() as tidings:
        version = tidings.agents.get(agent).version
        found = tidings.agents.configure(agent, config, autonomy=autonomy, version=version)
    if as_json:
        show_json(found)
    else:
        show_fields({**found.config, "autonomy": found.autonomy})
    say("It holds from the agent's next step.")


def _setting(item: str) -> tuple[str, Any]:
    """The value as YAML reads it: `true`, `3` and `[a, b]` are not texts."""
    import yaml

    name, sign, value = item.partition("=")
    if not sign or not name:
        raise CommandError(f"{item!r} is not SETTING=VALUE.", "For example: max_words=180", USAGE)
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError:
        return name, value


@commands.command("decisions")
def decisions(
    agent: Annotated[str | None, typer.Option(help="Only this agent's.")] = None,
    campaign: Annotated[str | None, typer.Option(help="Only those about this campaign.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List what agents decided, and why."""
    with connected() as tidings:
        about = campaign_id(tidings, campaign) if campaign else None
        found = list(islice(tidings.decisions.all(agent=agent, campaign_id=about), limit))
    if as_json:
        show_json(found)
    else:
        _show_decisions(found)


def _show_decisions(decisions: list[Decision]) -> None:
    for each in decisions:
        show(f"{moment(each.at)}  {each.agent}: {each.summary}  ({each.id})")
        show(f"    {_ended(each.reason)} Decided by {each.decided_by}.{_aside(each)}")


def _ended(reason: str) -> str:
    """A reason as a sentence: a person's may lack its full stop."""
    words = reason.strip()
    return f"{words}." if words and words[-1] not in ".!?…" else words


def _aside(decision: Decision) -> str:
    """Who set it aside; an account's bare id says nothing to a reader."""
    by = decision.overridden_by
    if not by:
        return ""
    return " Set aside by a person." if by.startswith("acc_") else f" Set aside by {by}."
