"""Whose network a request came from, where its owner runs programs that open mails or follow links.

Ranges their owners announce: Apple's whole network; Google's crawlers and picture proxy; filters that follow links.
Microsoft's filters run among all of Azure's customers, so nothing can be told from their address. One sign among
others, never complete. No address is ever kept, only the owner's name.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Final

PICTURES: Final = frozenset({"apple", "google"})
"""Owners whose machines load pictures; the others' follow links."""

_NETWORKS: Final = tuple(
    (ipaddress.ip_network(network), owner)
    for owner, networks in {
        "apple": ("17.0.0.0/8", "2620:149::/32", "2a01:b740::/32"),
        "google": ("64.233.160.0/19", "66.102.0.0/20", "66.249.64.0/19", "72.14.192.0/18", "74.125.0.0/16"),
        "barracuda": ("64.235.144.0/20", "209.222.80.0/21"),
        "proofpoint": ("67.231.144.0/20", "148.163.128.0/19", "185.132.180.0/22", "205.220.160.0/19"),
        "mimecast": ("91.220.42.0/24", "146.101.78.0/24", "185.58.84.0/22", "195.130.217.0/24", "207.211.30.0/23"),
    }.items()
    for network in networks
)


@lru_cache(maxsize=8192)
def owner_of(address: str) -> str:
    """The owner's name in lower case; empty for everybody else and for what is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return next((owner for network, owner in _NETWORKS if found.version == network.version and found in network), "")
