"""Bodies by a model: each differs from A in the way it says, passes alone, or gives way to the Composer's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.unit.content_material import AT, brand
from tests.unit.content_models import facts_in, plan
from tests.unit.test_content_bodies import MANY

from tidings.content.agent import ContentAgent, DraftingResult
from tidings.content.writers.model import ModelWriter
from tidings.domain.blocks import Button, Text
from tidings.domain.brief import Brief
from tidings.domain.draft import Draft
from tidings.domain.errors import UnavailableError
from tidings.llm.base import Completion, Prompt

BRAND = brand(MANY.brand)
LIMITS = ("The crust stays crisp for days.", "It does not contain nuts.", "The offer ends on 3 May 2027.")


def obedient(prompt: Prompt) -> str:
    """Writes the full body, then each other one as it is asked for."""
    facts = facts_in(prompt)
    if "Yours is short" in prompt.task:
        kept = [no for no, fact in enumerate(facts, 1) if no == 1 or fact in LIMITS]
    elif match := re.search(r"states one of these facts: (\d+)", prompt.task):
        kept = [int(match[1]), *(no for no in range(1, len(facts) + 1) if no != int(match[1]))]
    else:
        kept = list(range(1, len(facts) + 1))
    return plan(prompt, paragraphs=[[{"text": facts[no - 1], "facts": [no]}] for no in kept])


def written(
    script: Callable[[Prompt], str], brief: Brief = MANY, bodies: int = 3
) -> tuple[DraftingResult, list[Prompt]]:
    asked: list[Prompt] = []

    def ask(prompt: Prompt, _seed: int, _lines: int) -> Completion:
        asked.append(prompt)
        return Completion(script(prompt), "Scripted")

    agent = ContentAgent(lambda: (ModelWriter("Scripted", ask, "abc", lambda: AT),))
    given = brief.model_copy(update={"bodies": bodies})
    return agent.draft(given, BRAND, (), seed=5, at=AT), asked


def text_of(draft: Draft) -> str:
    return " ".join(block.text for block in draft.blocks if isinstance(block, Text))


def others(result: DraftingResult) -> list[Draft]:
    return [draft for draft in result.drafts if draft.differs.startswith("body")]


def test_a_model_writes_every_body_that_was_asked_for() -> None:
    result, asked = written(obedient, bodies=3)
    short, proof = others(result)
    assert result.sendable
    assert {draft.writer for draft in result.drafts} == {"Scripted"}
    assert (short.differs[:11], proof.differs[:17]) == ("body: short", "body: proof first")
    assert len(text_of(short)) < len(text_of(result.drafts[0]))
    assert all(limit in text_of(short) for limit in LIMITS)
    assert text_of(proof).index("says Ada") < text_of(proof).index("Oat bread is new")
    assert len(asked) == 3, "the full one and one question for each other"
    for draft in (short, proof):
        assert (draft.subject, draft.preheader) == (result.drafts[0].subject, result.drafts[0].preheader)
        assert draft.blocks[:2] == result.drafts[0].blocks[:2], "greeting and opening are A's"
    assert f"{short.variant} short" in result.decision.reason
    assert len({draft.variant for draft in result.drafts}) == len(result.drafts)


def test_the_button_is_moved_by_code_and_no_word_with_it() -> None:
    result, _ = written(obedient, bodies=5)
    (moved,) = [draft for draft in others(result) if "button first" in draft.differs]
    first = result.drafts[0]
    assert {str(block) for block in moved.blocks} == {str(block) for block in first.blocks}
    assert [isinstance(block, Button) for block in moved.blocks].index(True) < [
        isinstance(block, Button) for block in first.blocks
    ].index(True)


def worse(change: Callable[[Prompt, dict[str, Any]], None]) -> Callable[[Prompt], str]:
    """Obedient in the full body, and changed in every other."""

    def script(prompt: Prompt) -> str:
        body = json.loads(obedient(prompt))
        if "There is a body already" in prompt.task:
            change(prompt, body)
        return json.dumps(body)

    return script


def replaced(result: DraftingResult, why: str) -> None:
    short = next(draft for draft in others(result) if "short" in draft.differs)
    assert "the Composer's, for Scripted's did not pass" in short.differs
    assert why in short.differs
    assert short.sendable
    assert short.differs.removeprefix("body: ") in result.decision.reason, "it is said"
    assert all(limit in text_of(short) for limit in LIMITS)


def test_a_body_that_invents_gives_way_to_the_composers_and_the_others_stand() -> None:
    def invent(prompt: Prompt, body: dict[str, Any]) -> None:
        if "Yours is short" in prompt.task:
            body["paragraphs"].append([{"text": "It saves you 73% for 40 years.", "facts": [1]}])

    result, asked = written(worse(invent))
    replaced(result, "73")
    assert len([each for each in asked if "Yours is short" in each.task]) == 2, "asked once more"
    assert next(draft for draft in others(result) if "proof" in draft.differs).differs.endswith("stands at the top")


def test_a_short_body_that_drops_a_condition_or_is_not_short_gives_way() -> None:
    def drop(_prompt: Prompt, body: dict[str, Any]) -> None:
        body["paragraphs"] = [each for each in body["paragraphs"] if "3 May" not in each[0]["text"]]

    replaced(written(worse(drop))[0], "leaves out what limits or dates the offer: The offer ends on 3 May 2027")

    def long(prompt: Prompt, body: dict[str, Any]) -> None:
        facts = facts_in(prompt)
        body["paragraphs"] = [[{"text": fact, "facts": [no]}] for no, fact in enumerate(facts, 1)]

    replaced(written(worse(long))[0], "It is not short")


def test_a_model_that_goes_away_after_the_first_body_loses_only_the_others() -> None:
    def script(prompt: Prompt) -> str:
        if "There is a body already" in prompt.task:
            raise UnavailableError("Scripted is gone.")
        return obedient(prompt)

    result, _ = written(script)
    replaced(result, "Scripted is gone")
    assert result.decision.decided_by == "Scripted"


def test_other_wordings_of_the_button_are_variants_of_every_writer() -> None:
    brief = MANY.model_copy(update={"other_calls": ("Taste it", MANY.call_to_action)})
    for result in (written(obedient, brief, 1)[0], ContentAgent().draft(brief, BRAND, (), seed=5, at=AT)):
        (other,) = [draft for draft in result.drafts if draft.differs.startswith("button")]
        first = result.drafts[0]
        assert [block.label for block in other.blocks if isinstance(block, Button)] == ["Taste it"]
        assert other.differs == f"button: “Taste it” instead of “{MANY.call_to_action}”"
        assert [block for block in other.blocks if not isinstance(block, Button)] == [
            block for block in first.blocks if not isinstance(block, Button)
        ]
        assert not [finding for finding in other.findings if finding.check in {"call_to_action", "sources"}]
        assert f"{other.variant} “Taste it” instead of" in result.decision.reason


def test_a_wording_the_brief_does_not_give_asks() -> None:
    result = ContentAgent().draft(MANY, BRAND, (), seed=5, at=AT)
    first = result.drafts[0]
    blocks = [b.model_copy(update={"label": "Grab it"}) if isinstance(b, Button) else b for b in first.blocks]
    again = ContentAgent().rewritten(first, MANY, BRAND, (), at=AT, blocks=blocks)
    assert any(finding.check == "call_to_action" for finding in again.findings)


def test_its_subject_lines_are_ranked_by_the_judge() -> None:
    def rank(_context: str, lines: Any) -> tuple[str, list[float]]:
        return "Judge", [float(line.startswith("Something")) for line in lines]

    def ask(prompt: Prompt, _seed: int, _lines: int) -> Completion:
        return Completion(obedient(prompt), "Scripted")

    agent = ContentAgent(lambda: (ModelWriter("Scripted", ask, "abc", lambda: AT, rank),))
    result = agent.draft(MANY.model_copy(update={"subjects": 2}), BRAND, (), seed=5, at=AT)
    assert [draft.subject for draft in result.drafts] == ["Something new for you", "Good to know"]
    assert "+0.10 by Judge" in result.drafts[0].ranked
    assert "not enough data yet" in result.drafts[0].ranked
    assert result.decision.evidence["ranking"]["judge"] == "Judge"
