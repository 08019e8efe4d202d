"""Bodies that differ in one stated way."""

from __future__ import annotations

import pytest
from tests.unit.content_material import AT, brand, brief, briefs, claims

from tidings.content.agent import ContentAgent, DraftingResult
from tidings.domain.blocks import Button, Text
from tidings.domain.brief import Brief, Fact, parse_brief
from tidings.domain.errors import InvalidInputError

AGENT = ContentAgent()


def drafted(given: Brief, bodies: int) -> DraftingResult:
    """What the agent writes when so many bodies are asked for."""
    asked = given.model_copy(update={"bodies": bodies})
    return AGENT.draft(asked, brand(given.brand), claims(given.brand), seed=5, at=AT)


@pytest.mark.parametrize("given", briefs(), ids=lambda given: given.name)
def test_each_variant_differs_from_the_first_in_one_thing(given: Brief) -> None:
    plain, more = drafted(given, 1).drafts, drafted(given, 3).drafts
    assert more[: len(plain)] == plain  # asking for bodies changes nothing of what there was
    assert all(draft.sendable for draft in more)
    assert len({draft.variant for draft in more}) == len(more)
    assert len({draft.blocks for draft in more}) == 1 + len(more) - len(plain)
    for draft in more[len(plain) :]:
        assert (draft.subject, draft.preheader) == (more[0].subject, more[0].preheader)
        assert draft.blocks[:2] == more[0].blocks[:2]  # heading and greeting
        assert draft.blocks[-3:] == more[0].blocks[-3:]  # sign-off, divider, footer


def facts(*said: str) -> Brief:
    """An offer of these facts."""
    return brief("Single fact").model_copy(
        update={"type": "offer", "product": "Oat bread", "facts": tuple(Fact(sentence=fact) for fact in said)}
    )


MANY = facts(
    "Oat bread is new on our shelf.", "You can freeze it.", "You get a slice to try.", "Our baker mills the oats.",
    "The crust stays crisp for days.", "It does not contain nuts.", "The offer ends on 3 May 2027.",
    '"I have it every morning," says Ada Byron.',
)  # fmt: skip


def test_a_short_body_leaves_out_no_limit_and_no_date() -> None:
    result = drafted(MANY, 2)
    said = " ".join(block.text for block in result.drafts[-1].blocks if isinstance(block, Text))
    assert "It does not contain nuts." in said
    assert "The offer ends on 3 May 2027." in said
    assert "Our baker mills the oats." not in said
    assert "C short: without the facts that neither limit nor date it" in result.decision.reason
    assert [each["text"] for each in result.decision.alternatives if each["what"] == "body"] == ["short"]


def test_proof_can_stand_first() -> None:
    result = drafted(MANY, 3)
    kinds = [block.kind for block in result.drafts[-1].blocks]
    assert kinds.index("quote") < kinds.index("text", 3)
    assert "D proof first" in result.decision.reason


def test_a_brief_of_one_fact_has_one_other_body_and_says_so() -> None:
    result = drafted(facts("Oat bread is new on our shelf."), 3)
    assert len(result.drafts) == 3
    blocks = result.drafts[-1].blocks
    where = next(no for no, block in enumerate(blocks) if isinstance(block, Button))
    assert not any("new on our shelf" in block.text for block in blocks[:where] if isinstance(block, Text))
    assert "too little for more bodies" in result.decision.reason


def test_what_it_means_stays_with_it() -> None:
    given = facts(
        "The beta is on your phone.", "We have changed the start screen.", "The colours are calmer.",
        "The form has four questions.",
        "You can skip any of them.", "It closes on 9 May 2027.",
    )  # fmt: skip
    short = drafted(given, 2).drafts[-1]
    said = " ".join(block.text for block in short.blocks if isinstance(block, Text))
    assert "The colours are calmer." not in said
    assert said.index("The form has four questions.") < said.index("It closes on 9 May 2027.")


def test_by_default_there_is_one_body() -> None:
    result = drafted(MANY, 1)
    assert len({draft.blocks for draft in result.drafts}) == 1
    assert "differ in the subject line only" in result.decision.reason


@pytest.mark.parametrize("count", [0, 6, "many"])
def test_one_to_five_bodies_can_be_asked_for(count: object) -> None:
    raw = {"name": "x", "goal": "Sell it", "brand": "x", "facts": ["It is new."], "call_to_action": "Look"}
    with pytest.raises(InvalidInputError, match="bodies"):
        parse_brief({**raw, "link": "https://x.example", "bodies": count})
