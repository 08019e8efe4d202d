"""Fake use cases of sequences, with realistic numbers, for the tests of the faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from tidings.access.permissions import Permission, require
from tidings.campaigns.sequences.catalogue import templates
from tidings.campaigns.sequences.describe import ways_of, words_of
from tidings.campaigns.sequences.views import (
    EnterResult,
    PersonView,
    SequenceDetail,
    SequenceRow,
    StepView,
    TemplateView,
)
from tidings.campaigns.views import ActionView, CampaignDetail, CampaignRow, RevisionView
from tidings.domain.actor import Actor
from tidings.domain.blocks import Button, Heading, Text
from tidings.domain.brief import parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.draft import Draft
from tidings.domain.errors import NotFoundError
from tidings.domain.instant import DAY, HOUR
from tidings.domain.sequence import EXAMPLE, SequenceDefinition, parse_sequence

NOW = 1_795_343_400_000
SEQUENCE: dict[str, Any] = yaml.safe_load(EXAMPLE)
NUMBERS = {
    "hello": {"here": 0, "left": 212, "planned": 40, "sent": 9_611, "failed": 31, "opened": 0, "clicked": 2_644},
    "a-while": {"here": 1_874, "left": 64},
    "curious": {"here": 0, "left": 2_180},
    "reminder": {"here": 0, "left": 5_352, "planned": 12, "sent": 5_340, "failed": 9, "clicked": 610, "converted": 77},
}


def draft(step: str, subject: str) -> Draft:
    """One message of a step."""
    return Draft(
        variant=f"{step}-A", channel="email", subject=subject, preheader="A letter with a recipe every month",
        blocks=(Heading(text=subject), Text(text="You get a letter with a recipe every month."),
                Button(label="Read the first recipe", url="https://example.com/recipes")),
        writer="Composer 1",
    )  # fmt: skip


def revision(number: int = 1) -> RevisionView:
    """What is approved."""
    drafts = (draft("hello", "Hello from Northwind Bakery"), draft("reminder", "Your first recipe is still here"))
    return RevisionView(f"rev_s{number}", number, "Content agent", NOW - DAY, f"{number}" * 64, drafts)


class FakeSequences:
    """`cmp_s1` runs and has an edit that waits; `cmp_s2` waits for approval; `cmp_s3` is being written."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.asked: SequenceDefinition | None = None
        self.definition = parse_sequence(SEQUENCE)

    def detail(self, sequence_id: str) -> SequenceDetail:
        """One of the three, or NotFoundError."""
        states = {
            "cmp_s1": CampaignState.SENDING, "cmp_s2": CampaignState.REVIEW, "cmp_s3": CampaignState.DRAFTING,
        }  # fmt: skip
        if sequence_id not in states:
            raise NotFoundError(f"There is no sequence {sequence_id}.")
        state = states[sequence_id]
        runs, written = state is CampaignState.SENDING, state is not CampaignState.DRAFTING
        brief = parse_brief({**SEQUENCE["steps"][0]["send"]["brief"], "name": "Welcome", "brand": "Northwind Bakery"})
        asks = ["approve", "request_changes", "cancel"]
        names = {CampaignState.SENDING: [*asks, "pause"], CampaignState.REVIEW: [*asks, "edit"]}.get(state, ["cancel"])
        row = CampaignRow(
            id=sequence_id, name="Welcome", brand_id="brd_1", brand_name="Northwind Bakery", state=state,
            state_reason="", paused=False, author_name="Ola Autor", type="welcome", people=14_951 if runs else 0,
            counts={"accepted": 14_911, "planned": 40} if runs else {}, created_at=NOW - 9 * DAY, updated_at=NOW,
            launched_at=NOW - 8 * DAY if runs else None, done_at=None, first_at=None, sample=False, version=7,
            is_sequence=True,
        )  # fmt: skip
        shown = revision() if written else None
        actions = tuple(ActionView(name, allowed=True) for name in names)
        campaign = CampaignDetail(row, brief, shown, (shown,) if shown else (), None, (), actions)
        steps = tuple(
            StepView(
                id=step.id, kind=step.kind, words=words_of(step), ways=ways_of(self.definition, step),
                subjects=("Hello from Northwind Bakery",) if step.kind == "send" and written else (),
                **({"here": 0, "left": 0} | (NUMBERS[step.id] if runs else {})),
            )
            for step in self.definition.steps
        )  # fmt: skip
        return SequenceDetail(
            campaign=campaign, definition=self.definition, proposed=self.definition if runs else None,
            proposed_revision=revision(2) if runs else None, steps=steps, entered=9_682 if runs else 0,
            inside=1_874 if runs else 0,
            left={"completed": 7_532, "converted": 212, "unsubscribed": 64} if runs else {},
            next_due=NOW + HOUR if runs else None,
        )  # fmt: skip

    def templates(self, actor: Actor) -> tuple[TemplateView, ...]:
        require(actor, Permission.CAMPAIGNS_READ)
        return templates()

    def list(self, actor: Actor, *, after: str = "", limit: int = 50) -> tuple[list[SequenceRow], str]:
        require(actor, Permission.CAMPAIGNS_READ)
        found = [self.detail(f"cmp_s{number}") for number in (3, 2, 1)]
        return [
            SequenceRow(each.campaign.row, each.entered, each.inside, each.left.get("completed", 0), 4,
                        edit_waits=each.proposed is not None)
            for each in found
        ], ""  # fmt: skip

    def get(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        require(actor, Permission.CAMPAIGNS_READ)
        return self.detail(sequence_id)

    def create(self, actor: Actor, definition: SequenceDefinition) -> SequenceDetail:
        require(actor, Permission.CAMPAIGNS_WRITE)
        self.asked = definition
        return self._did(actor, "cmp_s3", "create")

    def edit(
        self, actor: Actor, sequence_id: str, definition: SequenceDefinition, *, expected_version: int | None = None
    ) -> SequenceDetail:
        require(actor, Permission.CAMPAIGNS_WRITE)
        self.asked = definition
        return self._did(actor, sequence_id, "edit")

    def approve(self, actor: Actor, sequence_id: str, revision_id: str, comment: str = "") -> SequenceDetail:
        require(actor, Permission.CAMPAIGNS_APPROVE)
        return self._did(actor, sequence_id, "approve")

    def start(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        require(actor, Permission.CAMPAIGNS_SEND)
        return self._did(actor, sequence_id, "start")

    def pause(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        require(actor, Permission.SENDING_PAUSE)
        return self._did(actor, sequence_id, "pause")

    def resume(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        require(actor, Permission.SENDING_PAUSE)
        return self._did(actor, sequence_id, "resume")

    def stop(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        require(actor, Permission.CAMPAIGNS_WRITE if actor.is_person else Permission.CAMPAIGNS_SEND)
        return self._did(actor, sequence_id, "stop")

    def people(self, actor: Actor, sequence_id: str, **_: Any) -> tuple[list[PersonView], str]:
        require(actor, Permission.CONTACTS_READ)
        self.detail(sequence_id)
        waits = PersonView(
            "con_1", "Ada Lind", "a…@example.com", "a-while", "time", NOW + DAY, NOW - 2 * DAY, None, "", 1
        )
        gone = PersonView("con_2", "Bo Berg", "b…@example.com", "hello", "", None, NOW - DAY, NOW, "converted", 2)
        return [waits, gone], ""

    def enter(self, actor: Actor, sequence_id: str, contact_ids: Sequence[str]) -> EnterResult:
        require(actor, Permission.CAMPAIGNS_SEND)
        self._did(actor, sequence_id, "enter")
        return EnterResult(entered=tuple(contact_ids))

    def _did(self, actor: Actor, sequence_id: str, verb: str) -> SequenceDetail:
        self.calls.append(f"{actor.name} {verb} {sequence_id}")
        return self.detail(sequence_id)
