"""What `tidings trust` says to copy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tidings.app.trust import how_to_trust
from tidings.domain.errors import UnavailableError
from tidings.settings import Settings


def test_the_address_is_the_one_it_listens_at(tmp_path: Path) -> None:
    """`tidings trust` is typed in a shell that knows nothing of the port `up` was given."""
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(UnavailableError, match="no certificate yet"):
        how_to_trust(settings)
    ca = tmp_path / "tls" / "ca.pem"
    ca.parent.mkdir()
    ca.write_text("")
    assert f"--cacert {ca} https://localhost:8443/health/ready" in how_to_trust(settings)
    (tmp_path / "client.json").write_text(json.dumps({"url": "https://localhost:9000", "token": "tid_1", "ca": ""}))
    assert f"--cacert {ca} https://localhost:9000/health/ready" in how_to_trust(settings)
    (tmp_path / "client.json").write_text("{")
    assert "https://localhost:8443/health/ready" in how_to_trust(settings)
