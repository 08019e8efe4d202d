"""What is wrong with a field, in words a person would use."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tidings.domain.brief import EXAMPLE, InvalidBriefError, parse_brief
from tidings.domain.wording import problem


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Everything(BaseModel):
    """One field for each sort of mistake."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=5)] = "x"
    goal: Annotated[str, Field(min_length=3)] = "xxx"
    count: Annotated[int, Field(ge=2, le=4)] = 2
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    colour: Colour = Colour.RED
    only: Literal["email"] = "email"
    either: bool = True
    many: Annotated[tuple[str, ...], Field(min_length=2, max_length=3)] = ("a", "b")
    named: dict[str, str] = {}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": ""}, "`name` is empty"),
        ({"name": "secret"}, "`name` is too long: at most 5 characters"),
        ({"name": 7}, "`name` must be text"),
        ({"goal": "a"}, "`goal` is too short: write at least 3 characters"),
        ({"count": 1}, "`count` must be at least 2"),
        ({"count": 5}, "`count` must be at most 4"),
        ({"count": "many"}, "`count` must be a whole number"),
        ({"share": 0}, "`share` must be more than 0.0"),
        ({"share": "half"}, "`share` must be a number"),
        ({"colour": "green"}, "`colour` must be one of: red, blue"),
        ({"only": "sms"}, "`only` must be email"),
        ({"either": "perhaps"}, "`either` must be true or false"),
        ({"many": ["a"]}, "`many` has too few entries: give at least 2"),
        ({"many": ["a", "b", "c", "d"]}, "`many` is too long: at most 3 entries"),
        ({"many": "a"}, "`many` must be a list"),
        ({"named": "a"}, "`named` must be named fields"),
        ({"other": "a"}, "`other` is not a known field"),
    ],
)
def test_each_sort_of_mistake_has_its_words(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Everything.model_validate(given)
    (item,) = caught.value.errors()
    assert problem(str(item["loc"][0]), dict(item)) == words


def test_a_brief_names_each_field_once_as_its_author_wrote_it() -> None:
    import yaml

    brief = {**yaml.safe_load(EXAMPLE), "goal": "a", "facts": ["It is bread.", "abc"], "send_after": "soon", "to": "x"}
    with pytest.raises(InvalidBriefError) as caught:
        parse_brief(brief)
    assert dict(caught.value.problems) == {
        "goal": "`goal` is too short: say what the campaign is to bring about, as in “Fill the autumn workshop”",
        "facts.1": "fact 2 is too short: write a whole sentence, as in “The workshop is on 5 October.”",
        "send_after": "`send_after` is not a date; an example: 2026-12-01",
        "to": "`to` is not a field of a brief",
    }
    assert "String should" not in caught.value.message


def test_a_list_is_not_called_empty_for_its_wrong_entries() -> None:
    import yaml

    for facts, names in ((["x"], {"facts.0"}), ([], {"facts"})):
        with pytest.raises(InvalidBriefError) as caught:
            parse_brief({**yaml.safe_load(EXAMPLE), "facts": facts})
        assert set(dict(caught.value.problems)) == names


def test_what_stands_in_a_list_is_named_and_counted_as_people_do() -> None:
    import yaml

    version = {
        "segment": "members", "facts": ["It is.", "no sentence"], "more_facts": ["abc"], "must_say": [3], "x": 1,
        "link": "x",
    }  # fmt: skip
    wrong = {
        "versions": [{"name": "german", "segment": "m"}, version, {"name": "all"}], "must_say": ["a", 3],
        "other_calls": ["Book now", "x"], "channels": ["email", "fax"], "invitation": {"titel": "x"},
        "facts": ["It is bread.", {"sentence": "It is.", "kind": "rumour"}],
    }  # fmt: skip
    with pytest.raises(InvalidBriefError) as caught:
        parse_brief({**yaml.safe_load(EXAMPLE), **wrong})
    said = dict(caught.value.problems)
    assert said.pop("channels.1").startswith("channel 2 must be one of: email, ")
    assert said.pop("facts.1.kind").startswith("fact 2, kind must be one of: what, ")
    missing = [said.pop(f"invitation.{name}") for name in ("title", "start", "end", "zone")]
    assert missing == [f"invitation, {name} is missing" for name in ("title", "start", "end", "zone")]
    assert said == {
        "other_calls.1": "other call 2 is too short: write at least 2 characters",
        "must_say.1": "must say, entry 2 must be text",
        "invitation.titel": "invitation has no field `titel`",
        "versions.1.name": "version 2, name is missing",
        "versions.1.facts": "version 2, facts: fact 2 must begin with a capital letter, as a whole sentence does: "
        "'no sentence'",
        "versions.1.more_facts.0": "version 2, further fact 1 is too short: write a whole sentence, "
        "as in “The workshop is on 5 October.”",
        "versions.1.must_say.0": "version 2, must say, entry 1 must be text",
        "versions.1.link": "version 2, link must be a web address that begins with https:// or http://",
        "versions.1.x": "version 2 has no field `x`",
        "versions.2": "version 3: names neither a segment nor a language, so it is for everyone: that is the brief "
        "itself",
    }
