"""Answers of the name servers, within one time limit for everything that is asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from dns.resolver import Answer
    from dns.resolver import Resolver as StubResolver

SECONDS = 2.0
_ONE_SECONDS = 1.0  # a name server that has not answered by then is not there


class DnsUnreachableError(Exception):
    """No name server answered in time, or it failed; nothing is known about the name."""


class Resolver(Protocol):
    """What the checks ask. A name that does not exist, or has no such record, is an empty list.

    Every method raises DnsUnreachableError. All of them block: never call them on an event loop.
    """

    def txt(self, name: str) -> list[str]:
        """The texts, each with its strings joined."""
        ...

    def mx(self, name: str) -> list[tuple[int, str]]:
        """Preference and host, the most preferred first; host is empty for a null MX (RFC 7505)."""
        ...

    def addresses(self, name: str) -> list[str]:
        """IPv4 and IPv6 addresses."""
        ...

    def pointers(self, address: str) -> list[str]:
        """The names an address points to."""
        ...


class DnsResolver:
    """Asks over UDP (TCP where an answer is too long). After the first silence it asks nobody any more."""

    def __init__(self, nameserver: str | None = None, *, seconds: float = SECONDS) -> None:
        """The system's name servers, or one given as `address` or `address:port`. The time runs from now."""
        self._given = nameserver
        self._ends = time.monotonic() + seconds
        self._stub: StubResolver | None = None
        self._known: dict[tuple[str, str], list[Any]] = {}
        self._silent = ""
        self._knows: dict[str, bool] = {}

    @property
    def left(self) -> float:
        """Seconds left."""
        return max(0.0, self._ends - time.monotonic())

    @property
    def silent(self) -> bool:
        """Whether no name server answered, so that nobody is asked any more."""
        return bool(self._silent)

    def txt(self, name: str) -> list[str]:
        """See `Resolver`."""
        return self._ask(name, "TXT", lambda item: b"".join(item.strings).decode("utf-8", "replace"))

    def mx(self, name: str) -> list[tuple[int, str]]:
        """See `Resolver`."""
        return sorted(self._ask(name, "MX", lambda item: (int(item.preference), _plain(item.exchange))))

    def addresses(self, name: str) -> list[str]:
        """See `Resolver`."""
        return [found for kind in ("A", "AAAA") for found in self._ask(name, kind, lambda item: str(item.address))]

    def pointers(self, address: str) -> list[str]:
        """See `Resolver`."""
        import ipaddress

        return self._ask(ipaddress.ip_address(address).reverse_pointer, "PTR", lambda item: _plain(item.target))

    def _ask(self, name: str, kind: str, read: Callable[[Any], Any]) -> list[Any]:
        key = (name.lower().rstrip("."), kind)
        if key not in self._known:
            answer = self._query(*key)
            self._known[key] = [read(item) for item in answer] if answer is not None else []
        return list(self._known[key])

    def _query(self, name: str, kind: str) -> Answer | None:
        """The answer, None for a no that can be believed."""
        answer = self._send(name, kind)
        if answer is None:
            self._check_public(name.rpartition(".")[2])
        return answer

    def _check_public(self, top: str) -> None:
        """A no counts only from a name server that knows the top of the tree: one in a closed network denies all."""
        if top not in self._knows:
            self._knows[top] = self._send(top, "NS") is not None
        if not self._knows[top]:
            raise DnsUnreachableError(f"the name servers here do not know .{top}")

    def _send(self, name: str, kind: str) -> Answer | None:
        from dns.exception import DNSException, Timeout
        from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers, NoResolverConfiguration

        if not self._silent and self.left <= 0:
            self._silent = "the name servers did not answer in time"
        if self._silent:
            raise DnsUnreachableError(self._silent)
        try:
            lifetime = min(_ONE_SECONDS, self.left)
            return self._resolver().resolve(f"{name}.", kind, lifetime=lifetime, search=False)
        except (NXDOMAIN, NoAnswer):
            return None
        except NoNameservers:
            raise DnsUnreachableError(f"the name servers of {name} failed") from None
        except (Timeout, NoResolverConfiguration, OSError):
            self._silent = "no name server can be reached"
            raise DnsUnreachableError(self._silent) from None
        except DNSException:  # a name that cannot be one: a label too long, or empty
            return None

    def _resolver(self) -> StubResolver:
        if self._stub is None:
            from dns.resolver import Resolver as StubResolver

            stub = StubResolver(configure=self._given is None)
            if self._given is not None:
                host, port = _split(self._given)
                stub.nameservers, stub.port = [host], port
            self._stub = stub
        return self._stub


def _plain(name: Any) -> str:
    """A name without its final dot, in small letters."""
    return str(name).rstrip(".").lower()


def _split(text: str) -> tuple[str, int]:
    """`192.0.2.1`, `192.0.2.1:5353`, `[2001:db8::1]:53` or `2001:db8::1`."""
    bare, sign, port = text.rpartition(":")
    if sign and port.isdigit() and (":" not in bare or bare.startswith("[")):
        return bare.strip("[]"), int(port)
    return text.strip("[]"), 53
