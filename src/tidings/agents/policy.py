"""The policy every effect passes, whoever asks and whatever a model said. Models' output authorises nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from tidings.access.permissions import Permission, may, require
from tidings.agents.state import load
from tidings.domain.actor import Actor, ActorKind, AgentName
from tidings.domain.decision import Autonomy
from tidings.domain.errors import ForbiddenError


class Effect(StrEnum):
    """What an act does to the world."""

    READ = "read"
    WRITE_DRAFT = "write_draft"
    PROPOSE_PLAN = "propose_plan"
    RECOMMEND = "recommend"
    APPROVE = "approve"
    PAUSE = "pause"
    RESUME = "resume"
    START_SEND = "start_send"
    DELIVER = "deliver"
    EXPORT = "export"
    SPEND = "spend"
    CHANGE_POLICY = "change_policy"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may cause an effect. `agent` None: never an agent; else the least autonomy it needs for it."""

    permission: Permission
    agent: Autonomy | None
    needs_approval: bool = False


_RANK = {Autonomy.SUGGEST: 0, Autonomy.AFTER_APPROVAL: 1, Autonomy.WITHIN_POLICY: 2}
RULES: dict[Effect, Rule] = {
    Effect.READ: Rule(Permission.CAMPAIGNS_READ, Autonomy.SUGGEST),
    Effect.WRITE_DRAFT: Rule(Permission.CAMPAIGNS_WRITE, Autonomy.SUGGEST),
    Effect.PROPOSE_PLAN: Rule(Permission.CAMPAIGNS_WRITE, Autonomy.SUGGEST),
    Effect.RECOMMEND: Rule(Permission.ANALYTICS_READ, Autonomy.SUGGEST),
    Effect.APPROVE: Rule(Permission.CAMPAIGNS_APPROVE, None),
    # To stop is never dangerous; to go on is what a person decides.
    Effect.PAUSE: Rule(Permission.SENDING_PAUSE, Autonomy.SUGGEST),
    Effect.RESUME: Rule(Permission.SENDING_PAUSE, Autonomy.AFTER_APPROVAL, needs_approval=True),
    Effect.START_SEND: Rule(Permission.CAMPAIGNS_SEND, Autonomy.AFTER_APPROVAL, needs_approval=True),
    # Once a person or policy has started a send, delivering is only carrying it out.
    Effect.DELIVER: Rule(Permission.CAMPAIGNS_SEND, Autonomy.SUGGEST, needs_approval=True),
    Effect.EXPORT: Rule(Permission.CONTACTS_READ_PII, None),
    Effect.SPEND: Rule(Permission.SETTINGS_WRITE, Autonomy.WITHIN_POLICY, needs_approval=True),
    Effect.CHANGE_POLICY: Rule(Permission.AGENTS_CONFIGURE, None),
}


class Policy:
    """Decides on effects. It keeps no state: what is approved and how autonomous an agent is, it is told or reads."""

    def authorise(
        self, actor: Actor, effect: Effect, *, autonomy: Autonomy | None = None, approved: bool = False,
        conn: Connection | None = None,
    ) -> None:  # fmt: skip
        """Returns when the actor may cause the effect.

        `approved` says that a person approved exactly this; with `conn` an agent's pause and autonomy are looked
        up. Raises ForbiddenError that says what is missing.
        """
        rule = RULES[effect]
        if actor.is_person:
            require(actor, rule.permission)
        else:
            self._authorise_agent(actor, effect, rule, autonomy, conn)
        if rule.needs_approval and not approved:
            raise ForbiddenError(
                f"{_words(effect)} needs a person's approval first.", remedy="Have the current revision approved."
            )

    def waits_for_person(self, effect: Effect, autonomy: Autonomy) -> bool | None:
        """Whether an agent of this autonomy must ask before the effect; None: it may not cause it at all."""
        rule = RULES[effect]
        if rule.agent is None:
            return None
        return rule.needs_approval or _RANK[autonomy] < _RANK[rule.agent]

    def open_to(self, person: Actor, effect: Effect) -> bool:
        """Whether a person's role reaches the effect at all, approval aside."""
        return person.is_person and may(person, RULES[effect].permission)

    def _authorise_agent(
        self, actor: Actor, effect: Effect, rule: Rule, autonomy: Autonomy | None, conn: Connection | None
    ) -> None:
        if rule.agent is None:
            raise ForbiddenError(
                f"{_words(effect)} is for people only.", remedy="A person with the right role does it."
            )
        if conn is not None and actor.kind is ActorKind.AGENT:
            state = load(conn, AgentName(actor.id))
            autonomy = autonomy or state.autonomy
            if state.paused:
                raise ForbiddenError(f"The {actor.name} is paused.", remedy="Resume it on its page.")
        if _RANK[autonomy or Autonomy.SUGGEST] < _RANK[rule.agent]:
            raise ForbiddenError(
                f"{_words(effect)} is beyond what the {actor.name} may do by itself.",
                remedy="A person does it, or raises the agent's autonomy.",
            )


def _words(effect: Effect) -> str:
    return effect.value.replace("_", " ").capitalize()
