"""An audit trail, and what is held about a person, for tests of the faces."""

from __future__ import annotations

from typing import Any

from tidings.access.permissions import Permission, require
from tidings.access.trail import AuditCheck, AuditRow
from tidings.campaigns.personal_data.service import PersonalData
from tidings.domain.actor import Actor

AT = 1_795_305_600_000


class FakeTrail:
    """An audit trail of one row."""

    row = AuditRow(7, AT, "person", "acc_1", "Ada", "campaign.send", "cmp_1", {"how": "now"}, "ab", "cd")

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.found = AuditCheck(intact=True, rows=1)

    def rows(self, actor: Actor, **asked: Any) -> Any:
        require(actor, Permission.AUDIT_READ)
        self.asked.append(asked)
        return [self.row], ""

    def check(self, actor: Actor) -> AuditCheck:
        require(actor, Permission.AUDIT_READ)
        return self.found


class FakePersonalData:
    """A file of two pieces."""

    def export(self, actor: Actor, contact: str, form: str = "json") -> PersonalData:
        require(actor, Permission.CONTACTS_READ_PII)
        pieces = iter(['{"person": {"id": "con_1"}, ', '"consents": [{"state": "granted"}]}'])
        return PersonalData(contact, f"personal-data-{contact}.{form}", "application/json", pieces)
