"""A sequence's steps in several versions: each person gets the one that fits when they come to the step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.conftest import FakeClock

sys.path.insert(0, str(Path(__file__).parent))
from sequence_bed import BRIEF, Bed, make_bed, send, sequence

from tidings.audience.incoming import ConsentGiven
from tidings.campaigns.sequences.messages import variant_for
from tidings.campaigns.sequences.views import SequenceDetail
from tidings.domain.errors import InvalidInputError
from tidings.domain.event import Event, EventKind
from tidings.domain.instant import DAY, HOUR
from tidings.domain.version import step_and_version
from tidings.events.log import append
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import contact

GERMAN = {
    "name": "german", "language": "de", "product": "Backkurs", "call_to_action": "Platz sichern",
    "facts": ["Der Kurs zeigt Ihnen, wie Sauerteigbrot gelingt."],
}  # fmt: skip
REGULARS = {"name": "regulars", "segment": "Regulars", "more_facts": ["You may bring a friend with you."]}
WAIT = {"id": "w", "wait": "1 day"}


@pytest.fixture
def bed(database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> Bed:
    made = make_bed(database, clock, secrets, tmp_path)
    table = "email,first_name,time_zone,locale\n" + "".join(
        f"{locale}{number}@example.com,Kim,UTC,{locale}\n" for locale in ("en", "de", "de-AT") for number in range(2)
    )
    given = ConsentGiven(source="form", wording="Yes, write to me.")
    made.house.services.audience.import_csv(made.admin, table, consent=given)
    made.house.services.audience.create_segment(
        made.admin, name="Regulars", rule={"all": [{"field": "email", "op": "contains", "value": "1@"}]}
    )
    return made


def spoken(name: str, *versions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A send step with these versions besides the base."""
    return {"id": name, "send": {"brief": {**BRIEF, "versions": list(versions), **more}}}


def got(bed: Bed, made: SequenceDetail, step: int) -> dict[str, str]:
    """The variant that each address got at a step."""
    with bed.house.db.reading() as conn:
        emails = {row.pk: row.email for row in conn.execute(select(contact.c.pk, contact.c.email))}
    found = bed.deliveries(bed.pk(made))
    return {emails[row.contact_pk].partition("@")[0]: row.variant for row in found if row.step == step}


def move_to(bed: Bed, email: str, locale: str) -> None:
    with bed.house.db.transaction() as conn:
        conn.execute(update(contact).where(contact.c.email == email).values(locale=locale))


def test_each_person_gets_the_version_that_fits_at_each_step(bed: Bed) -> None:
    made = bed.running(sequence(spoken("hello", GERMAN, REGULARS), WAIT, spoken("more", GERMAN)))
    revision = made.campaign.revision
    assert revision is not None
    drafts = {draft.variant: draft for draft in revision.drafts}
    assert list(drafts) == ["hello-A", "hello_german-A", "hello_regulars-A", "more-A", "more_german-A"]
    assert {name: draft.language for name, draft in drafts.items() if "german" in name} == {
        "hello_german-A": "de", "more_german-A": "de"
    }  # fmt: skip
    assert GERMAN["facts"][0] in "\n".join(trace.sentence for trace in drafts["hello_german-A"].traces)
    assert "You may bring a friend with you." not in "\n".join(trace.sentence for trace in drafts["hello-A"].traces)

    bed.turn()
    assert got(bed, made, 0) == {
        "en0": "hello-A", "en1": "hello_regulars-A", "de0": "hello_german-A", "de1": "hello_german-A",
        "de-AT0": "hello_german-A", "de-AT1": "hello_german-A",
    }  # fmt: skip
    move_to(bed, "en1@example.com", "de")
    move_to(bed, "de0@example.com", "en")
    bed.pass_time(2 * DAY)
    later = got(bed, made, 1)
    assert (later["en0"], later["en1"]) == ("more-A", "more_german-A")
    assert (later["de0"], later["de1"]) == ("more-A", "more_german-A")


