"""Editing drafts: whole drafts, revisions, comments, suggestions, tests, templates, pictures, origin."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tidings_client.calls import Call, Endpoint, Mode, Model, Resource, given
from tidings_client.campaigns import Campaign, Draft, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CheckedDraft(Model):
    """A draft with what the checks say; not saved."""

    draft: Draft
    sendable: bool


class Revision(Model):
    """One revision: who made it, and what a person last said of it."""

    id: str
    number: int
    author: str
    by_agent: bool
    created_at: datetime
    content_hash: str
    in_force: bool
    verdict: str
    verdict_by: str
    changed: list[str]


class Revisions(Model):
    """Newest first."""

    items: list[Revision]


class Piece(Model):
    """A run of a text: same, gone or new."""

    how: str
    text: str


class PartDiff(Model):
    """One place of two drafts: same, changed, gone or new."""

    place: str
    how: str
    before: str
    after: str
    pieces: list[Piece]


class DraftDiff(Model):
    """Two versions of one variant."""

    variant: str
    channel: str
    changed: bool
    parts: list[PartDiff]


class RevisionDiff(Model):
    """Two revisions, variant by variant."""

    before: int
    after: int
    drafts: list[DraftDiff]


class Comment(Model):
    """One comment. `block` counts from 0 in the revision it was written on."""

    id: str
    revision_number: int
    variant: str
    block: int | None
    quote: str
    text: str
    by_name: str
    at: datetime
    resolved_at: datetime | None
    resolved_by: str


class Comments(Model):
    """Oldest first."""

    items: list[Comment]


class Suggestion(Model):
    """Other words for one sentence."""

    id: str
    variant: str
    place: str
    before: str
    after: str
    source: str
    writer: str
    reason: str
    notes: list[str]
    state: str
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None


class Suggestions(Model):
    """Oldest first."""

    items: list[Suggestion]


class TestMail(Model):
    """What the relay said to one test mail."""

    __test__ = False

    to: str
    accepted: bool
    code: str
    words: str


class TestMails(Model):
    """Test mails; they count nowhere."""

    __test__ = False

    items: list[TestMail]


class Template(Model):
    """Blocks of a brand to begin a draft with."""

    id: str
    brand_id: str
    name: str
    subject: str
    preheader: str
    blocks: list[dict[str, Any]]
    by_name: str
    at: datetime


class Templates(Model):
    """By name."""

    items: list[Template]


class Image(Model):
    """A picture of a brand."""

    id: str
    brand_id: str
    url: str
    alt: str
    media_type: str
    width: int
    height: int
    size: int
    by_name: str
    at: datetime


class Images(Model):
    """Newest first."""

    items: list[Image]


class Imported(Model):
    """Blocks read out of HTML, what was not understood, and what most mail programs do not show."""

    title: str
    blocks: list[dict[str, Any]]
    left_out: list[str]
    findings: list[Finding]


class Export(Model):
    """A draft as a file."""

    form: str
    content: str


class Ground(Model):
    """A claim that carries a sentence."""

    id: str
    sentence: str
    evidence: str
    approved_by: str


class SentenceOrigin(Model):
    """Where one sentence comes from."""

    sentence: str
    source: str
    claims: list[Ground]
    proposed_by: str


class EditRecord(Model):
    """A revision in which the variant became another."""

    revision_number: int
    by_name: str
    reason: str
    at: datetime


class ApprovalRecord(Model):
    """A verdict."""

    verdict: str
    by_name: str
    at: datetime


class Provenance(Model):
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
    models: list[str]
    mark: str
    sentences: list[SentenceOrigin]
    findings: list[Finding]
    edits: list[EditRecord]
    approvals: list[ApprovalRecord]
    channel: str = "email"


class Editing(Resource[Mode]):
    """What is done with a campaign's drafts. Every change makes a new revision, which must be approved anew."""

    @Endpoint
    def save(
        self,
        campaign_id: str,
        variant: str,
        *,
        subject: str | None = None,
        preheader: str | None = None,
        blocks: Sequence[Mapping[str, Any]] | None = None,
        version: int | None = None,
    ) -> Call[Campaign]:
        """The draft as you want it; `blocks` replace all of them. With `version`, a later change is a conflict."""
        body = given(subject=subject, preheader=preheader, blocks=blocks and [dict(block) for block in blocks])
        return Call("PUT", _draft(campaign_id, variant), Campaign, body=body, headers=_match(version))

    @Endpoint
    def check(
        self,
        campaign_id: str,
        variant: str,
        *,
        subject: str | None = None,
        preheader: str | None = None,
        blocks: Sequence[Mapping[str, Any]] | None = None,
    ) -> Call[CheckedDraft]:
        """What the checks would say; nothing is saved."""
        body = given(subject=subject, preheader=preheader, blocks=blocks and [dict(block) for block in blocks])
        return Call("POST", f"{_draft(campaign_id, variant)}/check", CheckedDraft, body=body)

    @Endpoint
    def revisions(self, campaign_id: str) -> Call[Revisions]:
        """Every revision, newest first."""
        return Call("GET", f"/campaigns/{campaign_id}/revisions", Revisions)

    @Endpoint
    def diff(self, campaign_id: str, before: int, after: int) -> Call[RevisionDiff]:
        """What changed between two revisions, by their numbers."""
        path = f"/campaigns/{campaign_id}/revisions/diff"
        return Call("GET", path, RevisionDiff, {"before": before, "after": after})

    @Endpoint
    def restore(self, campaign_id: str, number: int, *, version: int | None = None) -> Call[Campaign]:
        """Goes back to a revision, which makes a new one."""
        path = f"/campaigns/{campaign_id}/revisions/{number}/restore"
        return Call("POST", path, Campaign, headers=_match(version))

    @Endpoint
    def comments(self, campaign_id: str, *, resolved: bool = True) -> Call[Comments]:
        """The campaign's comments."""
        return Call("GET", f"/campaigns/{campaign_id}/comments", Comments, {"resolved": resolved})

    @Endpoint
    def comment(self, campaign_id: str, text: str, *, variant: str = "A", block: int | None = None) -> Call[Comment]:
        """Says something of a draft, or of one of its blocks (from 0)."""
        body = given(text=text, variant=variant, block=block)
        return Call("POST", f"/campaigns/{campaign_id}/comments", Comment, body=body)

    @Endpoint
    def resolve(self, campaign_id: str, comment_id: str, *, resolved: bool = True) -> Call[Comment]:
        """Settles a comment, or opens it again."""
        return Call("PATCH", f"/campaigns/{campaign_id}/comments/{comment_id}", Comment, body={"resolved": resolved})

    @Endpoint
    def suggestions(self, campaign_id: str, *, state: str | None = None) -> Call[Suggestions]:
        """Suggestions: all, or those that are open, accepted or rejected."""
        return Call("GET", f"/campaigns/{campaign_id}/suggestions", Suggestions, given(state=state))

    @Endpoint
    def suggest(
        self, campaign_id: str, variant: str, *, block: int | None = None, sentence: str | None = None
    ) -> Call[Suggestions]:
        """Asks for other words for a block, a sentence, or without both the subject."""
        path = f"{_draft(campaign_id, variant)}/suggestions"
        return Call("POST", path, Suggestions, body=given(block=block, sentence=sentence), seconds=120)

    @Endpoint
    def accept(self, campaign_id: str, suggestion_id: str) -> Call[Campaign]:
        """A new revision with the suggestion's words."""
        return Call("POST", f"/campaigns/{campaign_id}/suggestions/{suggestion_id}/accept", Campaign)

    @Endpoint
    def reject(self, campaign_id: str, suggestion_id: str) -> Call[None]:
        """It is not made again."""
        return Call("POST", f"/campaigns/{campaign_id}/suggestions/{suggestion_id}/reject")

    @Endpoint
    def test(
        self, campaign_id: str, variant: str, *, to: Sequence[str] = (), contact_id: str | None = None
    ) -> Call[TestMails]:
        """Sends a test to yourself, or to addresses of accounts."""
        body = given(to=list(to), contact_id=contact_id)
        return Call("POST", f"{_draft(campaign_id, variant)}/test", TestMails, body=body, seconds=120)

    @Endpoint
    def keep(self, campaign_id: str, variant: str, name: str) -> Call[Template]:
        """Keeps the draft as a template of its brand."""
        return Call("POST", f"{_draft(campaign_id, variant)}/template", Template, body={"name": name})

    @Endpoint
    def begin(self, campaign_id: str, variant: str, template_id: str) -> Call[Campaign]:
        """Begins anew from a template."""
        return Call("POST", f"{_draft(campaign_id, variant)}/begin", Campaign, body={"template_id": template_id})

    @Endpoint
    def templates(self, brand_id: str) -> Call[Templates]:
        """The brand's templates."""
        return Call("GET", f"/brands/{brand_id}/templates", Templates)

    @Endpoint
    def remove_template(self, template_id: str) -> Call[None]:
        """Forgets a template."""
        return Call("DELETE", f"/templates/{template_id}")

    @Endpoint
    def images(self, brand_id: str) -> Call[Images]:
        """The brand's pictures."""
        return Call("GET", f"/brands/{brand_id}/images", Images)

    @Endpoint
    def upload(self, brand_id: str, content: bytes, alt: str) -> Call[Image]:
        """Uploads a picture; `alt` says what it shows."""
        return Call(
            "POST",
            f"/brands/{brand_id}/images",
            Image,
            {"alt": alt},
            content=content,
            content_type="application/octet-stream",
            seconds=60,
        )

    @Endpoint
    def import_html(self, html: str) -> Call[Imported]:
        """Typed blocks out of HTML, to be saved as a draft; nothing is saved."""
        return Call("POST", "/import-html", Imported, body={"html": html})

    @Endpoint
    def export(self, campaign_id: str, variant: str, form: str = "html") -> Call[Export]:
        """The draft as `html`, `mjml` or `text`, or as a page of HTML to `print`."""
        return Call("GET", f"{_draft(campaign_id, variant)}/export", Export, {"form": form})

    @Endpoint
    def provenance(
        self, campaign_id: str, variant: str, *, revision: int | None = None, channel: str | None = None
    ) -> Call[Provenance]:
        """Where the draft comes from, sentence by sentence; with `channel`, that channel's copy."""
        query = given(revision=revision, channel=channel)
        return Call("GET", f"{_draft(campaign_id, variant)}/provenance", Provenance, query)


def _draft(campaign_id: str, variant: str) -> str:
    return f"/campaigns/{campaign_id}/drafts/{variant}"


def _match(version: int | None) -> dict[str, str]:
    return {"If-Match": "*" if version is None else f'"{version}"'}
