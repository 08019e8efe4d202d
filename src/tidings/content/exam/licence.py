"""What a model is licensed for, by what it proved."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class Licence(StrEnum):
    """From the most to the least: each may do what those below it may."""

    WRITER = "writer"  # its drafts go through verifier and truth gate to a person's approval
    SUGGESTER = "suggester"  # it proposes single sentences, each confirmed by a person
    JUDGE = "judge"  # it ranks what others wrote
    NONE = "none"  # it proved nothing that is of use
    UNEXAMINED = "unexamined"


WRITES_FROM = 0.85
SUGGESTS_FROM = 0.4
JUDGES_FROM = 0.8
_KEPT = 20
_LOOKED_AT = 10
_FAILS_FROM = 4


def licence_of(drafts: float, sentences: float, pairs: float) -> Licence:
    """The licence for three shares from 0 to 1.

    `drafts`: exam drafts without an error; `sentences`: its own sentences that pass the truth gate; `pairs`: pairs of
    sentences of which it preferred the sound one.
    """
    if drafts >= WRITES_FROM:
        return Licence.WRITER
    if sentences >= SUGGESTS_FROM and drafts > 0:
        return Licence.SUGGESTER
    return Licence.JUDGE if pairs >= JUDGES_FROM else Licence.NONE


def after(record: Sequence[bool], passed: bool) -> tuple[list[bool], bool]:
    """The record with one more draft, and whether the writer has to be downgraded: 4 of its last 10 failed."""
    kept = [*record, passed][-_KEPT:]
    return kept, kept[-_LOOKED_AT:].count(False) >= _FAILS_FROM
