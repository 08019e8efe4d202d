"""What is known of a draft's origin, and the draft as a file for elsewhere."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidings.access.permissions import Permission
from tidings.campaigns import repository
from tidings.campaigns.attaching import campaign_for
from tidings.campaigns.drafts import one
from tidings.campaigns.editing import draft_of
from tidings.campaigns.messages import message
from tidings.content.rendering.links import links_of
from tidings.content.rendering.mjml import mjml_of
from tidings.content.rendering.printed import printed
from tidings.content.sentences import folded
from tidings.content.service import load_brand
from tidings.domain.draft import Finding
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.provenance import ai_part, disclosure_header, models_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from tidings.domain.actor import Actor
    from tidings.domain.claim import Claim
    from tidings.domain.draft import Draft, Trace
    from tidings.domain.instant import Instant
    from tidings.domain.revision import Revision
    from tidings.store.database import Database

FORMATS = ("html", "mjml", "text", "print")
_PLACE = re.compile(r"\{\{-?\s*links\[(\d+)\]\s*-?\}\}")


@dataclass(frozen=True, slots=True)
class Ground:
    """A claim that carries a sentence."""

    id: str
    sentence: str
    evidence: str
    approved_by: str


@dataclass(frozen=True, slots=True)
class SentenceOrigin:
    """Where one sentence comes from; `proposed_by` names the model whose suggestion a person accepted."""

    sentence: str
    source: str
    claims: tuple[Ground, ...]
    proposed_by: str


@dataclass(frozen=True, slots=True)
class EditRecord:
    """A revision in which the variant became another."""

    revision_number: int
    by_name: str
    reason: str
    at: Instant


@dataclass(frozen=True, slots=True)
class ApprovalRecord:
    """A verdict on the revision that is looked at."""

    verdict: str
    by_name: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Provenance:
    """All that is recorded of one variant of one revision."""

    campaign_id: str
    variant: str
    revision_number: int
    content_hash: str
    author: str
    writer: str
    model_hash: str
    prompt_hash: str
    seed: int
    ai_part: str
    """Empty, `ai-modified` or `ai-originated`; what the mail says of itself."""
    models: tuple[str, ...]
    mark: str
    """The header the mail carries; empty where no model wrote."""
    sentences: tuple[SentenceOrigin, ...]
    findings: tuple[Finding, ...]
    edits: tuple[EditRecord, ...]
    approvals: tuple[ApprovalRecord, ...]
    channel: str


class RecordService:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def provenance(
        self, actor: Actor, campaign_id: str, variant: str, number: int | None = None, *, channel: str = ""
    ) -> Provenance:
        """Of the revision in force, or of another by its number: the e-mail, else the first draft, or a channel's copy.

        Raises NotFoundError, InvalidInputError.
        """
        with self._db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            revised = self._revised(conn, row.pk, row.revision_id, number)
            draft = one(revised.drafts, variant, channel)
            _, claims = load_brand(conn, row.brand_id)
            approvals = tuple(
                ApprovalRecord(each.verdict, each.by_name, each.at)
                for each in repository.approval_rows(conn, row.pk)
                if each.revision_id == revised.id
            )
            return Provenance(
                campaign_id=row.id, variant=draft.variant, revision_number=revised.number,
                content_hash=revised.content_hash, author=revised.author, writer=draft.writer,
                model_hash=draft.model_hash, prompt_hash=draft.prompt_hash, seed=draft.seed, ai_part=ai_part(draft),
                models=models_of(draft), mark=disclosure_header(draft),
                sentences=tuple(_origin(trace, claims) for trace in draft.traces), findings=draft.findings,
                edits=self._edits(conn, row.pk, row.id, revised.number, draft), approvals=approvals,
                channel=draft.channel,
            )  # fmt: skip

    def export(self, actor: Actor, campaign_id: str, variant: str, form: str) -> str:
        """The draft in force as `html`, `mjml` or `text`, with its links in place, or as a page to `print`.

        Merge fields and the way out stay open, in Liquid; on paper there are none. Raises InvalidInputError for another
        form.
        """
        if form not in FORMATS:
            raise InvalidInputError(f"{form!r} is no form.", remedy=f"One of: {', '.join(FORMATS)}.", field="form")
        with self._db.reading() as conn:
            row = campaign_for(conn, actor, campaign_id, Permission.CAMPAIGNS_READ)
            revised = self._revised(conn, row.pk, row.revision_id, None)
            draft = draft_of(revised, variant)
            brand, _ = load_brand(conn, row.brand_id)
        if form == "print":
            return printed(draft, brand)
        template = message(revised, brand, draft, row.id)
        urls = {link.no: link.url for link in template.links}
        if form == "mjml":
            return _closed(mjml_of(draft, brand, links_of(draft, brand), template.language), urls, escaped=True)
        return _closed(template.html if form == "html" else template.text, urls, escaped=form == "html")

    def _revised(self, conn: Connection, campaign_pk: int, in_force: str | None, number: int | None) -> Revision:
        if number is None:
            if in_force is None:
                raise ConflictError("There is no draft yet.", remedy="Wait for the Content agent.")
            return repository.revision_of(conn, in_force)
        found = next((each for each in repository.revision_rows(conn, campaign_pk) if each.number == number), None)
        if found is None:
            raise NotFoundError(f"There is no revision {number}.", remedy="See the list of revisions.")
        return repository.revision_of(conn, found.id)

    def _edits(
        self, conn: Connection, campaign_pk: int, campaign_id: str, number: int, draft: Draft
    ) -> tuple[EditRecord, ...]:
        """Revisions up to this one in which this draft changed, oldest first, the first one being its writing."""
        reasons = {each.after.get("revision"): each.reason for each in repository.override_rows(conn, campaign_id)}
        found: list[EditRecord] = []
        before: object = None
        for row in sorted(repository.revision_rows(conn, campaign_pk), key=lambda each: each.number):
            drafts = {(each["variant"], each["channel"]): each for each in row.body["drafts"]}
            then = drafts.get((draft.variant, draft.channel), {})
            said = {name: then.get(name) for name in ("subject", "preheader", "blocks")}
            if row.number <= number and said != before:
                found.append(EditRecord(row.number, row.author, reasons.get(row.number, "written"), row.created_at))
            before = said
        return tuple(found)


def _origin(trace: Trace, claims: Sequence[Claim]) -> SentenceOrigin:
    wanted = set(trace.claim_ids)
    grounds = tuple(
        Ground(claim.id, claim.sentence, claim.evidence, claim.approved_by or "")
        for claim in claims
        if claim.id in wanted or (trace.source == "claim" and folded(claim.sentence) == folded(trace.sentence))
    )
    return SentenceOrigin(trace.sentence, trace.source, grounds, trace.proposed_by)


def _closed(text: str, urls: dict[int, str], *, escaped: bool) -> str:
    def placed(found: re.Match[str]) -> str:
        url = urls.get(int(found[1]), "")
        return html.escape(url, quote=True) if escaped else url

    return _PLACE.sub(placed, text)
