"""The composer says every fact word for word, in a good order, and no two mails alike."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.content_material import brand, brief, briefs, claims

from tidings.content.composer.material import units
from tidings.content.kinds import kind_of
from tidings.content.writers.base import Assignment
from tidings.content.writers.composer import Composer
from tidings.domain.blocks import Button, Heading, Quote, Text
from tidings.domain.brief import Brief, Fact
from tidings.domain.claim import Claim, ClaimKind
from tidings.domain.draft import Draft


def write(given_brief: Brief, seed: int = 1, **changes: object) -> Draft:
    usable = tuple(claim for claim in claims(given_brief.brand) if claim.usable(at=0, channel="email"))
    return Composer().write(Assignment(given_brief, brand(given_brief.brand, **changes), usable, seed)).drafts[0]


def text_of(draft: Draft) -> str:
    return "\n".join(str(getattr(block, "text", "")) for block in draft.blocks)


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("It is a bread workshop for beginners.", ClaimKind.WHAT),
        ("There is a new climbing wall.", ClaimKind.WHAT),
        ("You can bring a guest.", ClaimKind.ABILITY),
        ("You get a sourdough starter to take home.", ClaimKind.BENEFIT),
        ("You learn to write e-mails in Spanish.", ClaimKind.BENEFIT),
        ("You get 20 % off every bag.", ClaimKind.OFFER),
        ("The workshop costs 45 euros.", ClaimKind.OFFER),
        ("Participation is free of charge.", ClaimKind.OFFER),
        ("It takes place on 3 December at 18:00.", ClaimKind.DATE),
        ("Orders close on Sunday at 20:00.", ClaimKind.DATE),
        ("It takes place in the old town hall.", ClaimKind.PLACE),
        ("The address is Karl-Heine-Strasse.", ClaimKind.PLACE),
        ("“It works,” says Petra Lang of Lang Bau.", ClaimKind.PROOF),
        ("It was tested for 8 weeks.", ClaimKind.PROOF),
    ],
)
def test_the_kind_is_told_from_the_stem(sentence: str, kind: ClaimKind) -> None:
    assert kind_of(Fact(sentence=sentence)) is kind


def test_a_kind_given_by_a_person_holds() -> None:
    assert kind_of(Fact(sentence="You can save.", kind=ClaimKind.PROOF)) is ClaimKind.PROOF


def test_sentences_that_point_back_stay_with_what_they_point_at() -> None:
    found = units(brief("Repair cafe"))
    assert "Volunteers repair them together with you." in found[0].text
    assert found[0].text.startswith("You can bring lamps")


@pytest.mark.parametrize("given_brief", briefs(), ids=lambda item: item.name)
def test_every_fact_is_said_word_for_word_and_once(given_brief: Brief) -> None:
    draft = write(given_brief)
    said = text_of(draft)
    for fact in given_brief.facts:
        quoted = [b for b in draft.blocks if isinstance(b, Quote) and b.text.strip(".") in fact.sentence]
        forbidden = any(word in fact.sentence for word in given_brief.must_not_say)
        assert said.count(fact.sentence) == (0 if quoted or forbidden else 1), fact.sentence


@pytest.mark.parametrize("given_brief", briefs(), ids=lambda item: item.name)
def test_every_sentence_has_a_trace(given_brief: Brief) -> None:
    draft = write(given_brief)
    traced = {trace.sentence for trace in draft.traces}
    assert {draft.subject, draft.preheader} <= traced
    assert {block.text for block in draft.blocks if isinstance(block, Heading)} <= traced
    assert {block.label for block in draft.blocks if isinstance(block, Button)} <= traced


def test_it_goes_from_what_to_when() -> None:
    said = text_of(write(brief("Autumn workshop")))
    order = ["beginners", "starter", "3 December", "45 euros"]
    assert [said.index(word) for word in order] == sorted(said.index(word) for word in order)


def test_an_offer_comes_first_where_it_is_the_message() -> None:
    said = text_of(write(brief("Come back")))
    assert said.index("10 euro voucher") < said.index("4 new coffees")


def test_three_gains_become_a_list_and_a_quotation_a_quote() -> None:
    draft = write(brief("Many facts"))
    lists = [block for block in draft.blocks if isinstance(block, Text) and "• " in block.text]
    assert len(lists) == 1
    assert lists[0].text.count("• ") == 5
    quotes = [block for block in draft.blocks if isinstance(block, Quote)]
    assert [(quote.text, quote.source) for quote in quotes] == [
        ("It saves me a day every month.", "Petra Lang of Lang Bau")
    ]


def test_the_same_seed_writes_the_same_and_another_another() -> None:
    given_brief = brief("Course start")
    assert write(given_brief, 5) == write(given_brief, 5)
    assert len({text_of(write(given_brief, seed)) for seed in range(20)}) >= 15


def test_two_briefs_do_not_read_alike() -> None:
    """Of the stock sentences of two drafts, at most half are the same for nearly all pairs, and never all."""
    drafts = [{t.sentence for t in write(item).traces if t.source == "stock"} for item in briefs()]
    shares = [len(one & other) / min(len(one), len(other)) for one, other in combinations(drafts, 2)]
    assert max(shares) < 0.75
    assert sum(share > 0.5 for share in shares) / len(shares) < 0.01


def test_what_was_said_lately_is_avoided() -> None:
    given_brief = brief("Course start")
    first = Composer().write(Assignment(given_brief, brand(given_brief.brand), (), 1)).drafts[0]
    recent = frozenset(trace.sentence for trace in first.traces if trace.source == "stock")
    second = Composer().write(Assignment(given_brief, brand(given_brief.brand), (), 1, recent)).drafts[0]
    again = {trace.sentence for trace in second.traces if trace.source == "stock"} & recent
    assert all("contact.first_name" in sentence for sentence in again)  # there are only two greetings


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_subjects_differ_in_their_angle(count: int) -> None:
    given_brief = brief("Course start").model_copy(update={"subjects": count})
    writing = Composer().write(Assignment(given_brief, brand(), (), 3))
    assert [draft.variant for draft in writing.drafts] == list("ABCDE"[:count])
    assert len({draft.subject for draft in writing.drafts}) == count
    angles = [line["angle"] for line in writing.alternatives if line["what"] == "subject" and line["chosen"]]
    assert len(set(angles)) == min(count, 4)
    assert len({draft.blocks for draft in writing.drafts}) == 1  # a test of subjects tests nothing else


def test_a_fitting_claim_is_said_and_a_far_one_not() -> None:
    far = Claim(id="clm_far", sentence="Penguins cannot fly.", approved_by="Ada")
    near = Claim(id="clm_near", sentence="Every bread workshop is held by a master baker.", approved_by="Ada")
    draft = Composer().write(Assignment(brief("Autumn workshop"), brand(), (far, near), 1)).drafts[0]
    assert near.sentence in text_of(draft)
    assert far.sentence not in text_of(draft)
    assert ("clm_near",) in {trace.claim_ids for trace in draft.traces}


def test_what_must_not_be_said_is_left_out_and_named() -> None:
    writing = Composer().write(Assignment(brief("Forbidden words"), brand("Fjellwear"), (), 4))
    assert writing.left_out == ("They are cheap.",)
    assert "cheap" not in text_of(writing.drafts[0])


def test_the_brands_required_words_end_in_the_footer() -> None:
    draft = write(brief("Insurance check"), required_words=("Sicher & Co is supervised by the state.",))
    assert draft.blocks[-1].text.endswith("Sicher & Co is supervised by the state.")  # type: ignore[union-attr]


def test_too_many_facts_are_cut_and_the_date_stays() -> None:
    facts = tuple(
        Fact(sentence=f"It has a part that is called number {n} in the long list of parts.") for n in range(28)
    )
    long = brief("Course start").model_copy(
        update={"facts": (*facts, Fact(sentence="The course starts on 11 January."))}
    )
    writing = Composer().write(Assignment(long, brand(), (), 1, max_words=120))
    assert "11 January" in text_of(writing.drafts[0])
    assert writing.left_out


@settings(max_examples=60, deadline=None)
@given(
    facts=st.lists(
        st.text(alphabet="abc xyzÄß€%0123456789“”\"{}<>&'", min_size=3, max_size=60).filter(
            lambda text: len(text.strip()) >= 3  # shorter ones are refused by the brief itself
        ),
        min_size=1,
        max_size=8,
        unique=True,
    ),
    kind=st.sampled_from(briefs()),
    seed=st.integers(0, 2**31),
)
def test_any_brief_gives_a_draft(facts: list[str], kind: Brief, seed: int) -> None:
    sentences = tuple(Fact(sentence=f"A{' '.join(text.split())}.") for text in facts)
    odd = kind.model_copy(update={"facts": sentences, "must_not_say": ()})
    draft = write(odd, seed)
    assert draft.subject
    assert draft.preheader
    assert all(trace.sentence for trace in draft.traces)
