"""Fake use cases of the draft editor for the tests of the faces: the contract's shapes and roles, no database."""

from __future__ import annotations

from typing import Any

from tidings.access.permissions import Permission, require
from tidings.campaigns.commenting import CommentView
from tidings.campaigns.editing import RevisionDiff, RevisionRow
from tidings.campaigns.records import ApprovalRecord, EditRecord, Ground, Provenance, SentenceOrigin
from tidings.campaigns.suggesting import SuggestionView
from tidings.campaigns.templating import TemplateView
from tidings.campaigns.trying import TestMail
from tidings.content.diff import diff_all
from tidings.content.images import ImageView
from tidings.domain.actor import Actor
from tidings.domain.blocks import Heading, Text
from tidings.domain.draft import Draft, Finding, Severity
from tidings.domain.errors import ConflictError, NotFoundError

AT = 1_780_000_000_000
BLOCKS = (Heading(text="Bake with us"), Text(text="It is a bread workshop for beginners."))
DRAFT = Draft(
    variant="A", channel="email", subject="Bake with us", preheader="On Saturday", blocks=BLOCKS, writer="Composer",
    findings=(Finding(check="tone", severity=Severity.INFO, place="block 1", message="Said twice."),),
)  # fmt: skip
COMMENT = CommentView("cmt_1", 1, "A", 0, "Bake with us", "Name the date.", "Ada", AT, None, "")
SUGGESTION = SuggestionView(
    "sug_1", "A", "subject", "Bake with us", "Come and bake", "stock", "Composer", "another subject line", (), "open",
    "Ada", AT, "", None,
)  # fmt: skip
TEMPLATE = TemplateView("tpl_1", "brd_1", "Workshop", "Bake with us", "", BLOCKS, "Ada", AT)
IMAGE = ImageView("img_1", "brd_1", f"https://localhost/i/{'a' * 32}.png", "A loaf", "image/png", 8, 4, 90, "Ada", AT)


class FakeEditing:
    """Two revisions; saving answers the campaign as it is."""

    def __init__(self, campaigns: Any) -> None:
        self.campaigns = campaigns
        self.saved: list[Any] = []

    def checked(self, actor: Actor, campaign_id: str, variant: str, change: Any) -> Draft:
        require(actor, Permission.CAMPAIGNS_READ)
        return DRAFT

    def save(
        self, actor: Actor, campaign_id: str, variant: str, change: Any, *, expected_version: int | None = None
    ) -> Any:
        require(actor, Permission.CAMPAIGNS_WRITE)
        self.saved.append((variant, change))
        return self.campaigns.get(actor, campaign_id)

    def revisions(self, actor: Actor, campaign_id: str) -> list[RevisionRow]:
        require(actor, Permission.CAMPAIGNS_READ)
        return [
            RevisionRow("rev_2", 2, "Ada", False, AT, "b" * 64, True, "approved", "Bob", ("A",)),
            RevisionRow("rev_1", 1, "Content agent", True, AT, "a" * 64, False, "", "", ("A", "B")),
        ]

    def compare(self, actor: Actor, campaign_id: str, before: int, after: int) -> RevisionDiff:
        require(actor, Permission.CAMPAIGNS_READ)
        new = DRAFT.model_copy(update={"subject": "Bake with us now"})
        return RevisionDiff(before, after, diff_all([DRAFT], [new]))

    def restore(self, actor: Actor, campaign_id: str, number: int, *, expected_version: int | None = None) -> Any:
        require(actor, Permission.CAMPAIGNS_WRITE)
        return self.campaigns.get(actor, campaign_id)


class FakeComments:
    """One comment."""

    def comments(self, actor: Actor, campaign_id: str, *, resolved: bool = True) -> list[CommentView]:
        require(actor, Permission.CAMPAIGNS_READ)
        return [COMMENT]

    def add(self, actor: Actor, campaign_id: str, variant: str, text: str, *, block: int | None = None) -> CommentView:
        _may_say(actor)
        return COMMENT

    def resolve(self, actor: Actor, campaign_id: str, comment_id: str, *, done: bool = True) -> CommentView:
        _may_say(actor)
        return COMMENT


