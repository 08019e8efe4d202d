"""SPF (RFC 7208): one record, at most ten lookups, an end that says no, and the relay among those who may send."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tidings.distribution.dns.resolver import Resolver
from tidings.distribution.findings import Area, Grade, PreflightFinding, txt_record

MAX_LOOKUPS = 10  # 4.6.4
MAX_VOID = 2
_STOP_AFTER = 30  # lookups: a record that far beyond the limit is wrong whatever else it says
_TERM = re.compile(r"([+?~-]?)([A-Za-z0-9]+)(?:[:/](.*))?")
_PLACE = re.compile(r"(?::([^/]+))?(?:/(\d{1,3}))?(?://(\d{1,3}))?")
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)")


@dataclass(slots=True)
class SpfReading:
    """What evaluating a domain's record brought. `allowed` holds an address's qualifier: `+`, `-`, `~` or `?`."""

    record: str = ""
    records: int = 0
    ends_with: str = ""
    lookups: int = 0
    void: int = 0
    uses_ptr: bool = False
    uses_macros: bool = False
    problems: list[str] = field(default_factory=list[str])
    allowed: dict[str, str] = field(default_factory=dict[str, str])


def spf_records(texts: Sequence[str]) -> list[str]:
    """Those of a name's texts that are SPF records (4.5)."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def read_spf(resolver: Resolver, domain: str, addresses: Sequence[str] = ()) -> SpfReading:
    """Walks the record with everything it includes, and judges the addresses. Raises DnsUnreachableError."""
    reading = SpfReading()
    reading.allowed = _Walk(resolver, reading).domain(domain, list(addresses), ())
    return reading


class _Walk:
    """One evaluation. Every term is looked at, matching or not, because the limits are those of the worst case."""

    def __init__(self, resolver: Resolver, reading: SpfReading) -> None:
        self._resolver, self._reading = resolver, reading

    def domain(self, domain: str, addresses: list[str], above: tuple[str, ...]) -> dict[str, str]:
        """The qualifier with which each address matches; none for those that match nothing."""
        reading = self._reading
        if domain in above:
            reading.problems.append(f"{domain} includes itself")
            return {}
        found = spf_records(self._resolver.txt(domain))
        if not above:
            reading.record, reading.records = (found or [""])[0], len(found)
        elif len(found) != 1:
            words = "has no SPF record" if not found else f"has {len(found)} SPF records"
            reading.problems.append(f"{domain}, which it includes, {words}")
        if len(found) != 1:
            return {}
        return self._record(found[0], domain, addresses, (*above, domain))

    def _record(self, record: str, domain: str, addresses: list[str], above: tuple[str, ...]) -> dict[str, str]:
        matched: dict[str, str] = {}
        redirect, ends = "", ""
        for term in record.split()[1:]:
            modifier = _MODIFIER.fullmatch(term)
            mechanism = _TERM.fullmatch(term)
            if modifier is not None:
                redirect = modifier[2] if modifier[1].lower() == "redirect" else redirect
            elif mechanism is None:
                self._reading.problems.append(f"`{term}` is no SPF term")
            else:
                sign, name = mechanism[1] or "+", mechanism[2].lower()
                ends = ends or (sign if name == "all" else "")
                # Terms after `all` are ignored (5.1), but the lookups they would cost are worth knowing.
                for address in self._matching(name, mechanism[3], term, domain, addresses, above):
                    matched.setdefault(address, sign)
        if len(above) == 1:
            self._reading.ends_with = ends or ("redirect" if redirect else "")
        if redirect and not ends and self._may_look(redirect):
            matched = {**self.domain(redirect, addresses, above), **matched}
        return matched

    def _matching(  # noqa: PLR0911  # one line for each mechanism of RFC 7208, 5
        self, name: str, argument: str | None, term: str, domain: str, addresses: list[str], above: tuple[str, ...]
    ) -> list[str]:
        match name:
            case "all":
                return addresses
            case "ip4" | "ip6":
                return self._in_network(argument or "", term, addresses)
            case "include":
                target = argument or ""
                if not self._may_look(target):
                    return []
                inner = self.domain(target, addresses, above)
                return [address for address, sign in inner.items() if sign == "+"]
            case "a" | "mx":
                return self._by_name(name, term, domain, addresses)
            case "exists" | "ptr":
                self._reading.uses_ptr |= name == "ptr"
                self._may_look(argument or domain)
                return []
            case _:
                self._reading.problems.append(f"`{term}` is no SPF term")
                return []

    def _may_look(self, target: str) -> bool:
        """Counts a lookup; False where it cannot be done: a macro, or far too many already."""
        self._reading.lookups += 1
        if "%" in target:
            self._reading.uses_macros = True
            return False
        return bool(target) and self._reading.lookups <= _STOP_AFTER

    def _by_name(self, name: str, term: str, domain: str, addresses: list[str]) -> list[str]:
        rest = term.lstrip("+?~-")[len(name) :]
        place = _PLACE.fullmatch(rest)
        if place is None:
            self._reading.problems.append(f"`{term}` is no SPF term")
            return []
        target, v4, v6 = place[1] or domain, place[2] or "32", place[3] or "128"
        if not self._may_look(target):
            return []
        hosts = [target] if name == "a" else [host for _, host in self._resolver.mx(target) if host][:10]
        found = [address for host in hosts for address in self._resolver.addresses(host)]
        if not found:
            self._reading.void += 1
        nets = [f"{each}/{v6 if ':' in each else v4}" for each in found]
        return [address for address in addresses if any(_inside(address, net) for net in nets)]

    def _in_network(self, text: str, term: str, addresses: list[str]) -> list[str]:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            self._reading.problems.append(f"`{term}` is no network")
            return []
        return [address for address in addresses if _inside(address, text)]


