"""What every request to the outside passes: address, breaker, content. Light: no client is loaded by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidings.net.addresses import AddressRule, Target
from tidings.net.breaker import Breaker
from tidings.net.egress import EgressScan

if TYPE_CHECKING:
    import httpx2

# What says "later" rather than "no": it counts against the place.
TROUBLE = frozenset({408, 425, 429, 500, 502, 503, 504})


class NoBreaker(Breaker):
    """Lets everything pass."""

    def enter(self, place: str) -> None:
        """Never refuses."""

    def failed(self, place: str) -> None:
        """Counts nothing."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What every request passes. Share one among all clients, so that they share the breaker."""

    addresses: AddressRule = field(default_factory=AddressRule)
    breaker: Breaker = field(default_factory=Breaker)
    egress: EgressScan | None = None

    def admit(self, request: httpx2.Request) -> Target:
        """The target the request goes to, pinned into it.

        Raises ForbiddenError, InvalidInputError or UnavailableError.
        """
        target = self.addresses.check(str(request.url))
        if self.egress is not None and not target.local:
            self.egress.check(str(request.url).encode() + b"\n" + request.read())
        self.breaker.enter(target.host)
        request.headers["Host"] = request.url.netloc.decode("ascii").rpartition("@")[2]
        request.extensions = {**request.extensions, "sni_hostname": target.host}
        request.url = request.url.copy_with(host=target.address)
        return target

    def settle(self, target: Target, status: int | None) -> None:
        """Tells the breaker how it went; None: nothing came back."""
        if status is None or status in TROUBLE:
            self.breaker.failed(target.host)
        else:
            self.breaker.succeeded(target.host)
