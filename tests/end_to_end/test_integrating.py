"""What the developers' page tells to type, in a real shell against a real Tidings."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.conftest import Running
from tests.end_to_end.test_commands import console_lines

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.xdist_group("integrating")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_developers_page_leads_to_a_sent_campaign(tidings: Running) -> None:
    lines = console_lines(ROOT / "docs/integrating.md", "In a shell")
    typed = "\n".join(lines).replace("https://localhost:8443", tidings.url)
    typed = typed.replace("var/tls/ca.pem", str(tidings.data_dir / "tls/ca.pem"))
    programs = f'set -e\ntidings() {{ "{sys.executable}" -m tidings "$@"; }}\npython() {{ "{sys.executable}" "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", programs + typed], env=tidings.environ, cwd=ROOT, input="yes\n", capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert '"items":' in done.stdout, "curl lists campaigns"
    assert "Bread school in spring (cmp_" in done.stdout
    audit = tidings.cli("audit", "list", "--action", "campaign.send").stdout
    assert "integration" in audit, audit
    refused = subprocess.run(
        [sys.executable, "examples/first_campaign.py"], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**tidings.environ, "TIDINGS_URL": tidings.url, "TIDINGS_TOKEN": "tid_none"},
    )  # fmt: skip
    assert refused.returncode == 1
    assert "not trusted" in refused.stderr
    assert "tidings trust" in refused.stderr
