"""Sequences: what a campaign that is one needs beside its row, and where each person in it stands."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from tidings.store.tables.base import BigKey, instant, json, metadata, text


def _key(name: str, target: str) -> Column[int]:
    """Part of the key; the row goes with what it names."""
    owner = ForeignKey(target, ondelete="CASCADE")
    return Column(name, BigKey, owner, primary_key=True, autoincrement=False)


# A campaign with a row here is a sequence. Its definition stands in the revision in force, which was approved.
sequence = Table(
    "sequence",
    metadata,
    _key("campaign_pk", "campaign.pk"),
    Column("wanted", Text, nullable=True),  # a definition (JSON) whose messages are still to be written
    Column("proposed_id", Text, nullable=True),  # of a running one: the revision that waits for approval
    json("variants"),  # the ledger's variants of each send step as they were last approved
    text("segment_id", nullable=True),  # whose people enter; None: everybody's
    instant("enter_at", nullable=True),  # when to look for people next; None: nobody enters by themselves
    Column("entered_to", BigKey, nullable=False, default=0),  # the last contact looked at in this pass
    Column("known_to", BigKey, nullable=False, default=0),  # contacts up to this number existed at the last pass
    Column("seen_event", BigKey, nullable=False, default=0),  # events up to this number have been acted on
    instant("ends_at", nullable=True),
    sqlite_with_rowid=False,
)

# The unique key makes entering twice harmless; `due_at` is None once the person has left.
sequence_person = Table(
    "sequence_person",
    metadata,
    _key("campaign_pk", "campaign.pk"),
    _key("contact_pk", "contact.pk"),
    text("position"),  # the step the person stands at; the first one's name, or `end`
    text("waiting_for"),  # why they stand there: time, event, or empty when the step is yet to be taken
    instant("since"),  # from when the step's time counts
    instant("due_at", nullable=True),  # when the runner looks at them next
    Column("sent_step", Integer, nullable=True),  # the message whose real departure sets `since` right
    instant("entered_at"),
    instant("exited_at", nullable=True),
    text("exit_reason"),
    Column("round", Integer, nullable=False, default=0),
    Index("ix_sequence_person_campaign_due", "campaign_pk", "due_at"),
    Index("ix_sequence_person_campaign_entered", "campaign_pk", "entered_at"),
    Index("ix_sequence_person_contact", "contact_pk"),
    sqlite_with_rowid=False,
)

# Under which number of the ledger a send step's message goes out: one for each round of a person.
sequence_send = Table(
    "sequence_send",
    metadata,
    _key("campaign_pk", "campaign.pk"),
    Column("step", Integer, primary_key=True, autoincrement=False),
    text("name", None),
    Column("round", Integer, nullable=False),
    UniqueConstraint("campaign_pk", "name", "round"),
    sqlite_with_rowid=False,
)
