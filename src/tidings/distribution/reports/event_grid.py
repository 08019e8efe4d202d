"""Azure Communication Services through Event Grid: e-mail and SMS reports, in either of its two schemas.

https://learn.microsoft.com/azure/event-grid/communication-services-email-events
https://learn.microsoft.com/azure/event-grid/end-point-validation-cloud-events-schema
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from tidings.distribution.reports import entra
from tidings.distribution.reports.base import (
    Batch,
    Context,
    Happening,
    RefusedError,
    Reported,
    Request,
    bare,
    instant,
    made_id,
    part,
    records,
    text,
    texts,
)
from tidings.distribution.reports.proof import in_url

_H = Happening
_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
_EMAIL = "Microsoft.Communication.EmailDeliveryReportReceived"
_ENGAGED = "Microsoft.Communication.EmailEngagementTrackingReportReceived"
_SMS = "Microsoft.Communication.SMSDeliveryReportReceived"
_SMS_IN = "Microsoft.Communication.SMSReceived"
_STATUS = {
    "delivered": _H.DELIVERED, "expanded": _H.SENT, "bounced": _H.BOUNCED, "failed": _H.FAILED,
    "suppressed": _H.REJECTED, "quarantined": _H.BOUNCED, "filteredspam": _H.BOUNCED,
}  # fmt: skip
_SMS_STATUS = {"delivered": _H.DELIVERED, "failed": _H.BOUNCED, "undelivered": _H.BOUNCED, "sent": _H.SENT}
_ENGAGEMENT = {"view": _H.OPENED, "click": _H.CLICKED}
_STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})


class EventGrid:
    """The reader."""

    keys: ClassVar[Mapping[str, str]] = {
        "webhook_secret": "a key in the endpoint's address, ?key=…",
        "entra_tenant": "instead of it: the tenant whose token Event Grid sends",
        "entra_audience": "and the application id or URI that the token is for",
    }

    def __init__(self) -> None:
        self._keys = entra.EntraKeys()

    def read(self, request: Request, secret: Mapping[str, str], context: Context) -> Batch:
        """Events, or one of the two handshakes of a new subscription."""
        self._check(request, secret, context)
        if request.method == "OPTIONS":
            origin = request.headers.get("webhook-request-origin", "")
            if not origin:
                raise RefusedError("the handshake names no origin")
            return Batch(headers={"WebHook-Allowed-Origin": origin[:253], "WebHook-Allowed-Rate": "*"})
        events = records(request.json())
        for event in events:
            if text(event, "eventType", "type") == _VALIDATION:
                code = text(part(event, "data"), "validationCode")
                return Batch(answer=json.dumps({"validationResponse": code}).encode())
        return Batch(tuple(_reported(event) for event in events))

    def _check(self, request: Request, secret: Mapping[str, str], context: Context) -> None:
        tenant, audience = secret.get("entra_tenant", ""), secret.get("entra_audience", "")
        if secret.get("webhook_secret"):
            in_url(request, secret)
        elif not (tenant and audience):
            raise RefusedError("the account has neither webhook_secret nor entra_tenant and entra_audience")
        if tenant and audience and request.method != "OPTIONS":  # a handshake carries no token
            given = request.headers.get("authorization", "")
            entra.check(given, tenant.lower(), audience, self._keys, context.fetch, context.now)


def _reported(event: dict[str, Any]) -> Reported:
    native, body = text(event, "eventType", "type"), part(event, "data")
    event_id = text(event, "id") or made_id(native, json.dumps(body, sort_keys=True))
    when = instant(text(event, "eventTime", "time"))
    sent = text(body, "messageId")
    references = (sent,) if sent else ()
    if native == _EMAIL:
        return _of_email(event_id, event, body, references)
    if native in {_SMS, _SMS_IN}:
        return _of_sms(event_id, native, event, body, references)
    kind = _ENGAGEMENT.get(text(body, "engagementType").lower(), _H.UNKNOWN) if native == _ENGAGED else _H.UNKNOWN
    when = instant(text(body, "userActionTimeStamp", "userActionTimestamp")) or when
    url = text(body, "engagementContext")
    return Reported(event_id, kind, native, event, when, text(body, "recipient"), references, url=url)


def _of_email(
    event_id: str, event: dict[str, Any], body: dict[str, Any], references: tuple[str, ...]
) -> Reported:  # fmt: skip
    status = text(body, "status")
    words = text(part(body, "deliveryStatusDetails"), "statusMessage")
    when = instant(text(body, "deliveryAttemptTimeStamp", "deliveryAttemptTimestamp"))
    kind = _STATUS.get(status.lower(), _H.UNKNOWN)
    return Reported(
        event_id,
        kind,
        f"EmailDeliveryReportReceived {status}",
        event,
        when or instant(text(event, "eventTime", "time")),
        text(body, "recipient"),
        references,
        bare([text(body, "internetMessageId")]),
        words=words or status,
        permanent=status.lower() == "bounced",
        suppressed="bounced" if status.lower() == "suppressed" else "",
    )


def _of_sms(
    event_id: str, native: str, event: dict[str, Any], body: dict[str, Any], references: tuple[str, ...]
) -> Reported:  # fmt: skip
    inbound = native == _SMS_IN
    status = text(body, "deliveryStatus")
    kind = _SMS_STATUS.get(status.lower(), _H.UNKNOWN)
    if inbound:
        stops = text(body, "message").strip().lower() in _STOP
        kind = _H.UNSUBSCRIBED if stops else _H.INBOUND
    return Reported(
        event_id,
        kind,
        f"{native.rpartition('.')[2]} {status}".strip(),
        event,
        instant(text(body, "receivedTimestamp")) or instant(text(event, "eventTime", "time")),
        text(body, "from" if inbound else "to"),
        () if inbound else references,
        tokens=texts(body.get("tag")),
        words=text(body, "deliveryStatusDetails"),
        channel="sms",
    )
