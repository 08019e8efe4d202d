"""Holds the numbers of an agent's answer against what they may rest on: results of tools, and the question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidings.agents.runtime import ToolUse
from tidings.content.verifier.extract import numbers

QUESTION = "your question"
_ID = re.compile(r"\b[a-z]{2,4}_[0-9a-z]{10,40}\b")
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
_PARTS = re.compile(r"(?<=\d)(?:[-–:/T]|st\b|nd\b|rd\b|th\b)")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the answer as written, and where it stands; `source` empty: nowhere."""

    quote: str
    source: str


def figures(answer: str, question: str, uses: Sequence[ToolUse]) -> tuple[Figure, ...]:
    """Every number of the answer with the first tool, or the question, in which it occurs."""
    grounds = [(use.tool, _values(_texts(use))) for use in uses]
    grounds.append((QUESTION, _values([question])))
    found: dict[str, Figure] = {}
    for value, quote in _numbers(_LIST_NUMBER.sub(" ", answer)):
        source = next((name for name, values in grounds if value in values), "")
        found.setdefault(value, Figure(quote, source))
    return tuple(found.values())


def unfounded(found: Iterable[Figure]) -> tuple[str, ...]:
    """What is said beside an answer of each number that stands nowhere."""
    return tuple(
        f"The number {each.quote} stands in no result of a tool and not in your question. Do not rely on it."
        for each in found
        if not each.source
    )


def _texts(use: ToolUse) -> list[str]:
    return [use.result, "" if use.outcome == "done" else use.outcome]


def _values(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(value for text in texts for value, _ in _numbers(text))


def _numbers(text: str) -> list[tuple[str, str]]:
    """Each number without its sign (a minus is mostly a dash) in the form for comparing, and as written."""
    plain = _PARTS.sub(" ", _ID.sub(" ", text)).replace("%", " % ")
    return [(found.value.lstrip("-"), found.quote) for found in numbers(plain)]
