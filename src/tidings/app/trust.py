"""How to make a machine trust the certificate authority of this installation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tidings.app.wiring import tls_of
from tidings.cli.connection import CLIENT_FILE
from tidings.domain.errors import UnavailableError

if TYPE_CHECKING:
    from tidings.settings import Settings


def how_to_trust(settings: Settings) -> str:
    """Commands to copy, by system. Raises UnavailableError before the first start."""
    ca = tls_of(settings) / "ca.pem"
    if not ca.exists():
        raise UnavailableError("There is no certificate yet.", remedy="Start Tidings once: tidings up")
    return f"""\
The certificate authority of this installation: {ca}
It signs nothing but this machine's own names; its key lies sealed beside it.

Debian, Ubuntu:   sudo cp {ca} /usr/local/share/ca-certificates/tidings.crt && sudo update-ca-certificates
Fedora:           sudo cp {ca} /etc/pki/ca-trust/source/anchors/ && sudo update-ca-trust
macOS:            sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {ca}
Windows:          certutil -addstore -user Root {ca}
Firefox:          Settings, Privacy & Security, View Certificates, Authorities, Import
curl:             curl --cacert {ca} {_address(settings)}/health/ready
"""


def _address(settings: Settings) -> str:
    """Where it listens since its last start, which may have been told another port than this shell."""
    try:
        return str(json.loads((settings.data_dir / CLIENT_FILE).read_text())["url"])
    except (OSError, ValueError, KeyError):
        return settings.base_url
