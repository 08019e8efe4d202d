"""Where a request may go: public addresses by default, others only when they are on the allow-list.

Against requests forged by what others wrote (SSRF): a name is resolved once, each of its addresses is judged, and
the connection goes to the judged address, so that a second answer of the name server changes nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tidings.domain.errors import ForbiddenError, InvalidInputError, UnavailableError, UnreachableError

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]

# The host agent of Azure machines has a public address but answers with secrets, as link-local 169.254.169.254 does.
_PLATFORM = frozenset({ipaddress.ip_address("168.63.129.16")})
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
# A last label like these makes resolvers read the whole host as a number: 2130706433, 0x7f.1, 0177.0.0.1.
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")


@dataclass(frozen=True, slots=True)
class Target:
    """A place a request may go to, and the address it was judged at."""

    scheme: str
    host: str
    port: int
    address: str
    local: bool
    """Whether it is on the allow-list rather than on the public internet."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name. Raises UnreachableError when it has none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UnreachableError(
            f"The name {host} cannot be resolved.", remedy="Check the name and the network."
        ) from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def is_public(address: Ip) -> bool:
    """Whether an address is on the public internet, whatever IPv4 address it carries inside included."""
    if address in _PLATFORM or address.is_multicast or not address.is_global:
        return False
    return all(is_public(inner) for inner in _inside(address))


def literal(host: str) -> Ip | None:
    """The address a host is written as, None when it is a name.

    Raises InvalidInputError for the spellings only some programs read as an address (decimal, octal, hexadecimal,
    shortened): two readers of such a host may mean different places.
    """
    bare = host.removeprefix("[").removesuffix("]")
    try:
        return ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        pass
    last = bare.rstrip(".").rpartition(".")[2]
    if not bare or ":" in bare or _NUMBER.fullmatch(last) or not bare.isascii():
        raise InvalidInputError(f"{host!r} is not a host that can be used.", remedy="Write a name or a plain address.")
    return None


@dataclass(frozen=True, slots=True)
class AddressRule:
    """Decides where requests may go. `allowed` holds `host`, `host:port` or networks such as `10.0.0.0/8`."""

    allowed: frozenset[str] = frozenset()
    resolve: Resolve = resolve

    def allowing(self, *places: str) -> AddressRule:
        """The same rule with more places on its list."""
        return replace(self, allowed=self.allowed | frozenset(places))

    def check(self, url: str) -> Target:
        """The judged target of a URL.

        Raises ForbiddenError for a place it may not go to, InvalidInputError for a URL that is none.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            raise InvalidInputError(f"{url!r} is not an address on the web.") from error
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
            raise InvalidInputError(f"{url!r} is not a plain http or https address without a password in it.")
        written = literal(host)
        addresses = [str(written)] if written is not None else self.resolve(host, port)
        named = self._names(host, port)
        allowed = [named or self._in_networks(address) for address in addresses]
        self._judge(host, addresses, allowed, secure=parts.scheme == "https")
        return Target(parts.scheme, host, port, addresses[0], local=all(allowed))

    def is_local(self, url: str) -> bool:
        """Whether a URL names this machine or a place on the allow-list; never asks a name server."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            written = literal(host)
        except (ValueError, InvalidInputError):
            return False
        if host == "localhost" or self._names(host, port):
            return True
        return written is not None and (written.is_loopback or self._in_networks(str(written)))

    def _judge(self, host: str, addresses: Collection[str], allowed: Collection[bool], *, secure: bool) -> None:
        if not addresses:
            raise UnavailableError(f"The name {host} has no address.")
        if all(allowed):
            return
        # One private answer among public ones is how a rebinding name server looks: all must be fine.
        if not all(is_public(ipaddress.ip_address(address.partition("%")[0])) for address in addresses):
            raise ForbiddenError(
                f"{host} is not on the public internet.",
                remedy="If it is meant, name it in TIDINGS_ALLOWED_PLACES and start Tidings again.",
            )
        if not secure:
            raise ForbiddenError(f"{host} would be reached without encryption.", remedy="Use https.")

    def _names(self, host: str, port: int) -> bool:
        return host in self.allowed or f"{host}:{port}" in self.allowed

    def _in_networks(self, address: str) -> bool:
        ip = ipaddress.ip_address(address.partition("%")[0])
        return any(ip in network for network in self._networks() if network.version == ip.version)

    def _networks(self) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        for entry in self.allowed:
            if "/" in entry:
                yield ipaddress.ip_network(entry)


def _inside(address: Ip) -> Iterator[ipaddress.IPv4Address]:
    """IPv4 addresses an IPv6 address stands for: mapped, 6to4, Teredo, NAT64, and the old compatible form."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64 or address in _COMPATIBLE:
        yield ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
