"""A definition that cannot be used says which step, why, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import DAY, HOUR, MINUTE
from tidings.domain.sequence import EXAMPLE, SequenceDefinition, duration_text, parse_duration, parse_sequence

GOOD: dict[str, Any] = yaml.safe_load(EXAMPLE)


def test_the_example_is_what_it_says() -> None:
    made = parse_sequence(GOOD)
    assert [step.kind for step in made.steps] == ["send", "wait", "branch", "send"]
    assert made.steps[0].send is not None
    assert made.steps[0].send.brief is not None
    assert made.steps[0].send.brief.brand == "Northwind Bakery"
    assert made.after("a-while") == "curious"
    assert made.after("reminder") == "end"
    assert SequenceDefinition.model_validate(made.model_dump(mode="json")) == made
    assert SequenceDefinition.model_validate_json(made.model_dump_json()) == made


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "words", "remedy"),
    [
        (lambda raw: raw["steps"][1].update(wait="soon"), "step `a-while`: `wait.at_least` is not", "3 days"),
        (lambda raw: raw["steps"][1].pop("wait"), "step `a-while` does nothing", "exactly one of send"),
        (lambda raw: raw["steps"][1].update(exit="x"), "step `a-while` does wait and exit", "exactly one of send"),
        (lambda raw: raw["steps"][1].update(wait={}), "step `a-while` waits for nothing", "wait: 3 days"),
        (lambda raw: raw["steps"][1].update(next="nowhere"), "`next: nowhere` names no step", "below `a-while`"),
        (lambda raw: raw["steps"][3].update(next="hello"), "step `reminder`: `next: hello` leads back", "`again`"),
        (lambda raw: raw["steps"][1].update(id="hello"), "2 steps are called `hello`", "an id of its own"),
        (lambda raw: raw["steps"][1].update(id="end"), "cannot be called `end`", "`end` is where"),
        (lambda raw: raw["steps"][0]["send"]["brief"].pop("facts"), "step `hello`: `send.brief.facts` is missing", ""),
        (lambda raw: raw["steps"][0]["send"].pop("brief"), "step `hello` sends nothing", "a `brief` or a `draft`"),
        (lambda raw: raw["steps"][0].update(colour="red"), "step `hello`: `colour` is not a known field", ""),
        (lambda raw: raw["steps"][2]["branch"].update(then="reminder"), "both ways lead to", "differ"),
        (lambda raw: raw["steps"][2]["branch"].update(when={}), "`when` asks nothing", "exactly one of opened"),
        (lambda raw: raw["steps"][2]["branch"]["when"].update(clicked="reminder"), "no message sent before", "hello"),
        (lambda raw: raw["steps"][2]["branch"].update(when={"nothing": "hello"}), "for how long", "within: 3 days"),
        (
            lambda raw: raw["steps"][2]["branch"].update(when={"segment": "x", "within": "1 day"}),
            "is known at once", "Take `within` out",
        ),
        (lambda raw: raw["steps"][2].update(next="reminder"), "`next` has no meaning for a branch", "Take `next`"),
        (lambda raw: raw["steps"][1].update(next="end"), "step `curious`: nothing leads there", "Lead to `curious`"),
        (lambda raw: raw.update(steps=[{"id": "w", "wait": "1 day"}]), "no step sends anything", "a step with `send`"),
        (lambda raw: raw.update(trigger={"kind": "segment"}), "names no segment", "trigger.audience"),
        (lambda raw: raw.update(trigger={"kind": "date"}), "`trigger.at` and the trigger `date`", "both"),
        (
            lambda raw: raw.update(trigger={"kind": "start"}, again={"after": "1 day"}), "everybody enters once",
            "Take `again` out",
        ),
        (lambda raw: raw.update(again={"after": "1 day", "at_most": 40}), "2 messages in up to 41 rounds", "Send less"),
        (lambda raw: raw.update(trigger={"kind": "api"}, exits=["left_segment"]), "needs a segment", "Name one"),
        (lambda raw: raw.update(limits={"per_hour": 0}), "`limits.per_hour` must be at least 1", ""),
        (lambda raw: raw["steps"].append("x"), "step 5: `step` must be named fields", ""),
        (lambda raw: raw.pop("steps"), "`steps` is missing", "A complete example"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_the_step_and_the_remedy(change: Change, words: str, remedy: str) -> None:
    raw = deepcopy(GOOD)
    change(raw)
    with pytest.raises(InvalidInputError) as caught:
        parse_sequence(raw)
    assert words in caught.value.message
    assert remedy in caught.value.remedy + caught.value.message


@pytest.mark.parametrize("raw", [None, [], "name: x", 7, {"steps": 3}, {"steps": [None]}, {"trigger": []}])
def test_nonsense_is_refused_in_words(raw: object) -> None:
    with pytest.raises(InvalidInputError, match="cannot be used"):
        parse_sequence(raw)


@given(st.integers(1, 400 * 24 * 60))
def test_durations_are_read_as_they_are_written(minutes: int) -> None:
    assert parse_duration(duration_text(minutes * MINUTE)) == minutes * MINUTE


def test_durations_in_the_words_people_use() -> None:
    assert parse_duration("1 week, 2 days and 3 hours") == 9 * DAY + 3 * HOUR
    assert duration_text(14 * DAY) == "2 weeks"
    for text in ("", "0 days", "soon", "3", "-1 day", "500 days", True, None, 1.5):
        with pytest.raises(ValueError, match="is not a duration"):
            parse_duration(text)


def test_what_the_guide_shows_can_be_used() -> None:
    text = (Path(__file__).parents[2] / "docs" / "sequences.md").read_text()
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        parse_sequence(yaml.safe_load(block))
