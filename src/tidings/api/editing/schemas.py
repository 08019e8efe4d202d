"""What crosses the API about editing drafts."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from tidings.api.pages import Body, Moment, Schema
from tidings.domain.blocks import Block
from tidings.domain.draft import Draft, Finding

TEXT_BLOCK: dict[str, Any] = {"kind": "text", "text": "You get a sourdough starter to take home."}


class DraftChange(Body):
    """A draft as you want it. What is left out stays; `blocks` replace all of them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"subject": "Bake with us on Saturday", "blocks": [TEXT_BLOCK]}]}
    )

    subject: str | None = Field(default=None, max_length=200)
    preheader: str | None = Field(default=None, max_length=200)
    blocks: list[dict[str, Any]] | None = Field(
        default=None, max_length=60, description="Typed blocks, each with its `kind`; see the schema `Draft`"
    )


class CheckedDraft(Schema):
    """The draft with the change and what the checks say. Nothing was saved."""

    draft: Draft
    sendable: bool


class Revision(Schema):
    """One revision: who made it, and what a person last said of it."""

    id: str
    number: int
    author: str
    by_agent: bool
    created_at: Moment
    content_hash: str
    in_force: bool
    verdict: str
    verdict_by: str
    changed: tuple[str, ...]


class Revisions(Schema):
    """A campaign's revisions, newest first."""

    items: list[Revision]


class Piece(Schema):
    """A run of a text."""

    how: Literal["same", "gone", "new"]
    text: str


class PartDiff(Schema):
    """One place of two drafts. `pieces` in order, without the gone or without the new, give both texts."""

    place: str
    how: Literal["same", "changed", "gone", "new"]
    before: str
    after: str
    pieces: tuple[Piece, ...]


class DraftDiff(Schema):
    """Two versions of one variant."""

    variant: str
    channel: str
    changed: bool
    parts: tuple[PartDiff, ...]


class RevisionDiff(Schema):
    """Two revisions, variant by variant."""

    before: int
    after: int
    drafts: tuple[DraftDiff, ...]


class NewComment(Body):
    """What you say of a draft, or of one of its blocks."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Name the date here.", "block": 2}]})

    text: str = Field(min_length=1, max_length=2000)
    variant: str = Field(default="A", max_length=40)
    block: int | None = Field(default=None, ge=0, description="From 0; without it, the whole draft")


class Resolution(Body):
    """Whether a comment is settled."""

    resolved: bool = True


class Comment(Schema):
    """One comment. `block` counts from 0 in the revision it was written on."""

    id: str
    revision_number: int
    variant: str
    block: int | None
    quote: str
    text: str
    by_name: str
    at: Moment
    resolved_at: Moment | None
    resolved_by: str


class Comments(Schema):
    """A campaign's comments, oldest first."""

    items: list[Comment]


class Wanted(Body):
    """What to find other words for: a sentence, a block, or with neither the subject."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"block": 1}]})

    block: int | None = Field(default=None, ge=0)
    sentence: str | None = Field(default=None, max_length=400)


class Suggestion(Schema):
    """Other words for one sentence. Changes nothing until a person accepts it."""

    id: str
    variant: str
    place: str
    before: str
    after: str
    source: str
    writer: str
    reason: str
    notes: tuple[str, ...]
    state: str
    asked_by: str
    asked_at: Moment
    decided_by: str
    decided_at: Moment | None


class Suggestions(Schema):
    """Suggestions, oldest first."""

    items: list[Suggestion]


class TestSend(Body):
    """Whom to send a test to: addresses of accounts, none for yourself."""

    to: list[str] = Field(default_factory=list[str], max_length=10)
    contact_id: str | None = Field(default=None, description="As this contact would get it")


class TestMail(Schema):
    """What the relay said to one test mail."""

    to: str
    accepted: bool
    code: str
    words: str


class TestMails(Schema):
    """The test mails. They count nowhere."""

    items: list[TestMail]


class TemplateName(Body):
    """What to call a template."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Workshop"}]})

    name: str = Field(min_length=1, max_length=80)


class TemplateChoice(Body):
    """Which template to begin with."""

    template_id: str


class Template(Schema):
    """Blocks of a brand to begin a draft with."""

    id: str
    brand_id: str
    name: str
    subject: str
    preheader: str
    blocks: tuple[Block, ...]
    by_name: str
    at: Moment


class Templates(Schema):
    """A brand's templates, by name."""

    items: list[Template]


class Image(Schema):
    """A picture of a brand. `url` is where readers' programs fetch it."""

    id: str
    brand_id: str
    url: str
    alt: str
    media_type: str
    width: int
    height: int
    size: int
    by_name: str
    at: Moment


class Images(Schema):
    """A brand's pictures, newest first."""

    items: list[Image]


class Html(Body):
    """HTML from elsewhere."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"html": "<h1>Bread</h1><p>It is a workshop.</p>"}]})

    html: str = Field(min_length=1, max_length=512 * 1024)


class Imported(Schema):
    """The blocks that were understood, and in words what was not."""

    title: str
    blocks: tuple[Block, ...]
    left_out: tuple[str, ...]
    findings: tuple[Finding, ...] = Field(
        description="What most mail programs do not show, and what stands for it here"
    )


class Export(Schema):
    """A draft as a file. Merge fields stay open, in Liquid, but in what is printed."""

    form: str
    content: str


class Ground(Schema):
    """A claim that carries a sentence."""

    id: str
    sentence: str
    evidence: str
    approved_by: str


class SentenceOrigin(Schema):
    """Where one sentence comes from."""

    sentence: str
    source: str
    claims: tuple[Ground, ...]
    proposed_by: str


class EditRecord(Schema):
    """A revision in which the variant became another."""

    revision_number: int
    by_name: str
    reason: str
    at: Moment


class ApprovalRecord(Schema):
    """A verdict on the revision."""

    verdict: str
    by_name: str
    at: Moment


class Provenance(Schema):
    """All that is recorded of one variant of one revision. `mark` is the header its mails carry."""

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
    models: tuple[str, ...]
    mark: str
    sentences: tuple[SentenceOrigin, ...]
    findings: tuple[Finding, ...]
    edits: tuple[EditRecord, ...]
    approvals: tuple[ApprovalRecord, ...]
    channel: str
