"""A block for some readers from the editor to their mail: checked, previewed, approved, sent."""

from __future__ import annotations

import sys
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.integration import distribution_bed as bed

sys.path.insert(0, str(Path(__file__).parent))
import test_campaigns_service as service
from test_campaigns_service import Town, rows
from test_campaigns_tracking import sent

from tidings.app.sending import build_sender
from tidings.campaigns.editing import DraftChange
from tidings.campaigns.views import CampaignDetail
from tidings.domain.draft import Severity
from tidings.store.tables import contact, delivery

town = service.town
AT = {"field": "country", "op": "is", "value": "AT"}
NOT_AT = {"field": "country", "op": "is_not", "value": "AT"}
FOR_AT = {"kind": "text", "text": "You get a sourdough starter to take home.", "only": AT}


def ready(town: Town) -> CampaignDetail:
    """In review, half of its people in Austria."""
    with town.house.db.transaction() as conn:
        conn.execute(update(contact).where(contact.c.pk % 2 == 0).values(country="AT"))
    made = town.new()
    town.jobs.turn()
    return town.at(made)


def blocks_of(found: CampaignDetail) -> list[dict[str, Any]]:
    assert found.revision is not None, found.row.state_reason
    return [block.model_dump() for block in found.revision.drafts[0].blocks]


def saved(town: Town, found: CampaignDetail, blocks: list[dict[str, Any]]) -> CampaignDetail:
    """With those blocks in every variant."""
    editing = town.house.services.editing
    for variant in ("B", "A"):
        last = editing.save(town.author, found.row.id, variant, DraftChange(blocks=blocks))
    return last


def test_each_reader_gets_the_blocks_that_are_for_them(town: Town) -> None:
    found = ready(town)
    button = next(block for block in blocks_of(found) if block["kind"] == "button")
    for_at = {**button, "only": AT}
    text = 'Our workshop {{ contact.first_name | default: "for you" }}.'
    blocks = [*blocks_of(found), for_at, {"kind": "text", "text": text, "only": NOT_AT}]
    edited = saved(town, found, blocks)
    assert edited.revision is not None
    assert found.revision is not None
    assert edited.revision.content_hash != found.revision.content_hash

    people = {row.email: row for row in rows(town, contact)}
    campaigns = town.house.services.campaigns
    for row in people.values():
        shown = campaigns.preview(town.author, found.row.id, contact_id=row.id)
        assert shown.text.count("Reserve a place:") == (2 if row.country == "AT" else 1)
        assert ("Our workshop Ada." in shown.text) is (row.country != "AT")
        assert "{%" not in f"{shown.html}{shown.text}{shown.subject}"

    assert edited.row.state is service.S.REVIEW, edited.row.state_reason
    sent(town, found)
    with bed.sink() as sink:
        house = replace(town.house, relay=f"smtp://127.0.0.1:{sink.port}?tls=none")
        with bed.running(build_sender(house)):
            bed.wait_for(lambda: {row.state for row in rows(town, delivery)} == {"accepted"}, 30)
        mails = [message_from_bytes(body, policy=policy.default) for body in sink.bodies]
    assert len(mails) == len(people)
    for mail in mails:
        at = people[mail["To"].addresses[0].addr_spec].country == "AT"
        for kind in ("plain", "html"):
            said = mail.get_body((kind,)).get_content()
            assert ("Our workshop Ada." in said) is not at
            assert said.count("/t/") == (3 if at else 2) + (kind == "html"), "a hidden button has no link"


@pytest.mark.parametrize(("kind", "said"), [("button", "no button"), ("footer", "footer"), ("text", "empty mail")])
def test_every_reader_gets_a_whole_mail(town: Town, kind: str, said: str) -> None:
    found = ready(town)
    changed = [{**block, "only": AT} if block["kind"] == kind else block for block in blocks_of(found)]
    edited = saved(town, found, changed)
    assert edited.revision is not None
    findings = [each for each in edited.revision.drafts[0].findings if each.check == "readers"]
    assert any(said in each.message and each.severity is Severity.ERROR for each in findings)
    assert edited.row.state is service.S.BLOCKED


def test_what_only_some_read_is_checked_like_all_else(town: Town) -> None:
    found = ready(town)
    bad = {"kind": "text", "text": "Only 9 euros, guaranteed.", "only": AT}
    edited = saved(town, found, [*blocks_of(found), bad])
    assert edited.revision is not None
    assert {"prices", "claim_words"} <= {each.check for each in edited.revision.drafts[0].findings}


def test_whom_a_block_is_for_is_seen_in_the_difference(town: Town) -> None:
    found = ready(town)
    blocks = [*blocks_of(found), {"kind": "text", "text": FOR_AT["text"]}]
    before = saved(town, found, blocks)
    after = saved(town, found, [*blocks[:-1], FOR_AT])
    assert before.revision is not None
    assert after.revision is not None
    told = town.house.services.editing.compare(town.author, found.row.id, before.revision.number, after.revision.number)
    changed = [part for draft in told.drafts if draft.variant == "A" for part in draft.parts if part.how == "changed"]
    assert [part.after.splitlines()[-1] for part in changed] == ["(only for readers whose country is AT)"]


def test_a_word_that_must_be_said_is_said_to_everybody(town: Town) -> None:
    made = town.new(must_say=["sourdough"])
    town.jobs.turn()
    found = town.at(made)
    fact = "You get a sourdough starter to take home."
    blocks = [
        {**block, "text": block["text"].replace(fact, "")} if block["kind"] == "text" else block
        for block in blocks_of(found)
    ]
    change = DraftChange(subject="Our workshop", preheader="Come and bake.", blocks=[*blocks, FOR_AT])
    edited = town.house.services.editing.save(town.author, found.row.id, "A", change)
    assert edited.revision is not None
    (told,) = [each for each in edited.revision.drafts[0].findings if each.check == "readers"]
    assert (told.severity, told.quote) == (Severity.WARNING, "sourdough")
