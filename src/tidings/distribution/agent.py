"""The Distribution agent's decisions: to start, to hold, to go on, and what became of a dead sender's deliveries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select

from tidings.agents.decisions import record_decision
from tidings.distribution import repository
from tidings.distribution.late import Settled
from tidings.domain.actor import AgentName
from tidings.domain.decision import Decision
from tidings.domain.ids import new_id
from tidings.domain.instant import Clock
from tidings.store.database import Database
from tidings.store.tables import campaign

Note = Callable[[Connection, str, str, str | None], None]
"""`ActivityFeed.note`: source, text, campaign."""
_RULE = "rule of the Distribution agent"


class DistributionAgent:
    """Records what the sender decides and why, and tells the live feed."""

    def __init__(self, db: Database, clock: Clock, note: Note, *, relay: str, connections: int) -> None:
        self._db, self._clock, self._note = db, clock, note
        self._relay, self._connections = relay, connections

    def starting(self, conn: Connection, campaign_pk: int) -> None:
        """The first chunk of a campaign was taken."""
        people = repository.people(conn, campaign_pk)
        campaign_id, name = repository.campaign_name(conn, campaign_pk)
        self._record(
            conn, "start_sending",
            f"Start sending “{name}”: {people:,} people, relay {self._relay}, {self._connections} connections",
            "The campaign was approved and launched, its first slots are due, and nothing is paused.",
            campaign_id=campaign_id,
            inputs={"people": people, "relay": self._relay, "connections": self._connections},
            alternatives=({"what": "hold", "why_not": "the relay answers and the campaign is not paused"},),
        )  # fmt: skip
        self._note(conn, "distribution", f"sends “{name}” to {people:,} people", campaign_id)

    def holding(self, reason: str, held: int) -> None:
        """The way out does not work."""
        with self._db.transaction() as conn:
            self._record(
                conn, "hold", f"Holding: {reason}",
                "Deliveries whose way out does not work wait, so that none is lost and each goes out once.",
                inputs={"held": held, "relay": self._relay},
                alternatives=({"what": "mark as failed", "why_not": "the people did nothing wrong; the way out did"},),
                evidence={"campaigns": self._waiting_campaigns(conn)},
            )  # fmt: skip
            self._note(conn, "distribution", f"holds {held:,} deliveries: {reason}", None)

    def going_on(self, held: int) -> None:
        """The way out works again."""
        with self._db.transaction() as conn:
            self._record(
                conn, "go_on", f"Going on: relay {self._relay} answers again",
                "A connection was opened and the relay let us in.", inputs={"released": held, "relay": self._relay},
            )  # fmt: skip
            self._note(conn, "distribution", f"goes on: relay {self._relay} answers again", None)

    def taken_over(self, uncertain: int, planned: int) -> None:
        """A dead sender's deliveries were settled."""
        with self._db.transaction() as conn:
            self._record(
                conn, "take_over",
                f"Took over from a sender that stopped: {planned:,} go out now, {uncertain:,} are uncertain",
                "What was not on the wire is sent; what was may have arrived, and is never blindly sent again.",
                inputs={"planned": planned, "uncertain": uncertain},
                alternatives=({"what": "send the uncertain again", "why_not": "people could get the message twice"},),
            )  # fmt: skip
            if uncertain:
                self._note(conn, "distribution", f"marks {uncertain:,} deliveries as uncertain", None)

    # One lane, one provider

    def lane_paused(self, relay: str, words: str, remedy: str) -> None:
        """A relay needs a person before it is used again; the others go on."""
        with self._db.transaction() as conn:
            self._record(
                conn, "pause_relay", f"Not using relay {relay}: {words}",
                "A relay that refuses us would refuse every mail; nobody's delivery is given up for it.",
                inputs={"relay": relay, "remedy": remedy},
                alternatives=({"what": "go on trying", "why_not": "providers lock out who tries wrong passwords"},),
            )  # fmt: skip
            self._note(conn, "distribution", f"does not use relay {relay}: {words}. {remedy}", None)

    def lane_back(self, relay: str) -> None:
        """A paused relay works again."""
        with self._db.transaction() as conn:
            self._record(
                conn, "use_relay", f"Using relay {relay} again", "It took one message as a trial.",
                inputs={"relay": relay},
            )  # fmt: skip
            self._note(conn, "distribution", f"uses relay {relay} again", None)

    def provider_held(self, conn: Connection, title: str, reason: str, words: str, kind: str) -> None:
        """A provider wants less, or does not trust the sender. In the caller's transaction."""
        why = (
            "It refuses the sender, not the people: they wait until the sender's records are in order."
            if kind == "policy"
            else "Going on at the same speed would end in a block; the other providers are not concerned."
        )
        self._record(
            conn, "hold_provider", f"Holding mail to {title}", why, inputs={"provider": title, "answer": words},
            alternatives=({"what": "fail the deliveries", "why_not": "the people did nothing wrong"},),
        )  # fmt: skip
        self._note(conn, "distribution", f"holds mail to {title}: {reason}", None)

    def late(self, conn: Connection, settled: Settled) -> None:
        """What of a campaign was too late after an interruption is settled. In the caller's transaction."""
        did = "dropped" if settled.rule.policy == "drop" else "planned anew"
        set_by = "The campaign's brief says so" if settled.own else "The Distribution agent is set so"
        hours = settled.rule.hours
        self._record(
            conn, "late", f"{settled.number:,} deliveries were more than {hours} hours late and are {did}",
            f"{set_by}: a message may lose its sense with its hour.", campaign_id=settled.campaign_id,
            inputs={"deliveries": settled.number, "policy": settled.rule.policy, "hours": hours, "own": settled.own},
        )  # fmt: skip
        words = f"found {settled.number:,} deliveries of “{settled.name}” too late: they are {did}"
        self._note(conn, "distribution", words, settled.campaign_id)

    def _waiting_campaigns(self, conn: Connection) -> list[str]:
        query = select(campaign.c.id).where(campaign.c.state == "sending").limit(20)
        return list(conn.execute(query).scalars())

    def _record(self, conn: Connection, kind: str, summary: str, reason: str, **more: Any) -> None:
        record_decision(
            conn,
            Decision(
                new_id("decision"), AgentName.DISTRIBUTION, self._clock.now(), kind, summary, reason, _RULE, **more
            ),
        )
