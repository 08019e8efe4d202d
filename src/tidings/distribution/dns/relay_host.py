"""The relay itself: names that point both ways (RFC 1912, 2.1) and a certificate that holds."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
import threading
from datetime import UTC, datetime
from typing import Any

from tidings.distribution.dns.resolver import Resolver
from tidings.distribution.findings import Area, Grade, PreflightFinding
from tidings.distribution.relay import Relay
from tidings.domain.errors import InvalidInputError

_SOON_DAYS = 14
_OTHERS = "If it hands mail on from other addresses, its operator looks after those."


def addresses_of(resolver: Resolver, host: str) -> list[str]:
    """Where a relay is. Raises DnsUnreachableError."""
    try:
        return [str(ipaddress.ip_address(host.strip("[]")))]
    except ValueError:
        return resolver.addresses(host)


def check_reverse(resolver: Resolver, relay: Relay) -> list[PreflightFinding]:
    """Whether each address has a name that leads back to it (FCrDNS). Raises DnsUnreachableError."""
    addresses = addresses_of(resolver, relay.host)
    if not addresses:
        words, remedy = f"{relay.host} has no address", "Check the relay's name."
        return [PreflightFinding(Area.RELAY, "PTR", Grade.ERROR, words, remedy, relay.name)]
    return [_reverse(resolver, relay, address) for address in addresses]


def _reverse(resolver: Resolver, relay: Relay, address: str) -> PreflightFinding:
    def found(grade: Grade, message: str, remedy: str = "", record: str = "") -> PreflightFinding:
        return PreflightFinding(Area.RELAY, "PTR", grade, message, remedy, relay.name, record)

    ip = ipaddress.ip_address(address)
    if ip.is_private:
        return found(Grade.NOT_CHECKED, f"{address} is private; the names of the addresses behind it are not known")
    names = resolver.pointers(address)
    record = f"{ip.reverse_pointer}. IN PTR {relay.host}."
    if not names:
        return found(Grade.WARNING, f"{address} points to no name", f"Have its operator set one. {_OTHERS}", record)
    back = [name for name in names if address in resolver.addresses(name)]
    if not back:
        words = f"{address} points to {names[0]}, which does not lead back to it"
        return found(Grade.WARNING, words, f"Make name and address agree. {_OTHERS}", record)
    return found(Grade.OK, f"{address} and {back[0]} point to each other")


class CertificateCheck:
    """Looks at the relay's certificate beside whatever else is done; `finding` waits for it, up to a limit."""

    def __init__(self, relay: Relay, seconds: float, whose: str = "the relay") -> None:
        self._relay, self._seconds, self._whose = relay, seconds, whose
        self._answer: PreflightFinding | None = None
        # A thread that nobody waits for: looking up a name or connecting cannot be interrupted.
        self._thread = threading.Thread(target=self._look, name="tidings-certificate", daemon=True)
        self._thread.start()

    def finding(self, seconds: float) -> PreflightFinding:
        """What was found within so many seconds."""
        self._thread.join(max(0.0, seconds))
        return self._answer or self._found(Grade.NOT_CHECKED, f"{self._whose} did not answer in time")

    def _found(self, grade: Grade, message: str, remedy: str = "") -> PreflightFinding:
        return PreflightFinding(Area.RELAY, "TLS", grade, message, remedy, self._relay.name)

    def _look(self) -> None:
        try:
            self._answer = self._judged(_expiry(self._relay, self._seconds))
        except InvalidInputError as error:
            self._answer = self._found(Grade.ERROR, error.message, error.remedy)
        except ssl.SSLCertVerificationError as error:
            remedy = "Use the name that stands in the certificate, or give its authority by `ca=`. Mail is held."
            self._answer = self._found(Grade.ERROR, f"the certificate is not valid: {error.verify_message}", remedy)
        except smtplib.SMTPNotSupportedError:
            words = f"{self._whose} offers no STARTTLS; mail is held rather than sent unencrypted"
            self._answer = self._found(Grade.ERROR, words, "Use its port with encryption, often 465: tls=implicit.")
        except (OSError, smtplib.SMTPException) as error:
            self._answer = self._found(Grade.NOT_CHECKED, f"{self._whose} cannot be reached ({_words(error)})")

    def _judged(self, expiry: datetime | None) -> PreflightFinding:
        if expiry is None:
            words = "the connection to the relay is not encrypted (tls=none)"
            return self._found(Grade.WARNING, words, "Use tls=starttls or tls=implicit.")
        days = (expiry - datetime.now(UTC)).days
        if days < _SOON_DAYS:
            return self._found(Grade.WARNING, f"the certificate ends in {days} days", "Have its operator renew it.")
        return self._found(Grade.OK, f"the certificate is valid for {days} days")


def _words(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _expiry(relay: Relay, seconds: float) -> datetime | None:
    """When the relay's certificate ends; None on a plain connection. Raises what TLS and the network raise."""
    context = relay.tls_context()
    if context is None:
        return None
    here = "[127.0.0.1]"  # smtplib would look up this machine's name
    if relay.tls == "implicit":
        with smtplib.SMTP_SSL(relay.host, relay.port, here, timeout=seconds, context=context) as smtp:
            return _not_after(smtp)
    with smtplib.SMTP(relay.host, relay.port, here, timeout=seconds) as smtp:
        smtp.starttls(context=context)
        return _not_after(smtp)


def _not_after(smtp: smtplib.SMTP) -> datetime | None:
    sock: Any = smtp.sock
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(sock.getpeercert()["notAfter"]), UTC)
