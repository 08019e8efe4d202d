"""Fake use cases for the tests of the faces: they keep the contract's shapes and the roles, and remember calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from tests.audit_fakes import FakePersonalData, FakeTrail
from tests.channel_fakes import FakeChannels
from tests.claim_fakes import FakeBriefs, FakeProposals
from tests.confirmation_fakes import FakeConfirmations
from tests.editing_fakes import editing_fakes
from tests.fake_sequences import FakeSequences
from tests.reply_fakes import FakeReplies

from tidings.access.permissions import Permission, require
from tidings.agents.policy import Effect
from tidings.agents.service import AgentView, ToolView
from tidings.analytics.intervals import Share
from tidings.analytics.views import (
    CampaignReport,
    Chart,
    HourLine,
    Metric,
    OverviewNumbers,
    RecommendationView,
    VariantLine,
)
from tidings.audience.contacts import AudienceCounts, ContactDetail, ContactView
from tidings.audience.intake import ImportResult, Refusal
from tidings.audience.refused import RefusedResult
from tidings.audience.segments import SegmentView
from tidings.campaigns.asking import AnswerView, UseView, WishView
from tidings.campaigns.delivery_views import AttemptView, DeliveryDetail, EventView, StandingView
from tidings.campaigns.figures import Figure
from tidings.campaigns.views import (
    ActionView,
    ApprovalView,
    CampaignDetail,
    CampaignRow,
    DeliveryView,
    PostingView,
    Preview,
    RevisionView,
    SlotView,
)
from tidings.content.exam.licence import Licence
from tidings.content.models.kinds import parts_of
from tidings.content.models.repository import Configured
from tidings.content.models.service import Preview as PromptPreview
from tidings.distribution.accounts.usage import AccountUse
from tidings.distribution.conversions import ConversionView, NewConversion
from tidings.distribution.findings import Area, Grade, PreflightFinding
from tidings.distribution.mailbox.parsing import ParsedMail
from tidings.distribution.mailbox.service import MailboxCount, MailRow, MailView
from tidings.distribution.throttle.view import LimitsView, ProviderView, RelayView, WarmupView
from tidings.domain.actor import Actor, ActorKind, AgentName, Role
from tidings.domain.attachment import Attachment, attachment_of
from tidings.domain.blocks import Text
from tidings.domain.brand import Brand, Sender
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.claim import Claim
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.decision import Autonomy, Decision
from tidings.domain.draft import Draft
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError
from tidings.domain.ids import new_id
from tidings.domain.plan import PlanSummary
from tidings.events.activity import ActivityLine
from tidings.health import HealthItem
from tidings.llm.configured import NoModelError
from tidings.llm.network import NetworkState, Offline, offline_mode
from tidings.services import Services

AT = 1_780_000_000_000
BRIEF = {
    "name": "Autumn workshop",
    "type": "event",
    "goal": "Fill the bread workshop",
    "brand": "Northwind Bakery",
    "facts": ["It is a bread workshop for beginners.", "You get a sourdough starter to take home."],
    "call_to_action": "Reserve a place",
    "link": "https://example.com/workshop",
}
BRAND = Brand(
    id=new_id("brand"),
    name="Northwind Bakery",
    sender=Sender(name="Northwind", address="hello@northwind.example.com"),
    postal_address="Mill Lane 4, 1010 Vienna",
    website="https://northwind.example.com",
)
CONTACT = ContactView(
    id=new_id("contact"), email="ada@example.com", first_name="Ada", last_name="Lovelace", locale="en", country="GB",
    time_zone="Europe/London", attributes={}, status="subscribed", sample=True, created_at=AT,
)  # fmt: skip
DECISION = Decision(
    id=new_id("decision"), agent=AgentName.CONTENT, at=AT, kind="draft", summary="Wrote two drafts",
    reason="The brief asks for two subjects.", decided_by="Composer 1",
)  # fmt: skip


class FakeAccess:
    """One account a role, whose token is `tid_` and the role's name."""

    def __init__(self) -> None:
        self.people = {
            role: Actor(
                ActorKind.AGENT if role is Role.SERVICE else ActorKind.PERSON, f"acc_{role}", role.title(), role
            )
            for role in Role
        }
        self.revoked: list[str] = []
        self.changed: list[Any] = []
        self.made = 0

    def actor_of_token(self, secret: str) -> Actor | None:
        name = secret.removeprefix("tid_")
        return self.people.get(Role(name)) if name in set(map(str, Role)) else None

    def actor_of_session(self, secret: str) -> Actor | None:
        return self.actor_of_token(f"tid_{secret}")

    def accounts(self, actor: Actor) -> list[Any]:
        require(actor, Permission.ACCOUNTS_MANAGE)
        return [self._account(each.id, each.name, each.role) for each in self.people.values()]

    def _account(self, number: str, name: str, role: Role) -> Any:
        from types import SimpleNamespace

        return SimpleNamespace(
            id=number, email=f"{name.lower()}@example.com", name=name, role=role, brands=[], active=True, sample=False,
            has_password=False, created_at=AT,
        )  # fmt: skip

    def create_account(self, actor: Actor, *, email: str, name: str, role: Role, brands: Any = ()) -> Any:
        require(actor, Permission.ACCOUNTS_MANAGE)
        self.made += 1
        return self._account(f"acc_{self.made}", name, role)

    def set_role(self, actor: Actor, account_id: str, role: Role, brands: Any = None) -> Any:
        require(actor, Permission.ACCOUNTS_MANAGE)
        self.changed.append((account_id, role, brands))
        return self._account(account_id, "Ada", role)

    def set_active(self, actor: Actor, account_id: str, *, active: bool) -> Any:
        require(actor, Permission.ACCOUNTS_MANAGE)
        self.changed.append((account_id, active))
        return self._account(account_id, "Ada", Role.AUTHOR)

    def account(self, actor: Actor, account_id: str) -> Any:
        require(actor, Permission.ACCOUNTS_MANAGE)
        return self._account(account_id, "Ada", Role.AUTHOR)

    def create_sign_in_link(self, account_id: str, *, minutes: int = 15, actor: Actor | None = None) -> str:
        self.made += 1
        return f"secret{self.made}"

    def tokens(self, actor: Actor) -> list[Any]:
        from types import SimpleNamespace

        return [SimpleNamespace(id="tok_1", name="nightly", scopes=[], created_at=AT, expires_at=None, revoked_at=None)]

    def create_token(self, actor: Actor, *, name: str, scopes: Any = (), days: int | None = None) -> tuple[str, str]:
        self.made += 1
        return f"tok_{self.made}", f"tid_secret{self.made}"

    def revoke_token(self, actor: Actor, token_id: str) -> None:
        self.revoked.append(token_id)


