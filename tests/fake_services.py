"""Fake use cases with realistic values, so that every page can be looked at without a running house."""

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
from tests.fake_sequences import FakeSequences
from tests.reply_fakes import FakeReplies

from tidings.access.permissions import Permission, require
from tidings.agents.config import check_config, config_schema
from tidings.agents.policy import Effect
from tidings.agents.service import AgentView, ToolView
from tidings.analytics.intervals import share_of
from tidings.analytics.repository import Earned
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
from tidings.audience.incoming import ConsentGiven
from tidings.audience.intake import ImportResult, Refusal
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
    OverrideView,
    PostingView,
    Preview,
    RevisionView,
    SlotView,
)
from tidings.content.exam.licence import Licence
from tidings.content.models.kinds import parts_of
from tidings.content.models.repository import Configured
from tidings.distribution.accounts.usage import AccountUse
from tidings.distribution.findings import Area, Grade, PreflightFinding
from tidings.distribution.mailbox.parsing import parse_mail
from tidings.distribution.mailbox.service import MailRow, MailView
from tidings.distribution.throttle.view import LimitsView, ProviderView, RelayView, WarmupView
from tidings.domain.actor import Actor, ActorKind, AgentName, Role
from tidings.domain.attachment import attachment_of
from tidings.domain.blocks import Button, Footer, Heading, Text
from tidings.domain.brand import Brand, Sender
from tidings.domain.brief import Brief, parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.claim import Claim
from tidings.domain.consent import Consent, ConsentState, Purpose
from tidings.domain.decision import Autonomy, Decision
from tidings.domain.draft import Draft, Finding, Severity, Trace
from tidings.domain.errors import ConflictError, InvalidInputError, NotFoundError, UnauthenticatedError
from tidings.domain.instant import DAY, HOUR, MINUTE
from tidings.domain.invitation import Invitation
from tidings.domain.plan import PlanSummary
from tidings.events.activity import ActivityLine
from tidings.llm.network import NetworkState, Offline

NOW = 1_795_343_400_000  # Sunday, 22 November 2026, 10:30 UTC
S = CampaignState
ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada Lind", Role.ADMIN)
AUTHOR = Actor(ActorKind.PERSON, "acc_3", "Ola Autor", Role.AUTHOR)
ONE_BRAND = Actor(ActorKind.PERSON, "acc_4", "Bo Marke", Role.MANAGER, brands=frozenset({"brd_1"}))
VIEWER = Actor(ActorKind.PERSON, "acc_2", "Vera Blik", Role.VIEWER)
LONG = "Ein sehr langer Kampagnenname mit Donaudampfschifffahrtsgesellschaftskapitänsmütze im Herbst"

BRAND = Brand(
    id="brd_1", name="Northwind Bakery", sender=Sender(name="Northwind Bakery", address="hello@northwind.example.com"),
    postal_address="Mill Lane 4, 1010 Vienna, Austria", website="https://northwind.example.com",
    banned_words=("cheap", "guaranteed"),
)  # fmt: skip
CLAIMS = [
    Claim(id="clm_1", sentence="Our bread is baked every night in Vienna.", approved_by="Ada Lind"),
    Claim(id="clm_2", sentence="Every loaf rests for at least 24 hours.", evidence="Bakery schedule"),
    Claim(
        id="clm_3",
        sentence="The rye loaf costs 4.50 € until the new year.",
        approved_by="Ada Lind",
        valid_until=NOW + 9 * DAY,
        evidence="Price list",
        evidence_url="https://northwind.example.com/prices",
    ),
    Claim(
        id="clm_4",
        sentence="The summer loaf holds seeds of the region.",
        approved_by="Ada Lind",
        valid_until=NOW - 3 * DAY,
        channels=("email", "linkedin"),
    ),
    Claim(id="clm_5", sentence="Our flour came from one mill.", retired_at=NOW - DAY),
]
BRIEF: Brief = parse_brief(
    {
        "name": "Autumn workshop", "type": "event", "goal": "Fill the bread workshop", "brand": "Northwind Bakery",
        "audience": "seg_1", "must_say": ["sourdough"], "call_to_action": "Reserve a place",
        "facts": ["It is a bread workshop for beginners.", "You get a sourdough starter to take home.",
                  "There is room for twelve people."],
        "link": "https://northwind.example.com/workshop",
    }
)  # fmt: skip


ATTACHED = attachment_of("att_1", "Programm für Dezember.pdf", b"%PDF-1.7 " + bytes(90_000))
EVENT = Invitation(
    title="Bread workshop for beginners", start="2026-12-05T18:00", end="2026-12-05T20:30", zone="Europe/Vienna",
    place="Mill Lane 4, 1010 Vienna", description="Bring an apron.\nFlour is there.",
)  # fmt: skip


