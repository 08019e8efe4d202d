"""Builds what takes in returned mail: where it comes from, and what other rooms do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidings.distribution.returns.guard import Guard
from tidings.distribution.returns.intake import Intake
from tidings.distribution.returns.loop import ReturnsLoop
from tidings.distribution.returns.source import parse_bounce_address, parse_source
from tidings.distribution.tokens import TokenSigner
from tidings.domain.errors import InvalidInputError

if TYPE_CHECKING:
    from tidings.app.wiring import House


def build_intake(house: House) -> Intake:
    """What one returned mail does to this house."""
    services = house.services
    guard = Guard(services.distribution.hold, services.activity.note)
    signer = TokenSigner(house.secrets.signing_key)
    return Intake(house.db, house.clock, signer, services.audience.unsubscribe, guard, services.activity.note)


def build_returns(house: House) -> ReturnsLoop | None:
    """The loop that brings returned mail in; None where no way in is configured.

    Raises InvalidInputError when a setting is wrong.
    """
    settings = house.settings
    if not settings.returns:
        return None
    source = parse_source(settings.returns)
    address = parse_bounce_address(settings.bounce_address) if settings.bounce_address else ""
    if source.scheme == "smtp" and not address:
        raise InvalidInputError(
            "To receive returned mail, Tidings must know its address.",
            remedy="Set TIDINGS_BOUNCE_ADDRESS=bounces@example.com.", field="TIDINGS_BOUNCE_ADDRESS",
        )  # fmt: skip
    return ReturnsLoop(house.db, house.clock, source, address, build_intake(house))