POSTINGS = (
    PostingView(
        id="pst_1", channel="mastodon", channel_title="Mastodon", account="our Mastodon", variant="A",
        state="uncertain", due_at=AT, at=AT, attempt=1, code="", reason="the answer was lost", provider_id="", url="",
        title="", text="Bake with us", can_confirm=True, can_repeat=True,
    ),
)  # fmt: skip


class FakeCampaigns:
    """Campaigns in memory, with the states that matter to a face."""

    def __init__(self) -> None:
        self.details: dict[str, CampaignDetail] = {}
        self.calls: list[str] = []

    def _detail(self, brief: Brief, author: Actor) -> CampaignDetail:
        row = CampaignRow(
            id=new_id("campaign"), name=brief.name, brand_id=BRAND.id, brand_name=BRAND.name,
            state=CampaignState.REVIEW, state_reason="", paused=False, author_name=author.name, type=brief.type,
            people=3, counts={}, created_at=AT, updated_at=AT, launched_at=None, done_at=None, first_at=AT,
            sample=False, version=1,
        )  # fmt: skip
        drafts = tuple(
            Draft(
                variant=variant, channel="email", subject=f"Bake with us {variant}", preheader="Beginners welcome",
                blocks=(Text(text="It is a bread workshop for beginners."),), writer="Composer 1",
            )
            for variant in "AB"
        )  # fmt: skip
        revised = RevisionView(new_id("revision"), 1, "Content agent", AT, "0" * 64, drafts)
        plan = PlanSummary(
            id=new_id("plan"), campaign_id=row.id, revision_id=revised.id, created_at=AT, people=3, first_at=AT,
            last_at=AT, by_hour={AT: 3}, by_reason={"best_hour": 3}, by_variant={"A": 2, "B": 1},
            expected_gain="Not enough data yet.",
        )  # fmt: skip
        return CampaignDetail(row, brief, revised, (revised,), plan, (), self._actions(row.state))

    def _actions(self, state: CampaignState, *, paused: bool = False) -> tuple[ActionView, ...]:
        by_state = {
            CampaignState.REVIEW: ["approve"],
            CampaignState.APPROVED: ["send"],
            CampaignState.BLOCKED: ["retry", "edit"],
        }
        names = [*by_state.get(state, []), *(["resume"] if paused else [])]
        return tuple(ActionView(name, allowed=True) for name in names)

    def create(self, actor: Actor, brief: Brief) -> CampaignDetail:
        require(actor, Permission.CAMPAIGNS_WRITE)
        if brief.brand != BRAND.name:
            raise InvalidInputError(f"There is no brand {brief.brand!r}.", remedy="Brands here: …", field="brand")
        detail = self._detail(brief, actor)
        self.details[detail.row.id] = detail
        self.calls.append("create")
        return detail

    def list(
        self, actor: Actor, *, state: str | None = None, after: str = "", limit: int = 50
    ) -> tuple[list[CampaignRow], str]:
        require(actor, Permission.CAMPAIGNS_READ)
        rows = [each.row for each in reversed(self.details.values()) if state is None or each.row.state == state]
        start = int(after or 0)
        return rows[start : start + limit], str(start + limit) if start + limit < len(rows) else ""

    def waiting(self, actor: Actor) -> list[CampaignRow]:
        return self.list(actor, state="review")[0]

    def get(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        require(actor, Permission.CAMPAIGNS_READ)
        if campaign_id not in self.details:
            raise NotFoundError(f"There is no campaign {campaign_id}.", remedy="See the list.")
        return self.details[campaign_id]

    def _move(self, actor: Actor, campaign_id: str, permission: Permission, **changes: Any) -> CampaignDetail:
        require(actor, permission)
        detail = self.get(actor, campaign_id)
        row = replace(detail.row, version=detail.row.version + 1, **changes)
        detail = replace(detail, row=row, actions=self._actions(row.state, paused=row.paused))
        self.details[campaign_id] = detail
        return detail

    def approve(self, actor: Actor, campaign_id: str, revision_id: str, comment: str = "") -> CampaignDetail:
        detail = self.get(actor, campaign_id)
        require(actor, Permission.CAMPAIGNS_APPROVE)
        if detail.revision is None or detail.revision.id != revision_id:
            raise ConflictError("The revision is no longer in force.", remedy="Look at the new one.")
        detail = self._move(actor, campaign_id, Permission.CAMPAIGNS_APPROVE, state=CampaignState.APPROVED)
        verdict = ApprovalView(1, "approved", actor.name, comment, self_approved=False, at=AT)
        self.details[campaign_id] = replace(detail, approvals=(verdict,))
        return self.details[campaign_id]

    def request_changes(self, actor: Actor, campaign_id: str, comment: str) -> CampaignDetail:
        detail = self._move(actor, campaign_id, Permission.CAMPAIGNS_APPROVE, state=CampaignState.BLOCKED)
        verdict = ApprovalView(1, "changes_requested", actor.name, comment, self_approved=False, at=AT)
        self.details[campaign_id] = replace(detail, approvals=(verdict,))
        return self.details[campaign_id]

    def send(self, actor: Actor, campaign_id: str, *, now: bool) -> CampaignDetail:
        self.calls.append(f"send now={now}")
        if self.get(actor, campaign_id).row.state is not CampaignState.APPROVED:
            raise ConflictError("It is not approved; it cannot be sent.", remedy="It waits for approval.")
        counts = {"planned": 1, "accepted": 2}
        return self._move(actor, campaign_id, Permission.CAMPAIGNS_SEND, state=CampaignState.SENDING, counts=counts)

    def pause(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        return self._move(actor, campaign_id, Permission.SENDING_PAUSE, paused=True)

    def resume(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        return self._move(actor, campaign_id, Permission.SENDING_PAUSE, paused=False)

    def cancel(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        return self._move(actor, campaign_id, Permission.CAMPAIGNS_WRITE, state=CampaignState.CANCELLED)

    def drop_channel(self, actor: Actor, campaign_id: str, channel: str, reason: str = "") -> CampaignDetail:
        self.calls.append(f"drop {channel} {reason}".strip())
        return self._move(actor, campaign_id, Permission.CAMPAIGNS_WRITE)

    def replan(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        return self._move(actor, campaign_id, Permission.CAMPAIGNS_WRITE)

    def retry(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        self.calls.append("retry")
        return self._move(actor, campaign_id, Permission.CAMPAIGNS_WRITE, state=CampaignState.DRAFTING)

    def set_send_time(
        self, actor: Actor, campaign_id: str, due_at: int, reason: str, *, expected_version: int | None = None
    ) -> CampaignDetail:
        return self._move(actor, campaign_id, Permission.CAMPAIGNS_WRITE, first_at=due_at)

    def edit_draft(
        self, actor: Actor, campaign_id: str, variant: str, *, subject: str | None = None,
        preheader: str | None = None, texts: Any = None, expected_version: int | None = None, channel: str = "",
    ) -> CampaignDetail:  # fmt: skip
        self.calls.append(f"edit {variant} {subject} {texts}")
        return self._move(actor, campaign_id, Permission.CAMPAIGNS_WRITE)

    def posted(self, actor: Actor, campaign_id: str) -> tuple[PostingView, ...]:
        self.get(actor, campaign_id)
        return POSTINGS

    def settle_posting(
        self, actor: Actor, campaign_id: str, posting_id: str, *, there: bool, url: str = ""
    ) -> tuple[PostingView, ...]:
        require(actor, Permission.CAMPAIGNS_SEND)
        self.get(actor, campaign_id)
        if posting_id not in {each.id for each in POSTINGS}:
            raise NotFoundError(f"There is no posting {posting_id} in this campaign.")
        self.calls.append(f"{'confirm' if there else 'repeat'} {posting_id} {url}".strip())
        return POSTINGS

    def preview(
        self, actor: Actor, campaign_id: str, *, variant: str = "A", channel: str = "", contact_id: str | None = None
    ) -> Preview:
        self.get(actor, campaign_id)
        return Preview(
            variant, "a…@example.com", "Bake with us", "Beginners", "<p>Bread</p>", "Bread", {"List-Id": "x"}
        )

    def preflight(self, actor: Actor, campaign_id: str) -> list[PreflightFinding]:
        self.get(actor, campaign_id)
        return [
            PreflightFinding(
                Area.MESSAGE, "size", Grade.ERROR, "the HTML part is too large", "Shorten it.", "variant A"
            ),
            PreflightFinding(
                Area.DOMAIN,
                "SPF",
                Grade.WARNING,
                "no relay",
                "Add it.",
                "example.com",
                'example.com. IN TXT "v=spf1 mx ~all"',
            ),
            PreflightFinding(Area.SPAM, "spam score", Grade.NOT_CHECKED, "not checked: no spamd answers"),
        ]

    def slots(
        self, actor: Actor, campaign_id: str, *, after: str = "", limit: int = 50, like: str = ""
    ) -> tuple[list[SlotView], str]:
        self.get(actor, campaign_id)
        slot = SlotView(
            CONTACT.id, "Ada", "a…@example.com", AT, "Tue 24 Nov 09:15", "Europe/London", zone_assumed=False,
            variant="A", reason="best_hour", reason_text="Most people here read at nine.",
        )  # fmt: skip
        return [slot], ""

    def deliveries(
        self, actor: Actor, campaign_id: str, *, state: str | None = None, after: str = "", limit: int = 50
    ) -> tuple[list[DeliveryView], str]:
        self.get(actor, campaign_id)
        found = DeliveryView(
            CONTACT.id, "Ada", "a…@example.com", "accepted", "A", AT, AT, 1, "250", "2.0.0 Ok", "<1@example.com>"
        )
        return [found], ""


class FakeDeliveries:
    """One delivery, accepted; and one that can be settled."""

    def __init__(self) -> None:
        self.settled: list[Any] = []

    def get(self, actor: Actor, campaign_id: str, contact_id: str, **_: Any) -> DeliveryDetail:
        require(actor, Permission.CAMPAIGNS_READ)
        return delivery_detail(campaign_id, contact_id)

    def find(self, actor: Actor, *, address: str = "", message_id: str = "") -> list[Any]:
        require(actor, Permission.CAMPAIGNS_READ)
        if address:
            require(actor, Permission.CONTACTS_READ_PII)
        return [delivery_detail("cmp_1", CONTACT.id)]

    def settle(self, actor: Actor, campaign_id: str, contact_id: str, verdict: Any, reason: str = "", **_: Any) -> Any:
        require(actor, Permission.CAMPAIGNS_SEND)
        self.settled.append((campaign_id, contact_id, verdict, reason))
        return delivery_detail(campaign_id, contact_id)


def delivery_detail(campaign_id: str, contact_id: str, state: str = "uncertain") -> DeliveryDetail:
    """One whose first attempt was deferred and whose second got no answer."""
    return DeliveryDetail(
        campaign_id=campaign_id, campaign_name="Autumn workshop", contact_id=contact_id, name="Ada Lovelace",
        email="a…@example.com", channel="email", step=0, state=state, variant="A", due_at=AT, at=AT, code="",
        reason="the connection was lost", message_id="0123456789abcdef0123456789abcdef@northwind.example", attempt=2,
        planned_at=AT, planned_reason="Tuesday 09:15 in London: people click most at this hour",
        local_time="Tue 24 Nov 09:15",
        attempts=(
            AttemptView(1, AT, "deferred", "mx.example.com:25", "451 4.7.1", "Try again later"),
            AttemptView(2, AT, "uncertain", "mx.example.com:25", "", "the connection was lost"),
        ),
        events=(
            EventView("deferred", AT, 0.0, {"code": "451"}),
            EventView("clicked", AT, 0.98, {"link": "0", "agent": "Barracuda"}),
        ),
        standing=StandingView(
            allowed=True, why_not="", consent="granted", consent_at=AT, consent_source="shop", suppression="",
            suppression_at=None, suppression_source="",
        ),
        settles=state == "uncertain", others=(("email", 1),),
        sent=Preview("A", "a…@example.com", "Bake with us", "", "<p>Bread</p>", "Bread", {"List-Id": "x"}),
        sent_note="Rendered again.",
    )  # fmt: skip


class FakeAttachments:
    """Files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[Attachment, bytes]] = {"att_1": (attachment_of("att_1", "a.pdf", b"%PDF"), b"%PDF")}
        self.invitation: Any = None

    def list(self, actor: Actor, campaign_id: str) -> tuple[Attachment, ...]:
        require(actor, Permission.CAMPAIGNS_READ)
        return tuple(file for file, _ in self.files.values())

    def content(self, actor: Actor, campaign_id: str, attachment_id: str) -> tuple[Attachment, bytes]:
        require(actor, Permission.CAMPAIGNS_READ)
        if attachment_id not in self.files:
            raise NotFoundError("There is no such attachment.")
        return self.files[attachment_id]

    def attach(self, actor: Actor, campaign_id: str, name: str, content: bytes) -> Attachment:
        require(actor, Permission.CAMPAIGNS_WRITE)
        file = attachment_of(new_id("attachment"), name, content)
        self.files[file.id] = (file, content)
        return file

    def detach(self, actor: Actor, campaign_id: str, attachment_id: str) -> None:
        require(actor, Permission.CAMPAIGNS_WRITE)
        self.files.pop(attachment_id, None)

    def invite(self, actor: Actor, campaign_id: str, invitation: Any) -> Any:
        require(actor, Permission.CAMPAIGNS_WRITE)
        self.invitation = invitation
        return invitation


class FakeAgents:
    """The four agents, with one version each."""

    def __init__(self) -> None:
        self.views = {name: self._view(name) for name in AgentName}

    def _view(self, name: AgentName) -> AgentView:
        return AgentView(
            name=name, goal="To do its part.", trigger="Work comes.", status="idle", doing="", doing_at=None,
            last_seen=AT, paused=False, paused_by="", autonomy=Autonomy.SUGGEST, config={"max_words": 220},
            schema={"properties": {"max_words": {"description": "Most words"}}}, version=1, decisions_today=1,
            last_decision=DECISION,
            tools=(ToolView("start_campaign", "Starts an approved campaign.", Effect.START_SEND, needs_person=True),),
        )  # fmt: skip

    def list(self, actor: Actor) -> list[AgentView]:
        require(actor, Permission.AGENTS_READ)
        return list(self.views.values())

    def get(self, actor: Actor, name: str) -> AgentView:
        require(actor, Permission.AGENTS_READ)
        return self.views[AgentName(name)]

    def _change(self, name: str, **changes: Any) -> AgentView:
        before = self.views[AgentName(name)]
        self.views[AgentName(name)] = replace(before, version=before.version + 1, **changes)
        return self.views[AgentName(name)]

    def pause(self, actor: Actor, name: str, reason: str = "") -> AgentView:
        return self._change(name, paused=True, status="paused", paused_by=actor.name)

    def resume(self, actor: Actor, name: str) -> AgentView:
        require(actor, Permission.AGENTS_CONFIGURE)
        return self._change(name, paused=False, status="idle", paused_by="")

    def configure(self, actor: Actor, name: str, config: dict[str, Any], autonomy: str, expected: int) -> AgentView:
        require(actor, Permission.AGENTS_CONFIGURE)
        return self._change(name, config={**self.views[AgentName(name)].config, **config}, autonomy=Autonomy(autonomy))

    def decisions(
        self, actor: Actor, *, agent: str | None = None, campaign_id: str | None = None, after: str = "",
        limit: int = 50,
    ) -> tuple[list[Decision], str]:  # fmt: skip
        require(actor, Permission.AGENTS_READ)
        return [DECISION], ""

    def decision(self, actor: Actor, decision_id: str) -> Decision:
        return DECISION

    def override(self, actor: Actor, decision_id: str, reason: str) -> Decision:
        return replace(DECISION, overridden_by=actor.name)


class FakeAsking:
    """Answers everything; "start" waits for a yes first."""

    possible = True

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def _answer(self, name: str, text: str, **changes: Any) -> AnswerView:
        use = UseView("read_plan", {"campaign_id": "cmp_1"}, "done")
        view = AnswerView(
            AgentName(name), "answered", text, "tiny", "local", (use,), (Figure("12", "read_plan"), Figure("57", "")),
            ("The number 57 stands in no result of a tool.",), None, "dec_1",
        )  # fmt: skip
        return replace(view, **changes)

    def ask(self, actor: Actor, name: str, question: str, campaign_id: str | None = None) -> AnswerView:
        require(actor, Permission.AGENTS_READ)
        self.calls.append(("ask", (str(name), question, campaign_id)))
        if not self.possible:
            raise NoModelError
        if question.startswith("Start"):
            return self._waiting(name)
        return self._answer(name, "The plan reaches 12 people, 57 of them in Tokyo.")

    def _waiting(self, name: str) -> AnswerView:
        wish = WishView("start_campaign", {"campaign_id": "cmp_1"}, "Starts sending. Campaign: “Autumn workshop”.")
        return self._answer(
            name, "", status="waiting", figures=(), findings=(), turn_id="trn_1", wishes=(wish,), expires_at=AT,
            question="Start it.",
        )  # fmt: skip

    def waiting(self, actor: Actor, name: str) -> list[AnswerView]:
        require(actor, Permission.AGENTS_READ)
        return [self._waiting(name)]

    def approve(self, actor: Actor, name: str, turn_id: str) -> AnswerView:
        require(actor, Permission.AGENTS_READ)
        self.calls.append(("approve", turn_id))
        return self._answer(name, "It is started.", acted=True, findings=())

    def decline(self, actor: Actor, name: str, turn_id: str) -> AnswerView:
        require(actor, Permission.AGENTS_READ)
        self.calls.append(("decline", turn_id))
        return self._answer(name, "Then not.", findings=())


class FakeAudience:
    """One contact, one segment."""

    def __init__(self) -> None:
        self.imported: list[tuple[Any, Any]] = []
        self.erased: list[str] = []

    def contacts(self, actor: Actor, **_: Any) -> tuple[list[ContactView], str]:
        require(actor, Permission.CONTACTS_READ)
        return [CONTACT], ""

    def contact(self, actor: Actor, contact_id: str) -> ContactDetail:
        if contact_id != CONTACT.id:
            raise NotFoundError("There is no such contact.")
        said = Consent(Purpose.MARKETING_EMAIL, ConsentState.GRANTED, AT, "form", "Yes, write to me.")
        return ContactDetail(CONTACT, (said,), "")

    def counts(self, actor: Actor) -> AudienceCounts:
        return AudienceCounts(1, 1, 0, 0, 0, 1, 0)

    def segments(self, actor: Actor) -> list[SegmentView]:
        return [SegmentView("seg_1", "Readers", "", {"all": []}, 1)]

    def create_segment(self, actor: Actor, *, name: str, rule: dict[str, Any], description: str = "") -> SegmentView:
        return SegmentView("seg_2", name, description, rule, 0)

    def add_contacts(self, actor: Actor, rows: Any, *, consent: Any = None) -> ImportResult:
        self.imported.append((list(rows), consent))
        return ImportResult(added=1)

    def import_csv(self, actor: Actor, source: Any, *, consent: Any = None) -> ImportResult:
        self.imported.append((source, consent))
        return ImportResult(added=1, refused=[Refusal(3, "it has no proof of consent", "Add it.")])

    def suppress(self, actor: Actor, address: str, *, reason: str = "") -> None:
        pass

    def import_suppressions(self, actor: Actor, source: Any, *, told: str, otherwise: Any) -> RefusedResult:
        self.imported.append((source, (told, otherwise)))
        return RefusedResult(added=1, known=2, refused=[Refusal(3, "there is no e-mail address", "Correct it.")])

    def erase(self, actor: Actor, contact_id: str) -> None:
        self.erased.append(contact_id)


class FakeBrands:
    """One brand."""

    def brands(self, actor: Actor) -> list[Brand]:
        return [BRAND]

    def brand(self, actor: Actor, id_or_name: str) -> Brand:
        return BRAND

    def create_brand(self, actor: Actor, fields: Any) -> Brand:
        return BRAND

    def update_brand(self, actor: Actor, brand_id: str, fields: Any) -> Brand:
        return BRAND.model_copy(update={"ai_disclosure": fields.get("ai_disclosure", BRAND.ai_disclosure)})

    def claims(self, actor: Actor, brand_id: str, *, state: Any = None) -> list[Claim]:
        every = [Claim(id="clm_1", sentence="It is bread.", approved_by="Ada")]
        return [claim for claim in every if state in {None, claim.state(AT)}]

    def claim(self, actor: Actor, claim_id: str) -> tuple[str, Claim]:
        return BRAND.id, Claim(id=claim_id, sentence="It is bread.", approved_by="Ada")

    def edit_claim(self, actor: Actor, claim_id: str, changes: Any) -> Claim:
        require(actor, Permission.BRANDS_WRITE)
        return Claim(id=claim_id, **{"sentence": "It is bread.", **changes})

    def approve_claim(self, actor: Actor, claim_id: str, *, valid_until: Any = None) -> Claim:
        require(actor, Permission.BRANDS_WRITE)
        return Claim(id=claim_id, sentence="It is bread.", approved_by=actor.name, valid_until=valid_until)

    def retire_claim(self, actor: Actor, claim_id: str) -> Claim:
        require(actor, Permission.BRANDS_WRITE)
        return Claim(id=claim_id, sentence="It is bread.", retired_at=AT)

    def add_claim(self, actor: Actor, brand_id: str, sentence: str, *args: Any, **fields: Any) -> Claim:
        return Claim(id="clm_2", sentence=sentence, approved_by=actor.name)


MODEL = Configured(
    "mdl_1", "Local <small>", "openai", {"base_url": "http://127.0.0.1:11434/v1", "model": "tiny"}, True, 100, 1000,
    Licence.JUDGE, "0 of 4 drafts passed.", "abc",
    {"state": "done", "steps": 24, "of": 24, "pairs": 16, "right": 15,
     "drafts": [{"brief": "Tide walk", "passed": False, "findings": ["The number 7 is invented."]}]},
    (True, False), AT,
)  # fmt: skip
CALL = SimpleNamespace(
    at=AT, model_id="mdl_1", purpose="draft", campaign_id=None, destination="models.example.com", left_machine=True,
    outcome="answered", reasons=["open"], prompt_hash="ff", prompt="Write about bread.", tokens_in=10, tokens_out=5,
)  # fmt: skip


class FakeModels:
    """One model that is a judge."""

    def models(self, actor: Actor) -> list[Configured]:
        require(actor, Permission.AGENTS_READ)
        return [MODEL]

    def model(self, actor: Actor, id_or_name: str) -> Configured:
        require(actor, Permission.AGENTS_READ)
        if id_or_name not in {MODEL.id, MODEL.name}:
            raise NotFoundError("There is no such model.")
        return MODEL

    def add(self, actor: Actor, name: str, kind: str, fields: Any, **more: Any) -> Configured:
        require(actor, Permission.SETTINGS_WRITE)
        parts_of(kind, fields)
        return MODEL

    def change(self, actor: Actor, id_or_name: str, **values: Any) -> Configured:
        require(actor, Permission.SETTINGS_WRITE)
        return MODEL

    def remove(self, actor: Actor, id_or_name: str) -> None:
        require(actor, Permission.SETTINGS_WRITE)

    start_exam = change

    def stop_exam(self, actor: Actor, id_or_name: str) -> None:
        require(actor, Permission.SETTINGS_WRITE)

    def calls(self, actor: Actor, **how: Any) -> list[Any]:
        require(actor, Permission.AUDIT_READ)
        return [CALL]

    def spent(self, model: Configured) -> int:
        return 15

    def offline(self, actor: Actor) -> NetworkState:
        require(actor, Permission.AGENTS_READ)
        return NetworkState(Offline.AUTO, "")

    def set_offline(self, actor: Actor, mode: str) -> NetworkState:
        require(actor, Permission.SETTINGS_WRITE)
        return NetworkState(offline_mode(mode), "", by=actor.name, at=AT)

    def preview(self, actor: Actor, id_or_name: str, brief: Brief) -> PromptPreview:
        require(actor, Permission.CAMPAIGNS_READ)
        return PromptPreview(MODEL.name, True, False, "127.0.0.1", ("may be asked",), "You write.", brief.goal)


LIMITS = LimitsView(
    [
        RelayView("smtp.example.com:587", "up", "", "", 1.0, 10, 12_000, 0.0, AT, None),
        RelayView("old.example.com:587", "paused", "the relay refuses user and password: 535 5.7.8",
                  "Put the right user and password into TIDINGS_RELAY.", 1.0, 0, 0, 0.0, AT, AT),
    ],
    [ProviderView("smtp.example.com:587", "google", "Google", 5.0, AT + 900_000, "slow",
                  "Google asked to slow down; goes on at 14:20 UTC", "421 4.7.28 unusual rate", AT)],
    [WarmupView("smtp.example.com:587", "northwind.example", 3, 30, 60, 88)],
    [AccountUse("chn_1", "Blue", "acs_email", 12, 30, 100, 100, AT + 60_000)],
)  # fmt: skip


class FakeDistribution:
    """Only the kill switch."""

    def __init__(self) -> None:
        self.stopped: dict[str, Any] | None = None

    def pause_all(self, actor: Actor, reason: str) -> None:
        require(actor, Permission.SENDING_PAUSE)
        self.stopped = {"by": actor.name, "reason": reason, "at": AT}

    def resume_all(self, actor: Actor) -> None:
        require(actor, Permission.CAMPAIGNS_SEND)
        self.stopped = None

    def limits(self, actor: Actor) -> LimitsView:
        return LIMITS

    def lift_hold(self, actor: Actor, relay: str, provider: str) -> str:
        require(actor, Permission.CAMPAIGNS_SEND)
        if provider != "google":
            raise NotFoundError("Nothing for it is held.")
        return "Google"

    def all_paused(self, conn: Any) -> dict[str, Any] | None:
        return self.stopped


class FakeAnalytics:
    """Numbers that never change."""

    SHARE = Share(12, 100, 0.12, 0.07, 0.2)

    def overview(self, actor: Actor, days: int = 60, *, compared_days: int = 7) -> OverviewNumbers:
        metric = Metric("delivered", 100, None, 90, None, "up")
        return OverviewNumbers(AT, AT, days, 30, metric, None, "off", metric, metric, Chart((1,), (2,), (3,)), ())

    def campaign_report(self, actor: Actor, campaign_id: str) -> CampaignReport:
        line = VariantLine("A", "Bake with us", 100, 100, None, self.SHARE, self.SHARE, self.SHARE)
        hours = (HourLine(AT, 100, 12, 1),)
        return CampaignReport(
            campaign_id, (line,), line, hours, complete=True, verdict="Not enough data yet.", winner=None
        )

    def recommendations(self, actor: Actor, campaign_id: str | None = None) -> list[RecommendationView]:
        return [RecommendationView("rec_1", campaign_id, "subject", "proposed", "Use shorter subjects", {}, AT)]

    def decide_recommendation(self, actor: Actor, recommendation_id: str, accept: bool) -> RecommendationView:
        status = "accepted" if accept else "rejected"
        return RecommendationView("rec_1", None, "subject", status, "Use shorter subjects", {}, AT, actor.name, AT)


class FakeActivity:
    """A feed one can add to; like the real one it leaves out campaigns of brands the actor does not see."""

    def __init__(self, campaigns: FakeCampaigns) -> None:
        self.campaigns = campaigns
        self.lines = [ActivityLine(1, AT, "content", "wrote two drafts", None)]

    def latest(self, limit: int = 20, actor: Actor | None = None) -> list[ActivityLine]:
        return [line for line in self.lines[::-1] if self._seen(line, actor)][:limit]

    def since(self, pk: int, limit: int = 100, actor: Actor | None = None) -> list[ActivityLine]:
        return [line for line in self.lines if line.pk > pk and self._seen(line, actor)][:limit]

    def _seen(self, line: ActivityLine, actor: Actor | None) -> bool:
        if actor is None or not actor.brands or line.campaign_id is None:
            return True
        about = self.campaigns.details.get(line.campaign_id)
        return about is not None and about.row.brand_id in actor.brands


class FakeHealth:
    """Well, but for a warning."""

    def check(self) -> list[HealthItem]:
        return [HealthItem("database", "ok", "encrypted file"), HealthItem("queue", "warn", "2 are late", "Look.")]


class FakeMailbox:
    """One mail."""

    ROW = MailRow("msg_1", AT, "hello@northwind.example.com", "ada@example.com", "Bake with us", read=False, size=99)

    def messages(self, actor: Actor, **_: Any) -> tuple[list[MailRow], str]:
        require(actor, Permission.MAILBOX_READ)
        return [self.ROW], ""

    def message(self, actor: Actor, message_id: str) -> MailView:
        if message_id != self.ROW.id:
            raise NotFoundError("There is no such mail.")
        mail = ParsedMail((("Subject", "Bake with us"),), "Bread", "<p>Bread</p>", ("https://example.com",))
        return MailView(self.ROW, "<1@example.com>", mail, b"Subject: Bake with us\r\n\r\nBread")

    def count(self, actor: Actor) -> MailboxCount:
        return MailboxCount(1, 1)

    def mark_read(self, actor: Actor, message_id: str, *, read: bool = True) -> None:
        pass


class NoDatabase:
    """For use cases that keep nothing; whoever asks for a connection gets none."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        yield None


class FakeConversions:
    """Counts every conversion as new, for a campaign's variant A."""

    def record(self, actor: Actor, given: NewConversion) -> ConversionView:
        """As the real one answers."""
        require(actor, Permission.CONVERSIONS_WRITE)
        return ConversionView(
            id="cnv_1", key=given.key, name=given.name, at=given.at or AT, contact_id="con_1", campaign_id="cmp_1",
            variant="A", attributed_by="click id", value=given.value, currency=given.currency, source="api", new=True,
        )  # fmt: skip


class FakePostbacks:
    """One secret for every brand."""

    def secret(self, actor: Actor, brand_id: str) -> str:
        """The brand's secret."""
        require(actor, Permission.BRANDS_WRITE, brand_id)
        return "pbs_1"

    def rotate(self, actor: Actor, brand_id: str) -> str:
        """Another one."""
        require(actor, Permission.BRANDS_WRITE, brand_id)
        return "pbs_2"


def make_services(db: Any, clock: Any) -> Services:
    """Every fake, on a database that only the idempotency of the API uses."""
    campaigns = FakeCampaigns()
    return Services(
        db=db, clock=clock, access=FakeAccess(), agents=FakeAgents(), brands=FakeBrands(), audience=FakeAudience(),
        campaigns=campaigns, distribution=FakeDistribution(), analytics=FakeAnalytics(),
        activity=FakeActivity(campaigns), health=FakeHealth(), models=FakeModels(), asking=FakeAsking(),
        base_url="https://localhost:8443", conversions=FakeConversions(), postbacks=FakePostbacks(),
        attachments=FakeAttachments(), deliveries=FakeDeliveries(), channels=FakeChannels(), replies=FakeReplies(),
        sequences=FakeSequences(), audit=FakeTrail(), proposals=FakeProposals(), briefs=FakeBriefs(),
        confirmations=FakeConfirmations(), personal_data=FakePersonalData(), **editing_fakes(campaigns),
    )  # type: ignore[arg-type]  # fmt: skip


def brief_of(**changes: Any) -> Brief:
    """The example brief with changes."""
    return parse_brief({**BRIEF, **changes})


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The application behind a real server on the loopback; gives its address."""
    import socket
    import threading
    import time

    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
