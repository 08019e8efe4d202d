"""Pre-flight of a real campaign: what is found, what stops a send, and what only asks."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import dns_bed

from tidings.app.doctor import examine
from tidings.app.wiring import House, open_house
from tidings.audience.incoming import ConsentGiven
from tidings.distribution.findings import Area, Grade, PreflightFinding
from tidings.domain.actor import Actor, AgentName, Role
from tidings.domain.brief import parse_brief
from tidings.domain.campaign import CampaignState
from tidings.domain.errors import InvalidInputError
from tidings.settings import load_settings

TABLE = "email,first_name,country,time_zone\n" + "".join(f"p{n}@gmail.com,Ada,GB,Europe/London\n" for n in range(12))
BRIEF = {
    "name": "Autumn workshop", "type": "event", "goal": "Fill the bread workshop", "brand": "Northwind Bakery",
    "audience": "everyone", "facts": ["It is a bread workshop for beginners.", "You get a sourdough starter."],
    "call_to_action": "Reserve a place", "link": "https://bakery.co/workshop",
}  # fmt: skip
Open = Callable[..., tuple[House, Actor]]


@pytest.fixture
def server() -> Iterator[Any]:
    with dns_bed.name_server() as made:
        yield made


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a house with settings of its own, agents at work."""
    with ExitStack() as stack:

        def make(**variables: str) -> tuple[House, Actor]:
            environ = {
                "TIDINGS_KEY": "ab" * 32, "TIDINGS_DATA_DIR": str(tmp_path / "data"), "TIDINGS_KEYRING": "off",
                "TIDINGS_SPAMD": "127.0.0.1:9", **variables,
            }  # fmt: skip
            (tmp_path / "data").mkdir(mode=0o700, exist_ok=True)
            house = open_house(load_settings(environ), executor="test", create=True)
            house.jobs.prepare()
            house.jobs.start([name.value for name in AgentName], poll_seconds=0.05)
            stack.callback(house.close)
            stack.callback(house.jobs.stop)
            account = house.services.access.create_account(None, email="a@b.co", name="Ada", role=Role.ADMIN)
            return house, account.actor()

        yield make


def branded(house: House, actor: Actor, sender: str = "hello@bakery.co") -> None:
    """A brand that sends from this address."""
    fields = {
        "name": "Northwind Bakery", "sender": {"name": "Northwind", "address": sender},
        "postal_address": "Mill Lane 4, 1010 Vienna", "website": "https://bakery.co",
    }  # fmt: skip
    house.services.brands.create_brand(actor, fields)


def reviewed(house: House, actor: Actor) -> str:
    """A campaign that waits for approval; its id."""
    branded(house, actor)
    proof = ConsentGiven(source="sign-up form", wording="Yes, write to me.")
    house.services.audience.import_csv(actor, TABLE.encode(), consent=proof)
    campaign = house.services.campaigns.create(actor, parse_brief(BRIEF)).row.id
    end = time.monotonic() + 20
    while house.services.campaigns.get(actor, campaign).row.state is not CampaignState.REVIEW:
        assert time.monotonic() < end, house.services.campaigns.get(actor, campaign).row.state_reason
        time.sleep(0.05)
    return campaign


def approve(house: House, actor: Actor, campaign: str) -> None:
    revision = house.services.campaigns.get(actor, campaign).revision
    assert revision is not None
    house.services.campaigns.approve(actor, campaign, revision.id)


def graded(found: Any) -> dict[tuple[str, str], Grade]:
    return {(finding.area.value, finding.check): finding.grade for finding in found}


def test_a_campaign_of_ours_passes_and_domain_findings_only_ask(opened: Open, server: Any) -> None:
    house, actor = opened(TIDINGS_NAMESERVER=server.address)
    campaign = reviewed(house, actor)
    found = house.services.campaigns.preflight(actor, campaign)
    assert not any(finding.blocks for finding in found)
    grades = graded(found)
    assert grades["message", "message"] is Grade.OK
    assert grades["spam", "spam score"] is Grade.NOT_CHECKED
    assert grades["volume", "volume"] is Grade.OK
    assert grades["domain", "SPF"] is Grade.ERROR
    assert grades["domain", "DMARC"] is Grade.ERROR
    assert grades["relay", "TLS"] is Grade.NOT_CHECKED
    assert re.match("at most 1[0-2] to", next(finding.message for finding in found if finding.area is Area.VOLUME))
    record = next(finding.record for finding in found if finding.check == "DMARC")
    assert record == '_dmarc.bakery.co. IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@bakery.co"'
    approve(house, actor, campaign)
    assert house.services.campaigns.send(actor, campaign, now=True).row.state is CampaignState.SENDING


def test_a_message_that_must_not_leave_stops_the_send_with_its_finding(opened: Open, server: Any) -> None:
    """A real relay, while links lead to this machine: nobody could unsubscribe."""
    house, actor = opened(TIDINGS_NAMESERVER=server.address, TIDINGS_RELAY="smtp://192.0.2.7:25?tls=none")
    campaign = reviewed(house, actor)
    blocking = [finding for finding in house.services.campaigns.preflight(actor, campaign) if finding.blocks]
    assert blocking[0].area is Area.MESSAGE
    assert house.services.campaigns.get(actor, campaign).row.state is CampaignState.REVIEW
    with pytest.raises(InvalidInputError, match="leads to localhost") as error:
        approve(house, actor, campaign)  # the Distribution agent would start it
        house.services.campaigns.send(actor, campaign, now=True)
    assert "TIDINGS_PUBLIC_URL" in error.value.remedy
    assert house.services.campaigns.get(actor, campaign).row.state in {CampaignState.REVIEW, CampaignState.APPROVED}


def test_the_doctor_names_each_sender_domain_and_the_record_to_copy(opened: Open, server: Any) -> None:
    house, actor = opened(TIDINGS_NAMESERVER=server.address)
    branded(house, actor)
    checks = {check.name: check for check in examine(house.settings)}
    assert checks["bakery.co, SPF"].status == "warn"  # mail stays here, so it is no failure yet
    assert checks["bakery.co, DMARC"].remedy.endswith('"v=DMARC1; p=none; rua=mailto:dmarc@bakery.co"')
    assert checks["bakery.co, DKIM"].status == "skip"


def test_the_doctor_asks_nothing_about_reserved_names(opened: Open, server: Any) -> None:
    house, actor = opened(TIDINGS_NAMESERVER=server.address)
    branded(house, actor, sender="hello@northwind.example")
    checks = {check.name: check for check in examine(house.settings)}
    assert checks["northwind.example, DNS"].message == "reserved name: nothing to check"
    assert not server.asked


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("TIDINGS_DKIM", "mail:/nowhere/key.pem", "cannot be read"),
        ("TIDINGS_SPAMD", "nowhere", "TIDINGS_SPAMD"),
        ("TIDINGS_RELAY", "smtp://h?auth=x", "auth is `x`"),
    ],
)
def test_wrong_settings_are_said_at_the_start(opened: Open, name: str, value: str, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        opened(**{name: value})


def test_a_finding_of_the_world_never_blocks() -> None:
    for area in Area:
        finding = PreflightFinding(area, "x", Grade.ERROR, "")
        assert finding.blocks is (area in {Area.MESSAGE, Area.CHANNEL})  # a missing account is no matter of the world