def _inside(address: str, network: str) -> bool:
    try:
        ip, net = ipaddress.ip_address(address), ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
    return ip.version == net.version and ip in net


def check_spf(resolver: Resolver, domain: str, relays: Mapping[str, Sequence[str]]) -> list[PreflightFinding]:
    """The findings; `relays` are those not on this machine, with their addresses. Raises DnsUnreachableError."""
    reading = read_spf(resolver, domain, _all(relays))
    found = [
        PreflightFinding(Area.DOMAIN, "SPF", grade, message, remedy, domain, record)
        for grade, message, remedy, record in _judged(reading, domain, relays)
    ]
    if found:
        return found
    words = f"one record, {reading.lookups} of {MAX_LOOKUPS} lookups"
    known = [relay for relay, addresses in relays.items() if addresses]
    covered = f", covers the relay{'s' * (len(known) > 1)} {' and '.join(known)}" if known else ""
    return [PreflightFinding(Area.DOMAIN, "SPF", Grade.OK, words + covered, place=domain)]


_Judged = tuple[Grade, str, str, str]


def _judged(reading: SpfReading, domain: str, relays: Mapping[str, Sequence[str]]) -> list[_Judged]:
    if reading.records == 0:
        mine = txt_record(domain, f"v=spf1 {_terms(_all(relays)) or 'mx'} ~all")
        remedy = "Publish this record, with the term your relay's operator names if it names one."
        return [
            (Grade.ERROR, f"{domain} has no SPF record, so receivers cannot tell who may send for it", remedy, mine)
        ]
    if reading.records > 1:
        words = f"{domain} has {reading.records} SPF records; receivers then treat it as if every one were broken"
        return [(Grade.ERROR, words, "Join them into one record.", "")]
    found: list[_Judged] = [
        (Grade.ERROR, f"the record is broken: {problem}", "Correct or remove that term.", "")
        for problem in dict.fromkeys(reading.problems)
    ]
    if reading.lookups > MAX_LOOKUPS:
        words = f"the record needs {reading.lookups} lookups; receivers stop after {MAX_LOOKUPS} and reject it"
        found.append((Grade.ERROR, words, "Remove includes that are no longer used, or write addresses instead.", ""))
    if reading.void > MAX_VOID:
        words = f"{reading.void} of its names do not exist; receivers stop after {MAX_VOID}"
        found.append((Grade.ERROR, words, "Remove the terms whose names are gone.", ""))
    if reading.uses_ptr:
        found.append((Grade.WARNING, "the record uses `ptr`, which many receivers ignore", "Remove that term.", ""))
    return found + _end(reading, domain) + _cover(reading, domain, relays)


def _end(reading: SpfReading, domain: str) -> list[_Judged]:
    if reading.ends_with in {"-", "~", "redirect"}:
        return []
    better = re.sub(r"\s[+?]?all$", "", reading.record) + " ~all"
    record = txt_record(domain, better)
    match reading.ends_with:
        case "+":
            words = "the record ends with `+all`: anybody in the world may send in this name"
            return [(Grade.ERROR, words, "End it with `~all` or `-all`.", record)]
        case "?":
            return [(Grade.WARNING, "the record ends with `?all`, which says nothing", "End it with `~all`.", record)]
        case _:
            return [(Grade.WARNING, "the record does not say what is not allowed", "End it with `~all`.", record)]


def _cover(reading: SpfReading, domain: str, relays: Mapping[str, Sequence[str]]) -> list[_Judged]:
    """A finding for each relay that is left out; the record to copy has them all."""
    outside = [address for address in _all(relays) if reading.allowed.get(address) != "+"]
    if not outside or reading.problems or reading.uses_macros:
        return []
    head, _, end = reading.record.rpartition(" ")
    better = f"{head} {_terms(outside)} {end}" if head and end.lower().endswith("all") else ""
    remedy = "Add it; a relay that hands mail on from other addresses has an `include:` its operator names."
    record = txt_record(domain, better) if better else ""
    return [
        (Grade.WARNING, f"the relay {relay} ({', '.join(left)}) is not among those who may send for {domain}", remedy,
         record)
        for relay, addresses in relays.items()
        if (left := [address for address in addresses if address in outside])
    ]  # fmt: skip


def _all(relays: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(address for addresses in relays.values() for address in addresses))


def _terms(addresses: Sequence[str]) -> str:
    return " ".join(f"{'ip6' if ':' in address else 'ip4'}:{address}" for address in addresses)