def test_what_is_previewed_checked_and_approved_is_every_version(bed: Bed) -> None:
    made = bed.made(sequence(spoken("hello", GERMAN)))
    campaigns, campaign_id = bed.house.services.campaigns, made.campaign.row.id
    shown = campaigns.preview(bed.approver, campaign_id, variant="hello_german-A")
    assert "Sauerteigbrot" in shown.text
    assert campaigns.preflight(bed.approver, campaign_id)
    assert made.steps[0].subjects == tuple(draft.subject for draft in made.campaign.revision.drafts)  # type: ignore[union-attr]
    assert not made.campaign.brief.versions  # the whole has none: each step has its own


def test_an_edit_of_one_version_leaves_the_words_of_the_others(bed: Bed) -> None:
    made = bed.running(sequence(spoken("hello", GERMAN), WAIT, spoken("more", GERMAN)))
    bed.pass_time(HOUR)
    warmer = {**GERMAN, "facts": ["Der Kurs beginnt mit einem warmen Brot."]}
    campaign_id = made.campaign.row.id
    bed.service.edit(bed.author, campaign_id, sequence(spoken("hello", GERMAN), WAIT, spoken("more", warmer)))
    bed.jobs.turn()
    waiting = bed.service.get(bed.author, campaign_id)
    assert waiting.proposed_revision is not None
    bed.service.approve(bed.approver, campaign_id, waiting.proposed_revision.id)
    bed.pass_time(2 * DAY)
    later = got(bed, made, 1)
    assert later["de0"] == "more_german-A.2"
    assert step_and_version(later["en0"]) == ("more", "")


def test_words_that_move_from_one_version_to_another_stay_apart(bed: Bed) -> None:
    """Regulars and everybody else change places: nobody may get what was the other's because it is there already."""
    one, two = ["It is a bread workshop for beginners."], ["You may bring a friend with you."]

    def step(base: list[str], regulars: list[str]) -> dict[str, Any]:
        return spoken("more", {"name": "regulars", "segment": "Regulars", "facts": regulars}, facts=base)

    made = bed.running(sequence(send("hello"), WAIT, step(one, two)))
    bed.pass_time(HOUR)
    campaign_id = made.campaign.row.id
    bed.service.edit(bed.author, campaign_id, sequence(send("hello"), WAIT, step(two, one)))
    bed.jobs.turn()
    waiting = bed.service.get(bed.author, campaign_id)
    assert waiting.proposed_revision is not None
    bed.service.approve(bed.approver, campaign_id, waiting.proposed_revision.id)
    bed.pass_time(2 * DAY)
    later = got(bed, made, 1)
    assert {step_and_version(later[name])[1] for name in ("en1", "de1", "de-AT1")} == {"regulars"}
    assert {step_and_version(later[name])[1] for name in ("en0", "de0", "de-AT0")} == {""}


def test_a_versions_segment_that_is_not_there_says_the_step(bed: Bed) -> None:
    nobody = {**REGULARS, "segment": "Nobody"}
    with pytest.raises(InvalidInputError, match="step `hello`: Version regulars: There is no segment named 'Nobody'"):
        bed.service.create(bed.author, sequence(spoken("hello", nobody)))


def test_the_results_name_step_and_version(bed: Bed) -> None:
    made = bed.running(sequence(spoken("hello", GERMAN)))
    pk = bed.pk(made)
    bed.turn()
    with bed.house.db.transaction() as conn:
        for row in bed.deliveries(pk):
            append(conn, [Event(EventKind.ACCEPTED, bed.clock.now(), pk, row.contact_pk, variant=row.variant)])
    report = bed.house.services.analytics.campaign_report(bed.author, made.campaign.row.id)
    assert [line.variant for line in report.lines] == ["hello-A", "hello_german-A"]
    assert report.versions == ()
    assert "Steps have different readers" in report.verdict


def test_two_subject_lines_of_a_version_are_shared_out_among_its_readers() -> None:
    variants = ["hello-A", "hello-B", "hello_german-A.2", "hello_german-B"]
    german = [variant_for(variants, "hello", person, "german") for person in range(200)]
    assert {*german} == {"hello_german-A.2", "hello_german-B"}
    assert 60 < german.count("hello_german-B") < 140
    assert {variant_for(variants, "hello", person) for person in range(200)} == {"hello-A", "hello-B"}
