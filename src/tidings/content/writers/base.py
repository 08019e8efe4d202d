"""What a writer of drafts is. The composer is one; local and cloud models are others behind the same verifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tidings.content.address import way
from tidings.content.composer.stock import tongue_of
from tidings.domain.brand import Brand, Voice
from tidings.domain.brief import Brief, language_of
from tidings.domain.claim import Claim
from tidings.domain.draft import Draft
from tidings.domain.errors import UnavailableError
from tidings.domain.experience import SubjectTrial


@dataclass(frozen=True, slots=True)
class Assignment:
    """All a writer is told. It holds no contact: personal fields are put in by code."""

    brief: Brief
    brand: Brand
    claims: tuple[Claim, ...]
    """Usable claims only; the writer picks those that fit."""
    seed: int = 0
    recent: frozenset[str] = frozenset()
    """Stock sentences of the brand's latest mails, to be avoided where there is a choice."""
    max_words: int = 220
    trials: tuple[SubjectTrial, ...] = ()
    """The brand's past experiments on subject lines."""

    @property
    def language(self) -> str:
        """What it is to be written in: the brief's language, else the brand's."""
        return language_of(self.brief, self.brand)

    @property
    def tongue(self) -> str:
        """The language of the stock that serves: English where there is none in the assignment's."""
        return tongue_of(self.language)

    @property
    def voice(self) -> Voice:
        """The brief's or the brand's; but one that addresses the reader as the facts do: du and Sie do not mix."""
        wanted = self.brief.tone or self.brand.voice
        said = (*(fact.sentence for fact in self.brief.facts), self.brief.call_to_action, *self.brief.must_say)
        form = way(said, self.language)
        if form == "formal" and wanted == "friendly":
            return "professional"
        return "friendly" if form == "familiar" else wanted


@dataclass(frozen=True, slots=True)
class Writing:
    """What a writer hands back: drafts without findings, and what it weighed, for the decision record."""

    drafts: tuple[Draft, ...]
    reason: str
    alternatives: tuple[dict[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()
    notes: dict[str, Any] = field(default_factory=dict[str, Any])


class UnsoundError(UnavailableError):
    """The writer could be asked, and wrote nothing that passes the verifier: that counts against it."""


class Writer(Protocol):
    """Writes `brief.subjects` variants of one e-mail.

    The same assignment gives the same drafts where `deterministic` says so. Every sentence of a draft has a trace.
    Raises UnavailableError when it cannot work now; the next writer is asked then.
    """

    @property
    def name(self) -> str:
        """The name shown wherever the draft's author is named."""
        ...

    @property
    def deterministic(self) -> bool:
        """Whether the same seed gives the same draft."""
        ...

    def write(self, assignment: Assignment) -> Writing:
        """The drafts, or UnavailableError."""
        ...


def variant_letter(index: int) -> str:
    """A, B, C … for 0, 1, 2 …"""
    return "ABCDEFGHIJKLMNO"[index]


__all__: Sequence[str] = ("Assignment", "Writer", "Writing", "variant_letter")
