"""A way out that cannot be opened: said at the start, shown by health while it lasts, taken up once it is mended."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from tests.integration import distribution_bed as bed
from tests.integration.test_app_sending import house_with, launched

from tidings.app.prepare import prepare
from tidings.app.senders import Senders
from tidings.app.sending import build_sender
from tidings.app.wiring import House, wire
from tidings.domain.errors import InvalidInputError, UnavailableError
from tidings.health import HealthItem
from tidings.keys.certificates import ensure_certificates
from tidings.keys.master import MasterKey
from tidings.keys.served import server_context
from tidings.settings import Settings, load_settings
from tidings.store.database import Database


def sending(house: House) -> HealthItem:
    """What health says of sending."""
    return next(item for item in house.services.health.check() if item.name == "sending")


async def becomes(house: House, status: str) -> None:
    """Waits until health says so."""
    end = time.monotonic() + 20
    while (await asyncio.to_thread(sending, house)).status != status:
        assert time.monotonic() < end, sending(house)
        await asyncio.sleep(0.1)


async def test_a_lost_authority_is_shown_and_the_mail_goes_once_it_is_back(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    files = ensure_certificates(tmp_path / "tls", b"secret", ["localhost"])
    context = server_context(files)
    with (
        bed.sink(context=context) as sink,
        house_with(tmp_path, f"smtps://localhost:{sink.port}?ca={authority}") as house,
    ):
        pk = launched(house, 3)
        senders = Senders(house)
        running = asyncio.create_task(senders.run())
        try:
            await becomes(house, "fail")
            item = await asyncio.to_thread(sending, house)
            assert str(authority) in item.message
            assert "TIDINGS_RELAY" in item.remedy
            authority.write_bytes(files.ca_certificate.read_bytes())
            await becomes(house, "ok")
            await asyncio.to_thread(bed.wait_for, lambda: bed.states(house.db, pk) == {"accepted": 3})
        finally:
            await senders.stop()
            await running


@pytest.mark.postgres
def test_a_worker_apart_without_a_relay_is_told_to_have_one(
    postgres_database: Database, secrets: Any, tmp_path: Path
) -> None:
    """Not that a certificate authority is missing, of which nobody had heard."""
    house = wire(Settings(data_dir=tmp_path), postgres_database, MasterKey(bytes(32)), secrets, bed.WallClock(), "test")
    with pytest.raises(UnavailableError, match="has no relay") as refused:
        build_sender(house)
    assert "TIDINGS_RELAY" in refused.value.remedy


def test_a_start_with_a_lost_authority_says_so_at_once(tmp_path: Path) -> None:
    environ = {"TIDINGS_DATA_DIR": str(tmp_path / "data"), "TIDINGS_RELAY": "smtp://mail.example.com?ca=/no/such.pem"}
    with pytest.raises(InvalidInputError, match=r"/no/such\.pem"):
        prepare(load_settings(environ), sample_people=0)
    assert not (tmp_path / "data").exists()
