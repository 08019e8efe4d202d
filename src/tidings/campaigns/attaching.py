"""What goes with a campaign's mails: attached files and a calendar invitation. Each change is a revision of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.access import audit
from tidings.access.permissions import Permission
from tidings.campaigns import actions, repository
from tidings.distribution import attachments
from tidings.domain.attachment import DEFAULT_LIMIT, Attachment, attachment_of, check_together
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.revision import Revision

if TYPE_CHECKING:
    from tidings.domain.actor import Actor
    from tidings.domain.instant import Clock
    from tidings.domain.invitation import Invitation
    from tidings.events.activity import ActivityFeed
    from tidings.store.database import Database

S = CampaignState


class AttachmentService:
    """Attaches, takes off, invites. While the first draft is being written, files wait for it; `limit` is in bytes."""

    def __init__(self, db: Database, clock: Clock, feed: ActivityFeed, *, limit: int = DEFAULT_LIMIT) -> None:
        self.db, self.clock, self.feed, self.limit = db, clock, feed, limit

    def list(self, actor: Actor, campaign_id: str) -> tuple[Attachment, ...]:
        """What goes with every mail of the campaign."""
        with self.db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            return attachments.attached(conn, row.pk)

    def content(self, actor: Actor, campaign_id: str, attachment_id: str) -> tuple[Attachment, bytes]:
        """One file with its bytes. Raises NotFoundError."""
        with self.db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            found = attachments.file_of(conn, row.pk, attachment_id)
        if found is None:
            raise _no_such(attachment_id)
        return found

    def attach(self, actor: Actor, campaign_id: str, name: str, content: bytes) -> Attachment:
        """Adds a file; an approval is asked anew.

        Raises InvalidInputError for a kind, name or size that receivers would refuse, ConflictError when the campaign
        is sent already or being planned.
        """
        file = attachment_of(new_id("attachment"), name, content)
        with self.db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            _check_open(row)
            check_together([*attachments.attached(conn, row.pk), file], self.limit)
            attachments.insert_attachment(conn, row.pk, file, content, by=actor.name, at=self.clock.now())
            self._revise(conn, actor, row, f"attached {file.name}")
            self._note(conn, actor, "campaign.attach", row, f"attached {file.name} to “{row.name}”", _named(file))
        return file

    def detach(self, actor: Actor, campaign_id: str, attachment_id: str) -> None:
        """Takes a file off; an approval is asked anew. Raises NotFoundError, ConflictError."""
        with self.db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            _check_open(row)
            now = self.clock.now()
            found = attachments.file_of(conn, row.pk, attachment_id)
            if found is None or not attachments.take_off(conn, row.pk, attachment_id, now):
                raise _no_such(attachment_id)
            name = found[0].name
            self._revise(conn, actor, row, f"took {name} off")
            self._note(conn, actor, "campaign.detach", row, f"took {name} off “{row.name}”", _named(found[0]))

    def invite(self, actor: Actor, campaign_id: str, invitation: Invitation | None) -> Invitation | None:
        """Puts an event into every mail, changes it (its sequence grows), or with None takes it out.

        Raises InvalidInputError when the event is over, ConflictError as `attach`, or before there is a draft.
        """
        with self.db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            _check_carries(row)
            actions.check_editable(row)
            before = repository.revision_of(conn, row.revision_id) if row.revision_id else None
            if before is None:
                raise ConflictError(f"“{row.name}” has no draft yet.", remedy=actions.hint(row))
            now = self.clock.now()
            given = invitation.after(before.invitation, now) if invitation is not None else None
            check_ahead(given, now)
            if given == before.invitation:
                return given
            self._revise(conn, actor, row, "changed the calendar invitation", invitation=given)
            self._note(
                conn, actor, "campaign.invite", row, f"changed the calendar invitation of “{row.name}”",
                {"sequence": given.sequence if given else None},
            )  # fmt: skip
            return given

    def _revise(self, conn: Connection, actor: Actor, row: Row[Any], what: str, **changed: Any) -> None:
        """The revision in force with the files of now; before the first draft there is none to change."""
        if not row.revision_id:
            return
        now, before = self.clock.now(), repository.revision_of(conn, row.revision_id)
        given: dict[str, Any] = {"attachments": attachments.attached(conn, row.pk), **changed}
        revised = before.model_copy(
            update={
                "id": new_id("revision"), "number": repository.next_revision_number(conn, row.pk),
                "author": actor.name, "author_id": actor.id, **given,
            }
        )  # fmt: skip
        repository.insert_revision(conn, row.pk, Revision.model_validate(revised.model_dump()), now)
        repository.insert_override(
            conn, object_id=row.id, what="enclosures", before={"revision": before.number},
            after={"revision": revised.number}, reason=what, actor=actor, at=now,
        )  # fmt: skip
        if row.state == S.APPROVED.value:
            repository.move(conn, row, S.REVIEW, at=now, revision_id=revised.id)
        else:
            repository.touch(conn, row, at=now, revision_id=revised.id)

    def _note(
        self, conn: Connection, actor: Actor, action: str, row: Row[Any], text: str, detail: dict[str, Any]
    ) -> None:  # fmt: skip
        audit.record(conn, self.clock.now(), actor, action, row.id, detail)
        self.feed.note(conn, "person" if actor.is_person else "system", f"{actor.name} {text}", row.id)


def campaign_for(conn: Connection, actor: Actor, campaign_id: str, *permissions: Permission) -> Row[Any]:
    """The campaign when the actor holds one of the permissions for its brand. Raises NotFoundError, ForbiddenError."""
    row = repository.get_campaign(conn, campaign_id)
    if not actor.sees_brand(row.brand_id):
        raise NotFoundError(f"There is no campaign {campaign_id}.")
    actions.require_any(actor, permissions, row.brand_id)
    return row


def check_ahead(invitation: Invitation | None, now: int) -> None:
    """Raises InvalidInputError when the event is over."""
    if invitation is not None and invitation.ends_at <= now:
        raise InvalidInputError(
            f"The event of the invitation is over: it ended on {invitation.end.replace('T', ' at ')}.",
            remedy="Correct its times, or take the invitation out.", field="end",
        )  # fmt: skip


def _check_open(row: Row[Any]) -> None:
    """Files may come before the first draft too."""
    _check_carries(row)
    if not (row.state == S.DRAFTING.value and not row.revision_id):
        actions.check_editable(row)


def _check_carries(row: Row[Any]) -> None:
    """A sequence's words change by an edit that is approved while it runs, which knows of no files."""
    if row.is_sequence:
        raise ConflictError(
            f"“{row.name}” is a sequence; its messages carry no files and no invitation.",
            remedy="Link to the file, or send it with a campaign.",
        )


def _no_such(attachment_id: str) -> NotFoundError:
    return NotFoundError(f"There is no attachment {attachment_id}.", remedy="`tidings campaign status` names them all.")


def _named(file: Attachment) -> dict[str, Any]:
    return {"attachment": file.id, "name": file.name, "digest": file.digest}
