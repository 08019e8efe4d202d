"""Everything that is looked at before a campaign is sent: its messages, how many go where, domains and relay.

What is wrong with a message itself stops the sending. What is wrong with a domain or a relay is shown and asked
about: the world may be right by the time the mail leaves, and a relay may do what cannot be seen from here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from tidings.distribution.dns.doctor import DnsDoctor
from tidings.distribution.findings import ORDER, Area, Grade, PreflightFinding
from tidings.distribution.lint import Specimen, lint
from tidings.distribution.spamd import SPAMD, check_spam

BULK = 5_000
"""Messages within 24 hours from which the large providers call a sender a bulk sender and demand more."""
_DAY_HOURS = 24
_KEPT_SECONDS = 60.0
PROVIDERS: dict[str, tuple[str, ...]] = {
    "Gmail": ("gmail.com", "googlemail.com"),
    "Outlook.com": ("outlook.com", "hotmail.com", "live.com", "msn.com"),
    "Yahoo": ("yahoo.com", "ymail.com", "aol.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr"),
}


class Preflight:
    """Blocking. Answers of the name servers are kept for a minute, so that looking again costs nothing."""

    def __init__(
        self, doctor: DnsDoctor, *, spamd: tuple[str, int] = SPAMD, elsewhere: DnsDoctor | None = None,
        account: Callable[[], str] = str,
    ) -> None:  # fmt: skip
        """`account` names the account at a provider by which mail leaves instead of the relay, if one does.

        `elsewhere` is the doctor for that time: it looks at the domains, not at the relay.
        """
        self._doctor, self._spamd = doctor, spamd
        self._elsewhere, self._account = elsewhere or doctor, account
        self._kept: dict[tuple[str, ...], tuple[float, list[PreflightFinding]]] = {}

    @property
    def stays_here(self) -> bool:
        """Whether mail only goes to a relay on this machine."""
        return self._doctor.stays_here and not self._account()

    def lint(self, specimens: Iterable[Specimen]) -> list[PreflightFinding]:
        """The messages alone; asks nobody."""
        return [finding for specimen in specimens for finding in lint(specimen)]

    def examine(
        self, specimens: Sequence[Specimen], domains: Iterable[str], planned: Mapping[str, Mapping[int, int]]
    ) -> list[PreflightFinding]:
        """Every finding, the worst first. `planned` counts messages by provider and hour (hours since 1970)."""
        asked = [*self.domains(domains), *self._links(_hosts(specimens))]
        found = [
            *self.lint(specimens),
            *(check_spam(specimen.raw, specimen.variant, self._spamd) for specimen in specimens),
            *volume(planned, asked), *asked,
        ]  # fmt: skip
        return sorted(found, key=lambda finding: ORDER[finding.grade])

    def domains(self, domains: Iterable[str]) -> list[PreflightFinding]:
        """What the DNS doctor says of the relay and of these sender domains."""
        names = tuple(sorted({domain.lower() for domain in domains}))
        account = self._account()
        if account:
            return self._once(
                ("account", account, *names), lambda: _by_account(account, self._elsewhere.examine(names))
            )
        return self._once(("domains", *names), lambda: self._doctor.examine(names))

    def _links(self, hosts: Sequence[str]) -> list[PreflightFinding]:
        """Whether a domain that links lead to is on a blocklist."""
        return self._once(("links", *hosts), lambda: self._doctor.links(hosts))

    def _once(self, key: tuple[str, ...], ask: Callable[[], list[PreflightFinding]]) -> list[PreflightFinding]:
        kept = self._kept.get(key)
        if kept is not None and time.monotonic() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        if len(self._kept) > 100:
            self._kept.clear()
        found = ask()
        self._kept[key] = (time.monotonic(), found)
        return found


def _hosts(specimens: Iterable[Specimen]) -> list[str]:
    """Where links lead, our own among them: domains of the brand and the brief, never of a reader."""
    addresses = (url for each in specimens for url in (*each.targets, each.base_url))
    return sorted({host for url in addresses if (host := urlsplit(url).hostname)})


def _by_account(account: str, found: Sequence[PreflightFinding]) -> list[PreflightFinding]:
    words = "mail leaves by this account: the provider's servers are not looked at, the sender's domains are"
    way_out = PreflightFinding(Area.RELAY, "account", Grade.NOT_CHECKED, words, place=account)
    return [way_out, *(finding for finding in found if finding.area is not Area.RELAY)]


def volume(
    planned: Mapping[str, Mapping[int, int]], asked: Sequence[PreflightFinding]
) -> list[PreflightFinding]:  # fmt: skip
    """The bulk senders' rule: from 5,000 messages to a provider within 24 hours on, it demands more.

    `planned` holds what was sent within the last day and what is planned, of every campaign of the sender's domain.
    """
    most = {provider: _most_in_a_day(hours) for provider, hours in planned.items()}
    found = [_bulk(provider, count, asked) for provider, count in most.items() if count >= BULK]
    if found:
        return found
    top = max(most.values(), default=0)
    words = f"at most {top:,} to one large provider within 24 hours; more is asked of a sender from {BULK:,} on"
    return [PreflightFinding(Area.VOLUME, "volume", Grade.OK, words)]


def _most_in_a_day(hours: Mapping[int, int]) -> int:
    return max((sum(hours.get(hour + more, 0) for more in range(_DAY_HOURS)) for hour in hours), default=0)


def _bulk(provider: str, count: int, asked: Sequence[PreflightFinding]) -> PreflightFinding:
    of_domain = [finding for finding in asked if finding.area is Area.DOMAIN]
    needed = ("SPF", "DKIM", "DMARC")
    wrong = [name for name in needed if any(f.check == name and f.grade is Grade.ERROR for f in of_domain)]
    unknown = [
        name for name in needed if not any(f.check == name and f.grade is not Grade.NOT_CHECKED for f in of_domain)
    ]
    of_relay = {(finding.check, finding.grade) for finding in asked if finding.area is Area.RELAY}  # of every relay
    wrong += ["TLS"] if ("TLS", Grade.ERROR) in of_relay else []
    wrong += ["PTR"] if of_relay & {("PTR", Grade.ERROR), ("PTR", Grade.WARNING)} else []
    start = f"{count:,} messages to {provider} within 24 hours; from {BULK:,} on it demands SPF, DKIM and DMARC"
    start += ", one-click, TLS and PTR" if of_relay else ""
    remedy = "Put the records right first, or spread the sending over more days."
    if wrong:
        words = f"{start}, and {' and '.join(wrong)} would not pass"
        return PreflightFinding(Area.VOLUME, "volume", Grade.ERROR, words, remedy, provider)
    if unknown:
        words = f"{start}, of which {' and '.join(unknown)} could not be checked"
        return PreflightFinding(Area.VOLUME, "volume", Grade.WARNING, words, remedy, provider)
    return PreflightFinding(Area.VOLUME, "volume", Grade.OK, f"{start}, which are there", place=provider)
