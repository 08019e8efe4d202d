"""Looks at everything that can be wrong on this machine, with the server up or down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidings.access.trail import check_trail
from tidings.app.wiring import open_house, preflight_of, tls_of
from tidings.cli.launcher import Check
from tidings.content.repository import brands
from tidings.distribution.findings import Grade
from tidings.domain.errors import TidingsError
from tidings.keys.certificates import RENEW_DAYS
from tidings.store.open import SERVER_MARK

_RENEWAL = "Tidings renews it while it runs. If it runs, its log says what keeps it from that; else start it again."

if TYPE_CHECKING:
    from tidings.settings import Settings
    from tidings.store.database import Database


def examine(settings: Settings) -> list[Check]:
    """Each part with its status; what is broken is a result here, not an error."""
    used = any((settings.data_dir / name).exists() for name in ("tidings.db", SERVER_MARK))
    if not used and settings.database_url is None:
        return [Check("database", "fail", f"there is none in {settings.data_dir}", "Start Tidings once: tidings up")]
    try:
        house = open_house(settings, executor="doctor")
    except TidingsError as error:
        return [Check("database", "fail", error.message, error.remedy)]
    try:
        with house.db.reading() as conn:
            domains = [each.domain for brand in brands(conn) for each in (brand.sender, *brand.senders)]
        account = house.services.channels.mail_account()
        found = [Check(item.name, item.status, item.message, item.remedy) for item in house.services.health.check()]
        found.append(_trail(house.db))
    finally:
        house.close()
    return [*found, _certificate(settings), *_mail(settings, house.relay, domains, account)]


def _mail(settings: Settings, relay: str, domains: list[str], account: str) -> list[Check]:
    """What the DNS says of the relay and of each brand's sender domain, with the records to copy.

    While mail stays on this machine nothing of it can do harm, so nothing of it fails.
    """
    preflight = preflight_of(settings, relay, lambda: account)
    marks = {Grade.OK: "ok", Grade.NOT_CHECKED: "skip", Grade.WARNING: "warn", Grade.ERROR: "fail"}
    if preflight.stays_here:
        marks[Grade.ERROR] = "warn"
    return [
        Check(
            f"{finding.place}, {finding.check}", marks[finding.grade], finding.message,
            "\n    ".join(part for part in (finding.remedy, finding.record) if part),
        )
        for finding in preflight.domains(domains)
    ]  # fmt: skip


def _trail(db: Database) -> Check:
    """Whether the audit trail is as it was written."""
    seen = check_trail(db)
    if not seen.intact:
        return Check("audit trail", "fail", seen.problem, seen.remedy)
    return Check("audit trail", "ok", f"{seen.rows} rows, every one as it was written")


def _certificate(settings: Settings) -> Check:
    from datetime import UTC, datetime

    from cryptography import x509

    path = tls_of(settings) / "server.pem"
    if not path.exists():
        return Check("certificate", "fail", "there is none", "`tidings up` makes one.")
    days = (x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc - datetime.now(UTC)).days
    if days < 0:
        return Check("certificate", "fail", "it has expired", _RENEWAL)
    if days < RENEW_DAYS:
        return Check("certificate", "warn", f"ends in {days} days", _RENEWAL)
    return Check("certificate", "ok", f"valid for {days} days")
