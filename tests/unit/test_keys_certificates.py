"""The local authority: what browsers check, renewal, and a real handshake."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tidings.keys.certificates import TlsFiles, ensure_certificates

PASSPHRASE = b"p" * 32


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def handshake(files: TlsFiles, name: str) -> None:
    """A TLS handshake over a socket pair, the client trusting the authority only. Raises ssl.SSLError."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(files.certificate, files.private_key, files.password)
    client = ssl.create_default_context(cafile=str(files.ca_certificate))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()

    def answer() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        client.wrap_socket(ours, server_hostname=name).close()
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "tidings.example", "192.0.2.7"])
def test_a_strict_client_accepts_it(tmp_path: Path, name: str) -> None:
    handshake(ensure_certificates(tmp_path, PASSPHRASE, ["tidings.example", "192.0.2.7", "not a name\n"]), name)


def test_another_name_is_refused(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path, PASSPHRASE, [])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, "elsewhere.example")


def test_it_stays_until_there_is_a_reason(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path, PASSPHRASE, ["a.example"])
    before = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert ensure_certificates(tmp_path, PASSPHRASE, ["A.example"]) == files
    assert ensure_certificates(tmp_path, PASSPHRASE, []) == files
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == before


def test_keys_are_sealed_and_for_the_owner_only(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path, PASSPHRASE, [])
    for path in (files.private_key, tmp_path / "ca.key"):
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"ENCRYPTED PRIVATE KEY" in path.read_bytes()
    assert files.password not in repr(files)


@pytest.mark.parametrize(("days", "renewed"), [(0, False), (366, False), (368, True), (396, True), (500, True)])
def test_the_certificate_is_renewed_in_time_and_the_authority_kept(tmp_path: Path, days: int, renewed: bool) -> None:
    now = datetime.now(UTC)
    files = ensure_certificates(tmp_path, PASSPHRASE, [], now=now)
    ca, leaf = files.ca_certificate.read_bytes(), files.certificate.read_bytes()
    ensure_certificates(tmp_path, PASSPHRASE, [], now=now + timedelta(days=days))
    assert files.ca_certificate.read_bytes() == ca
    assert (files.certificate.read_bytes() != leaf) is renewed
    made = certificate(files.certificate)
    assert made.not_valid_after_utc - made.not_valid_before_utc <= timedelta(days=398)
    made.verify_directly_issued_by(certificate(files.ca_certificate))


def test_a_new_name_gets_a_new_certificate(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path, PASSPHRASE, [])
    ca = files.ca_certificate.read_bytes()
    ensure_certificates(tmp_path, PASSPHRASE, ["new.example"])
    handshake(files, "new.example")
    assert files.ca_certificate.read_bytes() == ca


def test_an_authority_near_its_end_is_replaced(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    files = ensure_certificates(tmp_path, PASSPHRASE, [], now=now - timedelta(days=3400))
    ca = files.ca_certificate.read_bytes()
    ensure_certificates(tmp_path, PASSPHRASE, [], now=now)
    assert files.ca_certificate.read_bytes() != ca
    handshake(files, "localhost")


@pytest.mark.parametrize("broken", ["server.pem", "server.key", "ca.pem", "ca.key"])
@pytest.mark.parametrize("how", ["missing", "ruined", "another's"])
def test_whatever_is_broken_is_made_anew(tmp_path: Path, broken: str, how: str) -> None:
    ensure_certificates(tmp_path / "a", PASSPHRASE, [])
    ensure_certificates(tmp_path / "b", PASSPHRASE, [])
    path = tmp_path / "a" / broken
    if how == "missing":
        path.unlink()
    elif how == "ruined":
        path.write_bytes(b"-----BEGIN NOTHING-----")
    else:
        path.write_bytes((tmp_path / "b" / broken).read_bytes())
    handshake(ensure_certificates(tmp_path / "a", PASSPHRASE, []), "localhost")


def test_another_passphrase_means_another_authority(tmp_path: Path) -> None:
    ca = ensure_certificates(tmp_path, PASSPHRASE, []).ca_certificate.read_bytes()
    files = ensure_certificates(tmp_path, b"q" * 32, [])
    assert files.ca_certificate.read_bytes() != ca
    handshake(files, "localhost")
