"""A sequence: messages, waits, branches and exits in order, as data. Every path leads forward, so every path ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
    model_validator,
)

from tidings.domain.brief import Brief
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import DAY, HOUR, MINUTE
from tidings.domain.wording import problem

END = "end"
"""Where a branch leads that is over: no step may be called so."""
MOST_STEPS = 40
MOST_MESSAGES = 60
"""A click token has six bits for the step, and each round of a person sends under numbers of its own."""
_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_PART = re.compile(r"(\d{1,5}) *(minute|hour|day|week)s?")
_DURATION = re.compile(rf"{_PART.pattern}(?:(?: |,|and)+{_PART.pattern})*")
_LONGEST = 400 * DAY
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[str, ...] = Weekday.__args__  # type: ignore[attr-defined]
TriggerKind = Literal["segment", "import", "date", "api", "start"]
TRIGGERS: tuple[str, ...] = TriggerKind.__args__  # type: ignore[attr-defined]
ExitKind = Literal["converted", "unsubscribed", "left_segment"]

EXAMPLE = """\
name: Welcome
brand: Northwind Bakery
trigger: {kind: segment, audience: newsletter readers}
steps:
  - id: hello
    send:
      brief:
        type: welcome
        goal: Say hello and show what there is
        facts: [You get a letter with a recipe every month.]
        call_to_action: Read the first recipe
        link: https://example.com/recipes
  - id: a-while
    wait: 3 days
  - id: curious
    branch: {when: {clicked: hello}, then: end, otherwise: reminder}
  - id: reminder
    send:
      brief:
        goal: Remind of the first recipe
        facts: [The first recipe is a bread for beginners.]
        call_to_action: Read the first recipe
        link: https://example.com/recipes
exits: [converted]
"""


def parse_duration(text: object) -> int:
    """Milliseconds of `3 days`, `12 hours` or `1 week 2 days`. Raises ValueError with an example."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text  # as it was stored
    words = str(text).strip().lower()
    if not isinstance(text, str) or not _DURATION.fullmatch(words):
        raise ValueError("is not a duration; an example: 3 days")
    length = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(words))
    if not 0 < length <= _LONGEST:
        raise ValueError("is not a duration from 1 minute to 400 days; an example: 3 days")
    return length


def duration_text(length: int) -> str:
    """The milliseconds in words: `1 day 12 hours`."""
    parts: list[str] = []
    for unit, size in (("week", _UNITS["week"]), ("day", DAY), ("hour", HOUR), ("minute", MINUTE)):
        if unit == "week" and length % size:
            continue  # nobody says 1 week 3 days for 10 days
        number, length = divmod(length, size)
        if number:
            parts.append(f"{number} {unit}{'s' if number > 1 else ''}")
    return " ".join(parts)


Duration = Annotated[int, BeforeValidator(parse_duration), PlainSerializer(duration_text, return_type=str)]
"""Milliseconds in the code, words outside."""
StepName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,23}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trigger(_Part):
    """Who enters, and when: see `docs/sequences.md`."""

    kind: TriggerKind
    audience: str = "everyone"
    """A segment's name or id; only its people enter."""
    at: date | None = None
    """For `date`: the day on which everybody of the audience enters."""


class Send(_Part):
    """A message: written from a brief, or taken over from another campaign's draft."""

    brief: Brief | None = None
    draft: str | None = None
    """A campaign's id, whose variant `variant` is taken over."""
    variant: str = "A"
    channel: Literal["email"] = "email"


class Until(_Part):
    """The next such moment on the person's own clock."""

    hour: int = Field(ge=0, le=23)
    weekday: Weekday | None = None


class Wait(_Part):
    """At least so long, and then until that hour of the person's own day; one of the two is enough."""

    at_least: Duration | None = None
    until: Until | None = None


class When(_Part):
    """A condition: what the person did with a message, or what is known of them. Exactly one."""

    opened: str | None = None
    clicked: str | None = None
    converted: str | None = None
    nothing: str | None = None
    segment: str | None = None
    rule: dict[str, Any] | None = None
    within: Duration | None = None
    """How long to wait for it; without it the condition is asked at once."""

    @property
    def message(self) -> str | None:
        """The send step whose events decide; None where a segment or rule does."""
        return self.opened or self.clicked or self.converted or self.nothing


class Branch(_Part):
    """Two ways on. A condition with `within` is decided when it comes true, or at the latest when that is over."""

    when: When
    then: str
    otherwise: str


class Step(_Part):
    """One step: exactly one of send, wait, branch, exit. `next` leads elsewhere than to the step below."""

    id: StepName
    send: Send | None = None
    wait: Wait | None = None
    branch: Branch | None = None
    exit: str | None = Field(default=None, min_length=1, max_length=80)
    next: str | None = None

    @field_validator("wait", mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"at_least": value} if isinstance(value, str) else value

    @property
    def kind(self) -> str:
        """send, wait, branch or exit."""
        return next((name for name in ("send", "wait", "branch", "exit") if getattr(self, name) is not None), "")