def draft(variant: str, subject: str, *findings: Finding) -> Draft:
    return Draft(
        variant=variant, channel="email", subject=subject, preheader="Twelve places, one sourdough starter each.",
        blocks=(
            Heading(text="Bake with us this autumn"),
            Text(text='Hello {{ contact.first_name | default: "there" }},'),
            Text(text="It is a bread workshop for beginners. You get a sourdough starter to take home."),
            Button(label="Reserve a place", url="https://northwind.example.com/workshop"),
            Footer(text="Northwind Bakery, Mill Lane 4, 1010 Vienna, Austria"),
        ),
        writer="rules (composer)",
        traces=(
            Trace(sentence="It is a bread workshop for beginners.", source="brief"),
            Trace(sentence="Hello there,", source="stock"),
        ),
        findings=findings,
    )  # fmt: skip


DRAFTS = (
    draft("A", "A bread workshop for beginners"),
    draft("B", "Take a sourdough starter home",
          Finding(check="length", severity=Severity.WARNING, place="subject", message="It is cut off on small phones.",
                  quote="Take a sourdough starter", remedy="Keep it under 40 characters.")),
)  # fmt: skip


def row(number: int, name: str, state: CampaignState, **more: Any) -> CampaignRow:
    values: dict[str, Any] = {
        "id": f"cmp_{number}", "name": name, "brand_id": "brd_1", "brand_name": "Northwind Bakery", "state": state,
        "state_reason": "", "paused": False, "author_name": "Ola Autor", "type": "event", "people": 1_872,
        "counts": {}, "created_at": NOW - 2 * HOUR, "updated_at": NOW - 5 * MINUTE, "launched_at": None,
        "done_at": None, "first_at": NOW + 22 * HOUR, "sample": False, "version": 3, **more,
    }  # fmt: skip
    return CampaignRow(**values)


