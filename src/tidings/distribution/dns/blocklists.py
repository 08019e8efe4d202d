"""Whether the relay's address or a link's domain stands on a well-known blocklist (DNSBL, RFC 5782).

Asked are addresses of the relay and domains of the brand's own links; nothing of a contact is ever part of a question.
A list counts only after it has answered for its own test entry through this name server: many lists refuse large
public resolvers, and a name server in a closed network denies everything.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tidings.distribution.dns.names import is_reserved
from tidings.distribution.dns.resolver import DnsUnreachableError, Resolver
from tidings.distribution.findings import Area, Grade, PreflightFinding

CHECK = "blocklists"


@dataclass(frozen=True, slots=True)
class Blocklist:
    """A list: where it is asked, its test entry, and where one gets off it."""

    name: str
    zone: str
    test: str
    removal: str


OF_ADDRESSES = (
    Blocklist("Spamhaus ZEN", "zen.spamhaus.org", "2.0.0.127", "https://check.spamhaus.org/"),
    Blocklist("SpamCop", "bl.spamcop.net", "2.0.0.127", "https://www.spamcop.net/bl.shtml"),
    Blocklist("Barracuda", "b.barracudacentral.org", "2.0.0.127", "https://www.barracudacentral.org/lookups"),
)
OF_DOMAINS = (
    Blocklist("Spamhaus DBL", "dbl.spamhaus.org", "test", "https://check.spamhaus.org/"),
    Blocklist("SURBL", "multi.surbl.org", "test.surbl.org", "https://surbl.org/surbl-analysis"),
)


def check_addresses(resolver: Resolver, addresses: Iterable[str], relay: str) -> list[PreflightFinding]:
    """The relay's public addresses."""
    public = [address for address in addresses if ipaddress.ip_address(address).is_global]
    if not public:
        words = "not checked: the relay has no public address"
        return [PreflightFinding(Area.RELAY, CHECK, Grade.NOT_CHECKED, words, place=relay)]
    return _check(resolver, OF_ADDRESSES, {address: _reversed(address) for address in public}, Area.RELAY, relay)


def check_domains(resolver: Resolver, domains: Iterable[str]) -> list[PreflightFinding]:
    """The domains that links lead to; addresses and reserved names are left out."""
    names = {name: name for each in domains if (name := each.lower().rstrip(".")) and _is_name(name)}
    return [
        finding
        for name in names
        for finding in _check(resolver, OF_DOMAINS, {name: name}, Area.DOMAIN, name)
    ]  # fmt: skip


def _is_name(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return "." in name and not is_reserved(name)
    return False


def _reversed(address: str) -> str:
    ip = ipaddress.ip_address(address)
    return ip.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def _check(
    resolver: Resolver, lists: Iterable[Blocklist], names: dict[str, str], area: Area, place: str
) -> list[PreflightFinding]:
    def found(grade: Grade, message: str, remedy: str = "") -> PreflightFinding:
        return PreflightFinding(area, CHECK, grade, message, remedy, place)

    findings: list[PreflightFinding] = []
    clean: list[str] = []
    silent: list[str] = []
    for blocklist in lists:
        if not _asked(lambda b=blocklist: _listed(resolver, b.test, b), otherwise=False):
            silent.append(blocklist.name)
            continue
        for shown, name in names.items():
            answer = _asked(lambda n=name, b=blocklist: _listed(resolver, n, b), otherwise=None)
            if answer is None:
                silent.append(blocklist.name)
            elif answer:
                words = f"{shown} stands on {blocklist.name}; many receivers refuse mail because of that"
                findings.append(found(Grade.ERROR, words, f"See why, and have it taken off: {blocklist.removal}"))
            else:
                clean.append(blocklist.name)
    if clean and not findings:
        findings.append(found(Grade.OK, f"not on {', '.join(dict.fromkeys(clean))}"))
    if silent:
        words = f"not checked: {', '.join(dict.fromkeys(silent))} gives no answer through the name servers here"
        findings.append(found(Grade.NOT_CHECKED, words))
    return findings


def _listed(resolver: Resolver, name: str, blocklist: Blocklist) -> bool:
    """Whether it is listed. Answers in 127.255.255.0/24 are refusals, not listings. Raises DnsUnreachableError."""
    answers = resolver.addresses(f"{name}.{blocklist.zone}")
    if any(answer.startswith("127.255.255.") for answer in answers):
        raise DnsUnreachableError(f"{blocklist.name} refuses questions from here")
    return any(answer.startswith("127.") for answer in answers)


def _asked(ask: Callable[[], bool], *, otherwise: bool | None) -> bool | None:
    try:
        return ask()
    except DnsUnreachableError:
        return otherwise
