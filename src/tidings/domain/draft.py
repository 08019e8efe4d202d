"""A draft, what the verifier found in it, and where each of its sentences comes from."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from tidings.domain.blocks import Block


class Severity(StrEnum):
    """What a finding does: an error blocks, a warning asks, an info tells."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(BaseModel):
    """One thing a check found, and where: `place` is `subject`, `preheader`, `body`, `block 3`, or `brief`.

    What is found in the brief itself stands with every draft of it; the faces say it once.
    """

    model_config = ConfigDict(frozen=True)

    check: str
    severity: Severity
    place: str
    message: str
    quote: str = ""
    remedy: str = ""


class Trace(BaseModel):
    """Where one sentence comes from: claims, the brief, the composer's stock (which states no fact), or a model.

    A model's sentence names the claims it leans on, and passes the truth gate besides.
    """

    model_config = ConfigDict(frozen=True)

    sentence: str
    source: str
    """`claim`, `brief`, `stock`, `brand`, `person` or `model`."""
    claim_ids: tuple[str, ...] = ()
    proposed_by: str = ""
    """The model whose suggestion it is, where a person accepted one."""


class Draft(BaseModel):
    """One variant of a message in one channel. `writer` is shown wherever the draft's author is named."""

    model_config = ConfigDict(frozen=True)

    variant: str
    channel: str
    subject: str
    preheader: str
    blocks: tuple[Block, ...]
    writer: str
    model_hash: str = ""
    prompt_hash: str = ""
    seed: int = 0
    traces: tuple[Trace, ...] = ()
    findings: tuple[Finding, ...] = ()
    angle: str = ""
    """What the subject line leads with, where the writer knows; learned from later."""
    differs: str = ""
    """In what it was written to differ from variant A, in words; empty for A."""
    ranked: str = ""
    """Where its subject line stands among those weighed, and by what, in words."""
    language: str = ""
    """What it is written in; empty in drafts from before there were several: English."""

    @property
    def sendable(self) -> bool:
        """Whether no finding blocks it."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    @property
    def blocked_by(self) -> tuple[str, ...]:
        """What blocks it, each once and without its full stop, to stand in a list."""
        errors = (each for each in self.findings if each.severity is Severity.ERROR)
        return tuple(dict.fromkeys(each.message.rstrip(".") for each in errors))