SENDING = {
    "planned": 612,
    "claimed": 38,
    "attempting": 2,
    "accepted": 1_180,
    "deferred": 7,
    "failed": 4,
    "suppressed": 28,
    "uncertain": 1,
}
ROWS = [
    row(1, "Autumn workshop", S.REVIEW),
    row(2, "Rye week", S.SENDING, counts=SENDING, launched_at=NOW - 20 * MINUTE),
    row(3, "Win-back, 90 days", S.BLOCKED,
        state_reason="Variant B has findings that block it. Edit it until they are gone."),
    row(4, LONG, S.DRAFTING, first_at=None, people=0),
    row(5, "Spring letter", S.DONE, counts={"accepted": 1_800, "bounced": 12}, launched_at=NOW - 40 * DAY,
        done_at=NOW - 37 * DAY, people=1_812, sample=True),
    row(6, "Open day", S.APPROVED),
    row(7, "Old idea", S.CANCELLED, state_reason="Cancelled by Ada Lind."),
    row(8, "New oven", S.PLANNING, paused=True),
]  # fmt: skip
PLAN = PlanSummary(
    id="pln_1", campaign_id="cmp_1", revision_id="rev_1", created_at=NOW - HOUR, people=1_872,
    first_at=NOW + 22 * HOUR, last_at=NOW + 40 * HOUR,
    by_hour={(NOW // HOUR + 22 + n) * HOUR: count for n, count in enumerate((40, 180, 420, 610, 300, 122, 60, 80, 60))},
    by_reason={"best_hour": 1_512, "quiet_hours": 160, "holdout_time": 94, "frequency_cap": 20, "slot_full": 86},
    by_variant={"A": 936, "B": 936}, held_back={"no_consent": 61, "suppressed": 17, "no_address": 0}, zones_assumed=12,
    expected_gain="About 0.4 points more clicks than at one fixed time (95 % interval −0.1 to 0.9): not certain yet.",
)  # fmt: skip
ALL_ACTIONS = {
    S.REVIEW: "approve request_changes edit replan pause cancel", S.APPROVED: "send send_now edit replan pause cancel",
    S.BLOCKED: "retry edit pause cancel", S.SENDING: "pause cancel", S.DRAFTING: "pause cancel",
    S.PLANNING: "resume cancel", S.DONE: "", S.CANCELLED: "",
}  # fmt: skip


SHORT = Draft(
    variant="A", channel="mastodon", subject="", preheader="", writer="Composer", traces=(),
    blocks=(Text(text="It is a bread workshop for beginners."), Button(label="Reserve a place", url="https://example.com"),
            Text(text="#NorthwindBakery")),
)  # fmt: skip
_POSTED = PostingView(
    id="pst_1", channel="mastodon", channel_title="Mastodon", account="@northwind", variant="A", state="accepted",
    due_at=NOW, at=NOW, attempt=1, code="200", reason="posted", provider_id="1", url="https://mastodon.example/1",
    title="", text="It is a bread workshop.", can_confirm=False, can_repeat=False,
)  # fmt: skip
POSTINGS = (
    _POSTED,
    replace(_POSTED, id="pst_2", channel="x", channel_title="X",
            account="@northwind on X, the account of the whole shop", state="uncertain", url="",
            reason="the answer of api.x.com was lost after the posting was handed over",
            can_confirm=True, can_repeat=True),
    replace(_POSTED, id="pst_3", channel="linkedin", channel_title="LinkedIn", account="", state="held", url="",
            reason="LinkedIn does not accept the access token any more. Renew it on the page Channels.",
            can_repeat=True),
    replace(_POSTED, id="pst_4", channel="feed", channel_title="Feed", url="/feeds/news.atom#pst_4", reason=""),
)  # fmt: skip


def detail(of: CampaignRow) -> CampaignDetail:
    has_draft = of.state is not S.DRAFTING
    drafts = (*DRAFTS, SHORT)
    revision = (
        RevisionView("rev_1", 2, "Content agent", NOW - HOUR, "ab" * 32, drafts, (ATTACHED,), EVENT)
        if has_draft
        else None
    )
    actions = tuple(ActionView(name, allowed=True) for name in ALL_ACTIONS[of.state].split())
    approvals = (
        ApprovalView(
            1, "changes_requested", "Ada Lind", "Say what one takes home.", self_approved=False, at=NOW - HOUR
        ),
    )
    return CampaignDetail(
        row=of, brief=BRIEF, revision=revision, revisions=(revision,) if revision else (),
        plan=PLAN if has_draft and of.state is not S.PLANNING else None, approvals=approvals if has_draft else (),
        actions=actions,
        overrides=(OverrideView("send times", {}, {}, "Market day", "Ada Lind", NOW - HOUR),)
        if has_draft else (),
        postings=POSTINGS if of.state is S.SENDING else (),
        notices=("No X account is set up: add one on the page Channels, or begin anew without this channel.",)
        if of.state is S.REVIEW else (),
        held_because="the relay's <certificate> has expired" if of.counts.get("held") else "",
        at_once=of.state is S.SENDING,
    )  # fmt: skip


HTML = """<!doctype html><html lang="en"><head><title>Mail</title><style>p{font:16px sans-serif}</style></head>
<body><p>Hello Mina, it is a bread workshop for beginners.</p><a href="https://example.com">Reserve a place</a>
<script>parent.document.title = "owned"</script></body></html>"""


class FakeCampaigns:
    def __init__(self) -> None:
        self.rows = list(ROWS)
        self.calls: list[tuple[str, Any]] = []

    def list(self, actor: Actor, *, state: Any = None, after: str = "", limit: int = 50) -> Any:
        return [one for one in self.rows if not state or one.state == state], ""

    def waiting(self, actor: Actor) -> Any:
        return [one for one in self.rows if one.state is S.REVIEW]

    def get(self, actor: Actor, campaign_id: str) -> CampaignDetail:
        for one in self.rows:
            if one.id == campaign_id:
                return detail(one)
        raise NotFoundError("There is no such campaign.", remedy="Look at the list of campaigns.")

    def settle_posting(
        self, actor: Actor, campaign_id: str, posting_id: str, *, there: bool, url: str = ""
    ) -> tuple[PostingView, ...]:
        self.calls.append(("settle_posting", (campaign_id, posting_id, there, url)))
        return POSTINGS

    def preview(
        self, actor: Actor, campaign_id: str, *, variant: str = "A", channel: str = "", contact_id: str | None = None
    ) -> Preview:
        if channel == "mastodon":
            words = "It is a bread workshop.\n\nReserve a place: https://example.com/?utm_source=mastodon"
            return Preview(variant, "Mastodon", "", "", "", words, channel=channel, image_alt="A loaf")
        return Preview(variant, "m…@example.com", "A bread workshop", "Twelve places", HTML, "Hello Mina,\n\nBake.",
                       {"From": "hello@northwind.example.com", "List-Unsubscribe": "<https://x.test/u>"})  # fmt: skip

    def preflight(self, actor: Actor, campaign_id: str) -> Any:
        place = "northwind.bakery"
        record = f'_dmarc.{place}. IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@{place}"'
        words = f"neither {place} nor a domain above it has a DMARC record"
        return [
            PreflightFinding(Area.DOMAIN, "DMARC", Grade.ERROR, words, "Publish this record.", place, record),
            PreflightFinding(Area.MESSAGE, "links", Grade.WARNING, "http://x.test is not encrypted", "Use https."),
            PreflightFinding(Area.SPAM, "spam score", Grade.NOT_CHECKED, "no spamd answers", place="variant A"),
            PreflightFinding(Area.DOMAIN, "SPF", Grade.OK, "one record, 2 of 10 lookups", place=place),
        ]

    def slots(self, actor: Actor, campaign_id: str, *, after: str = "", limit: int = 50, like: str = "") -> Any:
        return [
            SlotView("con_1", "Mina Kato", "m…@example.com", NOW + DAY, "Mon 23 Nov 19:15", "Asia/Tokyo",
                     zone_assumed=True, variant="A", reason="best_hour", reason_text="the best allowed hour"),
            SlotView("con_2", "Maximiliana Donaudampfschifffahrt", "maximiliana.donaudampfschifffahrt@post.example.com",
                     NOW + DAY, "Mon 23 Nov 19:15", "America/Argentina/Buenos_Aires", zone_assumed=True, variant="B",
                     reason="slot_full", reason_text="the hour in which people like them click most was full already, "
                     "so it is the next best one that is allowed where they live"),
        ], "1-2"  # fmt: skip

    def deliveries(self, actor: Actor, campaign_id: str, *, state: Any = None, after: str = "", limit: int = 50) -> Any:
        return [
            DeliveryView(
                "con_1", "Mina Kato", "m…@example.com", "accepted", "A", NOW, NOW, 1, "250 2.0.0", "Ok", "<1@x>"
            )
        ], ""

    def create(self, actor: Actor, brief: Brief) -> CampaignDetail:
        self.calls.append(("create", brief))
        return detail(ROWS[3])

    def approve(self, actor: Actor, campaign_id: str, revision_id: str, comment: str = "") -> CampaignDetail:
        self.calls.append(("approve", (campaign_id, revision_id, comment)))
        if revision_id != "rev_1":
            raise ConflictError("The revision has changed.", remedy="Look at the new one.")
        return self.get(actor, campaign_id)

    def __getattr__(self, name: str) -> Any:
        def verb(actor: Actor, campaign_id: str, *values: Any, **named: Any) -> CampaignDetail:
            self.calls.append((name, (campaign_id, *values, named)))
            return self.get(actor, campaign_id)

        return verb


def decision(number: int, agent: AgentName, summary: str) -> Decision:
    return Decision(
        id=f"dec_{number}", agent=agent, at=NOW - number * 7 * MINUTE, kind="plan", summary=summary,
        reason="most people like these open their mail in the early evening of their own day",
        decided_by="rules (planner)", campaign_id="cmp_1", inputs={"people": 1_872, "quiet": {"start": 21}},
        alternatives=({"time": "09:00 for all", "expected": 0.031},), evidence={"clicks": 4_113, "share": 0.0412},
    )  # fmt: skip


class FakeAgents:
    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def get(self, actor: Actor, name: str) -> AgentView:
        known = AgentName(name)
        status, doing = {
            AgentName.CONTENT: ("working", "Writing two variants of “Rye week”"),
            AgentName.SCHEDULING: ("idle", ""),
            AgentName.DISTRIBUTION: ("paused", "612 wait for their time"),
            AgentName.ANALYTICS: ("stopped", ""),
        }[known]
        return AgentView(
            name=known, goal="Says what the brief says, well and nothing more.", trigger="a new brief", status=status,
            doing=doing, doing_at=NOW - MINUTE, last_seen=NOW, paused=status == "paused", paused_by="Ada Lind",
            autonomy=Autonomy.AFTER_APPROVAL, config=check_config(known, {}), schema=config_schema(known), version=4,
            decisions_today=3, last_decision=None,
            tools=(
                ToolView("read_plan", "Reads a campaign's send plan.", Effect.READ, needs_person=False),
                ToolView("start_campaign", "Starts an approved campaign.", Effect.START_SEND, needs_person=True),
            ),
        )  # fmt: skip

    def list(self, actor: Actor) -> Any:
        return [self.get(actor, name) for name in AgentName]

    def decisions(
        self, actor: Actor, *, agent: Any = None, campaign_id: Any = None, after: str = "", limit: int = 50
    ) -> Any:
        who = AgentName(agent or "scheduling")
        return [decision(1, who, "planned 1,872 contacts over 18 hours"), decision(2, who, "held back 78 contacts")], ""

    def __getattr__(self, name: str) -> Any:
        def verb(actor: Actor, *values: Any) -> Any:
            self.calls.append((name, values))
            return None

        return verb


INJECTED = "<img src=x onerror=alert(1)> **57** people"


class FakeAsking:
    """One turn waits once "start" was said, until it is answered."""

    def __init__(self) -> None:
        self.possible = True
        self.calls: list[tuple[str, Any]] = []
        self.turns: list[AnswerView] = []

    def ask(self, actor: Actor, name: str, question: str, campaign_id: str | None = None) -> AnswerView:
        self.calls.append(("ask", (str(name), question, campaign_id)))
        if len(question) < 3:
            raise InvalidInputError("A question has 3 to 2,000 characters.", remedy="Ask one thing.")
        if "start" in question.casefold():
            words = f"Starts sending an approved campaign. Campaign: “{LONG}”."
            wish = WishView("start_campaign", {"campaign_id": "cmp_6"}, words)
            self.turns = [
                AnswerView(
                    AgentName(name), "waiting", "", "qwen2.5", "local", question=question, turn_id="trn_1",
                    wishes=(wish,), expires_at=NOW + DAY,
                )
            ]  # fmt: skip
            return self.turns[0]
        use = UseView("read_plan", {"campaign_id": "cmp_1"}, "done")
        return AnswerView(
            AgentName(name), "answered", INJECTED, "qwen2.5", "local", (use,),
            (Figure("1,872", "read_plan"), Figure("57", "")), ("The number 57 stands in no result of a tool.",),
            question=question,
        )  # fmt: skip

    def waiting(self, actor: Actor, name: str) -> list[AnswerView]:
        return self.turns

    def approve(self, actor: Actor, name: str, turn_id: str) -> AnswerView:
        self.calls.append(("approve", turn_id))
        self.turns = []
        return AnswerView(AgentName(name), "answered", "It is started.", "qwen2.5", "local", acted=True)

    def decline(self, actor: Actor, name: str, turn_id: str) -> AnswerView:
        self.calls.append(("decline", turn_id))
        self.turns = []
        return AnswerView(AgentName(name), "answered", "Then not.", "qwen2.5", "local")


def overview_numbers(*, empty: bool = False) -> OverviewNumbers:
    days = 60
    first = NOW // DAY * DAY // 1000 - (days - 1) * 86_400
    sent = tuple(0 if empty else 900 + (n * 37) % 500 + (n * n) % 170 for n in range(days))
    chart = Chart(tuple(first + n * 86_400 for n in range(days)), sent, tuple(count // 13 for count in sent))

    def metric(name: str, count: int, of: int, change: str) -> Metric:
        return Metric(name, count, share_of(count, of), count, share_of(count, of), change)

    return OverviewNumbers(
        since=NOW - 7 * DAY, until=NOW, days=days, compared_days=7,
        delivered=metric("delivered", 48_457, 48_500, "+6.2 % on the 7 days before"), opened=None,
        opened_note="off: open tracking needs consent", clicked=metric("clicked", 3_590, 48_457, "−0.3 pt"),
        unsubscribed=metric("unsubscribed", 58, 48_457, "−0.02 pt"), chart=chart, next_sends=(),
    )  # fmt: skip


RECOMMENDATIONS = [
    RecommendationView("rec_1", "cmp_5", "subject", "proposed", "Name the thing one takes home in the subject",
                       {"change": "Use variant B’s subject style for events", "evidence": {"difference": "1.4 points"},
                        "expected_gain": "0.6 to 2.2 points more clicks (95 % interval)"}, NOW - DAY),
    RecommendationView("rec_2", "cmp_2", "wait", "noted", "Not enough data yet", {}, NOW - HOUR),
]  # fmt: skip


class FakeAnalytics:
    def __init__(self) -> None:
        self.empty = False
        self.calls: list[Any] = []

    def overview(self, actor: Actor, days: int = 60, *, compared_days: int = 7, zone: str = "UTC") -> OverviewNumbers:
        return overview_numbers(empty=self.empty)

    def campaign_report(self, actor: Actor, campaign_id: str) -> CampaignReport:
        def line(variant: str, sent: int, clicked: int, gone: int) -> VariantLine:
            return VariantLine(
                variant, f"Subject {variant}", sent, sent - 3, share_of(2 * clicked, sent), share_of(clicked, sent),
                share_of(gone, sent), share_of(3, sent), converted=share_of(clicked // 3, sent),
                conversions=clicked // 2, earned=(Earned("EUR", clicked // 2, "349.30"),), clicks=clicked + 9,
                machine_clicks=clicked // 2, machine_opens=7,
            )  # fmt: skip

        lines = (line("A", 590, 24, 1), line("B", 590, 39, 0))
        words = "Too early to compare: 612 of 1,872 are not sent yet."
        hours = (HourLine(NOW, 590, 20, 1),)
        return CampaignReport(
            campaign_id, lines, line("all", 1_180, 63, 1), hours, complete=False, verdict=words, winner=None
        )

    def recommendations(self, actor: Actor, campaign_id: str | None = None) -> Any:
        return [] if self.empty else [one for one in RECOMMENDATIONS if campaign_id in {None, one.campaign_id}]

    def decide_recommendation(self, actor: Actor, recommendation_id: str, accept: bool) -> None:
        self.calls.append((recommendation_id, accept))


class FakeAudience:
    def __init__(self) -> None:
        self.imported: list[tuple[bytes, ConsentGiven | None]] = []
        self.empty = False

    def contacts(
        self, actor: Actor, *, query: str = "", segment_id: Any = None, after: str = "", limit: int = 50
    ) -> Any:
        if self.empty or query == "nobody":
            return [], ""
        return [
            ContactView(f"con_{n}", f"{name[0].lower()}…@example.com", name, "Kato", "en", "JP", "Asia/Tokyo", {},
                        status, sample=True, created_at=NOW)
            for n, (name, status) in enumerate((("Mina", "subscribed"), ("Ben", "no_consent"), ("Eve", "suppressed")))
        ], "con_2"  # fmt: skip

    def contact(self, actor: Actor, contact_id: str) -> ContactDetail:
        found = next((each for each in self.contacts(actor)[0] if each.id == contact_id), None)
        if found is None:
            raise NotFoundError("There is no such contact.", remedy="Search by name or address.")
        said = (
            Consent(Purpose.MARKETING_EMAIL, ConsentState.WITHDRAWN, NOW, "the link in a mail", "Unsubscribe"),
            Consent(Purpose.MARKETING_EMAIL, ConsentState.GRANTED, NOW - 9_000_000, "shop", "Yes, send me <news>."),
        )
        because = "complained" if found.status == "suppressed" else ""
        return ContactDetail(replace(found, attributes={"favourite_bread": "rye " * 20}), said, because)

    def counts(self, actor: Actor) -> AudienceCounts:
        return AudienceCounts(2_000, 1_872, 100, 28, 12, 2_000, 40)

    def import_csv(self, actor: Actor, source: bytes, *, consent: ConsentGiven | None = None) -> ImportResult:
        self.imported.append((source, consent))
        if b"email" not in source:
            raise InvalidInputError("The file has no column with addresses.", remedy="Name one of them email.")
        refused = [Refusal(no, "'nobody' is not an e-mail address", "Give one address.") for no in (3, 7)]
        return ImportResult(added=1_204, updated=31, refused=refused, kept_silent=5, pending=1_100)

    def segments(self, actor: Actor) -> Any:
        return [SegmentView("seg_1", "Newsletter readers", "Clicked in the last 90 days", {}, 812)]


RAW = (
    b"""From: Northwind Bakery <hello@northwind.example.com>
To: mina.kato@example.com
Subject: A bread workshop for beginners
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain; charset=utf-8

Hello Mina, bake with us: https://localhost/t/abc
--x
Content-Type: text/html; charset=utf-8

"""
    + HTML.encode()
    + b"""
--x--
"""
)


class FakeMailbox:
    def __init__(self) -> None:
        self.empty = False
        self.marked: list[str] = []

    def messages(self, actor: Actor, **_asked: Any) -> Any:
        rows = [self.message(actor, "msg_1").row, replace(self.message(actor, "msg_2").row, read=True)]
        return ([] if self.empty else rows), ""

    def message(self, actor: Actor, message_id: str) -> MailView:
        row = MailRow(message_id, NOW - MINUTE, "bounce@northwind.example.com", "mina.kato@example.com",
                      "A bread workshop for beginners", read=False, size=len(RAW))  # fmt: skip
        return MailView(row, "1@northwind.example.com", parse_mail(RAW), RAW)

    def mark_read(self, actor: Actor, message_id: str, *, read: bool = True) -> None:
        self.marked.append(message_id)


class FakeAccess:
    def __init__(self) -> None:
        self.people = {"admin": ADMIN, "viewer": VIEWER, "author": AUTHOR, "one brand": ONE_BRAND}
        self.made: list[tuple[str, str, Role, list[str]]] = []

    def actor_of_session(self, secret: str) -> Actor | None:
        return self.people.get(secret)

    def sign_in(self, email: str, password: str, *, source: str = "") -> str:
        if password != "correct horse":
            raise UnauthenticatedError("That is not right.", remedy="Check address and password.")
        return "admin"

    def redeem_link(self, secret: str) -> str:
        if secret != "once":
            raise UnauthenticatedError("This link does not work any more.", remedy="Ask for a new one.")
        return "admin"

    def sign_out(self, secret: str) -> None:
        self.people.pop(secret, None)

    def set_password(self, account_id: str, password: str, *, actor: Actor) -> None: ...

    def accounts(self, actor: Actor) -> Any:
        return [
            SimpleNamespace(id=who.id, name=who.name, email="a@example.com", role=who.role, sample=False, active=True)
            for who in (ADMIN, AUTHOR)
        ]

    def create_account(self, actor: Actor, *, email: str, name: str, role: Role, brands: list[str]) -> Any:
        self.made.append((email, name, role, brands))
        if email == "a@example.com":
            raise ConflictError("There is an account with that address already.")
        return SimpleNamespace(id="acc_9", name=name)

    def account(self, actor: Actor, account_id: str) -> Any:
        if account_id == "acc_nobody":
            raise NotFoundError("There is no such account.")
        return SimpleNamespace(id=account_id, name="Nia Neu")

    def create_sign_in_link(self, account_id: str, *, minutes: int, actor: Actor) -> str:
        return "s3cret"


LIMITS = LimitsView(
    [
        RelayView("smtp.example.com:587", "up", "", "", 1.0, 10, 12_000, 0.0, NOW, None),
        RelayView("old.example.com:587", "paused", "the relay refuses user and password: 535 5.7.8",
                  "Put the right user and password into TIDINGS_RELAY.", 1.0, 0, 0, 0.0, NOW, NOW),
    ],
    [ProviderView("smtp.example.com:587", "google", "Google", 5.0, NOW + 900_000, "slow",
                  "Google asked to slow down; goes on at 14:20 UTC", "421 4.7.28 unusual rate", NOW)],
    [WarmupView("smtp.example.com:587", "northwind.example", 3, 30, 60, 88)],
    [AccountUse("chn_1", "Blue", "acs_email", 12, 30, 100, 100, NOW + 60_000)],
)  # fmt: skip


class FakeDistribution:
    paused: dict[str, Any] | None = None

    def limits(self, actor: Actor) -> LimitsView:
        return LIMITS

    def lift_hold(self, actor: Actor, relay: str, provider: str) -> str:
        require(actor, Permission.CAMPAIGNS_SEND)
        if provider != "google":
            raise NotFoundError("Nothing for it is held.")
        return "Google"

    def all_paused(self, conn: Any) -> dict[str, Any] | None:
        return self.paused

    def pause_all(self, actor: Actor, reason: str) -> None:
        self.paused = {"by": actor.name, "reason": reason, "at": NOW}

    def resume_all(self, actor: Actor) -> None:
        self.paused = None


class FakeFeed:
    def __init__(self) -> None:
        said = (
            ("analytics", "finds: not enough data yet in “Rye week”", "cmp_2"),
            ("distribution", "delivered batch 14 of 40 of “Rye week”", "cmp_2"),
            ("person", "Ada Lind approved “Open day”", "cmp_6"),
            ("scheduling", "moved 812 contacts to 14:30", None),
        )
        self.lines = [ActivityLine(9 - n, NOW - n * MINUTE, *line) for n, line in enumerate(said)]

    def latest(self, limit: int = 20, actor: Actor | None = None) -> Any:
        return self.lines

    def since(self, pk: int, limit: int = 100, actor: Actor | None = None) -> Any:
        return [line for line in reversed(self.lines) if line.pk > pk]


MODEL = Configured(
    "mdl_1", "Local model", "openai", {"base_url": "http://127.0.0.1:11434/v1", "model": "tiny"}, True, 100, 9000,
    Licence.JUDGE, "0 of 4 drafts passed, 15 of 16 pairs were judged rightly.", "abc",
    {"state": "done", "steps": 20, "of": 24, "pairs": 16, "right": 15,
     "drafts": [{"brief": "Tide walk", "passed": False, "findings": ["The number 7 stands nowhere in the brief."]}]},
    (True, False), NOW,
)  # fmt: skip


class FakeModels:
    """One model that is a judge."""

    def models(self, who: Any) -> list[Configured]:
        return [MODEL]

    def spent(self, model: Configured) -> int:
        return 1534

    def calls(self, who: Any, **how: Any) -> list[Any]:
        return [
            SimpleNamespace(
                model_id="mdl_1", purpose="draft", destination="models.example.com", outcome="answered", at=NOW,
                prompt="Write about bread.", prompt_hash="ff",
            )
        ]  # fmt: skip

    def offline(self, who: Any) -> NetworkState:
        return NetworkState(Offline.ON, "offline mode is on (by Ada Lind)", by="Ada Lind", at=NOW)

    def add(self, who: Any, name: str, kind: str, fields: Any, **more: Any) -> Configured:
        parts_of(kind, fields)
        return MODEL

    def start_exam(self, who: Any, name: str, **values: Any) -> Configured:
        return MODEL

    change = stop_exam = remove = start_exam


class FakeDeliveries:
    def __init__(self) -> None:
        self.settled: list[Any] = []

    def get(self, actor: Actor, campaign_id: str, contact_id: str, **_: Any) -> DeliveryDetail:
        settled = contact_id != "con_9"
        attempts = [
            AttemptView(1, NOW - 2 * HOUR, "deferred", "mx.example.com:587", "451 4.7.1", "Greylisted, come later"),
            AttemptView(2, NOW - HOUR, "accepted", "mx.example.com:587", "250 2.0.0", "Ok: queued as 4F2A91"),
        ]  # fmt: skip
        if not settled:
            attempts[1] = AttemptView(2, NOW - HOUR, "uncertain", "mx.example.com:587", "", "the answer was lost")
        return DeliveryDetail(
            campaign_id=campaign_id, campaign_name="Rye week", contact_id=contact_id, name="Anna Albers",
            email="anna@example.com", channel="email", step=0, state="accepted" if settled else "uncertain",
            variant="A", due_at=NOW - 2 * HOUR, at=NOW - HOUR, code=attempts[1].code, reason=attempts[1].words,
            message_id="6f1ed002ab5595859014ebf0951522d9@northwind.example", attempt=2, planned_at=NOW - 2 * HOUR,
            planned_reason="Sunday 09:30 in Berlin: the hour with the most clicks expected of those allowed",
            local_time="Sun 22 Nov 09:30", attempts=tuple(attempts),
            events=(
                EventView("accepted", NOW - HOUR, 0.0, {}),
                EventView("clicked", NOW - HOUR + 2000, 0.98, {"link": "0", "agent": "Barracuda Sentinel"}),
                EventView("clicked", NOW - MINUTE, 0.02, {"link": "0", "agent": "Mozilla/5.0 (X11)"}),
            ),
            standing=StandingView(
                allowed=True, why_not="", consent="granted", consent_at=NOW - 9 * DAY, consent_source="shop sign-up",
                suppression="", suppression_at=None, suppression_source="",
            ),
            settles=not settled, others=(("email", 1),),
            sent=Preview("A", "anna@example.com", "Rye week at the bakery", "", "<p>Bread</p>", "Bread", {"To": "a"}),
            sent_note="Rendered again from the message as it was launched.",
        )  # fmt: skip

    def find(self, actor: Actor, *, address: str = "", message_id: str = "") -> list[Any]:
        return [] if "nobody" in address else [self.get(actor, "cmp_2", "con_1"), self.get(actor, "cmp_6", "con_9")]

    def settle(self, actor: Actor, *asked: Any, **more: Any) -> None:
        self.settled.append((*asked, more))


class FakeBrands:
    """One brand and its claims, in every state."""

    def brands(self, actor: Actor) -> list[Brand]:
        return [BRAND]

    def brand(self, actor: Actor, id_or_name: str) -> Brand:
        if id_or_name not in {BRAND.id, BRAND.name}:
            raise NotFoundError("There is no such brand.")
        return BRAND

    def claims(self, actor: Actor, brand_id: str, *, state: Any = None, with_retired: bool = False) -> list[Claim]:
        return [each for each in CLAIMS if state in {None, each.state(NOW)} and (state or not each.retired_at)]

    def claim(self, actor: Actor, claim_id: str) -> tuple[str, Claim]:
        return BRAND.id, next(each for each in CLAIMS if each.id == claim_id)


class FakeAttachments:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def attach(self, actor: Actor, campaign_id: str, name: str, content: bytes) -> Any:
        self.calls.append(("attach", campaign_id, attachment_of("att_2", name, content).name))

    def detach(self, actor: Actor, campaign_id: str, attachment_id: str) -> None:
        self.calls.append(("detach", campaign_id, attachment_id))

    def content(self, actor: Actor, campaign_id: str, attachment_id: str) -> Any:
        return ATTACHED, b"%PDF-1.7 "

    def invite(self, actor: Actor, campaign_id: str, invitation: Any) -> None:
        self.calls.append(("invite", campaign_id, invitation))


def fake_services() -> Any:
    @contextmanager
    def reading() -> Iterator[None]:
        yield None

    health = [SimpleNamespace(name="agents", status="fail", message="Analytics has stopped.", remedy="tidings worker")]
    return SimpleNamespace(
        db=SimpleNamespace(reading=reading), clock=SimpleNamespace(now=lambda: NOW), access=FakeAccess(),
        agents=FakeAgents(), asking=FakeAsking(), deliveries=FakeDeliveries(), attachments=FakeAttachments(),
        brands=FakeBrands(), proposals=FakeProposals(), briefs=FakeBriefs(),
        audience=FakeAudience(), campaigns=FakeCampaigns(), distribution=FakeDistribution(), analytics=FakeAnalytics(),
        activity=FakeFeed(), health=SimpleNamespace(check=lambda: health), base_url="https://localhost",
        models=FakeModels(), channels=FakeChannels(), replies=FakeReplies(), sequences=FakeSequences(),
        audit=FakeTrail(), confirmations=FakeConfirmations(), personal_data=FakePersonalData(),
    )  # fmt: skip
