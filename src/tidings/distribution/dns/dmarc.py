"""DMARC as RFC 9989 has it: the record is found by a walk up the tree, and there is no `pct` any more."""

from __future__ import annotations

from dataclasses import dataclass

from tidings.distribution.dns.resolver import Resolver
from tidings.distribution.findings import Area, Grade, PreflightFinding, txt_record

_MAX_LABELS = 8  # RFC 9989, 4.10: a name of eight or more labels is cut to seven, so eight queries at most
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """One record and the name it was found at."""

    domain: str
    text: str
    tags: dict[str, str]

    @property
    def psd(self) -> str:
        """`y` for a public suffix, `n` for an organisation that says it is one, `u` for nothing said."""
        return self.tags.get("psd", "u").lower()


@dataclass(frozen=True, slots=True)
class DmarcReading:
    """The record that applies (None: there is none), the organisational domain, and names with several records."""

    record: DmarcRecord | None
    organisation: str
    several: tuple[str, ...] = ()


def parse_dmarc(text: str) -> dict[str, str] | None:
    """The tags of a DMARC record, None for a text that is none. `v=DMARC1` comes first and is exact (5.4)."""
    pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
    if not pairs or pairs[0][0].strip() != "v" or pairs[0][2].strip() != "DMARC1":
        return None
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def steps(domain: str) -> list[str]:
    """The names a tree walk asks, in order (4.10): the domain, then its parents, at most eight names."""
    labels = domain.lower().rstrip(".").split(".")
    names = [".".join(labels)]
    if len(labels) >= _MAX_LABELS:
        labels = labels[-(_MAX_LABELS - 1) :]
        names.append(".".join(labels))
    names += [".".join(labels[at:]) for at in range(1, len(labels))]
    return names


def read_dmarc(resolver: Resolver, domain: str) -> DmarcReading:
    """Walks the tree. Raises DnsUnreachableError."""
    found: list[DmarcRecord] = []
    several: list[str] = []
    for name in steps(domain):
        texts = [(text, parse_dmarc(text)) for text in resolver.txt(f"_dmarc.{name}")]
        here = [DmarcRecord(name, text, tags) for text, tags in texts if tags is not None]
        if len(here) > 1:
            several.append(name)  # none of them counts then
        elif here:
            found.append(here[0])
            if here[0].psd in {"y", "n"}:
                break
    start = domain.lower().rstrip(".")
    organisation = _organisation(found, start)
    own = next((record for record in found if record.domain == start), None)
    above = next((record for record in found if record.domain == organisation), None)
    suffix = next((record for record in found if record.psd == "y"), None)
    return DmarcReading(own or above or suffix, organisation, tuple(several))


def _organisation(found: list[DmarcRecord], start: str) -> str:
    """4.10.2: the one that says so; below a public suffix; else the shortest name with a record."""
    for record in found:
        if record.psd == "n":
            return record.domain
        if record.psd == "y" and record.domain != start:
            labels = start.split(".")
            return ".".join(labels[-(record.domain.count(".") + 2) :])
    return min((record.domain for record in found), key=lambda name: name.count("."), default=start)


def check_dmarc(resolver: Resolver, domain: str) -> list[PreflightFinding]:
    """The findings. Raises DnsUnreachableError."""
    reading = read_dmarc(resolver, domain)
    found = [
        PreflightFinding(Area.DOMAIN, "DMARC", grade, message, remedy, domain, record)
        for grade, message, remedy, record in _judged(reading, domain)
    ]
    if found or reading.record is None:
        return found
    at = "" if reading.record.domain == domain else f", found at {reading.record.domain}"
    return [PreflightFinding(Area.DOMAIN, "DMARC", Grade.OK, f"p={_policy(reading.record, domain)}{at}", place=domain)]


def _policy(record: DmarcRecord, domain: str) -> str:
    """The policy for this domain: `sp` of a record above where there is one."""
    above = record.domain != domain
    return (record.tags.get("sp") if above else None) or record.tags.get("p") or "none"  # 4.7: `p` may be left out


_Judged = tuple[Grade, str, str, str]


def _judged(reading: DmarcReading, domain: str) -> list[_Judged]:
    found: list[_Judged] = [
        (Grade.ERROR, f"_dmarc.{name} has several DMARC records; none of them counts", "Leave one.", "")
        for name in reading.several
    ]
    record = reading.record
    if record is None:
        if not found:
            remedy = "Publish this record; when the reports show only your own mail, go on to p=quarantine."
            mine = txt_record(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}")
            words = f"neither {domain} nor a domain above it has a DMARC record; large receivers ask for one"
            found.append((Grade.ERROR, words, remedy, mine))
        return found
    tags, where = dict(record.tags), f"_dmarc.{record.domain}"
    if "pct" in tags:
        rest = {name: value for name, value in tags.items() if name != "pct"}
        if tags["pct"] not in {"100", ""}:
            rest["t"] = "y"
        words = "`pct` is no part of DMARC any more (RFC 9989) and is ignored"
        found.append((Grade.WARNING, words, "Leave it out; `t=y` marks a test.", txt_record(where, _text(rest))))
    policy = _policy(record, domain).lower()
    if policy not in _POLICIES:
        fixed = txt_record(where, _text({**tags, "p": "none"}))
        found.append((Grade.ERROR, f"the policy is {policy!r}; it can be none, quarantine or reject", "Set it.", fixed))
    elif policy == "none" and "rua" not in tags:
        fixed = txt_record(where, _text({**tags, "rua": f"mailto:dmarc@{record.domain}"}))
        words = "p=none without `rua`: nothing is enforced and nothing is reported"
        found.append((Grade.WARNING, words, "Ask for reports, so that you can move on to p=quarantine.", fixed))
    return found


def _text(tags: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in tags.items())
