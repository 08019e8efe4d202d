"""Builds what takes in returned mail: where it comes from, and what other rooms do about it."""

from __future__ import annotations

import ssl
from functools import partial
from typing import TYPE_CHECKING

from pydantic import BaseModel, SecretStr

from tidings.distribution.accounts.schemas import Account
from tidings.distribution.returns.guard import Guard
from tidings.distribution.returns.intake import Intake
from tidings.distribution.returns.loop import ReturnsLoop
from tidings.distribution.returns.source import LISTENING, parse_bounce_address, parse_source
from tidings.distribution.tokens import TokenSigner
from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.keys.secrets import address_hash

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tidings.app.wiring import House
    from tidings.distribution.reports.endpoint import ReportsApp


def build_intake(house: House) -> Intake:
    """What one returned mail does to this house."""
    services = house.services
    guard = Guard(services.distribution.hold, services.activity.note)
    signer = TokenSigner(house.secrets.signing_key)
    return Intake(house.db, house.clock, signer, services.audience.unsubscribe, guard, services.activity.note)


HOUSE = "house"


class _HouseForm(BaseModel):
    webhook_secret: SecretStr


def _account(house: House, conn: Connection, account_id: str) -> Account:
    """The account of that id; `house` stands for any other system that reports in our own words."""
    secret = house.settings.reports_secret
    if account_id == HOUSE and secret:
        form = _HouseForm(webhook_secret=SecretStr(secret))
        return Account(HOUSE, "reports of other systems", "email", "generic", None, form)
    return house.services.channels.account(conn, account_id)


def build_reports(house: House) -> ReportsApp:
    """Where providers post their reports to."""
    from tidings.distribution.reports.desk import ReportDesk
    from tidings.distribution.reports.endpoint import ReportsApp

    services, base_url = house.services, house.settings.base_url

    def fetch(url: str) -> bytes:
        answer = services.channels.outbound.send("GET", url, seconds=10)
        if answer.status != 200:
            raise UnavailableError(f"The answer was {answer.status}.")
        return answer.body

    desk = ReportDesk(
        house.db, house.clock, TokenSigner(house.secrets.signing_key), account=partial(_account, house), fetch=fetch,
        suppress=services.audience.unsubscribe, guard=Guard(services.distribution.hold, services.activity.note),
        hashed=partial(address_hash, house.secrets), own_url=f"{house.settings.links_url}/t/",
    )  # fmt: skip
    return ReportsApp(desk, base_url)


def _tls(house: House) -> ssl.SSLContext:
    """The house's own certificate, with which the listener offers STARTTLS."""
    from tidings.app.wiring import certificates
    from tidings.keys.served import server_context

    return server_context(certificates(house))


def build_returns(house: House) -> ReturnsLoop | None:
    """The loop that brings returned mail in; None where no way in is configured.

    Raises InvalidInputError when a setting is wrong.
    """
    settings = house.settings
    if not settings.returns:
        return None
    source = parse_source(settings.returns)
    address = parse_bounce_address(settings.bounce_address) if settings.bounce_address else ""
    if source.scheme in LISTENING and not address:
        raise InvalidInputError(
            "To receive returned mail, Tidings must know its address.",
            remedy="Set TIDINGS_BOUNCE_ADDRESS=bounces@example.com.", field="TIDINGS_BOUNCE_ADDRESS",
        )  # fmt: skip
    tls = _tls(house) if source.scheme == "smtp" else None
    return ReturnsLoop(house.db, house.clock, source, address, build_intake(house), tls=tls)
