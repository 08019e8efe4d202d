"""What people do with sequences. Every verb checks the actor's rights, acts in one transaction and is audited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from tidings.access import audit
from tidings.access.permissions import Permission, require
from tidings.audience.rules import check_rule
from tidings.audience.segments import find_segment, matching
from tidings.campaigns import actions
from tidings.campaigns import repository as campaigns
from tidings.campaigns.sequences import drafting, entering, repository, show
from tidings.campaigns.sequences.catalogue import templates
from tidings.campaigns.sequences.life import face_brief, shape_of
from tidings.campaigns.sequences.views import EnterResult, PersonView, SequenceDetail, SequenceRow, TemplateView
from tidings.campaigns.versions import check_segments
from tidings.content.repository import brand_for
from tidings.domain.campaign import TERMINAL, CampaignState
from tidings.domain.cursor import cursor_number
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.sequence import InvalidSequenceError, SequenceDefinition
from tidings.store.among import among, keys
from tidings.store.tables import contact

if TYPE_CHECKING:
    from tidings.campaigns.run import CampaignRun
    from tidings.campaigns.service import CampaignService
    from tidings.domain.actor import Actor
    from tidings.domain.brand import Brand
    from tidings.domain.brief import Brief
    from tidings.domain.instant import Clock, Instant
    from tidings.store.database import Database

MOST_AT_ONCE = 1_000
"""People whom one call may enter."""


class SequenceService:
    """Use cases of sequences. Approving, pausing and cancelling are the campaign's own, for a sequence is one."""

    def __init__(self, db: Database, clock: Clock, run: CampaignRun, service: CampaignService) -> None:
        self._db, self._clock, self._run, self._campaigns = db, clock, run, service

    def templates(self, actor: Actor) -> tuple[TemplateView, ...]:
        """Sequences to begin from."""
        require(actor, Permission.CAMPAIGNS_READ)
        return templates()

    def create(self, actor: Actor, definition: SequenceDefinition) -> SequenceDetail:
        """A new sequence; the Content agent writes its messages at once, and nothing leaves before approval.

        Raises InvalidInputError when brand, segment, rule or draft does not exist; it names the step.
        """
        require(actor, Permission.CAMPAIGNS_WRITE)
        with self._db.transaction() as conn:
            brand = self._brand(conn, actor, definition)
            require(actor, Permission.CAMPAIGNS_WRITE, brand.id)
            self._check(conn, definition)
            row = campaigns.insert_campaign(
                conn, brief=_first_brief(conn, definition, brand.id), brand_id=brand.id,
                segment_id=find_segment(conn, definition.trigger.audience), author=actor, sample=False,
                at=self._clock.now(),
            )  # fmt: skip
            repository.insert_sequence(conn, row.pk, definition.model_dump_json())
            campaigns.touch(conn, row, at=self._clock.now(), name=definition.name)
            row = campaigns.get_campaign(conn, row.id)
            drafting.check_drafts(conn, row.brand_id, definition)
            self._note(conn, actor, "sequence.create", row, f"made the sequence “{row.name}”", definition)
            self._run.start_stage(conn, row.id)
            return self._detail(conn, actor, row.id)

    def list(self, actor: Actor, *, after: str = "", limit: int = 50) -> tuple[list[SequenceRow], str]:
        """Sequences the actor may see, newest first, and the cursor of the next page (empty at the end)."""
        require(actor, Permission.CAMPAIGNS_READ)
        before = cursor_number(after)
        with self._db.reading() as conn:
            pks = repository.list_sequences(conn, brands=actor.brands, before_pk=before, limit=limit + 1)
            rows = [campaigns.campaign_of_pk(conn, pk) for pk in pks[:limit]]
            shown = [show.row_of(conn, self._campaigns.show, row) for row in rows]
        return shown, str(pks[limit - 1]) if len(pks) > limit else ""

    def get(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        """Everything of one sequence."""
        with self._db.reading() as conn:
            self._row(conn, actor, sequence_id, Permission.CAMPAIGNS_READ)
            return self._detail(conn, actor, sequence_id)

    def edit(
        self, actor: Actor, sequence_id: str, definition: SequenceDefinition, *, expected_version: int | None = None
    ) -> SequenceDetail:
        """Another definition: what it changes is written and approved anew; a running sequence goes on meanwhile.

        Raises ConflictError for one that is over or was changed meanwhile, InvalidInputError when a step changes its
        kind under the same name or the sequence another brand.
        """
        with self._db.transaction() as conn:
            row = self._row(conn, actor, sequence_id, Permission.CAMPAIGNS_WRITE)
            actions.check_version(row, expected_version)
            if CampaignState(row.state) in TERMINAL:
                raise ConflictError(f"“{row.name}” is over.", remedy="Start a new sequence from its definition.")
            if self._brand(conn, actor, definition).id != row.brand_id:
                raise InvalidInputError("A sequence stays with its brand.", remedy="Start a new one.", field="brand")
            self._check(conn, definition)
            if row.launched_at is not None:
                _same_kinds(show.definition_of(conn, row), definition)
            drafting.check_drafts(conn, row.brand_id, definition)
            self._run.sequences.want(conn, row, definition)
            self._note(conn, actor, "sequence.edit", row, f"edited the sequence “{row.name}”", definition)
            return self._detail(conn, actor, sequence_id)

    def approve(self, actor: Actor, sequence_id: str, revision_id: str, comment: str = "") -> SequenceDetail:
        """A person's yes to exactly this revision: all its steps and every message. See `CampaignService.approve`."""
        self._campaigns.approve(actor, self._only(actor, sequence_id), revision_id, comment)
        return self.get(actor, sequence_id)

    def start(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        """Begins an approved sequence: people enter from now on."""
        self._campaigns.send(actor, self._only(actor, sequence_id), now=False)
        return self.get(actor, sequence_id)

    def pause(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        """Nobody goes on and nothing leaves until it is resumed; what people do meanwhile is noticed then."""
        self._campaigns.pause(actor, self._only(actor, sequence_id))
        return self.get(actor, sequence_id)

    def resume(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        """Goes on from where it was paused."""
        self._campaigns.resume(actor, self._only(actor, sequence_id))
        return self.get(actor, sequence_id)

    def stop(self, actor: Actor, sequence_id: str) -> SequenceDetail:
        """Ends it for good: nobody hears anything more of it."""
        self._campaigns.cancel(actor, self._only(actor, sequence_id))
        return self.get(actor, sequence_id)

    def people(
        self, actor: Actor, sequence_id: str, *, step: str | None = None, inside: bool | None = None, after: str = "",
        limit: int = 50,
    ) -> tuple[list[PersonView], str]:  # fmt: skip
        """People in it, or who were, and the cursor of the next page."""
        require(actor, Permission.CONTACTS_READ)
        with self._db.reading() as conn:
            row = self._row(conn, actor, sequence_id, Permission.CAMPAIGNS_READ)
            cursor = cursor_number(after) or 0
            rows = repository.people_page(conn, row.pk, step=step, still_in=inside, after=cursor, limit=limit + 1)
            shown = [show.person_of(actor, item) for item in rows[:limit]]
        return shown, str(rows[limit - 1].contact_pk) if len(rows) > limit else ""

    def enter(self, actor: Actor, sequence_id: str, contact_ids: Sequence[str]) -> EnterResult:
        """Lets people in by name; asking twice changes nothing.

        Raises ConflictError unless it runs, InvalidInputError for too many at once or an unknown contact.
        """
        if len(contact_ids) > MOST_AT_ONCE:
            raise InvalidInputError(
                f"{len(contact_ids):,} people are too many at once.", remedy=f"Give up to {MOST_AT_ONCE:,} a call.",
                field="contact_ids",
            )  # fmt: skip
        with self._db.transaction() as conn:
            row = self._row(conn, actor, sequence_id, Permission.CAMPAIGNS_SEND)
            if row.state != CampaignState.SENDING.value or row.launched_at is None or row.paused_at is not None:
                raise ConflictError(f"“{row.name}” does not run.", remedy="Start or resume it, then enter people.")
            made = show.definition_of(conn, row)
            found = _known(conn, contact_ids)
            result = self._let_in(conn, row, made, found)
            detail = {"entered": len(result.entered), "refused": len(result.refused)}
            audit.record(conn, self._clock.now(), actor, "sequence.enter", row.id, detail)
            return result

    def _let_in(self, conn: Connection, row: Row[Any], made: SequenceDefinition, found: dict[int, str]) -> EnterResult:
        now, pk = self._clock.now(), row.pk
        able = _able(conn, row, list(found), now)
        known = repository.statuses(conn, pk, list(found))
        again = [
            person for person, status in known.items()
            if person in able and made.again is not None and status.exited_at is not None
            and status.exited_at <= now - made.again.after and status.round < made.again.at_most
        ]  # fmt: skip
        wish = sorted([person for person in found if person in able and person not in known] + again)
        room = max(0, entering.room_left(conn, pk, made, now))
        taken, first_step = wish[:room], made.steps[0].id
        repository.add_people(conn, pk, [person for person in taken if person not in known], first_step, now)
        repository.enter_again(conn, pk, [person for person in taken if person in known], first_step, now)
        out = set(known) - set(again)

        def ids(people: Iterable[int]) -> tuple[str, ...]:
            return tuple(found[person] for person in people)

        return EnterResult(
            entered=ids(taken), already=ids(person for person in found if person in out),
            refused=ids(person for person in found if person not in able and person not in out),
            later=ids(wish[room:]),
        )  # fmt: skip

    def _only(self, actor: Actor, sequence_id: str) -> str:
        """The id, of a sequence that the actor sees. Raises NotFoundError."""
        with self._db.reading() as conn:
            self._row(conn, actor, sequence_id)
        return sequence_id

    def _row(self, conn: Connection, actor: Actor, sequence_id: str, *permissions: Permission) -> Row[Any]:
        try:
            row = campaigns.get_campaign(conn, sequence_id)
        except NotFoundError:
            row = None
        if row is None or not row.is_sequence or not actor.sees_brand(row.brand_id):
            raise NotFoundError(
                f"There is no sequence {sequence_id}.", remedy="`tidings sequence list` shows them all."
            )
        if permissions:
            actions.require_any(actor, permissions, row.brand_id)
        return row

    def _detail(self, conn: Connection, actor: Actor, sequence_id: str) -> SequenceDetail:
        return show.detail_of(conn, self._campaigns.show, actor, campaigns.get_campaign(conn, sequence_id))

    def _brand(self, conn: Connection, actor: Actor, definition: SequenceDefinition) -> Brand:
        brand = brand_for(conn, actor, definition.brand)
        for step in definition.sends:
            named = step.send.brief.brand if step.send is not None and step.send.brief is not None else brand.id
            if named not in {definition.brand, brand.id, brand.name}:
                raise InvalidSequenceError(
                    ((step.id, f"step `{step.id}`: its brief is of another brand"),),
                    f"Take `brand` out of the brief of `{step.id}`: the sequence names it.",
                )
        return brand

    def _check(self, conn: Connection, definition: SequenceDefinition) -> None:
        """Segments and rules that branches and versions name. Raises InvalidInputError with the step."""
        find_segment(conn, definition.trigger.audience)
        for step in definition.steps:
            try:
                if step.branch is not None and step.branch.when.rule is not None:
                    check_rule(step.branch.when.rule)
                if step.branch is not None and step.branch.when.segment is not None:
                    find_segment(conn, step.branch.when.segment)
                if step.send is not None and step.send.brief is not None:
                    check_segments(conn, step.send.brief)
            except InvalidInputError as error:
                sentence = f"step `{step.id}`: {error.message.rstrip('.')}"
                raise InvalidSequenceError(((step.id, sentence),), error.remedy) from None

    def _note(
        self, conn: Connection, actor: Actor, action: str, row: Row[Any], text: str, definition: SequenceDefinition
    ) -> None:
        audit.record(conn, self._clock.now(), actor, action, row.id, shape_of(definition))
        self._run.feed.note(conn, "person" if actor.is_person else "system", f"{actor.name} {text}", row.id)


def _first_brief(conn: Connection, definition: SequenceDefinition, brand_id: str) -> Brief:
    """What lists show of a sequence whose messages are still to be written: its first message's brief."""
    step = definition.sends[0]
    if step.send is None:
        raise InvalidInputError("The sequence sends nothing.", remedy="Add a step with `send`.")
    brief = step.send.brief or drafting.taken_over(conn, brand_id, step, step.send)[0]
    return face_brief(definition, {step.id: brief})


def _same_kinds(old: SequenceDefinition, new: SequenceDefinition) -> None:
    for step in new.steps:
        before = old.step(step.id)
        if before is not None and before.kind != step.kind:
            raise InvalidSequenceError(
                ((step.id, f"step `{step.id}` was a {before.kind} and is now a {step.kind}"),),
                f"People may stand there: give the new step another id than `{step.id}`.",
            )


def _known(conn: Connection, contact_ids: Sequence[str]) -> dict[int, str]:
    query = select(contact.c.pk, contact.c.id)
    found: dict[int, str] = {}
    for start in range(0, len(contact_ids), 500):
        part = list(contact_ids[start : start + 500])
        found.update({row.pk: row.id for row in conn.execute(query.where(contact.c.id.in_(part)))})
    unknown = set(contact_ids) - set(found.values())
    if unknown:
        raise InvalidInputError(
            f"There is no contact {min(unknown)}.", remedy="Nobody was let in. Import the contact first.",
            field="contact_ids",
        )  # fmt: skip
    return found


def _able(conn: Connection, row: Row[Any], people: Sequence[int], now: Instant) -> frozenset[int]:
    """Those who may be written to and belong to the audience."""
    known = repository.sequence_row(conn, row.pk)
    query = select(contact.c.pk).where(among(conn.dialect.name, contact.c.pk, "people"), entering.may_enter(now))
    if known is not None and known.segment_id is not None:
        query = query.where(matching(conn, known.segment_id, now))
    return frozenset(conn.execute(query, {"people": keys(conn, people)}).scalars())
