"""The house's own door for reports: wired as the web process wires it, open to nobody without a proof."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from tests.reports_bed import NOW, svix

from tidings.app.asgi import build_asgi
from tidings.app.wiring import wire
from tidings.distribution.channels.registry import PROVIDERS, provider
from tidings.distribution.reports.forms import with_reports
from tidings.distribution.reports.registry import READERS
from tidings.domain.errors import InvalidInputError
from tidings.keys.master import MasterKey
from tidings.keys.secrets import Secrets
from tidings.settings import Settings, load_settings
from tidings.store.database import Database
from tidings.store.tables import provider_event

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_takes_reports_of_any_system_that_can_sign(
    database: Database, clock: Any, secrets: Secrets, tmp_path: Path
) -> None:  # fmt: skip
    clock.at = NOW
    house = wire(Settings(tmp_path, reports_secret=SECRET), database, MasterKey(bytes(32)), secrets, clock, "test")
    body = json.dumps({"events": [{"id": "1", "event": "bounced", "recipient": "nobody@example.com"}]}).encode()
    with TestClient(build_asgi(house), base_url="https://localhost") as client:
        for _ in range(2):
            answer = client.post("/hooks/generic/house", content=body, headers=svix(SECRET, body, prefix="webhook"))
            assert (answer.status_code, answer.content) == (200, b"")
        assert client.post("/hooks/generic/house", content=body).status_code == 401
        assert client.post("/hooks/sendgrid/house", content=body).status_code == 404
        assert client.post("/hooks/generic/chn_none", content=body).status_code == 404
        assert client.get("/hooks").status_code in {303, 404}
    with database.reading() as conn:
        row = conn.execute(select(provider_event)).one()
    assert (row.provider, row.event_id, row.kind, row.state) == ("generic", "1", "bounced", "nobody")


@pytest.mark.parametrize("text", ["secret", "whsec_", "whsec_c2hvcnQ=", "whsec_!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_weak_secret_is_refused_at_the_start(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="TIDINGS_REPORTS_SECRET"):
        load_settings({"TIDINGS_REPORTS_SECRET": text, "TIDINGS_DATA_DIR": str(tmp_path)})
    given = load_settings({"TIDINGS_REPORTS_SECRET": SECRET, "TIDINGS_DATA_DIR": str(tmp_path)})
    assert given.reports_secret == SECRET


def test_a_providers_form_asks_for_what_its_reports_are_checked_with() -> None:
    from pydantic import BaseModel, SecretStr

    class Form(BaseModel):
        api_key: SecretStr
        webhook_secret: SecretStr = SecretStr("own")

    assert set(with_reports("mailgun", Form).model_fields) == {"api_key", "webhook_secret"}
    made = with_reports("sendgrid", Form)
    assert set(made.model_fields) == {"api_key", "webhook_secret", "webhook_public_key"}
    assert made.model_validate({"api_key": "k"}).webhook_public_key is None  # type: ignore[attr-defined]
    assert with_reports("feed", Form) is Form
    for name in PROVIDERS:
        known = name.replace("_", "-") in READERS
        assert not known or set(provider(name).form.model_fields) & {
            "webhook_secret",
            "webhook_public_key",
            "auth_token",
        }
