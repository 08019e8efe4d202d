"""Turns a sequence's rows into what the faces see."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.access.permissions import Permission, may
from tidings.campaigns import repository as campaigns
from tidings.campaigns.sequences import repository
from tidings.campaigns.sequences.advance import COMPLETED
from tidings.campaigns.sequences.describe import ways_of, words_of
from tidings.campaigns.sequences.views import PersonView, SequenceDetail, SequenceRow, StepView
from tidings.campaigns.show import revision_view
from tidings.distribution.steps import counts_by_step
from tidings.domain.contact import mask_address
from tidings.domain.delivery import OPEN, SENT, DeliveryState
from tidings.domain.event import EventKind
from tidings.domain.sequence import SequenceDefinition

if TYPE_CHECKING:
    from tidings.campaigns.show import Shower
    from tidings.domain.actor import Actor
    from tidings.domain.revision import Revision

_FAILED = frozenset({DeliveryState.FAILED, DeliveryState.UNCERTAIN, DeliveryState.SUPPRESSED, DeliveryState.BOUNCED})


def row_of(conn: Connection, shower: Shower, row: Row[Any]) -> SequenceRow:
    """One sequence of a list."""
    made = definition_of(conn, row)
    counts = repository.counts_by_position(conn, row.pk)
    return SequenceRow(
        campaign=shower.row(conn, row), entered=sum(number for _, _, number in counts),
        inside=sum(number for _, why, number in counts if not why),
        completed=sum(number for _, why, number in counts if why == COMPLETED), steps=len(made.steps),
        edit_waits=row.proposed_id is not None,
    )  # fmt: skip


def detail_of(conn: Connection, shower: Shower, actor: Actor, row: Row[Any]) -> SequenceDetail:
    """Everything of one sequence."""
    known = repository.sequence_row(conn, row.pk)
    made = definition_of(conn, row)
    revised = campaigns.revision_of(conn, row.revision_id) if row.revision_id else None
    edit = campaigns.revision_of(conn, row.proposed_id) if row.proposed_id else None
    wanted = _wanted(known)
    counts = repository.counts_by_position(conn, row.pk)
    left: defaultdict[str, int] = defaultdict(int)
    for _, why, number in counts:
        if why:
            left[why] += number
    shown = {item.id: item for item in campaigns.revision_rows(conn, row.pk)}
    running = row.launched_at is not None
    return SequenceDetail(
        campaign=shower.detail(conn, actor, row), definition=made,
        proposed=(wanted or (edit.sequence if edit else None)) if running else None,
        proposed_revision=revision_view(shown[edit.id]) if edit else None,
        steps=_steps(conn, row.pk, made, revised, counts), entered=sum(number for _, _, number in counts),
        inside=sum(number for _, why, number in counts if not why), left=dict(left),
        next_due=repository.next_due(conn, row.pk) if running else None, ends_at=known.ends_at if known else None,
    )  # fmt: skip


def definition_of(conn: Connection, row: Row[Any]) -> SequenceDefinition:
    """The definition in force, or the one that is to be while there is none, or an unapproved one is edited."""
    known = repository.sequence_row(conn, row.pk)
    wanted = _wanted(known)
    if wanted is not None and row.launched_at is None:
        return wanted
    revised = campaigns.revision_of(conn, row.revision_id)
    if revised.sequence is None:
        raise LookupError(f"{row.id} is no sequence")
    return revised.sequence


def person_of(actor: Actor, row: Row[Any]) -> PersonView:
    """One person in it, or who was."""
    return PersonView(
        contact_id=row.id, name=f"{row.first_name} {row.last_name}".strip(),
        email=row.email if may(actor, Permission.CONTACTS_READ_PII) else mask_address(row.email), step=row.position,
        waiting_for=row.waiting_for, due_at=row.due_at, entered_at=row.entered_at, left_at=row.exited_at,
        left_because=row.exit_reason, round=row.round + 1,
    )  # fmt: skip


def _wanted(known: Row[Any] | None) -> SequenceDefinition | None:
    if known is None or known.wanted is None:
        return None
    return SequenceDefinition.model_validate(json.loads(known.wanted))


def _steps(
    conn: Connection, campaign_pk: int, made: SequenceDefinition, revised: Revision | None,
    counts: list[tuple[str, str, int]],
) -> tuple[StepView, ...]:  # fmt: skip
    sent: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    names = {number: name for (name, _), number in repository.ledger_steps(conn, campaign_pk).items()}
    for (number, state), people in counts_by_step(conn, campaign_pk).items():
        sent[names.get(number, "")][_column(DeliveryState(state))] += people
    for (number, kind), people in repository.engaged_by_step(conn, campaign_pk).items():
        sent[names.get(number, "")][kind] += people
    found: list[StepView] = []
    for step in made.steps:
        own = sent[step.id] if step.send is not None else defaultdict[str, int](int)
        drafts = revised.drafts_of(step.id) if revised is not None else ()
        found.append(
            StepView(
                id=step.id, kind=step.kind, words=words_of(step), ways=ways_of(made, step),
                here=sum(number for position, why, number in counts if position == step.id and not why),
                left=sum(number for position, why, number in counts if position == step.id and why),
                planned=own["planned"], sent=own["sent"], failed=own["failed"],
                opened=own[EventKind.OPENED.value], clicked=own[EventKind.CLICKED.value],
                converted=own[EventKind.CONVERTED.value], subjects=tuple(draft.subject for draft in drafts),
            )
        )  # fmt: skip
    return tuple(found)


def _column(state: DeliveryState) -> str:
    if state in _FAILED:
        return "failed"
    return "sent" if state in SENT else "planned" if state in OPEN else "cancelled"
