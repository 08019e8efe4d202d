"""Editing a draft as a whole: look at it unsaved, save it as a revision, compare revisions, go back to one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from tidings.access.permissions import Permission
from tidings.campaigns import actions, repository, versions
from tidings.campaigns.attaching import campaign_for
from tidings.campaigns.drafts import mails
from tidings.campaigns.preview import render_preview
from tidings.campaigns.revising import Reviser, Why
from tidings.content.diff import DraftDiff, diff_all
from tidings.content.images import missing_images
from tidings.content.parsing import parse_blocks
from tidings.content.service import load_brand
from tidings.distribution.attachments import contents
from tidings.domain.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from tidings.campaigns.service import CampaignService
    from tidings.campaigns.views import CampaignDetail, Preview
    from tidings.distribution.service import DistributionService
    from tidings.domain.actor import Actor
    from tidings.domain.draft import Draft, Trace
    from tidings.domain.instant import Instant
    from tidings.domain.revision import Revision

LONGEST = 200
"""Characters of a subject or preheader that are kept; what a mailbox shows of them is the checks' to say."""


@dataclass(frozen=True, slots=True)
class DraftChange:
    """A draft as somebody wants it. What is None stays; `blocks` replace all of them, each as its fields."""

    subject: str | None = None
    preheader: str | None = None
    blocks: Sequence[Mapping[str, Any]] | None = None
    known: tuple[Trace, ...] = ()
    """Sources of sentences that come from elsewhere, such as an accepted suggestion."""


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One revision in a list. `by_agent`: nobody of flesh and blood made it."""

    id: str
    number: int
    author: str
    by_agent: bool
    created_at: Instant
    content_hash: str
    in_force: bool
    verdict: str
    """What a person last said of it: approved, changes_requested, or empty."""
    verdict_by: str
    changed: tuple[str, ...]
    """The variants that differ from the revision before."""


@dataclass(frozen=True, slots=True)
class RevisionDiff:
    """Two revisions of a campaign, variant by variant."""

    before: int
    after: int
    drafts: tuple[DraftDiff, ...]


class EditingService:
    """Blocking; each use case checks the actor's rights and is one transaction."""

    def __init__(self, campaigns: CampaignService, distribution: DistributionService, reviser: Reviser) -> None:
        self.campaigns, self.distribution, self.reviser = campaigns, distribution, reviser
        self.db, self.clock, self.content = campaigns.db, campaigns.clock, campaigns.run.content

    def checked(self, actor: Actor, campaign_id: str, variant: str, change: DraftChange) -> Draft:
        """The draft with the change and its findings; nothing is kept. Raises BlocksError, InvalidInputError."""
        with self.db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            return self.changed(conn, row, self.reviser.in_force(conn, row), variant, change)

    def looked_at(
        self, actor: Actor, campaign_id: str, variant: str, change: DraftChange, contact_id: str | None = None
    ) -> tuple[Draft, Preview]:
        """As `checked`, with the message one contact of the plan would get, rendered by the code that sends."""
        with self.db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            revised = self.reviser.in_force(conn, row)
            draft = self.changed(conn, row, revised, variant, change)
            brand, _ = load_brand(conn, row.brand_id)
            person = repository.first_person(conn, row.pk, contact_id, versions.beside(revised, variant))
            if contact_id is not None and person is None:
                raise NotFoundError(f"There is no contact {contact_id}.")
            files = contents(conn, revised.attachments)
            shown = revised.model_copy(update={"drafts": with_draft(revised, draft)})
            return draft, render_preview(
                self.distribution, actor, shown, brand, variant, person, campaign_id=row.id, contents=files
            )

    def save(
        self, actor: Actor, campaign_id: str, variant: str, change: DraftChange, *, expected_version: int | None = None
    ) -> CampaignDetail:
        """The change as a new revision, checked like any other and approved anew; the same content makes none.

        Raises ConflictError when the campaign is no longer at the expected version, BlocksError for a block that
        cannot be used. A draft with findings that block it is kept, and cannot be sent.
        """
        with self.db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            actions.check_version(row, expected_version)
            actions.check_editable(row)
            before = self.reviser.in_force(conn, row)
            draft = self.changed(conn, row, before, variant, change)
            self.keep(conn, actor, row, before, draft, "edited by a person")
        return self.campaigns.get(actor, campaign_id)

    def revisions(self, actor: Actor, campaign_id: str) -> list[RevisionRow]:
        """Every revision, newest first, with its author and verdict."""
        detail = self.campaigns.get(actor, campaign_id)
        verdicts = {each.revision_number: each for each in reversed(detail.approvals)}
        with self.db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            authors = {each.number: each.author_id for each in repository.revision_rows(conn, row.pk)}
        earlier = [*detail.revisions[1:], None]
        return [
            RevisionRow(
                id=one.id, number=one.number, author=one.author, by_agent=not authors[one.number].startswith("acc_"),
                created_at=one.created_at, content_hash=one.content_hash,
                in_force=detail.revision is not None and one.id == detail.revision.id,
                verdict=verdicts[one.number].verdict if one.number in verdicts else "",
                verdict_by=verdicts[one.number].by_name if one.number in verdicts else "",
                changed=tuple(d.name for d in diff_all(old.drafts if old else (), one.drafts) if d.changed),
            )
            for one, old in zip(detail.revisions, earlier, strict=True)
        ]  # fmt: skip

    def compare(self, actor: Actor, campaign_id: str, before: int, after: int) -> RevisionDiff:
        """What changed from one revision to another, by their numbers. Raises NotFoundError."""
        with self.db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            old, new = (self._numbered(conn, row, number) for number in (before, after))
            return RevisionDiff(before, after, diff_all(old.drafts, new.drafts))

    def restore(
        self, actor: Actor, campaign_id: str, number: int, *, expected_version: int | None = None
    ) -> CampaignDetail:
        """The drafts of an earlier revision again, as a new one: checked by today's claims and approved anew.

        What else goes with the mails (files, invitation) stays as it is now.
        """
        with self.db.transaction() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_WRITE)
            actions.check_version(row, expected_version)
            actions.check_editable(row)
            before, wanted = self.reviser.in_force(conn, row), self._numbered(conn, row, number)
            if wanted.id == before.id:
                raise InvalidInputError(f"Revision {number} is the one in force.", remedy="Choose an earlier one.")
            brand, claims = load_brand(conn, row.brand_id)
            now = self.clock.now()
            drafts = [
                draft.model_copy(
                    update={"findings": self.content.verify(draft, before.brief_of(draft), brand, claims, at=now)}
                )
                for draft in wanted.drafts
            ]
            why = Why(
                "drafts", f"back to revision {number}", "campaign.restore",
                f"went back to revision {number} of “{row.name}”",
            )  # fmt: skip
            self.reviser.keep(conn, actor, row, before, drafts, why)
        return self.campaigns.get(actor, campaign_id)

    # For the services beside

    def changed(self, conn: Connection, row: Row[Any], before: Revision, variant: str, change: DraftChange) -> Draft:
        """The variant with the change, verified. Raises BlocksError, InvalidInputError."""
        draft = draft_of(before, variant)
        blocks = None if change.blocks is None else parse_blocks(change.blocks)
        if change.subject is not None and not change.subject.strip():
            raise InvalidInputError("A mail needs a subject.", remedy="Write one.", field="subject")
        for name, said in (("subject", change.subject), ("preheader", change.preheader)):
            if said is not None and len(said) > LONGEST:
                raise InvalidInputError(
                    f"The {name} has {len(said):,} characters; {LONGEST} are the most.",
                    remedy="Shorten it.",
                    field=name,
                )
        brand, claims = load_brand(conn, row.brand_id)
        gone = missing_images(conn, blocks or (), self.content.image_places(brand))
        if gone:
            raise InvalidInputError(
                f"There is no picture {gone[0]} here.", remedy="Upload it, or choose another.", field="blocks"
            )
        return self.content.rewritten(
            draft, before.brief_of(draft), brand, claims, at=self.clock.now(), subject=change.subject,
            preheader=change.preheader, blocks=blocks, known=change.known,
        )  # fmt: skip

    def keep(self, conn: Connection, actor: Actor, row: Row[Any], before: Revision, draft: Draft, reason: str) -> None:
        """A changed draft as a new revision, in the caller's transaction; the same content makes none."""
        drafts = with_draft(before, draft)
        if said(drafts) == said(before.drafts):
            return
        words = f"edited variant {draft.variant} of “{row.name}”"
        self.reviser.keep(
            conn, actor, row, before, drafts, Why(f"draft {draft.variant}", reason, "campaign.edit", words)
        )

    def _numbered(self, conn: Connection, row: Row[Any], number: int) -> Revision:
        found = next((each for each in repository.revision_rows(conn, row.pk) if each.number == number), None)
        if found is None:
            raise NotFoundError(f"“{row.name}” has no revision {number}.", remedy="See the list of its revisions.")
        return repository.revision_of(conn, found.id)


def draft_of(revised: Revision, variant: str) -> Draft:
    """The revision's draft of one variant. Raises InvalidInputError that names those there are."""
    found = next((draft for draft in mails(revised.drafts) if draft.variant == variant), None)
    if found is None:
        known = ", ".join(draft.variant for draft in revised.drafts)
        raise InvalidInputError(f"There is no variant {variant!r}.", remedy=f"Variants: {known}.", field="variant")
    return found


def with_draft(revised: Revision, draft: Draft) -> tuple[Draft, ...]:
    """The revision's drafts with one in place of its namesake."""
    return tuple(
        draft if (each.variant, each.channel) == (draft.variant, draft.channel) else each for each in revised.drafts
    )


def said(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts without findings and traces: whether they say the same."""
    return [draft.model_copy(update={"findings": (), "traces": ()}) for draft in drafts]


__all__ = ["DraftChange", "EditingService", "RevisionDiff", "RevisionRow", "draft_of", "with_draft"]
