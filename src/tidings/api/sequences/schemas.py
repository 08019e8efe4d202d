"""What crosses the API about sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field

from tidings.api.campaigns.schemas import Action, Approval, CampaignRow, Revision
from tidings.api.pages import Body, Moment, Schema
from tidings.domain.sequence import SequenceDefinition

if TYPE_CHECKING:
    from tidings.campaigns.sequences.views import SequenceDetail
    from tidings.campaigns.sequences.views import SequenceRow as RowView

SEQUENCE_EXAMPLE: dict[str, Any] = {
    "name": "Welcome",
    "brand": "Northwind Bakery",
    "trigger": {"kind": "import"},
    "steps": [
        {
            "id": "hello",
            "send": {
                "brief": {
                    "type": "welcome",
                    "goal": "Say hello and show what there is",
                    "facts": ["You get a letter with a recipe every month."],
                    "call_to_action": "Read the first recipe",
                    "link": "https://example.com/recipes",
                }
            },
        },
        {"id": "a-while", "wait": "3 days"},
    ],
    "exits": ["converted"],
}


class SequenceRow(CampaignRow):
    """A sequence in a list: the campaign it is, and its people in numbers."""

    entered: int
    inside: int = Field(description="People who are in it now")
    completed: int = Field(description="People who came to its end")
    steps: int
    edit_waits: bool = Field(description="An edit of it waits for approval")

    @classmethod
    def of(cls, view: RowView) -> SequenceRow:
        """The campaign's fields and the sequence's side by side."""
        row = CampaignRow.model_validate(view.campaign).model_dump()
        own = {name: getattr(view, name) for name in ("entered", "inside", "completed", "steps", "edit_waits")}
        return cls(**row, **own)


class Way(Schema):
    """Where a step leads: `label` is `yes` or `no` behind a branch."""

    label: str
    to: str


class SequenceStep(Schema):
    """One step with its numbers."""

    id: str
    kind: str
    words: str
    ways: tuple[Way, ...]
    here: int = Field(description="People who stand here now")
    left: int = Field(description="People who left from here")
    planned: int
    sent: int
    failed: int
    opened: int
    clicked: int
    converted: int
    subjects: tuple[str, ...]


class Sequence(CampaignRow):
    """Everything of one sequence. Approve it by naming `revision.id`, an edit by `proposed_revision.id`."""

    definition: SequenceDefinition
    proposed: SequenceDefinition | None = Field(description="The edit that waits, of a running one")
    revision: Revision | None
    proposed_revision: Revision | None
    flow: tuple[SequenceStep, ...]
    entered: int
    inside: int
    left: dict[str, int] = Field(description="People who left, by reason")
    next_due: Moment | None
    ends_at: Moment | None
    approvals: tuple[Approval, ...]
    actions: tuple[Action, ...]

    @classmethod
    def of(cls, detail: SequenceDetail) -> Sequence:
        """The campaign's fields at the top, the sequence's beside them."""
        campaign = detail.campaign
        return cls(
            **CampaignRow.model_validate(campaign.row).model_dump(),
            definition=detail.definition, proposed=detail.proposed,
            revision=Revision.model_validate(campaign.revision) if campaign.revision else None,
            proposed_revision=Revision.model_validate(detail.proposed_revision) if detail.proposed_revision else None,
            flow=tuple(SequenceStep.model_validate(step) for step in detail.steps), entered=detail.entered,
            inside=detail.inside, left=detail.left, next_due=detail.next_due, ends_at=detail.ends_at,  # pyright: ignore[reportArgumentType] - Moment takes the house's instants
            approvals=tuple(Approval.model_validate(item) for item in campaign.approvals),
            actions=tuple(Action.model_validate(item) for item in campaign.actions),
        )  # fmt: skip


class SequencePerson(Schema):
    """Where one person stands. The address is masked without `contacts:read_pii`."""

    contact_id: str
    name: str
    email: str
    step: str
    waiting_for: str = Field(description="`time`, `event`, or empty")
    due_at: Moment | None
    entered_at: Moment
    left_at: Moment | None
    left_because: str
    round: int


class EnterPeople(Body):
    """People to let in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"contact_ids": ["con_01kb0c…"]}]})

    contact_ids: list[str] = Field(min_length=1, max_length=1000)


class Entered(Schema):
    """What became of the people asked for: each is in exactly one list."""

    entered: tuple[str, ...]
    already: tuple[str, ...] = Field(description="In it, or were and may not enter anew")
    refused: tuple[str, ...] = Field(description="May not be written to, or are not of its audience")
    later: tuple[str, ...] = Field(description="No room by its limits: ask again later")


class SequenceTemplate(Schema):
    """A sequence to begin from, as YAML."""

    id: str
    name: str
    description: str
    text: str
