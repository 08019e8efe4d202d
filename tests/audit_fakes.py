"""An audit trail for tests of the faces."""

from __future__ import annotations

from typing import Any

from tidings.access.permissions import Permission, require
from tidings.access.trail import AuditCheck, AuditRow
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
