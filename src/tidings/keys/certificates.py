"""The local certificate authority: HTTPS on one machine with no account and no network."""

from __future__ import annotations

import base64
import ipaddress
import logging
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

log = logging.getLogger("tidings.keys")

CA_DAYS = 3650
LEAF_DAYS = 397  # browsers refuse server certificates beyond 398 days
RENEW_DAYS = 30
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths in PEM. `password` opens the private key."""

    ca_certificate: Path
    certificate: Path
    private_key: Path
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Pair:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def ensure_certificates(
    directory: Path, passphrase: bytes, names: Sequence[str], *, now: datetime | None = None
) -> TlsFiles:
    """Makes what is missing, renews what ends soon or lacks a name, and leaves the rest alone.

    The certificate is good for localhost, 127.0.0.1, ::1, this machine's name, and `names`. Private keys are
    encrypted on disk. Give a passphrase that survives a rotation of the master key: with another one, a new authority
    is made, and people have to trust it again.
    """
    now = now or datetime.now(UTC)
    password = base64.urlsafe_b64encode(passphrase).decode()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = _names(names)
    ca = _load(directory, "ca", password)
    leaf = _load(directory, "server", password)
    if ca is None or _ends_within(ca.certificate, now, LEAF_DAYS):
        ca, leaf = _make_authority(now), None
        _save(directory, "ca", ca, password)
        log.info("made a local certificate authority in %s", directory)
    if leaf is None or not _still_good(leaf.certificate, ca.certificate, wanted, now):
        _save(directory, "server", _make_leaf(ca, wanted, now), password)
    return TlsFiles(directory / "ca.pem", directory / "server.pem", directory / "server.key", password)


def _names(names: Sequence[str]) -> list[x509.GeneralName]:
    """Subject alternative names, without repeats and without what cannot stand in a certificate."""
    found: dict[str, x509.GeneralName] = {}
    for name in ["localhost", "127.0.0.1", "::1", socket.gethostname(), *names]:
        try:
            found[name] = x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            if _HOST.fullmatch(name):
                found[name.lower()] = x509.DNSName(name.lower())
    return list(found.values())


def _load(directory: Path, name: str, password: str) -> _Pair | None:
    """The stored pair; None when it is missing, half written or sealed with another passphrase."""
    try:
        certificate = x509.load_pem_x509_certificate((directory / f"{name}.pem").read_bytes())
        key = serialization.load_pem_private_key((directory / f"{name}.key").read_bytes(), password.encode())
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        log.warning("the certificate %s.pem in %s cannot be used and is made anew", name, directory)
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return _Pair(key, certificate)


def _ends_within(certificate: x509.Certificate, now: datetime, days: int) -> bool:
    return certificate.not_valid_after_utc < now + timedelta(days=days)


def _still_good(leaf: x509.Certificate, ca: x509.Certificate, wanted: list[x509.GeneralName], now: datetime) -> bool:
    try:
        leaf.verify_directly_issued_by(ca)
        has = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:
        return False
    return set(wanted) <= set(has) and leaf.not_valid_before_utc <= now and not _ends_within(leaf, now, RENEW_DAYS)


def _builder(subject: str, issuer: str, key: ec.EllipticCurvePrivateKey, now: datetime, days: int):
    start = now - timedelta(hours=1)  # clocks differ a little
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _make_authority(now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"Tidings local authority {os.urandom(3).hex()}"  # tells one machine's from another's in a browser's list
    certificate = (
        _builder(name, name, key, now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Pair(key, certificate)


def _make_leaf(ca: _Pair, names: list[x509.GeneralName], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = str(ca.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    certificate = (
        _builder("Tidings", issuer, key, now, LEAF_DAYS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    return _Pair(key, certificate)


def _save(directory: Path, name: str, pair: _Pair, password: str) -> None:
    """Writes key, then certificate; a crash between the two leaves a pair that does not match and is made anew."""
    key = pair.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )
    for path, content, mode in (
        (directory / f"{name}.key", key, 0o600),
        (directory / f"{name}.pem", pair.certificate.public_bytes(serialization.Encoding.PEM), 0o644),
    ):
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.replace(path)
