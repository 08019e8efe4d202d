"""What a brand's past experiments came to: the subject lines that were tried against each other, and who acted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SubjectArm:
    """One subject line of an experiment: of so many people who got it, how many opened and clicked, machines left out.

    `angle` is what its writer said it leads with; empty where nobody knows. `opened` is None where opens are not seen.
    """

    subject: str
    angle: str
    people: int
    clicked: int
    opened: int | None = None


@dataclass(frozen=True, slots=True)
class SubjectTrial:
    """One campaign whose subject lines were tested: two arms or more."""

    campaign: str
    arms: tuple[SubjectArm, ...]
