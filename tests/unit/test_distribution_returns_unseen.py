"""The classifier on bounces its rules were not made from: what holds there holds for systems nobody has seen yet."""

from __future__ import annotations

import pytest
from tests.unit.bounces_unseen.bounces import SAID
from tests.unit.bounces_unseen.build import Case
from tests.unit.bounces_unseen.more import OTHERS, TEXTS

from tidings.distribution.returns.classify import classify
from tidings.distribution.returns.report import Kind, Report

CASES = [*SAID, *TEXTS, *OTHERS]


def _summary(report: Report) -> tuple[object, ...]:
    if report.kind is not Kind.BOUNCE or not report.verdicts:
        return (report.kind,)
    first = report.verdicts[0]
    return (report.kind, first.recipient.lower(), first.reason, first.hard, report.final)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_understands_what_it_was_not_made_from(case: Case) -> None:
    want = (case.kind, case.recipient, case.reason, case.hard, case.final) if case.reason else (case.kind,)
    assert _summary(classify(case.raw)) == want
