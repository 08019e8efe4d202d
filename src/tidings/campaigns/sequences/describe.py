"""Steps in words, as the pages and the command line show them."""

from __future__ import annotations

from tidings.campaigns.sequences.views import WayView
from tidings.domain.sequence import SequenceDefinition, Step, Until, Wait, When, duration_text

LEFT = {
    "completed": "came to the end", "converted": "converted", "unsubscribed": "may not be written to any more",
    "left_segment": "left the segment", "erased": "were erased",
}  # fmt: skip
_DID = {"opened": "opened", "clicked": "clicked", "converted": "converted after"}


def words_of(step: Step) -> str:
    """What a step does, in a few words."""
    if step.wait is not None:
        return _wait(step.wait)
    if step.branch is not None:
        return _when(step.branch.when)
    if step.exit is not None:
        return f"Leave: {step.exit}"
    if step.send is not None and step.send.brief is not None:
        return step.send.brief.goal
    return f"A draft of {step.send.draft}" if step.send is not None else ""


def ways_of(made: SequenceDefinition, step: Step) -> tuple[WayView, ...]:
    """Where it leads."""
    if step.branch is not None:
        return (WayView("yes", step.branch.then), WayView("no", step.branch.otherwise))
    return () if step.exit is not None else (WayView("", made.after(step.id)),)


def changes(old: SequenceDefinition, new: SequenceDefinition) -> list[str]:
    """What an edit changes, step by step, in words."""
    found = [f"New: “{step.id}”, {words_of(step)}" for step in new.steps if old.step(step.id) is None]
    for step in new.steps:
        before = old.step(step.id)
        if before is not None and before != step:
            found.append(f"Changed: “{step.id}”, {words_of(step)}")
    found += [f"Gone: “{step.id}”" for step in old.steps if new.step(step.id) is None]
    whole = ("name", "trigger", "exits", "limits", "again", "ends")
    return found + [f"Changed: {name}" for name in whole if getattr(old, name) != getattr(new, name)]


def _wait(wait: Wait) -> str:
    parts = [f"Wait {duration_text(wait.at_least)}"] if wait.at_least else []
    if wait.until is not None:
        parts.append(f"{'then until' if parts else 'Wait until'} {_until(wait.until)}")
    return ", ".join(parts)


def _until(until: Until) -> str:
    day = f"{until.weekday.capitalize()} " if until.weekday else ""
    return f"{day}{until.hour:02}:00 of their day"


def _when(when: When) -> str:
    within = f" within {duration_text(when.within)}" if when.within else ""
    if when.segment is not None:
        return f"Is in “{when.segment}”?"
    if when.rule is not None:
        return "Fits the rule?"
    if when.nothing is not None:
        return f"Did nothing with “{when.nothing}”{within}?"
    verb = next(words for name, words in _DID.items() if getattr(when, name) is not None)
    return f"Has {verb} “{when.message}”{within}?"
