"""One delivery: what happened to it, and for an uncertain one a person's word; and the search that finds one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from tidings.campaigns.delivery_views import DeliveryDetail
from tidings.distribution.settling import Verdict
from tidings.domain.errors import InvalidInputError, NotFoundError
from tidings.web.sandbox import mail_response
from tidings.web.visit import Visit, VisitHere

router = APIRouter()


@router.get("/deliveries")
def find(visit: VisitHere, q: str = "") -> Response:
    """“What happened to the mail to anna@…?”: by address or Message-ID."""
    asked, problem, found = q.strip(), None, None
    if asked:
        by_id = "@" in asked and (asked.startswith("<") or len(asked.partition("@")[0]) == 32)
        given = {"message_id": asked} if by_id else {"address": asked}
        try:
            found = visit.services.deliveries.find(visit.actor, **given)
        except InvalidInputError as error:
            problem = error
    return visit.page("deliveries_found.html", q=asked, found=found, problem=problem)


@router.get("/campaigns/{campaign_id}/deliveries/{contact_id}")
def delivery(
    visit: VisitHere, campaign_id: str, contact_id: str, channel: str = "", step: int | None = None
) -> Response:
    """Everything of one delivery."""
    found = _delivery(visit, campaign_id, contact_id, channel, step)
    chosen = f"channel={found.channel}&step={found.step}"
    return visit.page(
        "delivery.html", delivery=found, base=f"/campaigns/{campaign_id}/deliveries/{contact_id}", chosen=chosen
    )


@router.get("/campaigns/{campaign_id}/deliveries/{contact_id}/html")
def message_html(
    visit: VisitHere, campaign_id: str, contact_id: str, channel: str = "", step: int | None = None
) -> Response:
    """The message itself, for the sandboxed frame."""
    found = _delivery(visit, campaign_id, contact_id, channel, step)
    if found.sent is None:
        raise NotFoundError("The message cannot be shown.", remedy=found.sent_note)
    return mail_response(found.sent.html)


@router.post("/campaigns/{campaign_id}/deliveries/{contact_id}/settle")
def settle(
    visit: VisitHere, campaign_id: str, contact_id: str, verdict: Annotated[str, Form()],
    channel: Annotated[str, Form()], step: Annotated[int, Form()], reason: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """It arrived, or send it again."""
    try:
        meant = Verdict(verdict)
    except ValueError:
        raise InvalidInputError("That is not an answer.", remedy="Choose one of the two buttons.") from None
    visit.services.deliveries.settle(visit.actor, campaign_id, contact_id, meant, reason, channel=channel, step=step)
    path = f"/campaigns/{campaign_id}/deliveries/{contact_id}?channel={channel}&step={step}"
    return visit.back(path, "settled_arrived" if meant is Verdict.ARRIVED else "settled_again")


def _delivery(visit: Visit, campaign_id: str, contact_id: str, channel: str, step: int | None) -> DeliveryDetail:
    return visit.services.deliveries.get(visit.actor, campaign_id, contact_id, channel=channel or None, step=step)
