"""Lists of other systems: their reasons kept, nobody's first reason changed, bad rows named; and shown to people."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from tidings.audience.refused import meaning
from tidings.audience.service import AudienceService
from tidings.domain.actor import Actor, ActorKind, Role
from tidings.domain.consent import SuppressionReason
from tidings.domain.errors import ForbiddenError, InvalidInputError
from tidings.keys.secrets import Secrets
from tidings.store.database import Database
from tidings.store.tables import audit, suppression

R = SuppressionReason
ADMIN = Actor(ActorKind.PERSON, "acc_1", "Ada", Role.ADMIN)
VIEWER = Actor(ActorKind.PERSON, "acc_2", "Vi", Role.VIEWER)
ANALYST = Actor(ActorKind.PERSON, "acc_3", "An", Role.ANALYST)
SENDGRID = b"""email,created,reason,status
p1@example.com,1600000000,550 5.1.1 The email account that you tried to reach does not exist,5.1.1
p2@example.com,1600000000,Spam complaint,
p3@example.com,1600000000,Unsubscribed,
not an address,1600000000,,
P1@Example.com,1600000000,550 again,
"""


@pytest.fixture
def service(database: Database, clock: Any, secrets: Secrets) -> AudienceService:
    return AudienceService(database, clock, secrets)


def test_takes_a_list_in_once_with_its_reasons(service: AudienceService, database: Database) -> None:
    proof = [{"email": f"p{n}@example.com", "consent": "yes", "consent_source": "form"} for n in range(1, 5)]
    service.add_contacts(ADMIN, proof)
    service.suppress(ADMIN, "p3@example.com", reason="asked by phone")
    first = service.import_suppressions(ADMIN, SENDGRID, told="SendGrid, July")
    assert (first.added, first.known, [each.row for each in first.refused]) == (2, 2, [5])
    again = service.import_suppressions(ADMIN, SENDGRID, told="SendGrid, July")
    assert (again.added, again.known) == (0, 4)
    shown = {each.email: (each.status, each.because, each.because_source) for each in service.contacts(ADMIN)[0]}
    assert shown["p1@example.com"][:2] == ("suppressed", "bounced")
    assert shown["p1@example.com"][2].startswith("SendGrid, July: 550 5.1.1")
    assert shown["p2@example.com"] == ("suppressed", "complained", "SendGrid, July: Spam complaint")
    assert shown["p3@example.com"] == ("suppressed", "manual", "Ada: asked by phone")
    assert shown["p4@example.com"][1:] == ("", "")
    assert {each.because_source for each in service.contacts(ANALYST)[0]} == {""}
    with database.reading() as conn:
        assert "suppressions.import" in conn.execute(select(audit.c.action)).scalars().all()
        assert len(conn.execute(select(suppression)).all()) == 3


def test_takes_plain_lines_and_refuses_what_is_no_list(service: AudienceService) -> None:
    lines = "a@example.com\n\nb@example.com\nnothing\n"
    result = service.import_suppressions(ADMIN, lines, told="old tool", otherwise=R.UNSUBSCRIBED)
    assert (result.added, len(result.refused)) == (2, 1)
    for bad in ("", "name,town\nAnn,Ghent\n", b"\xff\xfe\xfa"):
        with pytest.raises(InvalidInputError):
            service.import_suppressions(ADMIN, bad, told="old tool")
    with pytest.raises(InvalidInputError):
        service.import_suppressions(ADMIN, lines, told=" ")
    with pytest.raises(InvalidInputError):
        service.import_suppressions(ADMIN, lines, told="x", otherwise=R.ERASED)
    with pytest.raises(ForbiddenError):
        service.import_suppressions(VIEWER, lines, told="x")


@pytest.mark.parametrize(
    ("words", "reason"),
    [("HardBounce", R.BOUNCED), ("SpamComplaint", R.COMPLAINED), ("ManualSuppression", R.UNSUBSCRIBED),
     ("550 5.7.1 rejected as spam", R.BOUNCED), ("smtp;550 no", R.BOUNCED), ("unsubscribed", R.UNSUBSCRIBED),
     ("cleaned", R.BOUNCED), ("abuse", R.COMPLAINED), ("", R.MANUAL), ("whatever", R.MANUAL)],
)  # fmt: skip
def test_reads_other_systems_words(words: str, reason: SuppressionReason) -> None:
    assert meaning(words, R.MANUAL) is reason
