"""Editing drafts on the real rooms and databases: revisions, suggestions, comments, templates, pictures, test sends."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import func, select
from tests.conftest import FakeClock

from tidings.agents.state import ensure_agents
from tidings.app.wiring import House, wire
from tidings.audience.incoming import ConsentGiven
from tidings.campaigns.editing import DraftChange
from tidings.campaigns.suggesting import SuggestionService
from tidings.campaigns.views import CampaignDetail
from tidings.content.exam.licence import Licence
from tidings.content.parsing import BlocksError
from tidings.content.suggest import Suggester
from tidings.domain.actor import Actor, ActorKind, AgentName, Role, agent_actor
from tidings.domain.brief import parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.draft import Draft, Trace
from tidings.domain.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, UnavailableError
from tidings.engine.jobs import Jobs
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.llm.base import Completion
from tidings.settings import Settings
from tidings.store.database import Database
from tidings.store.tables import delivery, event

if TYPE_CHECKING:
    from tidings.content.models.desk import ModelDesk, Question

FIELDS = {
    "name": "Autumn workshop", "type": "event", "goal": "Fill the bread workshop", "brand": "Northwind Bakery",
    "facts": ["It is a bread workshop for beginners.", "You get a sourdough starter to take home."],
    "call_to_action": "Reserve a place", "link": "https://northwind.example.com/workshop",
}  # fmt: skip


class HandTurned:
    """The engine's interface; jobs run when the test says so."""

    def __init__(self) -> None:
        self.registered: dict[str, Any] = {}
        self.waiting: list[tuple[str, tuple[Any, ...]]] = []
        self.on_error: Any = None

    def job(self, name: str, *, queue: str) -> Any:
        def keep(function: Any) -> Any:
            self.registered[name] = function
            return function

        return keep

    def enqueue(self, _conn: Any, name: str, *args: Any, id: str, delay_ms: int = 0) -> None:  # noqa: A002
        if delay_ms == 0:
            self.waiting.append((name, args))

    def turn(self) -> None:
        while self.waiting:
            name, args = self.waiting.pop(0)
            self.registered[name](*args)


@dataclass
class Desk:
    """A campaign in review, and the people around it."""

    house: House
    jobs: HandTurned
    author: Actor
    approver: Actor
    viewer: Actor
    id: str
    relay_at: list[int] = field(default_factory=list)

    @property
    def now(self) -> CampaignDetail:
        return self.house.services.campaigns.get(self.author, self.id)

    def draft(self, variant: str = "A") -> Draft:
        revision = self.now.revision
        assert revision is not None
        return next(draft for draft in revision.drafts if draft.variant == variant)

    def blocks(self) -> list[dict[str, Any]]:
        return [block.model_dump() for block in self.draft().blocks]


@pytest.fixture
def desk(database: Database, clock: FakeClock, secrets: Secrets, tmp_path: Path) -> Desk:
    jobs = HandTurned()
    settings = Settings(tmp_path, relay="smtp://127.0.0.1:1?tls=none")
    house = wire(settings, database, MasterKey(bytes(32)), secrets, clock, "test", jobs=cast("Jobs", jobs))
    with database.transaction() as conn:
        ensure_agents(conn)
    access = house.services.access
    people = {
        role: access.create_account(None, email=f"{role}@example.com", name=role.title(), role=role)
        for role in (Role.ADMIN, Role.AUTHOR, Role.MANAGER, Role.VIEWER)
    }
    admin = people[Role.ADMIN].actor()
    house.services.brands.create_brand(
        admin,
        {"name": "Northwind Bakery", "sender": {"name": "Northwind", "address": "hello@northwind.example.com"},
         "postal_address": "Mill Lane 4, 1010 Vienna", "website": "https://northwind.example.com"},
    )  # fmt: skip
    table = "email,first_name,time_zone\n" + "".join(f"p{n}@example.com,Ada,Europe/London\n" for n in range(3))
    given = ConsentGiven(source="sign-up form", wording="Yes, write to me.")
    house.services.audience.import_csv(admin, table, consent=given)
    author = people[Role.AUTHOR].actor()
    made = house.services.campaigns.create(author, parse_brief(FIELDS))
    jobs.turn()
    return Desk(house, jobs, author, people[Role.MANAGER].actor(), people[Role.VIEWER].actor(), made.row.id)


