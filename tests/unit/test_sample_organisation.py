"""The sample's own content keeps the rules of the house."""

from datetime import UTC, datetime

import pytest

from tidings.audience.rules import check_rule
from tidings.domain.claim import Claim
from tidings.domain.contact import normalise_address
from tidings.domain.instant import from_datetime
from tidings.sample.names import COUNTRIES, DOMAINS, choices, plain
from tidings.sample.organisation import CLAIMS, SAMPLE_BRIEF, SEGMENTS, brand, sample_brief
from tidings.sample.stories import STORIES, brief_of, drafts_of


def test_brand_claims_and_segments_are_valid() -> None:
    assert brand("brd_1").sender.domain.endswith(".example")
    assert len(CLAIMS) >= 12
    for sentence, kind, evidence in CLAIMS:
        assert evidence
        assert (
            Claim(id="clm_1", sentence=sentence, kind=kind, evidence=evidence, approved_by="Jonas").sentence[-1] == "."
        )
    for name, description, rule in SEGMENTS:
        assert name
        assert description
        check_rule(rule)


@pytest.mark.parametrize("moment", [datetime(2026, 11, 22, tzinfo=UTC), datetime(2028, 2, 20, 23, 59, tzinfo=UTC)])
def test_the_new_briefs_dates_lie_ahead_and_agree(moment: datetime) -> None:
    brief = sample_brief(from_datetime(moment))
    [sentence] = [fact.sentence for fact in brief.facts if "first evening is on" in fact.sentence]
    said = datetime.strptime(sentence, "The first evening is on Tuesday, %d %B %Y.").replace(tzinfo=UTC)
    assert said.strftime("%A") == "Tuesday"
    assert 7 <= (said - moment).days <= 16
    assert 4 <= len(brief.facts) <= 6


def test_the_season_is_named_after_the_first_evening() -> None:
    assert SAMPLE_BRIEF.name == "Winter bread school"
    assert sample_brief(from_datetime(datetime(2027, 9, 5, tzinfo=UTC))).name == "Autumn bread school"
    assert sample_brief(from_datetime(datetime(2027, 5, 25, tzinfo=UTC))).name == "Summer bread school"


def test_every_past_campaign_is_a_valid_brief_with_two_sendable_drafts() -> None:
    assert len({story.name for story in STORIES}) == len(STORIES) == 9
    for story in STORIES:
        brief, drafts = brief_of(story), drafts_of(story)
        assert brief.audience in {name for name, _, _ in SEGMENTS}
        assert [draft.variant for draft in drafts] == ["A", "B"]
        assert all(draft.sendable and 0 < len(draft.subject) <= 60 for draft in drafts)
        assert drafts[0].subject != drafts[1].subject


def test_every_name_makes_an_address() -> None:
    assert len({zone for country in COUNTRIES for _, zone in country.places}) >= 12
    for country in COUNTRIES:
        for names in (country.first, country.last):
            for name, latin in choices(names):
                assert name
                assert normalise_address(f"{plain(latin)}@{DOMAINS[0]}"), name
