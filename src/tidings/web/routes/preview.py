"""A campaign's message as a real contact gets it: desktop, phone, dark, plain text, source."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from tidings.campaigns.views import CampaignDetail, Preview
from tidings.domain.errors import ConflictError
from tidings.web.looks import with_own_pictures
from tidings.web.routes.editor import pictures_of
from tidings.web.sandbox import mail_response
from tidings.web.visit import Visit, VisitHere

router = APIRouter(prefix="/campaigns/{campaign_id}/preview/{variant}")
_LOOKS = frozenset({"desktop", "phone", "dark", "text", "source"})


@router.get("")
def preview(
    visit: VisitHere, campaign_id: str, variant: str, contact: str = "", look: str = "", channel: str = "",
    own: str = "",
) -> Response:  # fmt: skip
    """The page around the message; with `own`, of the variant that the contact gets."""
    look_as = visit.request.query_params.get("as", look)
    look_as = look_as if look_as in _LOOKS else "desktop"
    detail = visit.services.campaigns.get(visit.actor, campaign_id)
    if detail.revision is None:
        raise ConflictError("There is no draft to look at yet.", remedy="Wait for the Content agent.")
    channel = channel or _first_channel(detail)
    message = _message(visit, campaign_id, "" if own and contact else variant, contact, channel)
    variant = message.variant
    base = f"/campaigns/{campaign_id}/preview"
    chosen = {"contact": contact} if contact else {}

    def address(of_variant: str, seen_as: str, of_channel: str = "email") -> str:
        more = {"channel": of_channel} if of_channel != "email" else {}
        return f"{base}/{of_variant}?{urlencode({'as': seen_as, **chosen, **more})}"

    return visit.page(
        "preview.html", campaign=detail, variant=variant, look_as=look_as, contact=contact, address=address,
        message=message,
        frame_address=f"{base}/{variant}/html?{urlencode({**chosen, **({'dark': '1'} if look_as == 'dark' else {})})}",
        people=visit.services.campaigns.slots(visit.actor, campaign_id, limit=25, like=variant)[0],
    )  # fmt: skip


@router.get("/html")
def message_html(visit: VisitHere, campaign_id: str, variant: str, contact: str = "", dark: str = "") -> Response:
    """The message itself, for the sandboxed frame."""
    html = _message(visit, campaign_id, variant, contact).html
    return mail_response(with_own_pictures(html, pictures_of(visit)), dark=bool(dark))


def _first_channel(detail: CampaignDetail) -> str:
    """The e-mail's, or the first draft's where there is none."""
    channels = [draft.channel for draft in detail.revision.drafts] if detail.revision else []
    return "" if not channels or "email" in channels else channels[0]


def _message(visit: Visit, campaign_id: str, variant: str, contact: str, channel: str = "") -> Preview:
    return visit.services.campaigns.preview(
        visit.actor, campaign_id, variant=variant, channel=channel, contact_id=contact or None
    )
