"""Merge fields survive whoever writes: models that drop, double or alter them never reach a draft."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.content_material import AT, brand
from tests.unit.test_content_bodies import MANY
from tests.unit.test_content_model_bodies import obedient

from tidings.content.agent import ContentAgent
from tidings.content.composer.stock import FIRST_NAME
from tidings.content.exam.licence import Licence
from tidings.content.fields import holds_field
from tidings.content.suggest import Suggester
from tidings.content.writers.base import Assignment
from tidings.content.writers.model import ModelWriter
from tidings.domain.blocks import Text
from tidings.domain.draft import Draft, Trace
from tidings.llm.base import Completion, Prompt

BRAND = brand(MANY.brand)
FIELDS = [
    FIRST_NAME, "{{ contact.first_name }}", "{{ first_name }}", "{{first_name}}",
    "{{ contact.first_name | default: '' }}",
    "{{ contact.email | default: \"you\" }}", "{ first_name }", "{{ first_name", "first_name }}", "{% if contact %}",
    "[[first_name]]", "*|FNAME|*", "%FIRST_NAME%", "%%first_name%%", "<<First Name>>", "${first_name}",
    "｛｛ contact.first_name ｝｝", "{\u200b{ contact.first_name }\u200b}", "contact.first_name", "first_name",
]  # fmt: skip
PLACES = ["subjects", "preheader", "heading", "opening", "closing", "sentence", "other body"]


def hostile(prompt: Prompt, place: str, said: str) -> str:
    """A sound plan with a field where no model may write one."""
    body: dict[str, Any] = json.loads(obedient(prompt))
    other = "There is a body already" in prompt.task
    if place == "sentence" or (place == "other body" and other):
        body["paragraphs"][0][0]["text"] = said
    elif place == "subjects":
        body["subjects"][0] = said
    elif place != "other body":
        body[place] = said
    return json.dumps(body)


def drafts(place: str, said: str) -> tuple[Draft, ...]:
    def ask(prompt: Prompt, _seed: int, _lines: int) -> Completion:
        return Completion(hostile(prompt, place, said), "Hostile")

    agent = ContentAgent(lambda: (ModelWriter("Hostile", ask, "abc", lambda: AT),))
    return agent.draft(MANY.model_copy(update={"bodies": 3}), BRAND, (), seed=5, at=AT).drafts


def texts(draft: Draft) -> list[str]:
    """Every text of it."""
    values = (value for block in draft.blocks for value in block.model_dump(exclude={"kind", "url"}).values())
    return [draft.subject, draft.preheader, *(value for value in values if isinstance(value, str))]


def fields_of(draft: Draft) -> list[str]:
    return re.findall(r"\{\{.*?\}\}", "\n".join(texts(draft)))


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=25, deadline=None)
@given(
    field=st.sampled_from(FIELDS), before=st.sampled_from(["", "Hello ", "Oat bread, ", "You can freeze it. Dear "]),
    after=st.sampled_from(["", ", oat bread is new on our shelf.", "!", " and {{ contact.first_name }}"]),
)  # fmt: skip
def test_every_field_of_a_draft_is_the_one_code_put_there(place: str, field: str, before: str, after: str) -> None:
    for draft in drafts(place, f"{before}{field}{after}"):
        assert fields_of(draft) == [FIRST_NAME], "in the greeting, once, as it was"
        assert any(FIRST_NAME in block.text for block in draft.blocks[:2] if isinstance(block, Text))
        assert not any(holds_field(text.replace(FIRST_NAME, "")) for text in texts(draft))
        assert draft.sendable


def test_a_model_that_leaves_the_greeting_out_cannot_take_the_field_away() -> None:
    for draft in drafts("opening", ""):
        assert fields_of(draft) == [FIRST_NAME]
        assert draft.writer == "Hostile"


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_is_told_however_it_is_spelled(field: str) -> None:
    assert holds_field(f"Hello {field}, bread is here.")


@pytest.mark.parametrize(
    "text",
    ["You save 20% on bread.", "It costs $40.", "5 > 3, they say.", "Write your first name.", "See contact.", "A & B"],
)
def test_plain_words_are_no_field(text: str) -> None:
    assert not holds_field(text)


class Desk:
    """A desk whose one model answers other words for every sentence."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = answers, 0

    def licensed(self, _licence: Licence) -> list[Any]:
        return [type("Configured", (), {"name": "Hostile", "model_hash": "abc"})()]

    def ask(self, _configured: Any, _question: Any) -> Completion:
        self.asked += 1
        return Completion(json.dumps({"sentences": list(self.answers)}), "Hostile")


def test_other_words_for_a_sentence_bring_no_field_and_lose_none() -> None:
    assignment = Assignment(MANY, BRAND, (), 1)
    desk = Desk(f"Oat bread is new on our shelf, {FIRST_NAME}.", "Oat bread stands new on our shelf.")
    suggester = Suggester(desk)  # type: ignore[arg-type]
    sentence = MANY.facts[0].sentence
    found = suggester.proposals(assignment, Trace(sentence=sentence, source="brief"), sentence, "body")
    assert [each.text for each in found if "Hostile" in each.writer] == ["Oat bread stands new on our shelf."]
    greeting = f"Hello {FIRST_NAME},"
    desk.asked = 0
    found = suggester.proposals(assignment, Trace(sentence=greeting, source="stock"), greeting, "body")
    assert desk.asked == 0, "the greeting is code's"
    assert all(each.writer == "Composer" for each in found)
