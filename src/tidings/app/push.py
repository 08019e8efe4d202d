"""What the door to notifications needs of the other rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidings.audience.browsers import drop, subscribe
from tidings.distribution.push_door import PushDoor
from tidings.distribution.tokens import TokenSigner
from tidings.domain.channel import Channel

if TYPE_CHECKING:
    from tidings.app.wiring import House


class _Keeper:
    """The house behind the door."""

    def __init__(self, house: House) -> None:
        self._house = house

    def public_key(self) -> str:
        """That of the account in use."""
        with self._house.db.reading() as conn:
            accounts = self._house.services.channels.usable(conn, Channel.PUSH)
        return str(accounts[0].form.public_key) if accounts else ""

    def keep(self, contact_pk: int, browser: tuple[str, str, str], wording: str) -> None:
        """A yes, with its proof."""
        now = self._house.clock.now()
        with self._house.db.transaction() as conn:
            subscribe(conn, contact_pk, browser, source="notification page", wording=wording, at=now)

    def drop(self, contact_pk: int, endpoint: str) -> None:
        """A no in this browser; in the last one it is a no to notifications."""
        with self._house.db.transaction() as conn:
            drop(conn, contact_pk, endpoint, source="notification page", at=self._house.clock.now())


def build_push(house: House) -> PushDoor:
    """The door under `/push/`."""
    return PushDoor(TokenSigner(house.secrets.signing_key), _Keeper(house))
