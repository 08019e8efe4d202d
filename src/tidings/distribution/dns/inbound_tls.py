"""Whether replies and bounces come back encrypted: MTA-STS (RFC 8461), TLS reports (RFC 8460), TLS of the MX itself."""

from __future__ import annotations

from tidings.distribution.dns.relay_host import CertificateCheck
from tidings.distribution.dns.resolver import DnsUnreachableError, Resolver
from tidings.distribution.findings import Area, Grade, PreflightFinding, txt_record
from tidings.distribution.relay import Relay

_SMTP = 25
_OPTIONAL = "optional, for mail that comes to you"


def check_mta_sts(resolver: Resolver, domain: str) -> list[PreflightFinding]:
    """The record that says there is a policy. Raises DnsUnreachableError."""
    name = f"_mta-sts.{domain}"
    texts = [text for text in resolver.txt(name) if text.replace(" ", "").startswith("v=STSv1;")]
    record = txt_record(name, "v=STSv1; id=2026010101")
    if not texts:
        words = f"none ({_OPTIONAL}): with it and https://mta-sts.{domain}/.well-known/mta-sts.txt it comes encrypted"
        return [_found("MTA-STS", Grade.OK, words, domain, record=record)]
    if len(texts) > 1 or "id=" not in texts[0]:
        words = f"{name} has {'several records' if len(texts) > 1 else 'a record without `id`'}; it does not count"
        return [_found("MTA-STS", Grade.WARNING, words, domain, "Leave one that is whole.", record)]
    return [_found("MTA-STS", Grade.OK, texts[0][:80], domain)]


def check_tls_reports(resolver: Resolver, domain: str) -> list[PreflightFinding]:
    """The record that asks others to report when encryption towards you fails. Raises DnsUnreachableError."""
    name = f"_smtp._tls.{domain}"
    texts = [text for text in resolver.txt(name) if text.replace(" ", "").startswith("v=TLSRPTv1;")]
    record = txt_record(name, f"v=TLSRPTv1; rua=mailto:tls-reports@{domain}")
    if not texts:
        words = f"none ({_OPTIONAL}): others would report when they cannot reach you encrypted"
        return [_found("TLS-RPT", Grade.OK, words, domain, record=record)]
    if len(texts) > 1 or "rua=" not in texts[0]:
        words = f"{name} has {'several records' if len(texts) > 1 else 'a record without `rua`'}; it does not count"
        return [_found("TLS-RPT", Grade.WARNING, words, domain, "Leave one that is whole.", record)]
    return [_found("TLS-RPT", Grade.OK, texts[0][:80], domain)]


class MxTlsCheck:
    """STARTTLS and certificate of the first server that takes the domain's mail, looked at beside other work.

    Port 25 to the outside is closed in many networks: then it is not checked.
    """

    def __init__(self, resolver: Resolver, domain: str, seconds: float) -> None:
        self._domain = domain
        try:
            host = next((host for _, host in resolver.mx(domain) if host), "")
        except DnsUnreachableError:
            host = ""  # that is said of the MX records already
        self._look = CertificateCheck(Relay(host, _SMTP, "starttls"), seconds, whose=host) if host else None

    def findings(self, seconds: float) -> list[PreflightFinding]:
        """What was found within so many seconds; nothing where there is no such server."""
        if self._look is None:
            return []
        looked = self._look.finding(seconds)
        grade = Grade.WARNING if looked.grade is Grade.ERROR else looked.grade
        remedy = "Others then send you replies and bounces unencrypted." if grade is Grade.WARNING else ""
        return [_found("MX TLS", grade, looked.message, self._domain, remedy)]


def _found(check: str, grade: Grade, message: str, domain: str, remedy: str = "", record: str = "") -> PreflightFinding:
    return PreflightFinding(Area.DOMAIN, check, grade, message, remedy, domain, record)
