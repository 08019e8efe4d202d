"""Examines sender domains and every relay within two seconds in all; what cannot be asked is "not checked"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from tidings.distribution.dns.blocklists import CHECK, check_addresses, check_domains
from tidings.distribution.dns.dkim import Selector, check_dkim
from tidings.distribution.dns.dmarc import check_dmarc
from tidings.distribution.dns.inbound_tls import MxTlsCheck, check_mta_sts, check_tls_reports
from tidings.distribution.dns.names import is_here, is_reserved
from tidings.distribution.dns.relay_host import CertificateCheck, addresses_of, check_reverse
from tidings.distribution.dns.resolver import SECONDS, DnsResolver, DnsUnreachableError, Resolver
from tidings.distribution.dns.spf import check_spf
from tidings.distribution.findings import Area, Grade, PreflightFinding
from tidings.distribution.relay import Relay

_RELAY_CHECKS = ("PTR", "TLS", CHECK)
_DOMAIN_CHECKS = ("MX", "SPF", "DKIM", "DMARC", "MTA-STS", "TLS-RPT")


class DnsDoctor:
    """Blocking: never on an event loop. `nameserver` is `address[:port]` in place of the system's own."""

    def __init__(
        self, relays: Sequence[Relay], selectors: Sequence[Selector] = (), *, nameserver: str | None = None,
        seconds: float = SECONDS,
    ) -> None:  # fmt: skip
        self._relays, self._selectors = tuple(relays), tuple(selectors)
        self._nameserver, self._seconds = nameserver, seconds

    @property
    def stays_here(self) -> bool:
        """Whether every relay is on this machine."""
        return all(is_here(relay.host) for relay in self._relays)

    def examine(self, domains: Iterable[str]) -> list[PreflightFinding]:
        """The relays' findings, then each domain's, in the order of the checks."""
        resolver = DnsResolver(self._nameserver, seconds=self._seconds)
        away = [relay for relay in self._relays if not is_here(relay.host)]
        # Names say nothing of a relay on this machine; its certificate can be over like any other's.
        looked = [relay for relay in self._relays if relay in away or relay.tls != "none"]
        certificates = {relay.name: CertificateCheck(relay, self._seconds) for relay in looked}
        found: list[PreflightFinding] = []
        inbound: list[MxTlsCheck] = []
        for domain in dict.fromkeys(domain.lower().rstrip(".") for domain in domains):
            found += self.domain(resolver, domain)
            if away and not is_reserved(domain):
                inbound.append(MxTlsCheck(resolver, domain, self._seconds))
        words = "the relay is on this machine: nothing to check"
        relays: list[PreflightFinding] = []
        for relay in self._relays:
            skipped = {check: _skipped(Area.RELAY, check, words, relay.name) for check in _RELAY_CHECKS}
            certificate = certificates.get(relay.name)
            tls = certificate.finding(resolver.left) if certificate is not None else skipped["TLS"]
            if relay not in away:
                relays += [skipped["PTR"], tls, skipped[CHECK]]
                continue
            relays += _asked(Area.RELAY, "PTR", relay.name, partial(check_reverse, resolver, relay))
            relays.append(tls)
            relays += self._blocklists(resolver, relay)
        found += [finding for check in inbound for finding in check.findings(resolver.left)]
        return relays + found

    def links(self, hosts: Iterable[str]) -> list[PreflightFinding]:
        """Whether a domain that links lead to is on a blocklist. While mail stays on this machine nobody is asked."""
        if self.stays_here:
            return []
        return check_domains(DnsResolver(self._nameserver, seconds=self._seconds), hosts)

    def _blocklists(self, known: DnsResolver, relay: Relay) -> list[PreflightFinding]:
        """With a time limit of its own, for some lists are slow; where no name server answers nobody is asked again."""
        resolver = known if known.silent else DnsResolver(self._nameserver, seconds=self._seconds)
        return _asked(
            Area.RELAY, CHECK, relay.name,
            lambda: check_addresses(resolver, addresses_of(known, relay.host), relay.name),
        )  # fmt: skip

    def domain(self, resolver: Resolver, domain: str) -> list[PreflightFinding]:
        """One sender domain's findings: MX, SPF, DKIM, DMARC, and how mail comes back to it."""
        if is_reserved(domain):
            words = "reserved name: nothing to check"
            return [_skipped(Area.DOMAIN, "DNS", words, domain)]

        def spf() -> list[PreflightFinding]:
            away = [relay.host for relay in self._relays if not is_here(relay.host)]
            return check_spf(resolver, domain, {host: addresses_of(resolver, host) for host in away})

        checks: tuple[Callable[[], list[PreflightFinding]], ...] = (
            lambda: check_mx(resolver, domain),
            spf,
            lambda: check_dkim(resolver, domain, self._selectors),
            lambda: check_dmarc(resolver, domain),
            lambda: check_mta_sts(resolver, domain),
            lambda: check_tls_reports(resolver, domain),
        )
        found: list[PreflightFinding] = []
        for name, check in zip(_DOMAIN_CHECKS, checks, strict=True):
            found += _asked(Area.DOMAIN, name, domain, check)
        return found


def check_mx(resolver: Resolver, domain: str) -> list[PreflightFinding]:
    """Whether replies and bounces can come back (RFC 5321, 5.1). Raises DnsUnreachableError."""

    def found(grade: Grade, message: str, remedy: str = "", record: str = "") -> list[PreflightFinding]:
        return [PreflightFinding(Area.DOMAIN, "MX", grade, message, remedy, domain, record)]

    hosts = resolver.mx(domain)
    record = f"{domain}. IN MX 10 mail.{domain}."
    if hosts == [(0, "")]:
        words = f"{domain} says that it takes no mail (null MX); many receivers refuse mail from such a domain"
        return found(Grade.ERROR, words, "Name a server that takes its mail.", record)
    if not hosts:
        words = f"{domain} names no server that takes its mail, so replies and bounces are lost"
        if resolver.addresses(domain):
            words = f"{domain} has no MX record; mail goes to its web address, which rarely takes any"
            return found(Grade.WARNING, words, "Name a server that takes its mail.", record)
        return found(Grade.ERROR, words, "Name a server that takes its mail.", record)
    gone = [host for _, host in hosts if not resolver.addresses(host)]
    if len(gone) == len(hosts):
        return found(Grade.ERROR, f"none of its mail servers has an address: {', '.join(gone)}", "Correct the names.")
    if gone:
        return found(Grade.WARNING, f"{', '.join(gone)} has no address", "Correct or remove it.")
    return found(Grade.OK, ", ".join(host for _, host in hosts))


def _asked(
    area: Area, name: str, place: str, check: Callable[[], list[PreflightFinding]]
) -> list[PreflightFinding]:  # fmt: skip
    try:
        return check()
    except DnsUnreachableError as error:
        return [_skipped(area, name, f"not checked: {error}", place)]


def _skipped(area: Area, check: str, words: str, place: str) -> PreflightFinding:
    return PreflightFinding(area, check, Grade.NOT_CHECKED, words, place=place)