class Limits(_Part):
    """How many people may enter in an hour and in a day; None: as many as come."""

    per_hour: int | None = Field(default=None, ge=1)
    per_day: int | None = Field(default=None, ge=1)


class Again(_Part):
    """Whoever has left may enter anew: after how long, and how often."""

    after: Duration
    at_most: int = Field(default=1, ge=1, le=50)


class SequenceDefinition(_Part):
    """The whole sequence. Everything is checked at once: `parse_sequence` says what is wrong and where."""

    name: str = Field(min_length=1, max_length=80)
    brand: str = Field(min_length=1)
    trigger: Trigger
    steps: tuple[Step, ...] = Field(min_length=1, max_length=MOST_STEPS)
    exits: tuple[ExitKind, ...] = ()
    """What ends it for a person wherever they stand. Unsubscribing always does."""
    limits: Limits = Limits()
    again: Again | None = None
    ends: date | None = None
    """The last day: after it nobody enters or goes on."""

    @model_validator(mode="before")
    @classmethod
    def _complete_briefs(cls, raw: Any) -> Any:
        """A step's brief need not repeat the sequence's name, brand and audience."""
        if not isinstance(raw, Mapping) or not isinstance(cast("Any", raw).get("steps"), list | tuple):
            return cast("Any", raw)
        given = dict(cast("Mapping[str, Any]", raw))
        given["steps"] = [_completed(given, step) for step in given["steps"]]
        return given

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((step for step in self.steps if step.id == name), None)

    def after(self, name: str) -> str:
        """Where a person goes from a step that is neither branch nor exit; `END` after the last."""
        names = [step.id for step in self.steps]
        at = names.index(name)
        follows = names[at + 1] if at + 1 < len(names) else END
        return self.steps[at].next or follows

    @property
    def sends(self) -> tuple[Step, ...]:
        """The steps that send, in order."""
        return tuple(step for step in self.steps if step.send is not None)

    @property
    def rounds(self) -> int:
        """How often one person may walk through it."""
        return 1 + (self.again.at_most if self.again else 0)


def _completed(raw: Mapping[str, Any], step: Any) -> Any:
    if not isinstance(step, Mapping):
        return step
    given = dict(cast("Mapping[str, Any]", step))
    send = given.get("send")
    if not isinstance(send, Mapping):
        return given
    known = dict(cast("Mapping[str, Any]", send))
    brief = known.get("brief")
    if isinstance(brief, Mapping):
        own = {"name": f"{raw.get('name', '')}: {given.get('id', '')}"[:120], "brand": raw.get("brand", "")}
        known["brief"] = {**own, **cast("Mapping[str, Any]", brief)}
    return {**given, "send": known}


class InvalidSequenceError(InvalidInputError):
    """A definition that cannot be used. `problems` holds each place with the sentence about it."""

    def __init__(self, problems: tuple[tuple[str, str], ...], remedy: str = "") -> None:
        super().__init__(
            "The sequence cannot be used: " + "; ".join(sentence for _, sentence in problems) + ".",
            remedy=remedy or f"A complete example:\n{EXAMPLE}",
            field=problems[0][0],
        )
        self.problems = problems


def parse_sequence(raw: object) -> SequenceDefinition:
    """The definition of a mapping (from YAML, JSON or a form).

    Raises InvalidSequenceError that names each step that is wrong, why, and what to write instead.
    """
    if not isinstance(raw, Mapping):
        raise InvalidSequenceError((("sequence", "it is not a list of named fields"),))
    try:
        made = SequenceDefinition.model_validate(raw)
    except ValidationError as error:
        names = _names(cast("Mapping[str, Any]", raw))
        raise InvalidSequenceError(
            tuple(_problem(cast("Mapping[str, Any]", item), names) for item in error.errors())
        ) from None
    from tidings.domain.sequence_check import problems_of

    found = problems_of(made)
    if found:
        wrong = tuple((each.place, each.sentence) for each in found)
        raise InvalidSequenceError(wrong, " ".join(dict.fromkeys(each.remedy for each in found)))
    return made


def _names(raw: Mapping[str, Any]) -> list[str]:
    """What the author called each step, or its number."""
    steps = raw.get("steps")
    listed = cast("list[Any]", steps) if isinstance(steps, list | tuple) else []
    return [
        f"`{step['id']}`" if isinstance(step, Mapping) and isinstance(cast("Any", step).get("id"), str) else str(no)
        for no, step in enumerate(listed, 1)
    ]


def _problem(item: Mapping[str, Any], names: list[str]) -> tuple[str, str]:
    place: tuple[int | str, ...] = item["loc"]
    where = ""
    if len(place) > 1 and place[0] == "steps" and isinstance(place[1], int):
        where = f"step {names[place[1]]}: "
        place = place[2:]
    parts = [str(part + 1) if isinstance(part, int) else part for part in place if part != "sentence"]
    name = ".".join(parts) or "step"
    return name, f"{where}{problem(name, item)}"
