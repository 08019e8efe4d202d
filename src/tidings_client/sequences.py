"""Sequences: messages, waits, branches and exits in order, through which people walk one by one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Page, Pages, Resource, given
from tidings_client.campaigns import Action, Approval, CampaignRow, Revision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence as Listed


class SequenceRow(CampaignRow):
    """A sequence in a list: the campaign it is, and its people in numbers."""

    entered: int
    inside: int
    completed: int
    steps: int
    edit_waits: bool


class Way(Model):
    """Where a step leads."""

    label: str
    to: str


class SequenceStep(Model):
    """One step with its numbers."""

    id: str
    kind: str
    words: str
    ways: list[Way]
    here: int
    left: int
    planned: int = 0
    sent: int = 0
    failed: int = 0
    opened: int = 0
    clicked: int = 0
    converted: int = 0
    subjects: list[str]


class Sequence(CampaignRow):
    """Everything of one sequence."""

    definition: dict[str, Any]
    proposed: dict[str, Any] | None = None
    revision: Revision | None = None
    proposed_revision: Revision | None = None
    flow: list[SequenceStep]
    entered: int
    inside: int
    left: dict[str, int]
    next_due: datetime | None = None
    ends_at: datetime | None = None
    approvals: list[Approval]
    actions: list[Action]


class SequencePerson(Model):
    """Where one person stands."""

    contact_id: str
    name: str
    email: str
    step: str
    waiting_for: str
    due_at: datetime | None = None
    entered_at: datetime
    left_at: datetime | None = None
    left_because: str
    round: int


class Entered(Model):
    """What became of the people asked for: each is in exactly one list."""

    entered: list[str]
    already: list[str]
    refused: list[str]
    later: list[str]


class SequenceTemplate(Model):
    """A sequence to begin from, as YAML."""

    id: str
    name: str
    description: str
    text: str


def _act(sequence_id: str, verb: str, body: Any = None) -> Call[Sequence]:
    return Call("POST", f"/sequences/{sequence_id}/{verb}", Sequence, body=body)


class Sequences(Resource[Mode]):
    """Sequences. Every verb answers the sequence as it is afterwards."""

    @Endpoint
    def list(self, *, after: str = "", limit: int = 50) -> Call[Page[SequenceRow]]:
        """One page, newest first."""
        return Call("GET", "/sequences", Page[SequenceRow], given(after=after or None, limit=limit))

    @Pages
    def all(self) -> Call[Page[SequenceRow]]:
        """Every sequence, newest first, page by page."""
        return Call("GET", "/sequences", Page[SequenceRow], {"limit": 100})

    @Endpoint
    def templates(self) -> Call[list[SequenceTemplate]]:
        """Sequences to begin from."""
        return Call("GET", "/sequences/templates", list[SequenceTemplate])

    @Endpoint
    def create(self, definition: Mapping[str, Any]) -> Call[Sequence]:
        """Makes a sequence. Raises InvalidInputError that names each wrong step."""
        return Call("POST", "/sequences", Sequence, body=dict(definition))

    @Endpoint
    def check(self, definition: Mapping[str, Any]) -> Call[dict[str, Any]]:
        """The definition as it would be understood; nothing is made."""
        return Call("POST", "/sequences/check", dict[str, Any], body=dict(definition))

    @Endpoint
    def get(self, sequence_id: str) -> Call[Sequence]:
        """Everything of one sequence."""
        return Call("GET", f"/sequences/{sequence_id}", Sequence)

    @Endpoint
    def edit(self, sequence_id: str, definition: Mapping[str, Any], *, version: int | None = None) -> Call[Sequence]:
        """Another definition; None as version overwrites whatever is there."""
        match = {"If-Match": "*" if version is None else f'"{version}"'}
        return Call("PUT", f"/sequences/{sequence_id}", Sequence, body=dict(definition), headers=match)

    @Endpoint
    def approve(self, sequence_id: str, revision_id: str, comment: str = "") -> Call[Sequence]:
        """A yes to exactly this revision: all its steps and every message."""
        return _act(sequence_id, "approve", {"revision_id": revision_id, "comment": comment})

    @Endpoint
    def start(self, sequence_id: str) -> Call[Sequence]:
        """People enter from now on."""
        return _act(sequence_id, "start")

    @Endpoint
    def pause(self, sequence_id: str) -> Call[Sequence]:
        """Nobody goes on and nothing leaves."""
        return _act(sequence_id, "pause")

    @Endpoint
    def resume(self, sequence_id: str) -> Call[Sequence]:
        """Goes on from where it was paused."""
        return _act(sequence_id, "resume")

    @Endpoint
    def stop(self, sequence_id: str) -> Call[Sequence]:
        """Ends it for good."""
        return _act(sequence_id, "stop")

    @Endpoint
    def people(
        self, sequence_id: str, *, step: str | None = None, inside: bool | None = None, after: str = "", limit: int = 50
    ) -> Call[Page[SequencePerson]]:
        """One page of the people in it, or who were."""
        query = given(step=step, inside=inside, after=after or None, limit=limit)
        return Call("GET", f"/sequences/{sequence_id}/people", Page[SequencePerson], query)

    @Pages
    def all_people(
        self, sequence_id: str, *, step: str | None = None, inside: bool | None = None
    ) -> Call[Page[SequencePerson]]:
        """Everybody in it, or who was."""
        query = given(step=step, inside=inside, limit=200)
        return Call("GET", f"/sequences/{sequence_id}/people", Page[SequencePerson], query)

    @Endpoint
    def enter(self, sequence_id: str, contact_ids: Listed[str]) -> Call[Entered]:
        """Lets people in; asking twice changes nothing."""
        return Call("POST", f"/sequences/{sequence_id}/people", Entered, body={"contact_ids": list(contact_ids)})
