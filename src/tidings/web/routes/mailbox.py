"""The built-in mailbox: what arrived, and each message as a mail client would show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from tidings.domain.errors import UnavailableError
from tidings.web.mail_links import links_of
from tidings.web.sandbox import mail_response
from tidings.web.visit import Visit, VisitHere

if TYPE_CHECKING:
    from tidings.distribution.mailbox.service import MailboxService

router = APIRouter(prefix="/mailbox")
_LOOKS = frozenset({"html", "phone", "text", "source"})


@router.get("")
def mailbox(visit: VisitHere, q: str = "", after: str = "") -> Response:
    """Messages, newest first."""
    messages, following = _service(visit).messages(visit.actor, query=q.strip(), after=after, limit=50)
    return visit.page("mailbox.html", messages=messages, following=following, query=q)


@router.get("/{message_id}")
def message(visit: VisitHere, message_id: str) -> Response:
    """One message."""
    look_as = visit.request.query_params.get("as", "html")
    shown = _service(visit).message(visit.actor, message_id)
    if not shown.row.read:
        _service(visit).mark_read(visit.actor, message_id)
    source = shown.raw.decode("utf-8", "replace") if look_as == "source" else ""
    return visit.page(
        "mailbox_message.html", message=shown, source=source, look_as=look_as if look_as in _LOOKS else "html",
        links=links_of(shown.mail.html, shown.mail.links, visit.services.base_url),
    )  # fmt: skip


@router.get("/{message_id}/html")
def message_html(visit: VisitHere, message_id: str) -> Response:
    """Its HTML, for the sandboxed frame."""
    return mail_response(_service(visit).message(visit.actor, message_id).mail.html)


def _service(visit: Visit) -> MailboxService:
    service: MailboxService | None = visit.request.app.state.mailbox
    if service is None:
        raise UnavailableError("No mailbox runs here.", remedy="It belongs to an installation that keeps its own mail.")
    return service
