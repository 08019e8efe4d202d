"""Which names there is nothing to ask about."""

from __future__ import annotations

import ipaddress

_RESERVED = ("example", "test", "invalid", "localhost", "example.com", "example.net", "example.org")  # RFC 2606, 6761


def is_reserved(domain: str) -> bool:
    """Whether nobody can own this name, so that no mail can ever come from it."""
    name = domain.lower().rstrip(".")
    return any(name == end or name.endswith(f".{end}") for end in _RESERVED)


def is_here(host: str) -> bool:
    """Whether a relay is on this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