def png(width: int = 8, height: int = 4, *extra: tuple[bytes, bytes]) -> bytes:
    """A real PNG with other chunks inside."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = b"".join(b"\0" + b"\x40\x80\xc0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    middle = b"".join(chunk(*each) for each in extra)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + middle + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


# Editing


def test_blocks_are_added_moved_and_changed_in_one_new_revision(desk: Desk) -> None:
    editing, before = desk.house.services.editing, desk.now
    assert before.revision is not None
    blocks = desk.blocks()
    moved = [blocks[1], blocks[0], {"kind": "divider"}, *blocks[2:]]
    after = editing.save(
        desk.author, desk.id, "A", DraftChange(subject="A bread workshop", blocks=moved),
        expected_version=before.row.version,
    )  # fmt: skip
    assert after.revision is not None
    assert (after.revision.number, after.revision.author) == (before.revision.number + 1, "Author")
    assert [block.model_dump() for block in desk.draft().blocks] == moved
    assert desk.draft().subject == "A bread workshop"
    assert after.row.state is CampaignState.REVIEW  # still without approval, and still fit to be sent
    assert desk.draft("B") == next(d for d in before.revision.drafts if d.variant == "B")


def test_saving_what_is_there_already_makes_no_revision(desk: Desk) -> None:
    before = desk.now
    after = desk.house.services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=desk.blocks()))
    assert after.revision == before.revision


def test_an_edit_voids_the_approval_and_the_verifier_runs(desk: Desk) -> None:
    services, ready = desk.house.services, desk.now
    assert ready.revision is not None
    services.campaigns.approve(desk.approver, desk.id, ready.revision.id)
    blocks = [*desk.blocks(), {"kind": "text", "text": "It costs 99 euros and took 412 shops."}]
    after = services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=blocks))
    assert after.row.state is CampaignState.BLOCKED
    place = f"block {len(blocks)}"
    assert {finding.place for finding in desk.draft().findings if finding.severity == "error"} == {place}
    again = services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=blocks[:-1]))
    assert again.row.state is CampaignState.REVIEW


def test_two_people_at_once_get_a_conflict_and_the_first_edit_stays(desk: Desk) -> None:
    editing, seen = desk.house.services.editing, desk.now.row.version
    editing.save(desk.author, desk.id, "A", DraftChange(subject="The first one"), expected_version=seen)
    with pytest.raises(ConflictError, match="changed meanwhile"):
        editing.save(desk.approver, desk.id, "A", DraftChange(subject="The second"), expected_version=seen)
    assert desk.draft().subject == "The first one"


def test_looking_keeps_nothing_and_shows_what_would_leave(desk: Desk) -> None:
    before = desk.now
    draft, shown = desk.house.services.editing.looked_at(
        desk.author, desk.id, "A", DraftChange(subject="Nobody vouches for 77 loaves")
    )
    assert shown.subject == "Nobody vouches for 77 loaves"
    assert not draft.sendable
    assert desk.now == before


def test_every_wrong_block_is_named_and_nothing_is_lost(desk: Desk) -> None:
    before = desk.now
    wrong = [{"kind": "image", "url": "ftp://x", "alt": "x"}, {"kind": "text", "text": "x"}, {"kind": "song"}]
    with pytest.raises(BlocksError) as caught:
        desk.house.services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=wrong))
    assert caught.value.problems == {
        0: "the address must begin with https://", 2: "there is no such kind of block",
    }  # fmt: skip
    with pytest.raises(InvalidInputError, match="subject"):
        desk.house.services.editing.save(desk.author, desk.id, "A", DraftChange(subject="  "))
    with pytest.raises(InvalidInputError, match="variant"):
        desk.house.services.editing.save(desk.author, desk.id, "Z", DraftChange(subject="x"))
    assert desk.now == before


def test_a_viewer_may_look_and_not_save(desk: Desk) -> None:
    services = desk.house.services
    assert services.editing.checked(desk.viewer, desk.id, "A", DraftChange()).sendable
    with pytest.raises(ForbiddenError):
        services.editing.save(desk.viewer, desk.id, "A", DraftChange(subject="x"))
    with pytest.raises(ForbiddenError):
        services.comments.add(desk.viewer, desk.id, "A", "Hello")
    with pytest.raises(ForbiddenError):
        services.test_sends.send(desk.viewer, desk.id, "A")


# Revisions


def test_revisions_name_person_or_agent_and_can_be_compared_and_gone_back_to(desk: Desk) -> None:
    editing, old = desk.house.services.editing, desk.draft()
    editing.save(desk.author, desk.id, "A", DraftChange(subject="A bread workshop", blocks=desk.blocks()[1:]))
    rows = editing.revisions(desk.author, desk.id)
    assert [(row.number, row.by_agent, row.in_force, row.changed) for row in rows] == [
        (2, False, True, ("A",)), (1, True, False, ("A", "B")),
    ]  # fmt: skip
    found = editing.compare(desk.author, desk.id, 1, 2)
    parts = {part.place: part.how for part in found.drafts[0].parts if part.how != "same"}
    assert parts == {"subject": "changed", "heading": "gone"}
    assert not found.drafts[1].changed
    back = editing.restore(desk.author, desk.id, 1)
    assert back.revision is not None
    assert back.revision.number == 3
    assert desk.draft().blocks == old.blocks
    with pytest.raises(NotFoundError, match="no revision 9"):
        editing.restore(desk.author, desk.id, 9)
    with pytest.raises(InvalidInputError, match="in force"):
        editing.restore(desk.author, desk.id, 3)


def test_a_revision_names_the_channel_of_what_changed(desk: Desk) -> None:
    brief = parse_brief({**FIELDS, "name": "Two channels", "channels": ["email", "feed"]})
    made = desk.house.services.campaigns.create(desk.author, brief).row.id
    desk.jobs.turn()
    rows = desk.house.services.editing.revisions(desk.author, made)
    assert rows[0].changed == ("A", "B", "feed A")


@pytest.mark.parametrize("name", ["subject", "preheader"])
def test_a_subject_of_fifty_pages_is_not_kept(desk: Desk, name: str) -> None:
    with pytest.raises(InvalidInputError, match="200 are the most") as refused:
        desk.house.services.editing.save(desk.author, desk.id, "A", DraftChange(**{name: "bread " * 20_000}))
    assert refused.value.field == name
    assert len(desk.now.revisions) == 1


# Suggestions


def test_a_suggestion_changes_nothing_until_a_person_accepts_it(desk: Desk) -> None:
    suggestions, before = desk.house.services.suggestions, desk.now
    found = suggestions.suggest(desk.author, desk.id, "A")
    assert found
    assert all(each.before == desk.draft().subject and each.writer == "Composer" for each in found)
    assert desk.now.revision == before.revision
    with pytest.raises(ConflictError, match="Only a person"):
        suggestions.accept(agent_actor(AgentName.CONTENT), desk.id, found[0].id)
    after = suggestions.accept(desk.author, desk.id, found[0].id)
    assert after.revision is not None
    assert desk.draft().subject == found[0].after
    assert desk.draft().sendable
    with pytest.raises(ConflictError, match="accepted already"):
        suggestions.reject(desk.author, desk.id, found[0].id)
    # The others were for a sentence that is gone.
    assert suggestions.suggestions(desk.author, desk.id) == []


def test_no_variant_is_offered_the_subject_of_another(desk: Desk) -> None:
    """A test of two equal lines would test nothing."""
    suggestions = desk.house.services.suggestions
    offered = suggestions.suggest(desk.author, desk.id, "A")[0].after
    desk.house.services.editing.save(desk.author, desk.id, "B", DraftChange(subject=offered))
    assert offered not in {each.after for each in suggestions.suggest(desk.author, desk.id, "A")}


def test_a_rejected_suggestion_is_not_made_again(desk: Desk) -> None:
    suggestions = desk.house.services.suggestions
    first = suggestions.suggest(desk.author, desk.id, "A")
    suggestions.reject(desk.author, desk.id, first[0].id)
    again = suggestions.suggest(desk.author, desk.id, "A")
    assert first[0].after not in {each.after for each in again}
    assert {each.id for each in again} == {each.id for each in first[1:]}


def test_rewriting_a_block_offers_other_words_of_the_stock_for_what_is_stock(desk: Desk) -> None:
    suggestions, draft = desk.house.services.suggestions, desk.draft()
    stock = {trace.sentence for trace in draft.traces if trace.source == "stock"}
    found = suggestions.suggest(desk.author, desk.id, "A", block=0)
    assert found
    assert {each.before for each in found} <= stock
    facts = suggestions.suggest(desk.author, desk.id, "A", sentence="You get a sourdough starter to take home.")
    assert facts == []  # a fact is the brief's; without a model nobody rewords it
    with pytest.raises(InvalidInputError, match="no block 99"):
        suggestions.suggest(desk.author, desk.id, "A", block=99)
    with pytest.raises(ConflictError, match="does not stand"):
        suggestions.suggest(desk.author, desk.id, "A", sentence="Nobody wrote this.")


class FakeDesk:
    """A model licensed to suggest, with one answer; `None` cannot be asked now."""

    def __init__(self, answer: str | None) -> None:
        self.answer, self.asked = answer, list[str]()

    def licensed(self, licence: Licence) -> list[Any]:
        assert licence is Licence.SUGGESTER
        return [SimpleNamespace(name="small", model_hash="f" * 64)]

    def ask(self, _configured: Any, question: Question) -> Completion:
        self.asked.append(question.prompt.task)
        if self.answer is None:
            raise UnavailableError("small may not be asked: offline.")
        return Completion(self.answer, "small")


def test_a_models_words_are_proposals_that_say_no_more_than_their_sources(desk: Desk) -> None:
    fact = "You get a sourdough starter to take home."
    model = FakeDesk(json.dumps({"sentences": ["A sourdough starter is yours to take home.",
                                               "You get 12 starters and a free oven.", fact]}))  # fmt: skip
    suggestions = SuggestionService(desk.house.services.editing, Suggester(cast("ModelDesk", model)))
    found = suggestions.suggest(desk.author, desk.id, "A", sentence=fact)
    assert [(each.after, each.writer) for each in found] == [("A sourdough starter is yours to take home.", "small")]
    assert "@example.com" not in model.asked[0]
    suggestions.accept(desk.author, desk.id, found[0].id)
    record = desk.house.services.records.provenance(desk.author, desk.id, "A")
    assert record.ai_part == "ai-modified"
    assert [each.proposed_by for each in record.sentences if each.sentence == found[0].after] == ["small"]


@pytest.mark.parametrize("answer", [None, "I cannot do that.", "{}"])
def test_a_model_that_cannot_help_is_no_error(desk: Desk, answer: str | None) -> None:
    suggester = Suggester(cast("ModelDesk", FakeDesk(answer)))
    suggestions = SuggestionService(desk.house.services.editing, suggester)
    sentence = "You get a sourdough starter to take home."
    assert suggestions.suggest(desk.author, desk.id, "A", sentence=sentence) == []


# Comments


def test_comments_stay_with_their_revision_until_resolved(desk: Desk) -> None:
    comments = desk.house.services.comments
    made = comments.add(desk.author, desk.id, "A", "Shorter, please.", block=0)
    comments.add(desk.approver, desk.id, "A", "Good.")
    desk.house.services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=desk.blocks()[1:]))
    found = comments.comments(desk.viewer, desk.id)
    assert [(one.by_name, one.block, one.revision_number) for one in found] == [("Author", 0, 1), ("Manager", None, 1)]
    assert found[0].quote
    assert comments.resolve(desk.approver, desk.id, made.id).resolved_by == "Manager"
    assert [one.text for one in comments.comments(desk.author, desk.id, resolved=False)] == ["Good."]
    assert comments.resolve(desk.author, desk.id, made.id, done=False).resolved_at is None
    for text, block in (("", None), ("x" * 2001, None), ("x", 99)):
        with pytest.raises(InvalidInputError):
            comments.add(desk.author, desk.id, "A", text, block=block)
    with pytest.raises(NotFoundError):
        comments.resolve(desk.author, desk.id, "cmt_none")


# Templates


def test_a_template_of_a_brand_begins_another_draft(desk: Desk) -> None:
    templates = desk.house.services.templates
    made = templates.save(desk.author, desk.id, "A", "  Workshop ")
    assert (made.name, made.blocks) == ("Workshop", desk.draft().blocks)
    with pytest.raises(ConflictError, match="already"):
        templates.save(desk.author, desk.id, "B", "Workshop")
    desk.house.services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=desk.blocks()[1:]))
    templates.start_from(desk.author, desk.id, "A", made.id)
    assert desk.draft().blocks == made.blocks
    assert [each.name for each in templates.templates(desk.author, "Northwind Bakery")] == ["Workshop"]
    templates.remove(desk.author, made.id)
    with pytest.raises(NotFoundError):
        templates.start_from(desk.author, desk.id, "A", made.id)
    with pytest.raises(InvalidInputError):
        templates.save(desk.author, desk.id, "A", " ")


# Pictures


def test_a_picture_is_kept_without_what_it_tells_and_may_stand_in_a_draft(desk: Desk) -> None:
    images = desk.house.services.images
    secret = (b"tEXt", b"Comment\0taken at Mill Lane"), (b"eXIf", b"MM\0*GPS")
    made = images.upload(desk.author, "Northwind Bakery", png(8, 4, *secret), "  A loaf  of bread ")
    assert (made.width, made.height, made.alt, made.media_type) == (8, 4, "A loaf of bread", "image/png")
    served = images.served(made.url.rpartition("/")[2])
    assert served is not None
    assert served.content == png(8, 4)
    assert images.served(made.url.rpartition("/")[2].replace(".png", ".jpg")) is None
    assert images.served("0" * 32 + ".png") is None
    assert images.upload(desk.author, "Northwind Bakery", png(8, 4), "A loaf of bread").id == made.id
    picture = {"kind": "image", "url": made.url, "alt": made.alt, "width": 8}
    after = desk.house.services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=[*desk.blocks(), picture]))
    assert after.row.state is CampaignState.REVIEW
    assert desk.draft().sendable
    gone = {**picture, "url": made.url.replace(made.url[-12:-4], "00000000")}
    with pytest.raises(InvalidInputError, match="no picture"):
        desk.house.services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=[gone]))
    foreign = {**picture, "url": "https://elsewhere.example.net/i/x.png"}
    found = desk.house.services.editing.checked(
        desk.author, desk.id, "A", DraftChange(blocks=[*desk.blocks(), foreign])
    )
    assert any(finding.check == "links" for finding in found.findings)


@pytest.mark.parametrize(
    ("content", "alt", "words"),
    [(b"", "x", "no picture"), (b"<svg/>", "x", "no picture mail programs show"), (png()[:40], "x", "cut short"),
     (png(), " ", "alternative text"), (png() + bytes(3 * 1024 * 1024), "x", "MB")],
)  # fmt: skip
def test_what_is_no_picture_is_refused(desk: Desk, content: bytes, alt: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        desk.house.services.images.upload(desk.author, "Northwind Bakery", content, alt)


# Test sends


@contextmanager
def relay(port_of: list[int]) -> Iterator[list[bytes]]:
    """A real SMTP server on the loopback that keeps what it gets."""
    from aiosmtpd.controller import Controller

    got: list[bytes] = []

    class Keeper:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            if envelope.rcpt_tos == ["viewer@example.com"]:
                return "550 5.1.1 no such user"
            got.append(bytes(envelope.content))
            return "250 2.0.0 kept"

    controller = Controller(Keeper(), hostname="127.0.0.1", port=0)
    # aiosmtpd probes its own port, which must be known: take a free one.
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
    controller.start()
    port_of.append(controller.port)
    try:
        yield got
    finally:
        controller.stop()


def test_a_test_send_is_what_would_leave_and_counts_nowhere(desk: Desk) -> None:
    from tidings.campaigns.trying import TestSendService
    from tidings.distribution.relay import parse_relay
    from tidings.distribution.trial import hand_over

    services, ports = desk.house.services, list[int]()
    with relay(ports) as got:
        send = hand_over(lambda: parse_relay(f"smtp://127.0.0.1:{ports[0]}?tls=none"), lambda: None)
        trying = TestSendService(services.db, services.clock, services.campaigns.reviser, services.distribution, send)
        found = trying.send(desk.author, desk.id, "A", to=["Author@example.com", "viewer@example.com"])
        again = trying.send(desk.author, desk.id, "A")
    assert [(each.to, each.accepted) for each in found] == [
        ("author@example.com", True), ("viewer@example.com", False),
    ]  # fmt: skip
    assert found[1].words == "no such user" or "no such user" in found[1].words
    assert again[0].accepted
    mails = [message_from_bytes(each) for each in got]
    assert [mail["To"] for mail in mails] == ["author@example.com", "author@example.com"]
    assert mails[0]["Subject"] == f"[Test] {desk.draft().subject}"
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]
    body = mails[0].get_payload(0).get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "https://northwind.example.com/workshop" in body  # plain: a click counts nowhere
    with services.db.reading() as conn:
        assert conn.execute(select(func.count()).select_from(delivery)).scalar_one() == 0
        assert conn.execute(select(func.count()).select_from(event)).scalar_one() == 0


def test_a_test_goes_to_people_of_the_house_alone(desk: Desk) -> None:
    sends = desk.house.services.test_sends
    with pytest.raises(InvalidInputError, match="account here"):
        sends.send(desk.author, desk.id, "A", to=["p1@example.com"])
    with pytest.raises(UnavailableError, match="relay"):
        sends.send(desk.author, desk.id, "A")
    desk.house.services.distribution.pause_all(desk.approver)
    with pytest.raises(ConflictError, match="paused"):
        sends.send(desk.author, desk.id, "A")
    nobody = Actor(ActorKind.AGENT, "agent", "Agent", Role.SERVICE)
    desk.house.services.distribution.resume_all(desk.approver)
    with pytest.raises(InvalidInputError, match="no address"):
        sends.send(nobody, desk.id, "A")


# Origin


def test_the_record_of_a_draft_names_sources_hands_and_verdicts(desk: Desk) -> None:
    services, ready = desk.house.services, desk.now
    assert ready.revision is not None
    services.editing.save(desk.author, desk.id, "A", DraftChange(subject="A bread workshop"))
    now = desk.now
    assert now.revision is not None
    services.campaigns.approve(desk.approver, desk.id, now.revision.id)
    found = services.records.provenance(desk.viewer, desk.id, "A")
    assert (found.writer, found.ai_part, found.mark, found.revision_number) == ("Composer", "", "", 2)
    assert [(edit.revision_number, edit.by_name) for edit in found.edits] == [(1, "Content agent"), (2, "Author")]
    assert [approval.verdict for approval in found.approvals] == ["approved"]
    assert {each.source for each in found.sentences} >= {"person", "brief", "stock"}
    first = services.records.provenance(desk.viewer, desk.id, "A", 1)
    assert (first.revision_number, first.approvals, len(first.edits)) == (1, (), 1)
    with pytest.raises(NotFoundError):
        services.records.provenance(desk.viewer, desk.id, "A", 9)


def test_a_mail_with_a_models_words_says_so_and_one_without_does_not(desk: Desk) -> None:
    services, admin = desk.house.services, desk.approver
    plain = services.campaigns.preview(desk.author, desk.id)
    assert "AI-Disclosure" not in plain.headers
    assert "digitalsourcetype" not in plain.html
    known = (Trace(sentence="Do come and bake.", source="person", proposed_by="smollm2"),)
    blocks = [*desk.blocks(), {"kind": "text", "text": "Do come and bake."}]
    services.editing.save(desk.author, desk.id, "A", DraftChange(blocks=blocks, known=known))
    line = "Written with the help of a language model."
    services.brands.update_brand(admin, desk.now.row.brand_id, {"ai_disclosure": line})
    marked = services.campaigns.preview(desk.author, desk.id)
    assert marked.headers["AI-Disclosure"] == 'mode=ai-modified, model="smollm2"'
    assert "digitalsourcetype/compositeWithTrainedAlgorithmicMedia" in marked.html
    assert line in marked.text
    assert line in marked.html
    other = services.campaigns.preview(desk.author, desk.id, variant="B")
    assert line not in other.text
    services.brands.update_brand(admin, desk.now.row.brand_id, {"ai_disclosure": "usual", "locale": "de"})
    usual = services.campaigns.preview(desk.author, desk.id)
    for text in (usual.text, usual.html):  # in the mail's language, whatever the brand's is by now
        assert "Written with the help of artificial intelligence." in text
        assert "Mit Hilfe" not in text
