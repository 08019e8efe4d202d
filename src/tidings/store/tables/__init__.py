"""Every table, by noun. Queries stand in each room's `repository.py`; here are only the shapes."""

from tidings.store.tables.access import account, api_token, audit, idempotency, session, setting, sign_in_link
from tidings.store.tables.agents import activity, agent, agent_turn, decision, worker
from tidings.store.tables.audience import consent, contact, push_subscription, segment, suppression
from tidings.store.tables.base import metadata
from tidings.store.tables.campaigns import approval, brand, campaign, claim, override, revision, send_plan, slot
from tidings.store.tables.channels import channel_account, posting, provider_reference
from tidings.store.tables.delivery import attempt, chunk, delivery, link, mailbox_message, message, returned_mail
from tidings.store.tables.events import engagement, event, recommendation, rollup_hour, rollup_local

__all__ = [
    "account", "activity", "agent", "agent_turn", "api_token", "approval", "attempt", "audit", "brand", "campaign",
    "channel_account", "chunk", "claim", "consent", "contact", "decision", "delivery", "engagement", "event",
    "idempotency", "link", "mailbox_message", "message", "metadata", "override", "posting", "provider_reference",
    "push_subscription", "recommendation", "returned_mail", "revision", "rollup_hour", "rollup_local", "segment",
    "send_plan", "session", "setting", "sign_in_link", "slot", "suppression", "worker",
]  # fmt: skip
