"""What the faces see of a sequence. Plain values, ready to be shown or turned into JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidings.domain.instant import Instant

if TYPE_CHECKING:
    from tidings.campaigns.views import CampaignDetail, CampaignRow, RevisionView
    from tidings.domain.sequence import SequenceDefinition


@dataclass(frozen=True, slots=True)
class SequenceRow:
    """A sequence in a list. `entered` = `inside` + those who left."""

    campaign: CampaignRow
    entered: int
    inside: int
    completed: int
    steps: int
    edit_waits: bool
    """An edit of it waits for approval."""


@dataclass(frozen=True, slots=True)
class WayView:
    """Where a step leads, and when: `then`, `otherwise`, or empty for the only way."""

    label: str
    to: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step with its numbers. A step that sends counts messages, the others nobody's."""

    id: str
    kind: str
    words: str
    ways: tuple[WayView, ...]
    here: int
    """People who stand here now."""
    left: int
    """People who left from here."""
    planned: int = 0
    sent: int = 0
    failed: int = 0
    """Did not arrive: refused, bounced, uncertain, or forbidden at the last moment."""
    opened: int = 0
    clicked: int = 0
    converted: int = 0
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SequenceDetail:
    """Everything of one sequence on one page."""

    campaign: CampaignDetail
    definition: SequenceDefinition
    """In force; before the first approval the one that is to be."""
    proposed: SequenceDefinition | None
    """Of a running one: the edit that waits for its messages or for approval."""
    proposed_revision: RevisionView | None
    steps: tuple[StepView, ...]
    entered: int
    inside: int
    left: dict[str, int] = field(default_factory=dict[str, int])
    """People who left, by reason; `completed` came to the end."""
    next_due: Instant | None = None
    ends_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    """Where one person stands. The address is masked unless the actor may read it."""

    contact_id: str
    name: str
    email: str
    step: str
    waiting_for: str
    """`time`, `event`, or empty."""
    due_at: Instant | None
    entered_at: Instant
    left_at: Instant | None
    left_because: str
    round: int


@dataclass(frozen=True, slots=True)
class EnterResult:
    """What became of the people asked for: each is in exactly one of the four."""

    entered: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    """In it, or were and may not enter anew."""
    refused: tuple[str, ...] = ()
    """May not be written to, or are not of its audience."""
    later: tuple[str, ...] = ()
    """No room by the sequence's limits: ask again later."""


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A sequence to begin from. `text` is YAML, whose brand and facts are to be replaced."""

    id: str
    name: str
    description: str
    text: str
