"""What is wrong with a definition although each of its fields is well formed: names, directions, dead ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tidings.domain.sequence import END, MOST_MESSAGES, Branch, SequenceDefinition, Step, When


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, a sentence without its full stop, and what to do."""

    place: str
    sentence: str
    remedy: str


def problems_of(made: SequenceDefinition) -> list[Problem]:
    """Everything that is wrong, in the order of the steps; empty when it can be used."""
    found = [*_names(made)]
    if found:
        return found  # the rest would be about the wrong steps
    for number, step in enumerate(made.steps):
        found += _step(made, number, step)
    return [*found, *_whole(made), *_unreached(made)]


def _names(made: SequenceDefinition) -> Iterator[Problem]:
    for name, times in Counter(step.id for step in made.steps).items():
        if times > 1:
            yield Problem(name, f"{times} steps are called `{name}`", "Give each step an id of its own.")
        if name == END:
            yield Problem(name, f"a step cannot be called `{END}`", f"`{END}` is where a branch leads that is over.")


def _step(made: SequenceDefinition, number: int, step: Step) -> Iterator[Problem]:
    kinds = [name for name in ("send", "wait", "branch", "exit") if getattr(step, name) is not None]
    here = f"step `{step.id}`"
    if len(kinds) != 1:
        what = " and ".join(kinds) if kinds else "nothing"
        yield Problem(step.id, f"{here} does {what}", f"Give `{step.id}` exactly one of send, wait, branch or exit.")
        return
    if step.next is not None:
        if kinds[0] in {"branch", "exit"}:
            yield Problem(
                step.id, f"{here}: `next` has no meaning for a {kinds[0]}", f"Take `next` out of `{step.id}`."
            )
        yield from _target(made, number, step, "next", step.next)
    if step.send is not None and (step.send.brief is None) == (step.send.draft is None):
        yield Problem(step.id, f"{here} sends nothing, or two things", f"Give `{step.id}` a `brief` or a `draft`.")
    if step.wait is not None and step.wait.at_least is None and step.wait.until is None:
        yield Problem(step.id, f"{here} waits for nothing", f"Write `wait: 3 days` or an `until` in `{step.id}`.")
    if step.branch is not None:
        yield from _branch(made, number, step, step.branch)


def _branch(made: SequenceDefinition, number: int, step: Step, branch: Branch) -> Iterator[Problem]:
    yield from _target(made, number, step, "then", branch.then)
    yield from _target(made, number, step, "otherwise", branch.otherwise)
    if branch.then == branch.otherwise:
        yield Problem(step.id, f"step `{step.id}`: both ways lead to `{branch.then}`", "Let the two ways differ.")
    yield from _when(made, number, step, branch.when)


def _when(made: SequenceDefinition, number: int, step: Step, when: When) -> Iterator[Problem]:
    here = f"step `{step.id}`"
    names = ("opened", "clicked", "converted", "nothing", "segment", "rule")
    given = [name for name in names if getattr(when, name) is not None]
    if len(given) != 1:
        yield Problem(
            step.id, f"{here}: `when` asks {'nothing' if not given else 'for ' + ' and '.join(given)}",
            f"Let `{step.id}` ask exactly one of {', '.join(names)}.",
        )  # fmt: skip
        return
    message = when.message
    if message is None:
        if when.within is not None:
            yield Problem(
                step.id, f"{here}: `within` waits for an event, and a {given[0]} is known at once",
                f"Take `within` out of `{step.id}`, or put a wait before it.",
            )  # fmt: skip
        return
    earlier = [each.id for each in made.steps[:number] if each.send is not None]
    if message not in earlier:
        known = ", ".join(earlier) or "none"
        yield Problem(
            step.id, f"{here}: `{given[0]}: {message}` names no message sent before it",
            f"Name an earlier send step in `{step.id}`; there: {known}.",
        )  # fmt: skip
    if when.nothing is not None and when.within is None:
        yield Problem(
            step.id, f"{here}: `nothing` needs to know for how long", f"Write e.g. `within: 3 days` in `{step.id}`."
        )


def _target(made: SequenceDefinition, number: int, step: Step, field: str, target: str) -> Iterator[Problem]:
    if target == END:
        return
    names = [each.id for each in made.steps]
    if target not in names:
        yield Problem(
            step.id, f"step `{step.id}`: `{field}: {target}` names no step",
            f"Name a step below `{step.id}`, or `{END}`.",
        )  # fmt: skip
    elif names.index(target) <= number:
        yield Problem(
            step.id, f"step `{step.id}`: `{field}: {target}` leads back",
            f"Let `{step.id}` lead to a step below it, or `{END}`; to repeat the whole, use `again`.",
        )  # fmt: skip


def _whole(made: SequenceDefinition) -> Iterator[Problem]:
    if not made.sends:
        yield Problem("steps", "no step sends anything", "Add a step with `send`.")
    if len(made.sends) * made.rounds > MOST_MESSAGES:
        yield Problem(
            "again", f"{len(made.sends)} messages in up to {made.rounds} rounds are more than {MOST_MESSAGES}",
            "Send less, or lower `again.at_most`.",
        )  # fmt: skip
    trigger = made.trigger
    everyone = trigger.audience.casefold() == "everyone"
    if trigger.kind == "segment" and everyone:
        yield Problem("trigger", "the trigger `segment` names no segment", "Name one in `trigger.audience`.")
    if (trigger.kind == "date") != (trigger.at is not None):
        yield Problem("trigger", "`trigger.at` and the trigger `date` belong together", "Give both, or neither.")
    if "left_segment" in made.exits and everyone:
        yield Problem("exits", "`left_segment` needs a segment", "Name one in `trigger.audience`.")
    if made.again is not None and trigger.kind not in {"segment", "api"}:
        yield Problem(
            "again", f"with the trigger `{trigger.kind}` everybody enters once",
            "Take `again` out, or use the trigger `segment` or `api`.",
        )  # fmt: skip


def _unreached(made: SequenceDefinition) -> Iterator[Problem]:
    reached = {made.steps[0].id}
    for step in made.steps:  # forward only, so that one pass is enough
        if step.id in reached:
            reached |= set(leads_to(made, step))
    for step in made.steps:
        if step.id not in reached:
            yield Problem(step.id, f"step `{step.id}`: nothing leads there", f"Lead to `{step.id}`, or take it out.")


def leads_to(made: SequenceDefinition, step: Step) -> tuple[str, ...]:
    """The steps, or `END`, that may follow a step; none after an exit."""
    if step.branch is not None:
        return (step.branch.then, step.branch.otherwise)
    return () if step.exit is not None else (made.after(step.id),)
