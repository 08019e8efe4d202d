"""The form of a sequence gives back the definition it was filled from, and its buttons move steps."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import yaml
from starlette.datastructures import FormData

from tidings.campaigns.sequences.catalogue import NAMES, read_yaml, template
from tidings.domain.sequence import EXAMPLE, parse_sequence
from tidings.web.sequence_form import changed, raw_of, shown, steps_of, whole
from tidings.web.version_form import EMPTY

RULE = {"all": [{"field": "country", "op": "is", "value": "DE"}]}


def as_form(raw: dict[str, Any]) -> FormData:
    """What a browser would send of the form, untouched."""
    fields = whole(raw)
    pairs = [(name, str(value)) for name, value in fields.items() if name != "exits"]
    pairs += [("exits", name) for name in fields["exits"]]
    for number, step in enumerate(shown(raw["steps"])):
        pairs.append(("step", str(number)))
        versions = step.pop("versions", [])
        pairs += [(f"s{number}_{name}", str(value if value is not None else "")) for name, value in step.items()]
        pairs += [(f"s{number}_version_{name}", text) for group in versions for name, text in group.items()]
    return FormData(pairs)


def examples() -> list[dict[str, Any]]:
    texts = [template(name, brand="B", website="https://b.example.com", audience="Quiet") for name in NAMES]
    found = [read_yaml(text) for text in (*texts, EXAMPLE)]
    rich = yaml.safe_load(EXAMPLE)
    rich["limits"], rich["again"], rich["ends"] = {"per_hour": 5}, {"after": "90 days", "at_most": 2}, "2027-06-30"
    rich["steps"][0]["send"]["brief"]["must_say"] = ["bread"]
    rich["steps"][2]["branch"]["when"] = {"rule": RULE}
    first = rich["steps"][0]["send"]["brief"]
    first["versions"] = [
        {"name": "regulars", "segment": "Regulars", "more_facts": ["You know us."], "must_say": ["once, and again"]},
        {"name": "german", "language": "de", "facts": ["Das ist ein Rezept."], "call_to_action": "Zum Rezept"},
    ]
    return [*found, rich]


@pytest.mark.parametrize("raw", examples(), ids=lambda raw: str(raw["name"]))
def test_an_untouched_form_is_the_definition_it_came_from(raw: dict[str, Any]) -> None:
    wanted = parse_sequence(deepcopy(raw))
    stored = wanted.model_dump(mode="json")
    assert parse_sequence(raw_of(as_form(raw))) == wanted
    assert parse_sequence(raw_of(as_form(stored))) == wanted


def test_its_buttons_add_move_and_remove_steps() -> None:
    steps = steps_of(as_form(yaml.safe_load(EXAMPLE)))
    names = [step["id"] for step in steps]
    assert [step["id"] for step in changed(steps, "down-0")] == [names[1], names[0], *names[2:]]
    assert [step["id"] for step in changed(steps, "up-1")] == [names[1], names[0], *names[2:]]
    assert [step["id"] for step in changed(steps, "remove-1")] == [names[0], *names[2:]]
    for kind in ("send", "wait", "branch", "exit"):
        assert changed(steps, f"add-{kind}")[-1][kind] is not None
    assert changed(steps, "version-0")[0]["send"]["brief"]["versions"] == [{}]
    twice = shown(changed(changed(steps, "version-0"), "version-0"))
    assert twice[0]["versions"] == [{**EMPTY, "instead": "yes"}] * 2
    for act in ("version-1", "up-0", "down-3", "remove-9", "add-nothing", "", "up-x", "x-1"):
        assert changed(steps, act) == steps


@pytest.mark.parametrize("rest", ["", "{", "[]", "7", "null", '"x"'])
def test_what_travelled_with_the_form_may_be_anything(rest: str) -> None:
    fields = FormData([("rest", rest), ("name", "W"), ("step", "0"), ("s0_rest", rest), ("s0_kind", "wait"),
                       ("s0_id", "w"), ("s0_at_least", "3 days")])  # fmt: skip
    assert raw_of(fields)["steps"] == [{"id": "w", "wait": {"at_least": "3 days", "until": None}}]


def test_a_version_that_was_changed_is_as_typed_and_the_others_stay_whole() -> None:
    raw = examples()[-1]
    pairs = [
        (name, "Ihr kennt uns." if value == "Das ist ein Rezept." else value)
        for name, value in as_form(raw).multi_items()
    ]
    regulars, german = raw_of(FormData(pairs))["steps"][0]["send"]["brief"]["versions"]
    assert regulars == raw["steps"][0]["send"]["brief"]["versions"][0]  # its comma in a phrase, too
    assert german["facts"] == ["Ihr kennt uns."]
    assert german["call_to_action"] == "Zum Rezept"