class FakeSuggestions:
    """One suggestion."""

    def __init__(self, campaigns: Any) -> None:
        self.campaigns = campaigns

    def suggestions(self, actor: Actor, campaign_id: str, *, state: str | None = "open") -> list[SuggestionView]:
        require(actor, Permission.CAMPAIGNS_READ)
        return [SUGGESTION]

    def suggest(self, actor: Actor, campaign_id: str, variant: str, **_: Any) -> list[SuggestionView]:
        require(actor, Permission.CAMPAIGNS_WRITE)
        return [SUGGESTION]

    def accept(self, actor: Actor, campaign_id: str, suggestion_id: str, **_: Any) -> Any:
        require(actor, Permission.CAMPAIGNS_WRITE)
        if suggestion_id == "sug_gone":
            raise ConflictError("That sentence does not stand in the draft any more.")
        return self.campaigns.get(actor, campaign_id)

    def reject(self, actor: Actor, campaign_id: str, suggestion_id: str) -> None:
        require(actor, Permission.CAMPAIGNS_WRITE)


class FakeTestSends:
    """Every test is accepted."""

    def send(
        self, actor: Actor, campaign_id: str, variant: str, *, to: Any = (), contact_id: str | None = None
    ) -> list[TestMail]:
        _may_say(actor)
        return [TestMail(address, True, "250", "kept") for address in to or ["ada@example.com"]]


class FakeTemplates:
    """One template."""

    def __init__(self, campaigns: Any) -> None:
        self.campaigns = campaigns

    def templates(self, actor: Actor, brand_id: str) -> list[TemplateView]:
        require(actor, Permission.BRANDS_READ)
        return [TEMPLATE]

    def save(self, actor: Actor, campaign_id: str, variant: str, name: str) -> TemplateView:
        require(actor, Permission.CAMPAIGNS_WRITE)
        return TEMPLATE

    def remove(self, actor: Actor, template_id: str) -> None:
        require(actor, Permission.CAMPAIGNS_WRITE)
        if template_id == "tpl_none":
            raise NotFoundError("There is no such template.")

    def start_from(self, actor: Actor, campaign_id: str, variant: str, template_id: str, **_: Any) -> Any:
        require(actor, Permission.CAMPAIGNS_WRITE)
        return self.campaigns.get(actor, campaign_id)


class FakeImages:
    """One picture."""

    def images(self, actor: Actor, brand_id: str) -> list[ImageView]:
        require(actor, Permission.BRANDS_READ)
        return [IMAGE]

    def upload(self, actor: Actor, brand_id: str, content: bytes, alt: str) -> ImageView:
        require(actor, Permission.CAMPAIGNS_WRITE)
        return IMAGE

    def served(self, name: str) -> None:
        return None


class FakeRecords:
    """One draft's record."""

    def provenance(
        self, actor: Actor, campaign_id: str, variant: str, number: int | None = None, *, channel: str = ""
    ) -> Provenance:
        require(actor, Permission.CAMPAIGNS_READ)
        ground = Ground("clm_1", "It is bread.", "the recipe", "Ada")
        return Provenance(
            campaign_id, variant, 2, "b" * 64, "Ada", "smollm2", "c" * 64, "d" * 64, 7, "ai-originated", ("smollm2",),
            'mode=ai-originated, model="smollm2"', (SentenceOrigin("It is bread.", "model", (ground,), ""),),
            DRAFT.findings, (EditRecord(1, "Content agent", "written", AT),), (ApprovalRecord("approved", "Bob", AT),),
            channel or "email",
        )  # fmt: skip

    def export(self, actor: Actor, campaign_id: str, variant: str, form: str) -> str:
        require(actor, Permission.CAMPAIGNS_READ)
        return f"<{form}>"


def editing_fakes(campaigns: Any) -> dict[str, Any]:
    """Every fake by the name of its field."""
    return {
        "editing": FakeEditing(campaigns), "comments": FakeComments(), "suggestions": FakeSuggestions(campaigns),
        "templates": FakeTemplates(campaigns), "images": FakeImages(), "test_sends": FakeTestSends(),
        "records": FakeRecords(),
    }  # fmt: skip


def _may_say(actor: Actor) -> None:
    if actor.role.value != "approver":
        require(actor, Permission.CAMPAIGNS_WRITE)
