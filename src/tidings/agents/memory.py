"""What an agent keeps in mind between runs: a few short facts under keys. Never anything about a single person."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from tidings.domain.actor import AgentName
from tidings.domain.errors import InvalidInputError
from tidings.domain.instant import Instant
from tidings.store.settings import get_setting, put_setting

MOST_FACTS = 50
LONGEST_FACT = 300
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_KEY = re.compile(r"[a-z][a-z0-9_.-]{0,59}")


def recall(conn: Connection, agent: AgentName) -> dict[str, str]:
    """Every fact the agent keeps, by key, the one it learned first foremost."""
    return {key: str(fact) for key, fact in (get_setting(conn, _place(agent)) or {}).items()}


def remember(conn: Connection, agent: AgentName, key: str, fact: str, at: Instant) -> None:
    """Keeps or replaces a fact; the oldest gives way when there are more than 50.

    Raises InvalidInputError for a fact too long, a strange key, or an e-mail address in it: memories are given to
    models, and contact data never is.
    """
    if not _KEY.fullmatch(key):
        raise InvalidInputError(f"{key!r} is no key for a memory.", remedy="Use small letters, digits, `_`, `.`, `-`.")
    if len(fact) > LONGEST_FACT:
        raise InvalidInputError(f"A memory has at most {LONGEST_FACT} characters; this one has {len(fact)}.")
    if _ADDRESS.search(fact):
        raise InvalidInputError("A memory must not hold an e-mail address.", remedy="Say it of a group of people.")
    facts = recall(conn, agent)
    facts.pop(key, None)
    facts[key] = fact
    for oldest in list(facts)[: max(0, len(facts) - MOST_FACTS)]:
        del facts[oldest]
    put_setting(conn, _place(agent), facts, at)


def forget(conn: Connection, agent: AgentName, key: str, at: Instant) -> None:
    """Drops a fact; one that is not there is no error."""
    facts = recall(conn, agent)
    if facts.pop(key, None) is not None:
        put_setting(conn, _place(agent), facts, at)


def _place(agent: AgentName) -> str:
    return f"agent.memory.{agent.value}"
