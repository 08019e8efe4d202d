"""Every table, by noun. Queries stand in each room's `repository.py`; here are only the shapes."""

from tidings.store.tables.access import account, api_token, audit, idempotency, session, setting, sign_in_link
from tidings.store.tables.agents import activity, agent, agent_turn, decision, worker
from tidings.store.tables.attachments import attachment
from tidings.store.tables.audience import consent, contact, push_subscription, segment, suppression
from tidings.store.tables.base import metadata
from tidings.store.tables.campaigns import approval, brand, campaign, claim, override, revision, send_plan, slot
from tidings.store.tables.channels import channel_account, posting, provider_reference
from tidings.store.tables.delivery import attempt, chunk, delivery, link, mailbox_message, message, returned_mail
from tidings.store.tables.editing import comment, draft_template, image, suggestion
from tidings.store.tables.events import engagement, event, recommendation, rollup_hour, rollup_local
from tidings.store.tables.models import language_model, model_call
from tidings.store.tables.reports import provider_event
from tidings.store.tables.sequences import sequence, sequence_person, sequence_send
from tidings.store.tables.throttle import mail_provider, relay_state, throttle_state, warmup
from tidings.store.tables.tracking import conversion

__all__ = [
    "account", "activity", "agent", "agent_turn", "api_token", "approval", "attachment", "attempt", "audit",
    "brand", "campaign", "channel_account", "chunk", "claim", "comment", "consent", "contact", "conversion",
    "decision", "delivery", "draft_template", "engagement", "event", "idempotency", "image", "language_model",
    "link", "mail_provider", "mailbox_message", "message", "metadata", "model_call", "override", "posting",
    "provider_event", "provider_reference", "push_subscription", "recommendation", "relay_state", "returned_mail",
    "revision", "rollup_hour", "rollup_local", "segment", "send_plan", "sequence", "sequence_person",
    "sequence_send", "session", "setting", "sign_in_link", "slot", "suggestion", "suppression", "throttle_state",
    "warmup", "worker",
]  # fmt: skip
