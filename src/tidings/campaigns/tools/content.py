"""What the Content agent can do when asked: read brief, drafts and claims, and hold a text against the facts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from tidings.agents.policy import Effect
from tidings.agents.tools import Tool, tool
from tidings.campaigns.tools.plain import FEW_PEOPLE, Kit, OfCampaign, why_it_stands, without_addresses
from tidings.campaigns.views import CampaignDetail
from tidings.content.verifier.verify import verify
from tidings.domain.actor import Actor
from tidings.domain.blocks import Text
from tidings.domain.draft import Draft, Finding

FACT_CHECKS = frozenset(
    {"numbers", "dates", "prices", "names", "links", "quotations", "meaning", "claims", "claim_words", "wording"}
)
"""The verifier's checks of what a text states; those of a whole message's form do not apply to a piece of text."""


class TextOfCampaign(OfCampaign):
    """A text somebody would like to say in a campaign."""

    text: str = Field(min_length=1, max_length=4_000)


def content_tools(kit: Kit) -> tuple[Tool[Any], ...]:
    """Every tool of the Content agent, beside the list of campaigns."""

    @tool("read_brief", effect=Effect.READ, given=OfCampaign)
    def read_brief(actor: Actor, given: OfCampaign) -> Any:
        """Reads a campaign's brief: goal, facts, call to action, and where the campaign stands."""
        detail = kit.campaigns.get(actor, given.campaign_id)
        brief, few = detail.brief, detail.row.people < FEW_PEOPLE
        return without_addresses(
            {
                "name": brief.name, "type": brief.type, "goal": brief.goal, "brand": brief.brand,
                "product": brief.product, "facts": [fact.sentence for fact in brief.facts],
                "audience": f"fewer than {FEW_PEOPLE} people" if few else brief.audience,
                "must_say": list(brief.must_say), "must_not_say": list(brief.must_not_say),
                "call_to_action": brief.call_to_action, "link": _place(brief.link), "send_after": brief.send_after,
                "send_within_days": brief.send_within_days, "state": detail.row.state.value,
                "why": why_it_stands(detail),
            }
        )  # fmt: skip

    @tool("read_drafts", effect=Effect.READ, given=OfCampaign)
    def read_drafts(actor: Actor, given: OfCampaign) -> Any:
        """Reads the variants in force of a campaign: subject, preheader, texts, who wrote them, and the findings."""
        detail = kit.campaigns.get(actor, given.campaign_id)
        if detail.revision is None:
            return {"variants": [], "count": 0, "why": "There is no draft yet."}
        drafts = detail.revision.drafts
        told = [_draft(draft) for draft in drafts]
        return without_addresses({"revision": detail.revision.number, "variants": told, "count": len(drafts)})

    @tool("list_claims", effect=Effect.READ, given=OfCampaign)
    def list_claims(actor: Actor, given: OfCampaign) -> Any:
        """Lists the approved claims of the campaign's brand that may be made in an e-mail now."""
        detail, now = kit.campaigns.get(actor, given.campaign_id), kit.campaigns.clock.now()
        claims = kit.brands.claims(actor, detail.row.brand_id)
        usable = [claim for claim in claims if claim.usable(at=now, channel="email")]
        told = [{"sentence": claim.sentence, "kind": claim.kind.value} for claim in usable]
        return without_addresses({"claims": told, "count": len(told)})

    @tool("check_text", effect=Effect.READ, given=TextOfCampaign)
    def check_text(actor: Actor, given: TextOfCampaign) -> Any:
        """Checks whether a text says only what the campaign's brief and its brand's approved claims say."""
        findings = _findings(kit, actor, kit.campaigns.get(actor, given.campaign_id), given.text)
        told = [{"severity": each.severity.value, "message": each.message, "quote": each.quote} for each in findings]
        return without_addresses({"fits": not told, "findings": told, "count": len(told)})

    return (read_brief, read_drafts, list_claims, check_text)


def _findings(kit: Kit, actor: Actor, detail: CampaignDetail, text: str) -> list[Finding]:
    brand = kit.brands.brand(actor, detail.row.brand_id)
    claims = kit.brands.claims(actor, brand.id)
    subject, preheader = detail.brief.name, ""
    draft = Draft(
        variant="A", channel="email", subject=subject, preheader=preheader, blocks=(Text(text=text),), writer="a person"
    )
    found = verify(draft, detail.brief, brand, claims, kit.campaigns.clock.now())
    return [each for each in found if each.check in FACT_CHECKS and each.place.startswith("block")]


def _draft(draft: Draft) -> dict[str, Any]:
    texts = [text for block in draft.blocks if (text := getattr(block, "text", getattr(block, "label", "")))]
    findings = [{"severity": each.severity.value, "message": each.message} for each in draft.findings]
    return {
        "variant": draft.variant, "subject": draft.subject, "preheader": draft.preheader, "texts": texts,
        "writer": draft.writer, "findings": findings,
    }  # fmt: skip


def _place(link: str) -> str:
    """A link without what it carries for somebody."""
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
